"""The guided filter with a colour guide (He, Sun & Tang 2013): the output is, near every pixel, a linear function of the guide's colour."""

import cv2
import numpy as np
from jaxtyping import Float


def guided_coefficients(
    guide: Float[np.ndarray, "H W 3"], mask: Float[np.ndarray, "H W"], radius: int, eps: float
) -> tuple[Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W"]]:
    """a and b: the filtered mask is a · guide + b, also for a finer guide once both are enlarged (He & Sun 2015).

    guide and mask: 0..1; radius: of the square windows, in pixels; eps: variance of colour below which a window counts as one colour
    (equations 14 to 16, with the windows' means taken by box filters that mirror at the picture's edge).
    """
    guide, mask = np.float32(guide), np.float32(mask)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    middle, middle_mask = mean(guide), mean(mask)
    spread = mean((guide[..., :, None] * guide[..., None, :]).reshape(*mask.shape, 9)).reshape(*mask.shape, 3, 3)
    spread = spread - middle[..., :, None] * middle[..., None, :] + eps * np.eye(3, dtype=np.float32)
    shared = mean(guide * mask[..., None]) - middle * middle_mask[..., None]
    a = solved(spread, shared)
    b = middle_mask - (a * middle).sum(axis=-1)
    return mean(a), mean(b)


def solved(matrices: Float[np.ndarray, "H W 3 3"], right: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W 3"]:
    """Solutions of 3 × 3 systems, one per pixel, by Cramer's rule: numpy's own solver takes five times as long."""
    first, second, third = (matrices[..., row, :] for row in range(3))
    cofactors = np.cross(second, third), np.cross(third, first), np.cross(first, second)
    determinant = (first * cofactors[0]).sum(axis=-1)
    return sum(column * right[..., row, None] for row, column in enumerate(cofactors)) / determinant[..., None]
