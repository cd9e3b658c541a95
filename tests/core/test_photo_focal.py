"""Focal length from EXIF."""

import math

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from core.photo.focal import FOCAL_35MM, FOCAL_MM, PIXEL_X, PIXEL_Y, PLANE_UNIT, PLANE_X, focal_pixels
from core.photo.image import read_photo

SIZE = (3000, 2000)


def test_35_mm_equivalent_compares_diagonals():
    assert focal_pixels({FOCAL_35MM: 50}, SIZE) == pytest.approx(50 / math.hypot(36, 24) * math.hypot(*SIZE))
    assert focal_pixels({FOCAL_35MM: 50}, (3600, 2400)) == pytest.approx(50 * 100)  # film's own shape: 100 pixels a millimetre
    assert focal_pixels({FOCAL_35MM: 50}, SIZE[::-1]) == focal_pixels({FOCAL_35MM: 50}, SIZE)


@pytest.mark.parametrize(("unit", "per_unit"), [(2, 25.4), (3, 10), (4, 1), (5, 0.001), (None, 25.4)])
def test_focal_plane_resolution(unit, per_unit):
    exif = {FOCAL_MM: 50.0, PLANE_X: 100.0 * per_unit, PIXEL_X: 3000, PIXEL_Y: 2000} | ({} if unit is None else {PLANE_UNIT: unit})
    assert focal_pixels(exif, SIZE) == pytest.approx(5000)
    assert focal_pixels(exif, (1500, 1000)) == pytest.approx(2500)  # scaled down since
    assert focal_pixels(exif, (2000, 3000)) == pytest.approx(5000)  # turned upright since


def test_35_mm_equivalent_comes_first():
    assert focal_pixels({FOCAL_35MM: 50, FOCAL_MM: 1.0, PLANE_X: 1.0}, (3600, 2400)) == pytest.approx(5000)


def test_cropped_photo_tells_nothing():
    assert focal_pixels({FOCAL_35MM: 50, PIXEL_X: 3000, PIXEL_Y: 2000}, (2000, 2000)) is None


@pytest.mark.parametrize("value", [0, -5, 1e9, 0.001, float("nan"), float("inf"), "long", None, IFDRational(0, 0), b"\1"])
def test_absurd_values_are_ignored(value):
    assert focal_pixels({FOCAL_35MM: value}, SIZE) is None
    assert focal_pixels({FOCAL_MM: value, PLANE_X: value}, SIZE) is None


@pytest.mark.parametrize("orientation", [1, 6])
def test_survives_turning(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x8769] = {FOCAL_35MM: 50}
    Image.fromarray(np.zeros((24, 36, 3), np.uint8)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_photo(tmp_path / "turned.jpg").focal == pytest.approx(50)
