"""What control bones look like: wires in objects that no collection holds, shared by everybody's controls."""

from itertools import combinations, product
from typing import Any

import bpy
import numpy as np

NAMES = {"box": "Doppel Control Box", "ball": "Doppel Control Ball"}

SIZES = {"box": 0.16, "ball": 0.05}
"""Metres across."""


COLOURS = {"left": (0.3, 0.6, 1.0), "right": (1.0, 0.4, 0.3)}
"""sRGB: bright ones, because wires are thin and Blender's own sets are dark."""

WIRE = 2.0
"""Pixels that a wire is wide."""


def give_shape(bone: Any, kind: str) -> None:
    """Let a pose bone be drawn as a box about its middle, or as three rings about its head; as large whatever its length."""
    bone.color.palette = "CUSTOM"
    for state in ("normal", "select", "active"):
        setattr(bone.color.custom, state, (1.0, 1.0, 1.0) if state != "normal" else COLOURS[bone.name.split("_")[0]])
    bone.custom_shape_wire_width = WIRE
    bone.custom_shape = _shape(kind)
    bone.use_custom_shape_bone_size = False
    bone.custom_shape_scale_xyz = [SIZES[kind] / 2] * 3
    if kind == "box":
        bone.custom_shape_translation = (0, bone.bone.length / 2, 0)


def drop_shapes() -> None:
    """Remove the shapes that no bone has any more."""
    for name in NAMES.values():
        thing: Any = bpy.data.objects.get(name)
        if thing and not thing.users:
            bpy.data.meshes.remove(thing.data)  # and with it the object


def _shape(kind: str) -> Any:
    found: Any = bpy.data.objects.get(NAMES[kind])
    if found:
        return found
    mesh = bpy.data.meshes.new(NAMES[kind])
    points, edges = {"box": _box, "ball": _ball}[kind]()
    mesh.from_pydata(points, edges, [])
    return bpy.data.objects.new(NAMES[kind], mesh)


def _box() -> tuple[list, list]:
    corners = list(product((-1, 1), repeat=3))
    return corners, [(i, j) for i, j in combinations(range(8), 2) if sum(a != b for a, b in zip(corners[i], corners[j], strict=True)) == 1]


def _ball(steps: int = 16) -> tuple[list, list]:
    angles = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(steps)], axis=1)
    points = np.concatenate([np.roll(ring, turn, axis=1) for turn in range(3)])
    return points.tolist(), [(steps * k + i, steps * k + (i + 1) % steps) for k in range(3) for i in range(steps)]
