"""sRGB and linear light in torch: `core.surface.view`'s own, batched and with derivatives."""

import torch
from jaxtyping import Float
from torch import Tensor


def srgb_to_linear(values: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """IEC 61966-2-1."""
    values = values.clamp(0, 1)
    return torch.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """IEC 61966-2-1."""
    return torch.where(values <= 0.0031308, 12.92 * values, 1.055 * values.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)
