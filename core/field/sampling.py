"""Pixel-aligned sampling (Saito et al. 2019, "PIFu", section 3): a feature map's values where points land in the picture."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import grid_sample


def project(points: Float[Tensor, "B N 3"], intrinsics: Float[Tensor, "B 4"]) -> Float[Tensor, "B N 2"]:
    """Where camera-frame points land, in pixels of the picture whose fx fy cx cy these are; (0, 0) is its top-left corner."""
    return points[..., :2] / points[..., 2:].clamp_min(1e-3) * intrinsics[:, None, :2] + intrinsics[:, None, 2:]


def sample(features: Float[Tensor, "B C H W"], pixels: Float[Tensor, "B N 2"], side: int) -> Float[Tensor, "B N C"]:
    """The map's values, bilinear, held constant beyond its edge. pixels: of a picture `side` pixels a side that the map covers whole."""
    grid = (pixels * (2 / side) - 1).clamp(-2, 2)[:, :, None]
    found = grid_sample(features.float(), grid.float(), mode="bilinear", padding_mode="border", align_corners=False)
    return found[..., 0].transpose(1, 2)


def sample_volume(volume: Float[Tensor, "B C D H W"], places: Float[Tensor, "B N 3"]) -> Float[Tensor, "B N C"]:
    """A volume's values, trilinear, held constant beyond its edge. places: -1..1 along W, H and D."""
    found = grid_sample(volume.float(), places[:, :, None, None].float(), mode="bilinear", padding_mode="border", align_corners=False)
    return found[..., 0, 0].transpose(1, 2)


def fourier(values: Float[Tensor, "*B C"], octaves: int) -> Float[Tensor, "*B D"]:
    """The values, and sines and cosines of π times them in each octave (Mildenhall et al. 2020, equation 4)."""
    turns = values[..., None] * (torch.pi * 2.0 ** torch.arange(octaves, device=values.device, dtype=values.dtype))
    return torch.cat([values, turns.sin().flatten(-2), turns.cos().flatten(-2)], dim=-1)
