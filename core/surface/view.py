"""The part of a photo around one person, at working resolution, freed of its background.

The photo is shrunk as light (averaged in linear RGB, so that fine dark and light stripes keep their brightness) and from then on handled
as sRGB values, in which mixtures of a guess and a seen colour look even to the eye.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy import ndarray

from ..body.fitted import FittedBody
from ..camera import Camera
from ..errors import NoPersonFound
from ..photo.person import Person, Photo
from .raster import Raster, rasterise, window

EDGE, EDGE_PIXELS = 0.006, 2.0
"""Metres, and pixels at least, taken off the mask's edge, where the background shines through."""


RIM = 0.06
"""Metres inside the body's outline, and all beyond it, where a patch of the mask may still be background: between arm and waist, say."""

OFF_BODY = 0.4
"""Share of such a patch beyond the outline from which it is taken for background; a white sleeve before a white wall lies on the body."""

NEARBY, ALIKE = 0.25, 0.08
"""Metres over which the background is averaged; and the distance in sRGB 0..1 from that mean below which a pixel looks like
background, where the background itself strays no farther."""


@dataclass(frozen=True)
class View:
    """A person's part of the photo.

    camera: of this part; colour: (H, W, 3) float32 sRGB 0..1, outside the person that of the nearest pixel inside; inside: (H, W) bool,
    the mask less its edge and what looks like background; beyond: (H, W) pixels from the nearest inside pixel; raster: what the camera
    sees of the fitted body; pixels_per_metre: at the body's distance.
    """

    camera: Camera
    colour: ndarray
    inside: ndarray
    beyond: ndarray
    raster: Raster
    pixels_per_metre: float


def look(photo: Photo, person: Person, body: FittedBody, longest: int) -> View:
    """The part of the photo that holds the person and the fitted body, its longer side at most `longest` pixels.

    Raises NoPersonFound where the person's mask is empty.
    """
    if person.mask.max() < 128:
        raise NoPersonFound(f"{photo.name}: the person's outline is empty")
    box = _box_around(photo, person, body)
    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    scale = min(1.0, longest / max(box[2] - box[0], box[3] - box[1]))
    size = (max(1, round((box[2] - box[0]) * scale)), max(1, round((box[3] - box[1]) * scale)))
    light = cv2.resize(LINEAR16[photo.pixels[rows, columns]], size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(person.mask[rows, columns], size, interpolation=cv2.INTER_AREA)
    camera = window(body.camera, box.astype(float), size)
    density = float(np.median(camera.intrinsics[0] / camera.to_camera(body.joints)[:, 2]))
    colour = to_srgb(light.astype(np.float32) / 65535)
    raster = rasterise(body.vertices, body.faces, camera)
    inside = _without_edge(mask, max(EDGE * density, EDGE_PIXELS)) & ~_background(colour, mask, raster, density)
    nearest, beyond = _nearest_inside(inside if inside.any() else mask >= mask.max())
    return View(camera, colour.reshape(-1, 3)[nearest], inside, beyond, raster, density)


def to_srgb(linear: ndarray) -> ndarray:
    """sRGB values 0..1 of linear ones (IEC 61966-2-1)."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055).astype(linear.dtype)


def to_linear(srgb: ndarray) -> ndarray:
    """Linear values 0..1 of sRGB ones (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


LINEAR16 = np.round(65535 * to_linear(np.arange(256) / 255)).astype(np.uint16)


def _box_around(photo: Photo, person: Person, body: FittedBody) -> ndarray:
    """x0 y0 x1 y1, whole pixels: all of the mask and all of the body that the picture holds."""
    rows, columns = np.flatnonzero((person.mask >= 128).any(axis=1)), np.flatnonzero((person.mask >= 128).any(axis=0))
    pixels = body.camera.project(body.vertices)
    low = np.minimum(np.floor(pixels.min(axis=0)), [columns[0], rows[0]]) - 2
    high = np.maximum(np.ceil(pixels.max(axis=0)), [columns[-1] + 1, rows[-1] + 1]) + 2
    return np.concatenate([np.maximum(low, 0), np.minimum(high, photo.size)]).astype(int)


def _without_edge(mask: ndarray, radius: float) -> ndarray:
    """The mask shrunk by a radius in pixels; parts thinner than that keep their middle line."""
    whole = (mask >= 128).astype(np.uint8)
    depth = cv2.distanceTransform(cv2.copyMakeBorder(whole, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)[1:-1, 1:-1]
    ridge = depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))
    return (whole > 0) & ((depth > radius) | ridge)


def _background(colour: ndarray, mask: ndarray, raster: Raster, density: float) -> ndarray:
    """True on patches of the mask that look like the plain background near them and lie largely beside the body."""
    body = (raster.face >= 0).astype(np.uint8)
    rim = 2 * round(RIM * density) + 1
    well_inside = cv2.erode(body, cv2.getStructuringElement(cv2.MORPH_RECT, (rim, rim)))
    suspect = (mask >= 16) & (well_inside == 0) & _like_background(colour, mask, density)
    count, patch = cv2.connectedComponents(suspect.astype(np.uint8))
    size, off = (np.bincount(patch[where], minlength=count) for where in (suspect, suspect & (body == 0)))
    return suspect & (off > OFF_BODY * size)[patch]


def _like_background(colour: ndarray, mask: ndarray, density: float) -> ndarray:
    """True where a pixel has the mean colour of what is NEARBY outside the mask, and that is of one colour."""
    outside = (mask < 16).astype(np.float32)[..., None]
    near = 2 * round(NEARBY * density) + 1
    sums = cv2.blur(np.concatenate([colour * outside, colour**2 * outside, outside], axis=2), (near, near))
    mean, square = np.split(sums[..., :6] / np.maximum(sums[..., 6:], 1e-4), 2, axis=2)
    strays = np.sqrt(np.maximum(square - mean**2, 0).sum(axis=2))
    return (np.linalg.norm(colour - mean, axis=2) < ALIKE) & (strays < ALIKE) & (sums[..., 6] > 0.02)


def _nearest_inside(inside: ndarray) -> tuple[ndarray, ndarray]:
    """Flat number (H, W) of the nearest inside pixel, and the distance (H, W) to it in pixels."""
    distance, label = cv2.distanceTransformWithLabels((~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    number = np.zeros(label.max() + 1, dtype=np.int64)
    number[label[inside]] = np.flatnonzero(inside)
    return number[label], distance
