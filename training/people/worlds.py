"""Worlds of light: equirectangular radiance pictures, read, turned, mixed, tinted, or made of a sky with a sun or of lamps in a room.

A world is (H, W, 3) float32 linear radiance, top row up, in the body frame: its middle column is +X, a quarter to the right of it +Z, so
that Cycles, given the picture unturned, lights the body frame the same way (see `core.light` for the nine numbers).
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.light import irradiance, sh_basis

SIZE = (256, 512)
"""Rows and columns of every world after reading: what the asset pack has, and plenty for nine numbers and a blurred backdrop."""


class WorldFileError(ValueError):
    """A world picture that cannot be read; the sentence names the file."""


@dataclass(frozen=True, eq=False)
class World:
    """One world: its radiance picture (H, W, 3), its light (9, 3) SH radiance in the body frame, and what it was made of."""

    image: ndarray
    light: ndarray
    kind: str


def world_files(folders: list[Path], leave_out: tuple[str, ...] = ()) -> list[Path]:
    """Every .exr and .hdr below the folders, sorted by name; leave_out: stems no training may see."""
    found = [path for folder in folders for path in Path(folder).rglob("*") if path.suffix.lower() in (".exr", ".hdr")]
    return sorted((path for path in found if path.stem not in leave_out), key=lambda path: (path.name, str(path)))


def read_world(path: Path) -> ndarray:
    """The world (256, 512, 3) in a file. OpenCV reads EXR, DWAA too, as Blender does, to half a step of its 16-bit numbers.

    Raises WorldFileError for a file that is missing, no picture, not twice as wide as high, or not finite.
    """
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"  # read by OpenCV when it opens its first EXR file
    try:
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise WorldFileError(f"{path} cannot be read: {error.err}") from error
    if image is None or image.ndim != 3 or image.shape[1] != 2 * image.shape[0]:
        raise WorldFileError(f"{path} is no world: a colour picture twice as wide as high was expected")
    radiance = np.ascontiguousarray(image[..., 2::-1], dtype=np.float32)
    if not np.isfinite(radiance).all():
        raise WorldFileError(f"{path} holds radiance that is not finite")
    return resized(np.maximum(radiance, 0))


def resized(image: ndarray) -> ndarray:
    """The world at SIZE; averaging, so that a sun keeps its power."""
    shrinks = image.shape[0] >= SIZE[0]
    return cv2.resize(image, SIZE[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


@lru_cache(maxsize=4)
def directions(height: int, width: int) -> ndarray:
    """Unit directions (H, W, 3), body frame, from which the pixels' light comes."""
    azimuth = 2 * np.pi * ((np.arange(width) + 0.5) / width - 0.5)
    elevation = np.pi * (0.5 - (np.arange(height) + 0.5) / height)[:, None]
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), np.sin(elevation) + 0 * azimuth, flat * np.sin(azimuth)], axis=-1)


@lru_cache(maxsize=4)
def _projection(height: int, width: int) -> ndarray:
    """Basis times solid angle (9, H W): a pixel's solid angle is its width times the difference of its edges' sines, exactly."""
    edges = np.sin(np.pi * (0.5 - np.arange(height + 1) / height))
    solid_angle = np.repeat((edges[:-1] - edges[1:]) * 2 * np.pi / width, width)
    return (sh_basis(directions(height, width)).reshape(-1, 9) * solid_angle[:, None]).T.copy()


def sh_of_world(image: ndarray) -> ndarray:
    """The world's light (9, 3): SH **radiance** of order 2 in the body frame, by quadrature over the pixels."""
    height, width = image.shape[:2]
    return _projection(height, width) @ image.reshape(-1, 3).astype(np.float64)


def turned(image: ndarray, turn: float) -> ndarray:
    """The world turned about the vertical by the angle (radians) from +Z towards +X, to the nearest column."""
    return np.roll(image, -round(turn / (2 * np.pi) * image.shape[1]), axis=1)


