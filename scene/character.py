"""A person as game engines and motion libraries take a character: standing at the origin in its rest pose, bones named their way, and the
file's own units and axes in the data itself, so that no node is turned or scaled.

FBX counts in centimetres and Y is up. An importer shows what a file's nodes say; a root turned by 90 degrees and scaled by 100, as
Blender's exporter makes one by itself, has to be undone by everyone who animates or simulates.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import radians
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from .action import Channels, build_action, sampled
from .cleanup import temporary
from .low_poly import build_low_poly, vertex_places

LEVEL = 4
"""Each level of detail has this many times fewer triangles than the one before."""

FEWEST = 200
LOD_TEXELS = 1024


@contextmanager
def character(
    armature: Any, surface: Any, name: str, root: str, bones: Mapping[str, str], lods: int, frames: range = range(0)
) -> Iterator[list[Any]]:
    """Copies for the time of the block: the armature named `root`, and the surface as `name_mesh`, or with its levels of detail as
    `name_LOD0`, ….

    bones: new names by old; bones it does not name keep theirs. frames: those on which the copy moves as the armature does, from above the
    origin on and as high above the ground. The copies are made for an exporter that turns Z up into Y up and metres
    into centimetres: both are done to the data, and the objects undo it.
    """
    names = [root, *(f"{name}_LOD{number}" if lods else f"{name}_mesh" for number in range(lods + 1))]
    with _free(names), temporary():
        motion = sampled(armature, frames) if frames else {}
        copy = bpy.data.objects.new(root, armature.data.copy())
        bpy.context.scene.collection.objects.link(copy)
        meshes = [surface_copy(surface, armature, copy)]
        meshes += levels(meshes[0], lods)
        for thing, wanted in zip((copy, *meshes), names, strict=True):
            thing.name = wanted
        _rename(copy, meshes, bones)
        ground = float(vertex_places(meshes[0].data)[:, 2].min())
        centimetres = _bake_axes(copy, meshes, ground)
        bpy.context.view_layer.update()  # a new object has no pose before
        if motion:
            build_action(copy, root, frames.start, _moved(motion, armature, bones, ground, centimetres))
        yield [copy, *meshes]


@contextmanager
def _free(names: list[str]) -> Iterator[None]:
    """For the time of the block no object has one of these names, so that those made in it get them as they are."""
    holders = {name: bpy.data.objects[name] for name in names if name in bpy.data.objects}
    for name, holder in holders.items():
        holder.name = f"{name} (kept)"
    try:
        yield
    finally:
        for name, holder in holders.items():
            holder.name = name


def surface_copy(surface: Any, armature: Any, onto: Any) -> Any:
    """The surface's mesh at rest, in the armature's own frame, as a child of `onto` that is skinned to it and to nothing else."""
    copy = surface.copy()
    copy.data = surface.data.copy()
    bpy.context.scene.collection.objects.link(copy)
    copy.data.transform(armature.matrix_world.inverted() @ surface.matrix_world)
    for modifier in list(copy.modifiers):
        if modifier.type == "ARMATURE":
            modifier.object = onto
        else:
            copy.modifiers.remove(modifier)
    copy.parent, copy.matrix_parent_inverse, copy.matrix_basis = onto, Matrix(), Matrix()
    copy.hide_viewport = copy.hide_render = False
    return copy


def levels(full: Any, lods: int) -> list[Any]:
    """So many low-poly copies of a skinned surface, each with a quarter of the triangles of the one before and its colours baked."""
    made = []
    for level in range(1, lods + 1):
        made.append(build_low_poly(full, "triangles", max(FEWEST, len(full.data.polygons) // LEVEL**level), LOD_TEXELS))
        full.hide_render = False
        full.hide_set(False)
    return made


def _rename(armature: Any, meshes: list[Any], bones: Mapping[str, str]) -> None:
    """Blender renames the groups of meshes along with the bones; those of bones that are not there are renamed here."""
    for old, new in bones.items():
        if old in armature.data.bones:
            armature.data.bones[old].name = new
        for mesh in meshes:
            if old in mesh.vertex_groups:
                mesh.vertex_groups[old].name = new


def _moved(motion: Channels, armature: Any, bones: Mapping[str, str], ground: float, centimetres: float) -> Channels:
    """The motion for a copy whose bones have other names, stand higher by -ground at rest, and are measured in the file's units."""
    rest = np.array(armature.data.bones["pelvis"].matrix_local)[:3, :3].astype(np.float64)
    places = np.stack([motion["pelvis", "location", component] for component in range(3)], axis=1) @ rest.T
    places -= [*places[0, :2], -ground]
    moved = {(bones.get(bone, bone), channel, component): column for (bone, channel, component), column in motion.items()}
    for component, column in enumerate((centimetres * places @ rest).T):
        moved[bones.get("pelvis", "pelvis"), "location", component] = column
    return moved


def _bake_axes(armature: Any, meshes: list[Any], ground: float) -> float:
    """Put the soles on the ground, then turn and scale the data into the file's axes and the armature back again; the scale."""
    units = bpy.context.scene.unit_settings
    centimetres = 100 * (1 if units.system == "NONE" else units.scale_length)
    to_file = Matrix.Scale(centimetres, 4) @ Matrix.Rotation(radians(-90), 4, "X")
    for data in (armature.data, *(mesh.data for mesh in meshes)):
        data.transform(to_file @ Matrix.Translation((0, 0, -ground)))
    for mesh in meshes:
        mesh.parent, mesh.matrix_parent_inverse, mesh.matrix_basis = armature, Matrix(), Matrix()
    armature.matrix_world = to_file.inverted()
    return centimetres
