"""Cameras as people are photographed with: mostly from the front, any lens from wide to long, now and then the legs cut off.

The first view of a person is nearly frontal, so that each person has one (`--around` does without); the others are drawn from all around.
"""

import numpy as np
from numpy.random import Generator

from core.camera import Camera
from core.surface.raster import window
from training.people.character import DressedPerson
from training.photograph import framed

CROPPED = 0.18
"""Share of views in which the lower part of the person is outside of the picture."""


def sample_camera(rng: Generator, person: DressedPerson, size: int, number: int = 1) -> Camera:
    """A camera of size pixels square that has the person in view. number: 0 for the person's first view."""
    yaw = rng.normal(0, 20) if number == 0 else rng.normal(0, 40) if rng.random() < 0.55 else rng.uniform(-180, 180)
    pitch = np.clip(rng.normal(5, 8), -12, 32)
    fov = np.exp(rng.uniform(np.log(14), np.log(62)))  # a long lens as often as a wide one: in octaves, not degrees
    fill = rng.uniform(0.66, 0.95)
    shift = np.clip(rng.normal(0, 0.02, 2), -0.4 * (1 - fill), 0.4 * (1 - fill))  # never over the picture's edge
    whole = framed(person, np.radians(yaw), np.radians(pitch), np.radians(fov), (size, size), fill, shift)
    return legs_cropped(rng, whole, person) if number > 0 and rng.random() < CROPPED else whole


def legs_cropped(rng: Generator, camera: Camera, person: DressedPerson) -> Camera:
    """The camera zoomed in on the upper part of the person: from 45 to 80 % of their height in the picture, a margin above the head."""
    pixels = camera.project(person.vertices)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    top = low[1] - rng.uniform(0.03, 0.12) * (high[1] - low[1])
    side = (low[1] + rng.uniform(0.45, 0.8) * (high[1] - low[1])) - top
    middle = np.median(pixels[pixels[:, 1] < top + side, 0]) + rng.normal(0, 0.03) * side
    box = np.array([middle - side / 2, top, middle + side / 2, top + side])
    return window(camera, box, tuple(int(edge) for edge in camera.size))
