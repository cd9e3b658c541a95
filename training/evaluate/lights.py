"""How wrong an estimated light is: its irradiance on white paper turned every way, and the direction most of it comes from.

Lights are (9, 3) SH radiance in one frame (core.light). The true brightness of a surface cannot be told from the light's, so the error
holds exposure too; the direction does not.
"""

import numpy as np
from numpy import ndarray

from core.light import LUMINANCE, irradiance, sphere

DIRECTIONS = 2000


def light_errors(estimate: ndarray, truth: ndarray, towards_camera: ndarray) -> dict[str, float]:
    """light_error: mean |irradiance difference| over all directions, over the true mean irradiance, colours averaged; light_error_front:
    the same over the half that faces the camera."""
    normals = sphere(DIRECTIONS)
    front = normals @ towards_camera > 0
    true = irradiance(truth, normals)
    wrong = np.abs(irradiance(estimate, normals) - true)
    return {"light_error": float(wrong.mean() / true.mean()), "light_error_front": float(wrong[front].mean() / true[front].mean())}


def dominant_direction(light: ndarray) -> ndarray | None:
    """The unit direction (3,) most light comes from: the luminance's band 1 as a vector (Sloan 2008, "Stupid Spherical Harmonics
    Tricks", optimal linear direction). None for a light without one."""
    grey = light @ LUMINANCE
    vector = np.array([grey[3], grey[1], grey[2]])
    length = np.linalg.norm(vector)
    return None if length < 1e-6 * abs(grey[0]) or length == 0 else vector / length


def direction_error(estimate: ndarray, truth: ndarray) -> float | None:
    """Degrees between the two lights' dominant directions; None where either has none."""
    first, second = dominant_direction(estimate), dominant_direction(truth)
    if first is None or second is None:
        return None
    return float(np.degrees(np.arccos(np.clip(first @ second, -1, 1))))
