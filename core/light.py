"""Light as spherical harmonics: nine numbers per colour channel say how much light comes from every direction.

Real, orthonormal, order 2, index l² + l + m, linear RGB **radiance**, body frame (Y up). Irradiance, what a surface gathers, is the
radiance convolved with a clamped cosine: three factors, one per band (Ramamoorthi & Hanrahan 2001, "An Efficient Representation for
Irradiance Environment Maps"). Numpy only, so the Blender side builds its world from the same functions.
"""

import numpy as np

IRRADIANCE_FACTORS = np.pi * np.repeat([1, 2 / 3, 1 / 4], [1, 3, 5])
"""Radiance to irradiance, (9,): π, 2π/3 and π/4 for the bands 0, 1 and 2 (Ramamoorthi & Hanrahan 2001, equation 8)."""

NEUTRAL = np.zeros((9, 3))
NEUTRAL[0] = np.sqrt(4 * np.pi)
NEUTRAL.flags.writeable = False
"""White light from everywhere, (9, 3): radiance 1 in every direction, so irradiance π, and a diffuse surface shows exactly its albedo."""


LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Rec. 709's weights of linear RGB."""
LUMINANCE.flags.writeable = False


def sphere(count: int) -> np.ndarray:
    """Unit directions (N, 3) evenly over the sphere (a Fibonacci spiral)."""
    turn = (np.arange(count) + 0.5) * np.pi * (3 - np.sqrt(5))
    height = 1 - (2 * np.arange(count) + 1) / count
    flat = np.sqrt(1 - height * height)
    return np.stack([flat * np.cos(turn), height, flat * np.sin(turn)], axis=1)


def sh_basis(directions: np.ndarray) -> np.ndarray:
    """The nine basis functions (…, 9) in unit directions (…, 3): real and orthonormal over the sphere."""
    x, y, z = np.moveaxis(np.asarray(directions, dtype=np.float64), -1, 0)
    linear, product = np.sqrt(3 / (4 * np.pi)), np.sqrt(15 / (4 * np.pi))
    zonal, tesseral = np.sqrt(5 / (16 * np.pi)), np.sqrt(15 / (16 * np.pi))
    constant = np.full_like(x, np.sqrt(1 / (4 * np.pi)))
    band1 = [linear * y, linear * z, linear * x]
    band2 = [product * x * y, product * y * z, zonal * (3 * z * z - 1), product * x * z, tesseral * (x * x - y * y)]
    return np.stack([constant, *band1, *band2], axis=-1)


def radiance(light: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Linear RGB light (…, 3) that arrives from unit directions (…, 3). light: (9, 3) SH radiance. An order-2 series may dip below zero."""
    return sh_basis(directions) @ light


def project(directions: np.ndarray, radiances: np.ndarray, solid_angles: np.ndarray) -> np.ndarray:
    """The SH radiance (9, 3) that is nearest to linear RGB light (N, 3) from unit directions (N, 3), each for its solid angle (N,).

    Weighted least squares, so light that is of order 2 already comes back exactly, however coarse the directions.
    """
    basis = sh_basis(directions)
    weighted = basis * np.asarray(solid_angles, dtype=np.float64)[:, None]
    return np.linalg.solve(weighted.T @ basis, weighted.T @ radiances)


def irradiance(light: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Linear RGB irradiance (…, 3) on surfaces with unit normals (…, 3). A diffuse surface sends out albedo · irradiance / π.

    light: (9, 3) SH radiance. Ramamoorthi & Hanrahan 2001, equation 7.
    """
    return sh_basis(normals) @ (IRRADIANCE_FACTORS[:, None] * light)


def rotated(light: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """The light (9, 3) in a frame whose coordinates are rotation @ ours, such as the camera's with `camera.rotation`.

    Order-2 functions stay of order 2 when turned, so values at 32 directions say everything.
    """
    return _SOLVE @ (sh_basis(_RAYS @ rotation) @ light)


_STEPS = np.arange(32) + 0.5
_RADII = np.sqrt(1 - (1 - _STEPS / 16) ** 2)
_RAYS = np.stack([_RADII * np.cos(np.pi * (1 + 5**0.5) * _STEPS), 1 - _STEPS / 16, _RADII * np.sin(np.pi * (1 + 5**0.5) * _STEPS)], axis=1)
_SOLVE = np.linalg.pinv(sh_basis(_RAYS))
