"""The detail head: front normals and log-shading once more, at twice the picture's size, from the photo itself.

The encoder sees a face some twenty pixels wide. Where a collar ends, how an eye lies, which way a fold runs stand in the photo's own
pixels; what they mean, the encoder's features and first answers tell. So the head corrects those answers, and learns nothing else
(as Saito et al. 2020, "PIFuHD", refine a coarse level by a fine one; here in two dimensions).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize, pixel_shuffle, pixel_unshuffle

from .encoder import PHOTO_CHANNELS, Maps, Residual

SCALE = 2
"""Of the detail's pixels to the picture's."""
PER_FEATURE = 4
"""Pixels of detail along a side of one of the feature map's."""


class Detail(NamedTuple):
    """At the fine size, camera frame. normal (B, 3, M, N) unit; log_shading (B, 3, M, N) natural, linear RGB."""

    normal: Tensor
    log_shading: Tensor


class DetailHead(nn.Module):
    """Works at the picture's size, where each pixel holds four of the photo's."""

    def __init__(self, features: int, width: int):
        super().__init__()
        self.to_features = nn.Conv2d(features, width // 2, 1)
        self.enter = nn.Conv2d(width // 2 + 6 + SCALE**2 * PHOTO_CHANNELS, width, 3, padding=1)
        self.blocks = nn.Sequential(Residual(width), Residual(width))
        self.leave = nn.Conv2d(width, SCALE**2 * 6, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(
        self, fine: Float[Tensor, "B 4 M N"], features: Float[Tensor, "B C h w"], maps: Maps, corner: Int[Tensor, "B 2"] | None = None
    ) -> Detail:
        """fine: the photo as `framing.photo_channels` at the fine size, or a square part of it whose corner (x, y), in pixels of the
        feature map, is given."""
        coarse = torch.cat([maps.normal_front, maps.log_shading], dim=1)
        if corner is not None:
            side = fine.shape[-1] // PER_FEATURE
            features, coarse = cut(features, corner, side), cut(coarse, SCALE * corner, SCALE * side)
        told = interpolate(self.to_features(features), scale_factor=2.0, mode="bilinear", align_corners=False)
        x = self.blocks(self.enter(torch.cat([told, coarse, pixel_unshuffle(fine, SCALE)], dim=1)))
        before = interpolate(coarse, scale_factor=float(SCALE), mode="bilinear", align_corners=False)
        after = before + pixel_shuffle(self.leave(x), SCALE)
        return Detail(normalize(after[:, :3], dim=1), after[:, 3:].clamp(-6, 3))


def cut(maps: Float[Tensor, "B C H W"], corner: Int[Tensor, "B 2"], side: int) -> Float[Tensor, "B C side side"]:
    """Of each map the square from its corner (x, y) on."""
    return torch.stack([one[:, y : y + side, x : x + side] for one, (x, y) in zip(maps, corner.tolist(), strict=True)])
