"""A photograph of a view: a world's light on the person, something behind, sometimes something before, and a camera's habits.

Cheap (a tenth of a second), so the same view can be photographed anew each time it is trained on.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.light import irradiance, rotated
from training.people.backgrounds import background, composited, ground_shadow, occluder
from training.people.camera_effects import CameraLook, developed, sample_look
from training.people.character import View
from training.people.lighting import relit, softened
from training.people.worlds import World, on_ground, sample_world

OCCLUDED = 0.12
"""Share of photographs in which something stands before the person."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A photograph and its truth.

    pixels: (H, W, 3) uint8 sRGB; alpha: (H, W) uint8, what is to be seen of the person; light: (9, 3) SH radiance in the body frame and
    light_in_camera the same in the camera frame, both with the exposure in them: what reaches the sensor from the person is albedo times
    shading under this light, before the camera's curve (a lamp too sharp for nine numbers is `softened` first); exposure: (3,) what the
    world was multiplied with, white balance included.
    """

    pixels: ndarray
    alpha: ndarray
    light: ndarray
    light_in_camera: ndarray
    exposure: ndarray


def photograph_of(view: View, rng: Generator, worlds: list[ndarray], photos: list[Path] | None = None) -> Snapshot:
    """The view photographed. worlds: as `worlds.read_world` gives them, may be empty; photos: pictures to stand before."""
    world, look = on_ground(rng, sample_world(rng, worlds)), sample_look(rng)
    exposure = sample_exposure(rng, world.light, view.camera)
    light = softened(world.light * exposure)
    person = relit(view, light, gloss=float(rng.uniform(0, 0.04)))
    alpha = view.alpha.astype(np.float32) / 255
    behind = background(rng, world, view.camera, photos or [], exposure) * ground_shadow(view.camera, alpha, rng.uniform(0.3, 0.9))
    picture = composited(person, alpha, behind, rng.uniform(0, 0.3))
    if rng.random() < OCCLUDED:
        thing, cover = occluder(rng, alpha.shape, _paper(light, view.camera))
        picture, alpha = cover[..., None] * thing + (1 - cover[..., None]) * picture, alpha * (1 - cover)
    return Snapshot(
        pixels=developed(rng, picture, look),
        alpha=np.round(255 * alpha).astype(np.uint8),
        light=light,
        light_in_camera=rotated(light, view.camera.rotation),
        exposure=exposure,
    )


def lit_by(view: View, rng: Generator, world: World, look: CameraLook, brightness: float = 0.9) -> ndarray:
    """Pixels (H, W, 3) of the view before its world, to look at and compare: nothing random but the noise."""
    exposure = exposed(world.light, view.camera, brightness, 0.7)
    alpha = view.alpha.astype(np.float32) / 255
    behind = background(rng, world, view.camera, [], exposure) * ground_shadow(view.camera, alpha, 0.6)
    return developed(rng, composited(relit(view, world.light * exposure), alpha, behind, 0.1), look)


def sample_exposure(rng: Generator, light: ndarray, camera: Camera) -> ndarray:
    """Exposure and white balance (3,) as cameras choose them: mostly right to a quarter of a stop, one in six up to twice off."""
    scatter = 0.4 if rng.random() < 1 / 6 else 0.15
    return exposed(light, camera, float(np.clip(0.8 * np.exp(rng.normal(0, scatter)), 0.35, 1.8)), float(rng.uniform(0.5, 1.0)))


def exposed(light: ndarray, camera: Camera, brightness: float, white_balance: float) -> ndarray:
    """The gain (3,) under which white paper that faces the camera has this brightness; white_balance: share of its tint taken away."""
    paper = _paper(light, camera)
    return brightness / (paper * white_balance + paper.mean() * (1 - white_balance))


def _paper(light: ndarray, camera: Camera) -> ndarray:
    """Linear colour (3,) of white paper facing the camera, turned up a little as chests and faces are.

    A fifth of it is the light from all around: cameras meter the whole picture, and order-2 light dips too deep opposite to a lamp.
    """
    normal = -camera.rotation[2] + np.array([0.0, 0.4, 0.0])
    paper = irradiance(light, normal / np.linalg.norm(normal)) / np.pi
    around = light[0] / np.sqrt(4 * np.pi)
    return 0.8 * np.maximum(paper, 0.1 * around) + 0.2 * around
