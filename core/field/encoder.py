"""The encoder: a U-Net over the picture and the body's maps, and 2D heads that say what surface and light the picture shows.

The picture is read at full size only by the first convolution and by the fine head; everything between works at half of it and below.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize

from .config import FieldConfig

PHOTO_CHANNELS = 4
"""Masked sRGB less a half, and the mask."""
BODY_CHANNELS = 9
"""Of the body's maps; see `conditioning.body_maps`."""
LABELS = 5
"""Skin, hair, cloth, shoe, other: `training.people.character.LABELS`."""
SKIN, HAIR, CLOTH, SHOE = range(4)
"""Numbers of those labels."""


class Maps(NamedTuple):
    """What the 2D heads say, camera frame. Full size: normal_front (B, 3, H, W) unit; log_shading (B, 3, H, W) natural, linear RGB.
    Half size: normal_back unit, of the farthest surface along each ray, facing away; albedo_back sRGB 0..1; depth (B, 2, h, w) of the
    nearest and the farthest surface, metres from the pelvis; label_front, label_back (B, 5, h, w) logits."""

    normal_front: Tensor
    log_shading: Tensor
    normal_back: Tensor
    albedo_back: Tensor
    depth: Tensor
    label_front: Tensor
    label_back: Tensor


class Residual(nn.Module):
    """Two 3×3 convolutions with group normalisation, added to their input (He et al. 2016, in the order of "Identity Mappings")."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        return x + self.layers(x)


class Encoder(nn.Module):
    """photo (B, 4, H, W), body (B, 9, H/2, W/2) -> features (B, C, H/2, W/2), bottleneck (B, D, h, w), Maps."""

    def __init__(self, config: FieldConfig):
        super().__init__()
        self.config = config
        widths = config.widths
        self.enter = nn.Conv2d(PHOTO_CHANNELS, widths[0], 5, stride=2, padding=2)
        self.enter_body = nn.Conv2d(BODY_CHANNELS, widths[0], 3, padding=1) if config.body_maps else None
        self.down_blocks = nn.ModuleList(Residual(width) for width in widths)
        self.downs = nn.ModuleList(nn.Conv2d(fine, coarse, 3, stride=2, padding=1) for fine, coarse in pairwise(widths))
        self.ups = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.up_blocks = nn.ModuleList(Residual(width) for width in widths[:-1])
        more = config.blocks - 1
        self.more_down = nn.ModuleList(nn.Sequential(*(Residual(width) for _ in range(more))) for width in widths[1:])
        self.more_up = nn.ModuleList(nn.Sequential(*(Residual(width) for _ in range(more))) for width in widths[1:-1])
        self.leave = nn.Sequential(nn.GroupNorm(8, widths[0]), nn.SiLU(), nn.Conv2d(widths[0], config.features, 1))
        self.half_head = nn.Sequential(nn.SiLU(), nn.Conv2d(config.features, 3 + 3 + 2 + 2 * LABELS, 1))
        self.to_fine = nn.Conv2d(config.features, config.fine, 1)
        self.fine_head = nn.Sequential(
            nn.Conv2d(config.fine + PHOTO_CHANNELS, config.fine, 3, padding=1), nn.SiLU(),
            nn.Conv2d(config.fine, config.fine, 3, padding=1), nn.SiLU(),
            nn.Conv2d(config.fine, 6, 1),
        )  # fmt: skip

    def forward(
        self, photo: Float[Tensor, "B 4 H W"], body: Float[Tensor, "B 9 h w"]
    ) -> tuple[Float[Tensor, "B C h w"], Float[Tensor, "B D p q"], Maps]:
        x = self.enter(photo)
        if self.enter_body is not None:
            x = x + self.enter_body(body)
        skips = []
        for number, block in enumerate(self.down_blocks):
            x = block(x) if number == 0 else self.more_down[number - 1](block(self.downs[number - 1](x)))
            skips.append(x)
        bottleneck = x
        for number in reversed(range(len(self.ups))):
            x = interpolate(self.ups[number](x), scale_factor=2.0, mode="nearest") + skips[number]
            x = self.up_blocks[number](x)
            x = self.more_up[number - 1](x) if number > 0 else x
        features = self.leave(x)
        return features, bottleneck, self._maps(features, photo, body)

    def _maps(self, features: Float[Tensor, "B C h w"], photo: Float[Tensor, "B 4 H W"], body: Float[Tensor, "B 9 h w"]) -> Maps:
        half = self.half_head(features)
        fine = interpolate(self.to_fine(features), scale_factor=2.0, mode="bilinear", align_corners=False)
        full = self.fine_head(torch.cat([fine, photo], dim=1))
        towards = full.new_tensor([0, 0, -1])[None, :, None, None]
        return Maps(
            normal_front=normalize(full[:, :3] + 0.5 * towards, dim=1),
            log_shading=full[:, 3:].clamp(-6, 3),
            normal_back=normalize(half[:, :3] - 0.5 * towards, dim=1),
            albedo_back=half[:, 3:6].sigmoid(),
            depth=0.1 * half[:, 6:8] + self._usual_depth(body),
            label_front=half[:, 8 : 8 + LABELS],
            label_back=half[:, 8 + LABELS :],
        )

    def _usual_depth(self, body: Float[Tensor, "B 9 h w"]) -> Float[Tensor, "B 2 h w"]:
        """What the predicted depths are told relative to: the body's, carried on beyond its outline; without a body 10 cm to each side."""
        slab = body.new_tensor([-0.1, 0.1])[None, :, None, None]
        return carried_on(body[:, 4:6], body[:, :1] > 0, slab) if self.config.body_maps else slab


def carried_on(
    values: Float[Tensor, "B C h w"], there: Bool[Tensor, "B 1 h w"], otherwise: Float[Tensor, "1 C 1 1"]
) -> Float[Tensor, "B C h w"]:
    """The values where they are there, smoothly carried on to where they are not; `otherwise` where there are none at all.

    Each hole takes the mean over the smallest square of a pyramid that holds anything (the pull and push of Gortler et al. 1996, "The
    Lumigraph", section 3.4): sleeves and skirts beyond the body's outline are at the depth of the limb beside them.
    """
    weight = there.to(values.dtype)
    sums, weights = [values * weight], [weight]
    while min(sums[-1].shape[2:]) > 1:
        sums.append(avg_pool2d(sums[-1], 2))
        weights.append(avg_pool2d(weights[-1], 2))
    filled = otherwise.expand_as(sums[-1])
    for total, count in zip(reversed(sums), reversed(weights), strict=True):
        if filled.shape != total.shape:
            filled = interpolate(filled, size=total.shape[2:], mode="bilinear", align_corners=False)
        filled = torch.where(count > 0, total / count.clamp_min(1e-6), filled)
    return filled
