"""The light's conventions, held against numerical integration over the sphere."""

import numpy as np
import pytest

from core.light import NEUTRAL, irradiance, radiance, sh_basis


@pytest.fixture(scope="module")
def sphere():
    """Directions (N, 3) and solid angles (N,): Gauss-Legendre in z, uniform in azimuth, exact for these polynomials."""
    z, weights = np.polynomial.legendre.leggauss(64)
    azimuth = (np.arange(128) + 0.5) * 2 * np.pi / 128
    z, azimuth = np.meshgrid(z, azimuth, indexing="ij")
    ring = np.sqrt(1 - z**2)
    directions = np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), z], axis=-1).reshape(-1, 3)
    return directions, np.repeat(weights * 2 * np.pi / 128, 128)


def test_basis_is_orthonormal(sphere):
    directions, solid_angles = sphere
    basis = sh_basis(directions)
    assert np.allclose(basis.T @ (basis * solid_angles[:, None]), np.eye(9), atol=1e-12)


def test_index_is_l2_plus_l_plus_m():
    """m = -1, 0, 1 of band 1 point along y, z, x; zonal functions (m = 0) have no azimuth."""
    basis = sh_basis(np.eye(3))
    assert [int(np.argmax(basis[axis, 1:4])) for axis in range(3)] == [2, 0, 1]
    assert basis[0, 6] == pytest.approx(basis[1, 6])
    assert basis[0, 8] == pytest.approx(-basis[1, 8])
    assert basis[2, 6] > 0 < basis[0, 8]
    diagonal = sh_basis(np.array([1, 1, 1]) / np.sqrt(3))
    assert np.all(diagonal[[4, 5, 7]] > 0)


def test_irradiance_is_the_cosine_weighted_integral_of_radiance(sphere):
    """Order-2 light through a clamped cosine, integrated numerically, gives the band factors."""
    directions, solid_angles = sphere
    rng = np.random.default_rng(0)
    light = rng.normal(size=(9, 3))
    normals = rng.normal(size=(5, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    cosine = np.maximum(normals @ directions.T, 0)
    expected = (cosine * solid_angles) @ radiance(light, directions)
    assert np.allclose(irradiance(light, normals), expected, atol=2e-3)


def test_neutral_light_shows_the_albedo(sphere):
    directions, _ = sphere
    assert np.allclose(radiance(NEUTRAL, directions), 1)
    assert np.allclose(irradiance(NEUTRAL, directions), np.pi)


def test_leading_axes_are_kept():
    directions = np.random.default_rng(1).normal(size=(2, 5, 3))
    assert irradiance(NEUTRAL, directions).shape == (2, 5, 3)
    assert np.array_equal(sh_basis(directions)[1, 3], sh_basis(directions[1, 3]))


def test_neutral_light_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        NEUTRAL[0] = 0
