"""How wrong colours are: mean absolute error, PSNR and SSIM of sRGB values 0..1, and what the photo itself would score as albedo."""

import numpy as np
from numpy import ndarray
from skimage.metrics import structural_similarity

from core.surface.view import to_linear, to_srgb

GAINS = 2 ** np.linspace(-3, 3, 97)
"""Gains of linear light tried for the photo made albedo by one constant."""


def mae(estimate: ndarray, truth: ndarray) -> float:
    """Mean absolute error of colours (N, 3), 0..1; NaN of none."""
    return float(np.abs(estimate - truth).mean()) if len(truth) else float("nan")


def psnr(estimate: ndarray, truth: ndarray) -> float:
    """Peak signal-to-noise ratio in dB of values 0..1, at most 100 (equal values would be infinite); NaN of none."""
    if not len(truth):
        return float("nan")
    return float(-10 * np.log10(max(((estimate - truth) ** 2).mean(), 1e-10)))


def ssim(estimate: ndarray, truth: ndarray, where: ndarray) -> float:
    """Structural similarity (Wang et al. 2004: Gaussian window, sigma 1.5) of pictures (H, W, 3) 0..1, its map averaged where the mask
    (H, W) says; NaN if nowhere."""
    if not where.any():
        return float("nan")
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    _, similarity = structural_similarity(estimate, truth, channel_axis=-1, full=True, **settings)
    return float(similarity[where].mean())


def gain_curve(photo: ndarray, albedo: ndarray) -> ndarray:
    """The mean absolute errors (97,) of photo / constant as albedo, for every constant of 1 / GAINS; both (N, 3) sRGB 0..1."""
    linear = to_linear(photo)
    return np.array([mae(to_srgb(np.clip(gain * linear, 0, 1)), albedo) for gain in GAINS])


def lit(albedo: ndarray, shading: ndarray) -> ndarray:
    """sRGB colours of sRGB albedo under linear shading (irradiance / pi), clipped to 0..1 as a picture is."""
    return to_srgb(np.clip(to_linear(albedo) * np.maximum(shading, 0), 0, 1))
