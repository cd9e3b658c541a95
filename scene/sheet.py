"""A picture of a person from four sides (front, left, back, right), one row per pose: what a rig and its surface are judged by."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import radians
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..core.light import NEUTRAL
from ..core.skeleton import JOINT_NAMES
from .armature import apply_pose
from .cleanup import temporary
from .files import check_place, failed_to_write
from .person import parts
from .world import build_world

TURNS = (0, -90, 180, 90)
"""Degrees about the vertical that bring front, left, back and right before the camera."""

MARGIN = 1.1
"""Height and width of a view over the person's own."""

SAMPLES = 32
"""Rays per pixel: enough for matt surfaces under even light without a denoiser, which some Blenders are built without."""

STRIDE = {
    "left_hip": (-0.9, 0, 0),
    "left_knee": (1.1, 0, 0),
    "right_hip": (0.35, 0, 0),
    "right_knee": (0.3, 0, 0),
    "spine2": (0, 0.3, 0),
    "head": (0, -0.4, 0),
    "left_shoulder": (0, 0, 0.9),
    "left_elbow": (0, -0.5, 0),
    "right_shoulder": (0, 0.7, 0.4),
    "right_elbow": (0, 1.3, 0),
}
"""A pose that tries a rig, axis-angle per joint: a wide step, one arm raised, the other bent before the chest, a turned waist."""

Pose = tuple[np.ndarray, np.ndarray]
"""SMPL pose (24, 3) and translation (3,), as `apply_pose` takes them."""


def render_sheet(collection: bpy.types.Collection, path: Path | str, size: int = 384, more_poses: Sequence[Pose] = ()) -> Path:
    """Write a PNG of the person as it stands, and in further poses below; its path. size: height of one row in pixels.

    Everything is rendered at once by Cycles on the processor: frozen copies of the surface side by side in a scene of their own, which
    is removed again. The person ends up in the pose it had. FolderNotWritable, or Unexpected with Cycles' words.
    """
    path = Path(path)
    check_place(path)
    with temporary():
        rows = [_frozen(collection)]
        with _kept_pose(parts(collection)["armature"]) as armature:
            for pose, translation in more_poses:
                apply_pose(armature, pose, translation)
                rows.append(_frozen(collection))
        scene = bpy.data.scenes.new("sheet")
        width, height = _arrange(scene, rows)
        _light_and_camera(scene, width * len(TURNS), height * len(rows))
        _set_render(scene, (len(TURNS) * round(size * width / height), len(rows) * size), path)
        try:
            bpy.ops.render.render(write_still=True, scene=scene.name)
        except RuntimeError as error:
            raise failed_to_write(path, error) from error
    return path


def stride() -> Pose:
    """STRIDE as a pose, without translation."""
    return np.array([STRIDE.get(name, (0, 0, 0)) for name in JOINT_NAMES], dtype=np.float64), np.zeros(3)


def _frozen(collection: bpy.types.Collection) -> bpy.types.Mesh:
    """A copy of the surface as the armature poses it now, its centre above the origin."""
    graph = bpy.context.evaluated_depsgraph_get()
    surface = parts(collection)["surface"].evaluated_get(graph)
    mesh = bpy.data.meshes.new_from_object(surface, preserve_all_data_layers=True, depsgraph=graph)
    mesh.transform(surface.matrix_world)
    low, high = _bounds(mesh)
    mesh.transform(Matrix.Translation((-(low + high) / 2).tolist()))
    return mesh


def _bounds(mesh: bpy.types.Mesh) -> tuple[np.ndarray, np.ndarray]:
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3).min(axis=0), points.reshape(-1, 3).max(axis=0)


@contextmanager
def _kept_pose(armature: bpy.types.Object) -> Iterator[bpy.types.Object]:
    kept = {bone.name: bone.matrix_basis.copy() for bone in armature.pose.bones}
    try:
        yield armature
    finally:
        for name, matrix in kept.items():
            armature.pose.bones[name].matrix_basis = matrix


def _arrange(scene: bpy.types.Scene, rows: list[bpy.types.Mesh]) -> tuple[float, float]:
    """Put each row's mesh into the scene four times, turned; width and height of one view in metres."""
    reach = np.max([np.abs(_bounds(mesh)) for mesh in rows], axis=(0, 1))
    width, height = 2 * MARGIN * float(reach[:2].max()), 2 * MARGIN * float(reach[2])
    for row, mesh in enumerate(rows):
        for column, turn in enumerate(TURNS):
            view = bpy.data.objects.new("view", mesh)
            place = ((column + 0.5) * width, 0, -(row + 0.5) * height)
            view.matrix_world = Matrix.Translation(place) @ Matrix.Rotation(radians(turn), 4, "Z")
            scene.collection.objects.link(view)
    return width, height


def _light_and_camera(scene: bpy.types.Scene, width: float, height: float) -> None:
    """A level camera without perspective before all views, even light, and a soft sun from above its left shoulder to show the shape."""
    camera = bpy.data.cameras.new("sheet")
    camera.type, camera.sensor_fit, camera.ortho_scale = "ORTHO", "HORIZONTAL", width
    sun: Any = bpy.data.lights.new("sheet", "SUN")
    sun.energy, sun.angle = 1.5, radians(20)
    scene.world = build_world(0.7 * NEUTRAL, "sheet")
    before = Matrix.Translation((width / 2, -10, -height / 2))
    eye, lamp = (bpy.data.objects.new("sheet", data) for data in (camera, sun))
    eye.matrix_world = before @ Matrix.Rotation(radians(90), 4, "X")
    lamp.matrix_world = before @ Matrix.Rotation(radians(-30), 4, "Z") @ Matrix.Rotation(radians(50), 4, "X")
    for thing in (eye, lamp):
        scene.collection.objects.link(thing)
    scene.camera = eye


def _set_render(scene: bpy.types.Scene, size: tuple[int, int], path: Path) -> None:
    render: Any = scene.render
    view: Any = scene.view_settings
    render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", SAMPLES, False
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    render.image_settings.file_format = "PNG"
    render.filepath = str(path)
    view.view_transform = "Standard"