def sample_world(rng: Generator, worlds: list[ndarray]) -> World:
    """A world turned anyhow: one of the given (5 in 8), two of them mixed, a made-up sky with a sun, or a made-up room; then tinted.

    Without worlds, a made-up one.
    """
    kind = str(rng.choice(["real", "mixed", "sky", "room"], p=[0.6, 0.15, 0.15, 0.1])) if worlds else str(rng.choice(["sky", "room"]))
    if kind == "sky":
        image = made_up_sky(rng)
    elif kind == "room":
        image = made_up_room(rng)
    else:
        image = worlds[rng.integers(len(worlds))]
        if kind == "mixed":
            other, share = worlds[rng.integers(len(worlds))], rng.uniform(0.2, 0.8)
            image = share * image / image.mean() + (1 - share) * turned(other, rng.uniform(0, 2 * np.pi)) / other.mean()
    tint = np.exp(rng.normal(0, 0.06, 3))
    image = (turned(image, rng.uniform(0, 2 * np.pi)) * tint).astype(np.float32)
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    return World(image, sh_of_world(image), kind)


def on_ground(rng: Generator, world: World) -> World:
    """The world as it reaches a person who stands on some ground, five times in six: below the horizon most of what was there gives way to
    a ground of one colour, from asphalt to sand, lit by the upper half."""
    if rng.random() < 1 / 6:
        return world
    below = directions(*world.image.shape[:2])[..., 1:2] < 0
    lit = irradiance(sh_of_world(np.where(below, 0, world.image)), np.array([0.0, 1.0, 0.0])) / np.pi
    reflectance = np.exp(rng.uniform(np.log(0.04), np.log(0.4)) + rng.normal(0, 0.12, 3))
    share = rng.uniform(0.75, 1.0)
    image = np.where(below, share * reflectance * np.maximum(lit, 0) + (1 - share) * world.image, world.image).astype(np.float32)
    return World(image, sh_of_world(image), world.kind)


def made_up_sky(rng: Generator) -> ndarray:
    """A sky that pales towards the horizon, ground below it, and a sun (none on an overcast day) that is redder the lower it stands."""
    rays = directions(*SIZE)
    height = rays[..., 1:2]
    overcast = rng.random() < 0.3
    zenith = np.full(3, rng.uniform(0.6, 1.2)) if overcast else rng.uniform([0.15, 0.3, 0.6], [0.35, 0.5, 1.0])
    horizon = zenith * (0.5 if overcast else 1) + (0 if overcast else rng.uniform(0.3, 0.8))
    sky = horizon + (zenith - horizon) * np.sqrt(np.clip(height, 0, 1))
    ground = rng.uniform(0.08, 0.35) * np.exp(rng.normal(0, 0.15, 3))
    image = np.where(height > 0, sky, ground * (horizon + zenith) / 2)
    if overcast:
        return image.astype(np.float32)
    elevation, azimuth = np.radians(rng.uniform(8, 70)), rng.uniform(0, 2 * np.pi)
    towards = np.array([np.cos(elevation) * np.cos(azimuth), np.sin(elevation), np.cos(elevation) * np.sin(azimuth)])
    redness = np.exp(-0.12 / np.sin(elevation) * np.array([0.5, 1.2, 2.6]))  # the longer the way through the air, the less blue is left
    return (image + _lobe(rays, towards, rng.uniform(0.03, 0.12), rng.uniform(1.0, 5.0)) * redness).astype(np.float32)


def made_up_room(rng: Generator) -> ndarray:
    """Dim walls of one colour, a lighter ceiling, a darker floor, and one to four lamps, windows or softboxes."""
    rays = directions(*SIZE)
    walls = rng.uniform(0.15, 0.6) * np.exp(rng.normal(0, 0.12, 3))
    image = walls * (1 + 0.6 * rays[..., 1:2])
    for _ in range(rng.integers(1, 5)):
        towards = rng.normal([0, 0.5, 0], [1, 0.6, 1])
        colour = np.exp(rng.normal(0, 0.12) * np.array([1, 0.1, -1.2]))
        lamp = _lobe(rays, towards / np.linalg.norm(towards), rng.uniform(0.08, 0.5), rng.uniform(0.3, 2.5))
        image = image + lamp * colour
    return image.astype(np.float32)


def _lobe(rays: ndarray, towards: ndarray, radius: float, power: float) -> ndarray:
    """A soft round light (H, W, 1) of this angular radius (radians) whose irradiance, square on, is power times pi."""
    cosine = rays @ towards
    shape = np.exp((cosine - 1) / (0.5 * radius**2))[..., None]
    return shape * power / (0.5 * radius**2)  # the lobe's integral over the sphere is 2 pi times the bracket below it
