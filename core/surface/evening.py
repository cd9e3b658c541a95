"""Pictures made even where they are told, and carried on a little beyond (normalised convolution, Knutsson & Westin 1993)."""

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

LEAST = 1e-6
"""Blurred weight below which a place is too far from all that is told to get a value."""


def within_even(
    values: Float[ndarray, "h w"], weights: Float[ndarray, "h w"] | Bool[ndarray, "h w"], pixels: float, least: float = LEAST
) -> Float[ndarray, "h w"]:
    """The values averaged over so many pixels (a Gaussian's standard deviation) by their weights; towards zero where the blurred weight is
    less than `least`."""
    return blurred(values * weights, pixels) / np.maximum(blurred(weights, pixels), least)


def blurred(values: ndarray, pixels: float) -> Float[ndarray, "h w"]:
    """The values after a Gaussian of that standard deviation."""
    return cv2.GaussianBlur(np.float64(values), (0, 0), pixels)
