"""PaMIR (Zheng et al. 2020, "PaMIR: Parametric Model-Conditioned Implicit Representation"), its geometry network.

    F(C(p)) = occupancy,   C(p) = (S(F_I, π(p)), S(F_V, p))        (equations 2 and 3)

F_I: features of the picture, from the same stacked hourglass as PIFu's; F_V: features of the fitted body, from a 3D encoder of its voxel
volume of 128 cells a side (section 4.1). The point's depth is not told: where it is, F_V says. The decoder is PIFu's, but for its input.

The paper leaves the 3D encoder's layers to its figure: here strided convolutions take 128³ to 32³, and what two coarser scales know is
added to 32 channels.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.field.sampling import project, sample, sample_volume
from core.field.volume import CHANNELS, EXTENT
from training.baselines.hourglass import StackedHourglass
from training.baselines.pifu import PICTURE, Decoder

CELLS = 128
"""Voxels along a side of the body's volume."""

VOLUME_WIDTH = 32
"""Channels of the encoded volume."""


def _down(before: int, after: int, stride: int = 2) -> nn.Sequential:
    return nn.Sequential(nn.Conv3d(before, after, 3, stride=stride, padding=1), nn.GroupNorm(8, after), nn.LeakyReLU())


class BodyEncoder(nn.Module):
    """The body's volume (B, 4, 128, 128, 128) -> (B, 32, 32, 32, 32), from three scales."""

    def __init__(self, channels: int = CHANNELS, width: int = VOLUME_WIDTH):
        super().__init__()
        self.fine = nn.Sequential(_down(channels, width // 2), _down(width // 2, width), _down(width, width, 1))
        self.middle = nn.Sequential(_down(width, 2 * width), _down(2 * width, width, 1))
        self.coarse = nn.Sequential(_down(width, 2 * width), _down(2 * width, width, 1))
        self.leave = nn.Conv3d(3 * width, width, 1)

    def forward(self, volume: Float[Tensor, "B C D D D"]) -> Float[Tensor, "B E d d d"]:
        fine = self.fine(volume)
        middle = self.middle(fine)
        scales = [fine, middle, self.coarse(middle)]
        size = fine.shape[2:]
        return self.leave(torch.cat([interpolate(each, size=size, mode="trilinear", align_corners=False) for each in scales], dim=1))


class PaMIR(nn.Module):
    """See the module. `encode` once, `query` often; `forward` is both, of every stack, for training."""

    def __init__(self, encoder: StackedHourglass | None = None):
        super().__init__()
        self.encoder = encoder or StackedHourglass()
        self.body_encoder = BodyEncoder()
        self.decoder = Decoder(self.encoder.features[-1].out_channels + VOLUME_WIDTH)

    def encode(
        self, image: Float[Tensor, "B 3 H W"], volume: Float[Tensor, "B C D D D"]
    ) -> tuple[list[Float[Tensor, "B D h w"]], Float[Tensor, "B E d d d"]]:
        """A feature map for each stack, and the encoded body. image: the person, -1..1, background zero; volume: `core.field.volume`'s."""
        return self.encoder(image), self.body_encoder(volume)

    def query(
        self,
        features: Float[Tensor, "B D h w"],
        body: Float[Tensor, "B E d d d"],
        points: Float[Tensor, "B N 3"],
        intrinsics: Float[Tensor, "B 4"],
        pelvis: Float[Tensor, "B 3"],
    ) -> Float[Tensor, "B N"]:
        """Occupancy logits at points (camera frame, metres). intrinsics: fx fy cx cy in pixels of the picture."""
        aligned = sample(features, project(points, intrinsics), PICTURE)
        return self.decoder(torch.cat([aligned, sample_volume(body, (points - pelvis[:, None]) / EXTENT)], dim=-1))

    def forward(
        self,
        image: Float[Tensor, "B 3 H W"],
        volume: Float[Tensor, "B C D D D"],
        points: Float[Tensor, "B N 3"],
        intrinsics: Float[Tensor, "B 4"],
        pelvis: Float[Tensor, "B 3"],
    ) -> list[Float[Tensor, "B N"]]:
        stacks, body = self.encode(image, volume)
        return [self.query(features, body, points, intrinsics, pelvis) for features in stacks]
