"""Folds for clothes that have none: bumps of a height field in the picture, for normals and the shading they make.

The people's garments are modelled smooth; folds are painted into their albedo at best. A network that has only ever seen painted folds
takes every fold of a real photo for paint. So where light falls on folds, the painted ones are ironed out.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import normalize

from core.field.colour import linear_to_srgb, srgb_to_linear
from core.field.detail import contrast_of

WAVES = 10.0, 44.0
"""Pixels of the field: from crease to crease, the shortest and the longest; two to eight centimetres on a whole person in 512."""
STEEPEST = 0.9
"""Root mean square of the slope where folds are strongest."""


def sample_folds(rng: Generator, side: int) -> Float[ndarray, "2 side side"]:
    """Slopes along x and y of a height field of that many pixels: waves drawn out along a direction of chance, bent, some with creases, in
    parts of the picture only."""
    small = side // 2
    height = np.zeros((small, small), np.float32)
    for _ in range(2):
        wave = np.exp(rng.uniform(*np.log(WAVES))) / 2
        noise = _waves(rng, small, wave, float(rng.uniform(1.5, 5)), float(rng.uniform(0, np.pi)))
        crease = rng.uniform(0, 1)
        height += wave * (crease * np.sqrt(noise**2 + 0.03) + (1 - crease) * noise)
    slopes = np.stack([cv2.Sobel(height, cv2.CV_32F, *along, ksize=3, scale=1 / 8) for along in ((1, 0), (0, 1))])
    slopes *= rng.uniform(0.15, 1) * STEEPEST / max(float(np.sqrt((slopes**2).sum(0).mean())), 1e-6)
    where = 1 / (1 + np.exp(-4 * (_waves(rng, small, small / 4, 1.0, 0.0) + rng.uniform(-0.5, 1.0))))
    return np.stack([cv2.resize(slope * where, (side, side), interpolation=cv2.INTER_LINEAR) for slope in slopes])


def _waves(rng: Generator, side: int, wave: float, drawn: float, turn: float) -> ndarray:
    """Smooth noise (side, side) f4 of about one: of this wavelength across, `drawn` times longer along, turned, and bent by noise."""
    reach = int(1.5 * side)
    cells = max(4, round(2 * reach / wave)), max(4, round(2 * reach / (drawn * wave)))
    noise = cv2.resize(rng.standard_normal(cells, dtype=np.float32), (reach, reach), interpolation=cv2.INTER_CUBIC)
    bend = cv2.resize(rng.standard_normal((2, 5, 5), dtype=np.float32).transpose(1, 2, 0), (side, side), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:side, :side].astype(np.float32) - side / 2
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x, y = cosine * x - sine * y + 0.5 * wave * bend[..., 0], sine * x + cosine * y + 0.5 * wave * bend[..., 1]
    return cv2.remap(noise, x + reach / 2, y + reach / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def folded(normal: Float[Tensor, "3 H W"], slopes: Float[Tensor, "2 H W"], share: Float[Tensor, "H W"]) -> Float[Tensor, "3 H W"]:
    """Unit normals (zero where there are none) of the surface with the height field on it, as far as `share` (0..1) says; camera frame."""
    towards = (-2 * normal[2]).clamp(0, 1) * share
    x, y = slopes * towards
    tilt = torch.stack([x, y, torch.zeros_like(x)])
    along = tilt - (tilt * normal).sum(0) * normal
    return normalize(normal - along, dim=0) * (normal.square().sum(0) > 0)


def ironed(
    albedo: Float[Tensor, "3 H W"], alpha: Float[Tensor, "1 H W"], share: Float[Tensor, "H W"], around: int
) -> Float[Tensor, "3 H W"]:
    """sRGB albedo without its small contrasts of brightness (`contrast_of`, blocks of `around` pixels), as far as `share` (0..1) says."""
    inside = (alpha > 0.5).float()
    contrast = contrast_of(torch.cat([(albedo - 0.5) * inside, inside])[None], around)[0]
    return linear_to_srgb((srgb_to_linear(albedo) * (-contrast * share).exp()).clamp(0, 1))
