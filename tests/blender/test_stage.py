"""Exposure and white balance of synthetic photographs, as Cycles renders them: paper that faces the camera shows as bright as asked."""

import os

import bpy
import cv2
import numpy as np
import pytest

from training.people.traced import write_world
from training.photograph import camera_towards
from training.stage import Surroundings, add_camera, add_world, to_blender

SIDE, DISTANCE = 8, 4.0


@pytest.fixture
def scene():
    """A scene of its own for Cycles, gone afterwards with all that was put into it."""
    before = {kind: set(getattr(bpy.data, kind)) for kind in ("scenes", "worlds", "objects", "meshes", "cameras", "images", "materials")}
    scene = bpy.data.scenes.new("stage")
    scene.render.engine, scene.cycles.device = "CYCLES", "CPU"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.use_adaptive_sampling = 256, False, False
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    yield scene
    for kind, kept in before.items():
        for thing in set(getattr(bpy.data, kind)) - kept:
            getattr(bpy.data, kind).remove(thing)


def paper_before(camera, scene) -> None:
    """A white sheet at the body frame's origin, as wide as the picture, turned as the meter thinks it: to the camera and a little up."""
    normal = to_blender(-camera.rotation[2]) + np.array([0, 0, 0.4])
    normal /= np.linalg.norm(normal)
    side = np.cross([0, 0, 1], normal)
    up = np.cross(normal, side)
    corners = [3 * (a * side + b * up) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    mesh = bpy.data.meshes.new("paper")
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("paper")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    white = nodes.new("ShaderNodeBsdfDiffuse")
    white.inputs["Color"].default_value = (1, 1, 1, 1)
    material.node_tree.links.new(white.outputs[0], nodes["Material Output"].inputs["Surface"])
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new("paper", mesh))


@pytest.mark.parametrize(("yaw", "turn"), [(0.0, 0.0), (0.0, 2.0), (1.2, 4.5)])
def test_paper_that_faces_the_camera_shows_as_bright_as_asked(scene, tmp_path, yaw, turn):
    """Under a world that is red on one side, blue on the other, and four times brighter on one: the meter must look the right way."""
    around = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    sky = np.stack([1 + 0.9 * np.cos(around), 1 + 0 * around, 1 + 0.9 * np.sin(around)], axis=-1) * (1 + 0.6 * np.cos(around + 1))[:, None]
    write_world(tmp_path / "world.exr", np.repeat(sky[None], 32, axis=0))
    camera = camera_towards(np.zeros(3), DISTANCE, yaw, 0.1, 2.0 * SIDE, (SIDE, SIDE))
    paper_before(camera, scene)
    add_world(scene, Surroundings(tmp_path / "world.exr", turn, exposure=0.8, white_balance=1.0), camera)
    add_camera(scene, camera, None)
    scene.render.filepath = str(tmp_path / "seen.exr")
    bpy.ops.render.render(write_still=True, scene=scene.name)
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
    seen = cv2.imread(scene.render.filepath, cv2.IMREAD_UNCHANGED)[..., 2::-1].mean((0, 1))
    assert np.allclose(seen, 0.8, rtol=0.03)
