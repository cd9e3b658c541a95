"""The detail head: front normals and log-shading once more, at twice the picture's size, from the photo itself.

The encoder sees a face some twenty pixels wide. Where a collar ends, how an eye lies, which way a fold runs stand in the photo's own
pixels; what they mean, the encoder's features and first answers tell. So the head corrects those answers, and learns nothing else
(as Saito et al. 2020, "PIFuHD", refine a coarse level by a fine one; here in two dimensions).

Of what the photo's small contrasts say about the normals, half is known beforehand: under the light that is told, so much brighter means
so much more turned towards it, if it is no paint (Kemelmacher-Shlizerman and Basri 2011, "3D face reconstruction from a single image using
a single reference face shape", equation 4, linear in the normal). That tilt is worked out, and the head learns how far to believe it.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize, pixel_shuffle, pixel_unshuffle

from .colour import srgb_to_linear
from .encoder import PHOTO_CHANNELS, Maps, Residual
from .illumination import diffuse_slope

SCALE = 2
"""Of the detail's pixels to the picture's."""
PER_FEATURE = 4
"""Pixels of detail along a side of one of the feature map's."""
AROUND = 8
"""Pixels of detail along a side of the blocks over three of which brightness is averaged: contrast is against that mean."""
DARK = 0.02
"""Linear brightness, of 1, that is added before logarithms are taken: what is darker is noise."""
FLAT = 0.05
"""Square of the relative change of shading by a radian, at which the tilt worked out counts for half: along the light's own direction
contrast tells no tilt."""


class Detail(NamedTuple):
    """At the fine size, camera frame. normal (B, 3, M, N) unit; log_shading (B, 3, M, N) natural, linear RGB."""

    normal: Tensor
    log_shading: Tensor


class DetailHead(nn.Module):
    """Works at the picture's size, where each pixel holds four of the photo's."""

    def __init__(self, features: int, width: int):
        super().__init__()
        self.to_features = nn.Conv2d(features, width // 2, 1)
        self.enter = nn.Conv2d(width // 2 + 9 + SCALE**2 * (PHOTO_CHANNELS + 4), width, 3, padding=1)
        self.blocks = nn.Sequential(Residual(width), Residual(width))
        self.leave = nn.Conv2d(width, SCALE**2 * 6, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(
        self,
        fine: Float[Tensor, "B 4 M N"],
        features: Float[Tensor, "B C h w"],
        maps: Maps,
        light: Float[Tensor, "B 9 3"],
        corner: Int[Tensor, "B 2"] | None = None,
    ) -> Detail:
        """fine: the photo as `framing.photo_channels` at the fine size, or a square part of it whose corner (x, y), in pixels of the
        feature map, is given; light: SH radiance, camera frame."""
        coarse = torch.cat([maps.normal_front, maps.log_shading], dim=1)
        if corner is not None:
            side = fine.shape[-1] // PER_FEATURE
            features, coarse = cut(features, corner, side), cut(coarse, SCALE * corner, SCALE * side)
        slope = diffuse_slope(coarse[:, :3], light).detach()
        contrast = contrast_of(fine)
        tilt = enlarged(slope / (slope.square().sum(dim=1, keepdim=True) + FLAT)) * contrast
        seen = pixel_unshuffle(torch.cat([fine, contrast, tilt], dim=1), SCALE)
        x = self.blocks(self.enter(torch.cat([enlarged(self.to_features(features)), coarse, slope, seen], dim=1)))
        after = enlarged(coarse) + pixel_shuffle(self.leave(x), SCALE)
        return Detail(normalize(after[:, :3], dim=1), after[:, 3:].clamp(-6, 3))


def contrast_of(fine: Float[Tensor, "B 4 M N"], around: int = AROUND) -> Float[Tensor, "B 1 M N"]:
    """Natural logarithm of each pixel's brightness over that of the person around it, in three blocks of so many pixels each way; zero
    where nobody is."""
    inside = (fine[:, 3:] > 0.5).to(fine.dtype)
    colour = srgb_to_linear(fine[:, :3] / fine[:, 3:].clamp_min(0.5) + 0.5)
    log = (colour.mean(dim=1, keepdim=True) + DARK).log() * inside
    total, count = (avg_pool2d(avg_pool2d(part, around), 3, 1, 1) for part in (log, inside))
    mean = interpolate(total / count.clamp_min(1e-3), scale_factor=float(around), mode="bilinear", align_corners=False)
    return ((log - mean) * inside).clamp(-0.7, 0.7)


def enlarged(maps: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C H W"]:
    """The maps at twice their size."""
    return interpolate(maps, scale_factor=float(SCALE), mode="bilinear", align_corners=False)


def cut(maps: Float[Tensor, "B C H W"], corner: Int[Tensor, "B 2"], side: int) -> Float[Tensor, "B C side side"]:
    """Of each map the square from its corner (x, y) on."""
    return torch.stack([one[:, y : y + side, x : x + side] for one, (x, y) in zip(maps, corner.tolist(), strict=True)])
