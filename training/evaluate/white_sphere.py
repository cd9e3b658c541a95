"""A white matt sphere, rendered in Cycles, and what it should show: what the table of parity and the tests of the light share."""

from math import radians
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

SIZE, SUPER = 32, 8
"""Pixels across the rendered sphere; and points across each pixel over which the formula is averaged as the render is."""

FRONT, SIDE, TOP = Matrix.Rotation(radians(90), 3, "X"), Matrix.Rotation(radians(90), 3, "Y"), Matrix.Identity(3)
"""Cameras' turns: towards +Y, a person's front; from +X, a person's left; from above."""


def positive_light(seed: int, part) -> np.ndarray:
    """Random coefficients (9, 3), none near zero or near another, with the constant raised until the light is nowhere below 0.05."""
    random = np.random.default_rng(seed)
    light = random.permuted(np.tile(np.linspace(-1, 1, 9)[:, None], (1, 3)) + 0.15, axis=0)
    directions = random.normal(size=(20000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    light[0] = 0
    low = part("core.light").radiance(light, directions).min(axis=0)
    light[0] = (random.random(3) * 0.5 + 0.05 - low) * np.sqrt(4 * np.pi)
    return light


def wrong_lights(light: np.ndarray) -> list[np.ndarray]:
    """The light with one coefficient's sign turned, or two neighbours swapped: each of them once."""
    turned = [light * np.where(np.arange(9) == index, -1, 1)[:, None] for index in range(1, 9)]
    return turned + [light[np.r_[:first, first + 1, first, first + 2 : 9]] for first in range(8)]


def render_sphere(world, turn: Matrix, path: Path, samples: int = 512) -> np.ndarray:
    """Linear RGB (SIZE, SIZE, 3), top row first: a white matt sphere of radius 1 that fills the picture of a level camera."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=7, radius=1)
    sphere, scene = bpy.context.object, bpy.context.scene
    sphere.data.polygons.foreach_set("use_smooth", np.ones(len(sphere.data.polygons), dtype=bool))
    material = bpy.data.materials.new("white")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    shader, output = (material.node_tree.nodes.new(kind) for kind in ("ShaderNodeBsdfDiffuse", "ShaderNodeOutputMaterial"))
    shader.inputs["Color"].default_value = (1, 1, 1, 1)
    material.node_tree.links.new(shader.outputs[0], output.inputs[0])
    sphere.data.materials.append(material)
    camera = bpy.data.cameras.new("eye")
    camera.type, camera.ortho_scale = "ORTHO", 2
    eye = bpy.data.objects.new("eye", camera)
    eye.matrix_world = (turn.to_4x4()) @ Matrix.Translation((0, 0, 5))
    scene.collection.objects.link(eye)
    scene.world, scene.camera = world, eye
    render, cycles = scene.render, scene.cycles
    render.engine, cycles.device, cycles.samples = "CYCLES", "CPU", samples
    cycles.use_denoising, cycles.use_adaptive_sampling, cycles.pixel_filter_type = False, False, "BOX"
    render.resolution_x = render.resolution_y = SIZE
    render.image_settings.file_format, render.image_settings.color_depth = "OPEN_EXR", "32"
    render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(SIZE, SIZE, -1)[::-1, :, :3]


def sphere_normals(turn: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """Body-frame normals (SIZE, SIZE, SUPER², 3) of what the pixels see, and which pixels lie well on the sphere."""
    count = SIZE * SUPER
    across = (np.arange(count) + 0.5) / count * 2 - 1
    x, y = np.meshgrid(across, -across)
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    blender = np.stack([x, y, z], axis=-1) @ np.array(turn).T
    body = np.stack([blender[..., 0], blender[..., 2], -blender[..., 1]], axis=-1)  # written out once more, apart from scene.frames
    cells = body.reshape(SIZE, SUPER, SIZE, SUPER, 3).swapaxes(1, 2).reshape(SIZE, SIZE, SUPER**2, 3)
    inside = (np.hypot(x, y) < 0.97).reshape(SIZE, SUPER, SIZE, SUPER).swapaxes(1, 2).reshape(SIZE, SIZE, -1).all(axis=2)
    return cells, inside


def relative_rmse(seen: np.ndarray, expected: np.ndarray) -> float:
    return float(np.sqrt(np.mean((seen - expected) ** 2)) / np.abs(seen.mean()))
