"""Focal length in pixels from a photo's EXIF data."""

import math
from collections.abc import Mapping

PIXEL_X, PIXEL_Y = 0xA002, 0xA003
FOCAL_MM, FOCAL_35MM = 0x920A, 0xA405
PLANE_X, PLANE_UNIT = 0xA20E, 0xA210
MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""EXIF's FocalPlaneResolutionUnit: inch, centimetre, millimetre, micrometre."""

FILM_DIAGONAL = math.hypot(36, 24)
"""Diagonal of 35 mm film in millimetres."""

USABLE = (0.3, 20.0)
"""Focal length over the photo's longer side: 118° to 3° across. What lies outside was written by a broken program."""


def focal_pixels(exif: Mapping[int, object], size: tuple[int, int]) -> float | None:
    """Focal length in pixels of a photo of this size (width, height; turning the photo changes nothing), None if EXIF tells none.

    FocalLengthIn35mmFilm compares diagonals (CIPA DCG-001): the same angle across the diagonal as on 36 × 24 mm film. Without it, the focal
    length in millimetres times the sensor's pixels per millimetre, scaled if the photo was. A photo whose sides no longer have the ratio
    EXIF states was cropped, and tells nothing.
    """
    if _cropped(exif, size):
        return None
    film, lens, plane = (_number(exif.get(tag)) for tag in (FOCAL_35MM, FOCAL_MM, PLANE_X))
    focal = None
    if film:
        focal = film / FILM_DIAGONAL * math.hypot(*size)
    elif lens and plane:
        unit = MM_PER_UNIT.get(int(_number(exif.get(PLANE_UNIT)) or 2), 25.4)
        taken = max(_number(exif.get(PIXEL_X)) or 0, _number(exif.get(PIXEL_Y)) or 0) or max(size)
        focal = lens * plane / unit * max(size) / taken
    low, high = (limit * max(size) for limit in USABLE)
    return focal if focal and low <= focal <= high else None


def _cropped(exif: Mapping[int, object], size: tuple[int, int]) -> bool:
    width, height = _number(exif.get(PIXEL_X)), _number(exif.get(PIXEL_Y))
    if not width or not height:
        return False
    stated, real = max(width, height) / min(width, height), max(size) / min(size)
    return abs(stated / real - 1) > 0.02


def _number(value: object) -> float | None:
    """A positive finite number, or None for whatever else a camera wrote."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number > 0 else None
