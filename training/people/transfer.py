"""Light transfer: how much each point of a shell answers to each of the nine numbers of a light, its own shadows included.

The part of the sky that the shell hides from a point is found by depth pictures of the shell's own vertices from directions all round,
seen in parallel; what is hidden is taken off the unshadowed answer, which is known exactly (Ramamoorthi & Hanrahan 2001).
"""

from functools import lru_cache

import numpy as np
from numpy import ndarray

from core.light import IRRADIANCE_FACTORS, sh_basis

DIRECTIONS = 96
PIXEL = 0.012
"""Metres a pixel of the depth pictures; wider than the shell's vertices lie apart, so that none looks through it."""
STEEPEST = 8.0
"""A surface seen more askew than this slope is hidden only by what lies farther before it than the slope would say."""


@lru_cache(maxsize=2)
def directions_all_round(count: int) -> ndarray:
    """Unit directions (N, 3) spread evenly over the sphere: Fibonacci's spiral (Swinbank & Purser 2006)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)


def light_transfer(vertices: ndarray, normals: ndarray, count: int = DIRECTIONS, pixel: float = PIXEL) -> ndarray:
    """Transfer (V, 9) f4 of the shell's vertices: transfer_k = 1/π ∫ V(ω) max(n·ω, 0) Y_k(ω) dω (Sloan et al. 2002, equation 10).

    vertices (V, 3) metres, no farther apart than about a pixel; normals (V, 3) outward, unit.
    """
    towards = directions_all_round(count).astype(np.float32)
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    points, facing = (vertices - middle).astype(np.float32), np.asarray(normals, np.float32)
    cosines = facing @ towards.T
    hidden = np.zeros_like(cosines)
    for number, direction in enumerate(towards):
        ahead = np.flatnonzero(cosines[:, number] > 0)
        dark = shadowed(points, ahead, cosines[ahead, number], direction, pixel)
        hidden[ahead[dark], number] = cosines[ahead[dark], number]
    lost = hidden @ (sh_basis(towards) * (4 / count)).astype(np.float32)  # 1/π times 4π/count, the solid angle of each
    return (sh_basis(normals) * (IRRADIANCE_FACTORS / np.pi)).astype(np.float32) - lost


def shadowed(points: ndarray, ahead: ndarray, cosine: ndarray, direction: ndarray, pixel: float) -> ndarray:
    """True (N,) for those of the points numbered `ahead` that others hide from the direction; cosine (N,): of their normals with it."""
    right = np.cross(direction, [0, 1, 0] if abs(direction[1]) < 0.9 else [1, 0, 0]).astype(np.float32)
    right /= np.linalg.norm(right)
    screen = points @ np.stack([right, np.cross(direction, right).astype(np.float32), direction], axis=1)
    place = ((screen[:, :2] - screen[:, :2].min(axis=0)) / pixel).astype(np.int32)
    width = int(place[:, 0].max()) + 1
    number = place[:, 1] * width + place[:, 0]
    front = np.full(int(number.max()) + 1, -np.inf, np.float32)
    np.maximum.at(front, number[ahead], screen[ahead, 2])  # a closed surface is hidden by what faces the direction alone
    slope = np.minimum(np.sqrt(np.maximum(1 - cosine**2, 0)) / np.maximum(cosine, 1e-3), STEEPEST)
    return front[number[ahead]] - screen[ahead, 2] > pixel * (1 + 1.5 * slope)
