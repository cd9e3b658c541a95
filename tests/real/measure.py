"""What stands in the open scene of a real Blender, in numbers, the same of a reconstructed person and of an imported file.

`blender -b --factory-startup --python measure.py -- FILE ANSWER.json` reads an exported file into an empty scene first.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

READERS = {"glb": ["import_scene.gltf"], "fbx": ["import_scene.fbx", "wm.fbx_import"]}
"""Blender's importers of each format: for .fbx two, of which older versions have the first alone."""


def meshes() -> list[Any]:
    """The shown meshes that an armature moves."""
    return [thing for thing in bpy.context.scene.objects if thing.type == "MESH" and thing.find_armature() and not thing.hide_render]


def points() -> np.ndarray:
    """Every vertex of those meshes as Blender shows it now (N, 3), metres, world frame."""
    bpy.context.view_layer.update()
    graph, found = bpy.context.evaluated_depsgraph_get(), [np.zeros((0, 3))]
    for thing in meshes():
        shown = thing.evaluated_get(graph)
        places = np.empty(len(shown.data.vertices) * 3, dtype=np.float32)
        shown.data.vertices.foreach_get("co", places)
        found.append(places.reshape(-1, 3) @ np.array(shown.matrix_world)[:3, :3].T + np.array(shown.matrix_world)[:3, 3])
    return np.concatenate(found)


def images() -> list[Any]:
    """The pictures that the meshes' base colours are read from."""
    materials = {slot.material for thing in meshes() for slot in thing.material_slots if slot.material}
    nodes = [node for material in materials for node in material.node_tree.nodes if node.type == "TEX_IMAGE" and node.image]
    return [node.image for node in nodes if any(link.to_socket.name == "Base Color" for link in node.outputs["Color"].links)]


def heaviest_image() -> np.ndarray:
    """The pixels (N, 4) of the largest of those pictures."""
    image = max(images(), key=lambda image: image.size[0] * image.size[1])
    pixels = np.empty(image.size[0] * image.size[1] * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(-1, 4)


def measure() -> dict[str, Any]:
    """bones: names. triangles. size: extent in x, y, z, metres. images: sizes. colour: mean of the texture, linear or not as it was read.
    weighted: share of the vertices that bones move. actions: how many there are."""
    armatures = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    vertices = [vertex for thing in meshes() for vertex in thing.data.vertices]
    return {
        "bones": sorted(bone.name for armature in armatures for bone in armature.data.bones),
        "triangles": sum(len(polygon.vertices) - 2 for thing in meshes() for polygon in thing.data.polygons),
        "size": np.ptp(points(), axis=0).tolist() if vertices else [],
        "images": [list(image.size) for image in images()],
        "colour": heaviest_image()[:, :3].mean(axis=0).tolist() if images() else [],
        "weighted": sum(any(group.weight > 0 for group in vertex.groups) for vertex in vertices) / max(1, len(vertices)),
        "actions": len(bpy.data.actions),
    }


def moved_by(bone: str) -> float:
    """The share of the vertices that move by more than a centimetre when the bone turns by 60°. The bone stays turned."""
    (armature,) = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    armature.animation_data_clear()
    before, turned = points(), armature.pose.bones[bone]
    turned.rotation_mode = "XYZ"
    turned.rotation_euler.x += math.radians(60)
    return float((np.linalg.norm(points() - before, axis=1) > 0.01).mean())


def read(path: Path) -> dict[str, Any]:
    """What each of Blender's importers of this format finds in the file, by the importer's name. An animation is shown at its end."""
    found = {}
    for name in READERS[path.suffix[1:]]:
        module, operator = name.split(".")
        if operator not in dir(getattr(bpy.ops, module)):
            continue
        bpy.ops.wm.read_factory_settings(use_empty=True)
        getattr(getattr(bpy.ops, module), operator)(filepath=str(path))
        if bpy.data.actions:
            bpy.context.scene.frame_set(round(max(action.frame_range[1] for action in bpy.data.actions)))
        found[name] = measure() | {"moved": moved_by("left_elbow")}
    return found


if __name__ == "__main__":
    file, answer = sys.argv[sys.argv.index("--") + 1 :]
    Path(answer).write_text(json.dumps(read(Path(file))))
