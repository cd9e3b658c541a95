"""A photograph that was never taken: Cycles' picture of a posed person, and everything about it that a real photo hides.

Focus is on the plane of the body frame's origin, the point on the ground below the pelvis. The picture is tone-mapped (AgX), so its
colours are a camera's, not linear radiance.
"""

import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.camera import UPRIGHT, Camera
from core.skeleton import JOINT
from training import set_pieces, stage
from training.people.character import DressedPerson
from training.people.worlds import read_world, sh_of_world
from training.rocketbox import PosedPerson
from training.stage import Surroundings


@dataclass(frozen=True)
class Photograph:
    """A picture and its truth.

    pixels: (H, W, 3) uint8 sRGB; alpha: (H, W) uint8, how much of each pixel the person covers; camera: body frame to pixels; joints:
    (24, 3) SMPL's joints in the camera frame, metres; landmarks: (24, 2) the same in pixels; height: the person's, standing, metres (a
    DressedPerson's as in the facts, NaN if they do not say); light: (9, 3) SH radiance in the body frame, where it was asked for: what
    comes to the place of the chest from world, ground and wall, exposure included.
    """

    pixels: ndarray
    alpha: ndarray
    camera: Camera
    joints: ndarray
    landmarks: ndarray
    height: float
    light: ndarray | None = None


def camera_towards(target: ndarray, distance: float, yaw: float, pitch: float, focal: float, size: tuple[int, int]) -> Camera:
    """The camera that has body-frame point target in its middle.

    yaw: radians the camera stands round to the person's left; pitch: radians it looks down; focal in pixels; size width, height.
    """
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    round_person = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    down = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    rotation = UPRIGHT @ down @ round_person
    translation = np.array([0.0, 0.0, distance]) - rotation @ target
    return Camera(np.array([focal, focal, size[0] / 2, size[1] / 2]), rotation, translation, np.array(size))


def framed(
    posed: PosedPerson | DressedPerson, yaw: float, pitch: float, fov: float, size: tuple[int, int], fill: float, shift=(0.0, 0.0)
) -> Camera:
    """`framed_points` of the person's vertices."""
    return framed_points(posed.vertices, yaw, pitch, fov, size, fill, shift)


def framed_points(points: ndarray, yaw: float, pitch: float, fov: float, size: tuple[int, int], fill: float, shift=(0.0, 0.0)) -> Camera:
    """A camera with vertical field of view fov (radians) so far away that points (N, 3) fill `fill` of the picture's tighter side.

    For one person: points that reach metres towards the camera are `groups.framed_together`'s. shift: their place off the middle, as
    fractions of the picture's width and height.
    """
    focal = size[1] / 2 / np.tan(fov / 2)
    target = (points.min(0) + points.max(0)) / 2
    distance = 2.0
    for _ in range(8):  # perspective: the extent depends on the distance, so a few rounds of proportion
        camera = camera_towards(target, distance, yaw, pitch, focal, size)
        extent = np.ptp(camera.project(points), axis=0) / size
        distance *= float(extent.max()) / fill
    pixels = camera.project(points)
    return shifted(camera, np.array(size) / 2 - (pixels.min(0) + pixels.max(0)) / 2 + np.array(shift) * size, distance)


def shifted(camera: Camera, pixels: ndarray, distance: float) -> Camera:
    """The camera moved sideways and up so that what is distance metres away is pixels (2,) farther right and down in its picture."""
    translation = camera.translation + np.append(pixels * distance / camera.intrinsics[:2], 0.0)
    return Camera(camera.intrinsics, camera.rotation, translation, camera.size)


def photograph(
    posed: PosedPerson | DressedPerson, camera: Camera, place: Surroundings, samples: int = 16, smooth: bool = False, probe: bool = False
) -> Photograph:
    """The person photographed. samples: Cycles' per pixel, denoised; smooth: one step of subdivision, for pictures above 600 pixels; probe:
    whether the light is measured too (half a second)."""
    scene = stage.empty_scene()
    person = stage.add_person(scene, posed, smooth)
    pieces = [set_pieces.add_ground(scene, place.ground, None if place.wall else (3.0, 9.0))]
    if place.wall:
        pieces.append(set_pieces.add_wall(scene, place.wall, camera, place.wall_distance, place.wall_turn))
    if place.seat:
        pieces.append(set_pieces.add_seat(scene, place.seat))
    stage.add_world(scene, place, camera)
    lens = stage.add_camera(scene, camera, place.f_stop)
    light = _light_at(scene, person, posed.joints[JOINT["spine3"]]) if probe else None
    scene.camera = lens
    pixels = _rendered(scene, samples)[..., 2::-1]
    alpha = _person_alone(scene, pieces, lens)
    seen, height = (
        camera.to_camera(posed.joints),
        posed.person.height if isinstance(posed, PosedPerson) else posed.facts.get("height", np.nan),
    )
    return Photograph(np.ascontiguousarray(pixels), alpha, camera, seen, camera.project(posed.joints), height, light)


def _light_at(scene, person, place: ndarray) -> ndarray:
    """The light (9, 3) that comes to a place (body frame) when the person is away: a picture of everything around, made into numbers."""
    size = scene.render.resolution_x, scene.render.resolution_y
    scene.camera = stage.add_panorama(scene, place)
    scene.render.resolution_x, scene.render.resolution_y = 128, 64
    person.hide_render = True
    radiance = _panorama(scene)
    person.hide_render = False
    scene.render.resolution_x, scene.render.resolution_y = size
    return sh_of_world(radiance)


def _panorama(scene, samples: int = 32) -> ndarray:
    """What an all-round camera sees, as a world (256, 512, 3) of linear radiance."""
    import bpy

    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.use_adaptive_sampling = samples, False, False
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "OPEN_EXR", "RGB"
    scene.render.image_settings.color_depth = "32"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "around.exr")
        with _silence():
            bpy.ops.render.render(write_still=True)
        scene.render.image_settings.file_format = "PNG"
        scene.render.image_settings.color_depth = "8"
        return read_world(Path(scene.render.filepath))


def _person_alone(scene, pieces, lens) -> ndarray:
    """The person's coverage (H, W) uint8: the same view in focus, without ground, wall or bounces, on a transparent film."""
    for piece in pieces:
        piece.hide_render = True
    lens.data.dof.use_dof = False
    scene.render.film_transparent = True
    scene.cycles.max_bounces = 0
    return _rendered(scene, 8, denoise=False)[..., 3]


def _rendered(scene, samples: int, denoise: bool = True) -> ndarray:
    """The scene as Blender saves it, BGRA (H, W, 4) uint8."""
    import bpy

    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.use_adaptive_sampling = samples, denoise, False
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGBA"
    scene.render.threads_mode = "AUTO"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "picture.png")
        with _silence():
            bpy.ops.render.render(write_still=True)
        return cv2.imread(scene.render.filepath, cv2.IMREAD_UNCHANGED)


@contextmanager
def _silence():
    """Keeps Blender's own render log, which goes past Python's streams, off stdout."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
