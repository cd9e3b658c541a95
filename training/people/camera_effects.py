"""What a camera does to light: exposure curve, white balance, noise, blur, sharpening and JPEG.

Light in is linear RGB, 1 what the sensor takes for white before its curve; pictures out are sRGB bytes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.surface.view import to_srgb


@dataclass(frozen=True)
class CameraLook:
    """One camera's habits. blur: pixels, Gaussian; shot, read: noise of the light's root and of the dark, in linear light at 1; white:
    linear value that becomes white; toe: linear value that comes out half as bright, as film and its imitations show the dark; contrast:
    how strongly an S curve steepens the middle; saturation; sharpen: amount of an unsharp mask; quality: of the JPEG, 0 for none."""

    blur: float = 0.5
    shot: float = 0.01
    read: float = 0.002
    white: float = 2.0
    toe: float = 0.0
    contrast: float = 0.2
    saturation: float = 1.0
    sharpen: float = 0.2
    quality: int = 92


def sample_look(rng: Generator) -> CameraLook:
    """A camera from a good one in daylight to a telephone in the evening."""
    poor = rng.beta(1.2, 3)
    return CameraLook(
        blur=float(0.45 + 1.1 * poor * rng.random()),
        shot=float(0.003 + 0.045 * poor * rng.random()),
        read=float(0.0005 + 0.008 * poor * rng.random()),
        white=float(np.exp(rng.uniform(np.log(1.2), np.log(16.0)))),
        toe=float(np.exp(rng.uniform(np.log(0.01), np.log(0.4)))) if rng.random() < 0.8 else 0.0,
        contrast=float(rng.uniform(0.0, 0.5)),
        saturation=float(np.clip(rng.normal(1.0, 0.12), 0.0, 1.4)),
        sharpen=float(rng.uniform(0, 0.5)),
        quality=int(rng.integers(int(90 - 50 * poor), 98)),
    )


def developed(rng: Generator, light: ndarray, look: CameraLook) -> ndarray:
    """The picture (H, W, 3) uint8 sRGB that a camera makes of linear light (H, W, 3)."""
    light = cv2.GaussianBlur(np.maximum(light, 0).astype(np.float32), (0, 0), look.blur) if look.blur else np.maximum(light, 0)
    noise = np.sqrt(look.shot**2 * light + look.read**2) * rng.standard_normal(light.shape, dtype=np.float32)
    picture = graded(tone_curve(np.maximum(light + noise, 0), look.white, look.toe), look)
    if look.sharpen:
        picture = picture + look.sharpen * (picture - cv2.GaussianBlur(picture, (0, 0), 1.2))
    pixels = np.uint8(np.clip(255 * picture + rng.random(picture.shape, dtype=np.float32), 0, 255))
    return through_jpeg(pixels, look.quality) if look.quality else pixels


def tone_curve(light: ndarray, white: float, toe: float = 0.0) -> ndarray:
    """sRGB 0..1 of linear light: rolled off so that white becomes 1 (Reinhard et al. 2002, equation 4); below, straight or with a toe.

    Middle grey stays where it is: the light is raised first by what the curve takes from 0.18. With white 16 and toe .008 the greys are
    Blender's AgX to .03 of sRGB; with white 10.3, toe .16 and a contrast of .14 they are its High Contrast look to .01.
    """
    if toe:
        light = light * light / (light + toe) * (1 + toe / 0.18)
    raised = light * _raise_for(white)
    return to_srgb(np.clip(raised * (1 + raised / white**2) / (1 + raised), 0, 1))


def _raise_for(white: float) -> float:
    """The gain after which the curve gives 0.18 for 0.18: the positive root of its quadratic."""
    a, b = 0.18 / white**2, 1 - 0.18
    return float((-b + np.sqrt(b * b + 4 * a)) / (2 * a))


def graded(picture: ndarray, look: CameraLook) -> ndarray:
    """The picture with contrast about its middle and with saturation changed, 0..1."""
    curved = picture + look.contrast * (3 * picture**2 - 2 * picture**3 - picture)
    grey = curved @ np.array([0.299, 0.587, 0.114], dtype=curved.dtype)
    return np.clip(grey[..., None] + look.saturation * (curved - grey[..., None]), 0, 1).astype(np.float32)


def through_jpeg(pixels: ndarray, quality: int) -> ndarray:
    """The picture as it comes back from a JPEG file."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
