"""Errors of colours and lights on pictures and lights whose answers are known."""

import numpy as np
import pytest

from core.light import NEUTRAL, irradiance, sh_basis
from core.surface.view import to_linear, to_srgb
from training.evaluate import colour, lights


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return rng.uniform(0.1, 0.9, (48, 40, 3))


def everywhere(picture):
    return np.ones(picture.shape[:2], bool)


def test_equal_pictures_are_equal(picture):
    assert colour.ssim(picture, picture, everywhere(picture)) == pytest.approx(1)
    assert colour.mae(picture.reshape(-1, 3), picture.reshape(-1, 3)) == 0
    assert colour.psnr(picture, picture) == 100


def test_an_offset_is_its_own_error(picture):
    flat = picture.reshape(-1, 3)
    assert colour.mae(flat + 0.1, flat) == pytest.approx(0.1)
    assert colour.psnr(flat + 0.1, flat) == pytest.approx(20)


def test_ssim_of_flat_pictures_is_its_luminance_term():
    first, second = np.full((40, 40, 3), 0.4), np.full((40, 40, 3), 0.6)
    expected = (2 * 0.4 * 0.6 + 1e-4) / (0.4**2 + 0.6**2 + 1e-4)
    assert colour.ssim(first, second, everywhere(first)) == pytest.approx(expected, abs=1e-6)


def test_ssim_looks_only_where_it_is_told(picture):
    spoiled = picture.copy()
    spoiled[:24] = 0
    far = np.zeros(picture.shape[:2], bool)
    far[36:] = True
    assert colour.ssim(spoiled, picture, far) == pytest.approx(1)
    assert colour.ssim(spoiled, picture, ~far) < 0.6
    assert np.isnan(colour.ssim(spoiled, picture, np.zeros_like(far)))


def test_the_best_constant_of_a_darkened_albedo_is_found():
    albedo = np.random.default_rng(0).uniform(0.2, 0.7, (500, 3))
    photo = to_srgb(0.5 * to_linear(albedo))
    curve = colour.gain_curve(photo, albedo)
    assert colour.GAINS[curve.argmin()] == pytest.approx(2)
    assert curve.min() == pytest.approx(0, abs=1e-6)
    assert curve[np.abs(colour.GAINS - 1).argmin()] == pytest.approx(colour.mae(photo, albedo), abs=1e-6)


def test_lit_under_neutral_light_is_the_albedo(picture):
    normals = np.broadcast_to([0.0, 0.0, 1.0], picture.shape)
    assert colour.lit(picture, irradiance(NEUTRAL, normals) / np.pi) == pytest.approx(picture, abs=1e-6)


# --- lights -----------------------------------------------------------------------------------------------------------------------


def lamp(towards, strength=1.0):
    """Light from one direction, cut to order 2, on a neutral ground."""
    return NEUTRAL + strength * sh_basis(np.array(towards) / np.linalg.norm(towards))[:, None] * np.ones(3)


def test_a_light_too_bright_by_a_tenth_is_a_tenth_wrong():
    found = lights.light_errors(1.1 * NEUTRAL, NEUTRAL, np.array([0, 0, 1.0]))
    assert found["light_error"] == pytest.approx(0.1)
    assert found["light_error_front"] == pytest.approx(0.1)


def test_a_missing_lamp_in_front_is_wrong_in_front():
    """Band 1 alone, light · n: irradiance 2π/3 · sqrt(3/4π) · |n_z|, so the error's mean over the sphere is half of that at n = z."""
    truth = NEUTRAL.copy()
    truth[2] = 0.5
    expected = 2 * np.pi / 3 * np.sqrt(3 / (4 * np.pi)) * 0.5 / 2 / np.pi
    found = lights.light_errors(NEUTRAL, truth, np.array([0, 0, 1.0]))
    assert found["light_error"] == pytest.approx(expected, rel=1e-3)
    assert found["light_error_front"] < found["light_error"]  # in front the true light is brighter, the error as large
    behind = lights.light_errors(lamp([0, 0, -1]), lamp([0, 0, 1]), np.array([0, 0, 1.0]))
    assert behind["light_error"] > 0.1


def test_the_dominant_direction_is_the_lamps():
    towards = np.array([0.3, 0.8, -0.5])
    assert lights.dominant_direction(lamp(towards)) == pytest.approx(towards / np.linalg.norm(towards))
    assert lights.direction_error(lamp([1, 0, 0]), lamp([0, 1, 0])) == pytest.approx(90)
    assert lights.direction_error(lamp([1, 0, 0]), 3 * lamp([1, 0, 0])) == pytest.approx(0, abs=1e-4)
    assert lights.direction_error(NEUTRAL, lamp([0, 1, 0])) is None


def test_directions_cover_the_sphere_evenly():
    directions = lights.sphere(lights.DIRECTIONS)
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1)
    assert 4 * np.pi * (sh_basis(directions).T @ sh_basis(directions)) / len(directions) == pytest.approx(np.eye(9), abs=5e-3)
