"""The body as voxels and PaMIR's 3D encoder of them (Zheng et al. 2020, section 4.1): the body's way into the field that needs no search.

A voxel holds the body's occupancy and, where occupied, the T-pose place of the body there (DeepHuman's and PaMIR's semantic code). The
volume is a cube about the pelvis, axes along the camera's.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor, nn

from .conditioning import BodyInView
from .sampling import sample_volume

EXTENT = 1.15
"""Metres from the pelvis to each side of the cube: a raised arm of a tall person."""
CHANNELS = 4
"""Occupancy (smooth, 0..1) and the rest place (3)."""
SOFTNESS = 0.02
"""Metres over which occupancy goes from inside to outside."""


def voxels(body: BodyInView, cells: int) -> Float[ndarray, "4 D H W"]:
    """The body's volume, D along the camera's Z, H along Y, W along X."""
    axis = (np.arange(cells) + 0.5) / cells * 2 - 1
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3) * EXTENT + body.pelvis
    reach = EXTENT * 2 / cells
    box = (points >= body.vertices.min(axis=0) - 2 * reach).all(axis=1) & (points <= body.vertices.max(axis=0) + 2 * reach).all(axis=1)
    volume = np.zeros((len(points), CHANNELS), np.float32)
    found = body.nearest(points[box])
    inside = 1 / (1 + np.exp(np.clip(found.distance / (SOFTNESS / 2), -30, 30)))
    volume[box] = np.concatenate([inside[:, None], inside[:, None] * found.rest], axis=1)
    return np.ascontiguousarray(volume.reshape(cells, cells, cells, CHANNELS).transpose(3, 0, 1, 2))


class VolumeEncoder(nn.Module):
    """volume (B, 4, D, D, D) -> features (B, C, D/2, D/2, D/2): two scales of 3D convolutions, the coarser added to the finer."""

    def __init__(self, width: int):
        super().__init__()
        self.fine = nn.Sequential(nn.Conv3d(CHANNELS, width, 3, stride=2, padding=1), nn.SiLU(), nn.Conv3d(width, width, 3, padding=1))
        self.coarse = nn.Sequential(
            nn.SiLU(), nn.Conv3d(width, 2 * width, 3, stride=2, padding=1), nn.SiLU(), nn.Conv3d(2 * width, width, 3, padding=1)
        )

    def forward(self, volume: Float[Tensor, "B 4 D D D"]) -> Float[Tensor, "B C d d d"]:
        fine = self.fine(volume)
        return fine + nn.functional.interpolate(self.coarse(fine), size=fine.shape[2:], mode="trilinear", align_corners=False)


def read(features: Float[Tensor, "B C d d d"], points: Float[Tensor, "B N 3"], pelvis: Float[Tensor, "B 3"]) -> Float[Tensor, "B N C"]:
    """The encoded volume at camera-frame points."""
    return sample_volume(features, (points - pelvis[:, None]) / EXTENT)
