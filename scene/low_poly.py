"""A person's surface with few polygons: the same shape, rig and colours, for games and for animating by hand.

Fewer triangles by Blender's Decimate, or quads by its QuadriFlow. Weights come from the closest point of the full surface, at rest; colours
and the fine shape are baked from it into images over texture coordinates of its own.
"""

from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..core.errors import SettingInvalid
from ..core.skeleton import JOINT_NAMES
from .cleanup import all_or_nothing
from .mesh import bind, dense_weights, set_skin, vertex_places
from .texture import bake_texture, closest_points, unwrap_mesh

INFLUENCES = 4
"""Joints per vertex, as glTF and game engines take them."""

ENLARGED = 1000.0
"""QuadriFlow takes edges under a tenth of a millimetre for errors of the mesh, whatever its size, so it is shown a giant."""


def build_low_poly(surface: Any, kind: str, budget: int, size: int) -> Any:
    """A copy of the skinned surface with about `budget` polygons, baked at `size` texels; beside it in its collections.

    kind: "triangles" or "quads". The full surface is hidden, not removed. SettingInvalid where the shape cannot be had.
    """
    with all_or_nothing():
        low = _copy_at_rest(surface)
        try:
            {"triangles": _decimate, "quads": _remesh}[kind](low, budget)
            joints, weights = nearest_weights(surface, low)
            set_skin(low, joints, weights)
            unwrap_mesh(low.data)
            bake_texture(surface, low, size, normals=True)
        except BaseException:
            surface.hide_set(False)
            raise
    bind(low, surface.find_armature())
    low.matrix_parent_inverse = surface.matrix_parent_inverse.copy()
    surface.hide_render = True
    surface.hide_set(True)
    return low


def _copy_at_rest(surface: bpy.types.Object) -> Any:
    """The surface's mesh at rest as an object of its own, without groups, materials or modifiers."""
    mesh: Any = surface.data.copy()
    mesh.name = f"{surface.name} low"
    for layers in (mesh.uv_layers, mesh.color_attributes):
        while layers:
            layers.remove(layers[0])
    low = bpy.data.objects.new(mesh.name, mesh)
    low.vertex_groups.clear()
    mesh.materials.clear()
    for collection in surface.users_collection:
        collection.objects.link(low)
    low.matrix_world = surface.matrix_world
    return low


def _decimate(low: Any, budget: int) -> None:
    count = len(low.data.polygons)
    if budget >= count:
        raise SettingInvalid(f"The surface has only {count:,} triangles", "Choose fewer.")
    modifier: Any = low.modifiers.new("Decimate", "DECIMATE")
    modifier.ratio = budget / count
    _apply(low, modifier)


def _apply(low: bpy.types.Object, modifier: Any) -> None:
    with bpy.context.temp_override(object=low, active_object=low, selected_objects=[low]):
        bpy.ops.object.modifier_apply(modifier=modifier.name)


def _remesh(low: Any, budget: int) -> None:
    """QuadriFlow wants one closed surface, so the shape is first made one by voxels half as wide as a quad."""
    area = sum(polygon.area for polygon in low.data.polygons)
    modifier: Any = low.modifiers.new("Remesh", "REMESH")
    modifier.mode, modifier.voxel_size = "VOXEL", max(0.004, 0.5 * float(np.sqrt(area / budget)))
    _apply(low, modifier)
    bpy.context.view_layer.objects.active = low
    for other in bpy.context.view_layer.objects:
        other.select_set(other == low)
    before = len(low.data.polygons)
    low.data.transform(Matrix.Scale(ENLARGED, 4))
    try:
        done = bpy.ops.object.quadriflow_remesh(mode="FACES", target_faces=budget, use_mesh_symmetry=False, smooth_normals=True)
    except RuntimeError as error:
        raise SettingInvalid(f"QuadriFlow could not cover this surface with {budget:,} quads: {error}", "Choose triangles.") from error
    if done != {"FINISHED"} or len(low.data.polygons) == before:
        raise SettingInvalid(f"QuadriFlow could not cover this surface with {budget:,} quads", "Choose another number, or triangles.")
    low.data.transform(Matrix.Scale(1 / ENLARGED, 4))
    low.data.polygons.foreach_set("use_smooth", np.ones(len(low.data.polygons), dtype=bool))


def nearest_weights(surface: Any, low: Any) -> tuple[np.ndarray, np.ndarray]:
    """Joint numbers and weights (V, 4), summing to one, of each vertex of `low` from the closest point of the surface, both at rest."""
    dense, mesh = dense_weights(surface), surface.data
    points = vertex_places(mesh)
    mixed = np.zeros((len(low.data.vertices), len(JOINT_NAMES)))
    tree = closest_points(mesh)
    for vertex in low.data.vertices:
        place, _, face, _ = tree.find_nearest(vertex.co)
        corners = list(mesh.polygons[face].vertices)
        mixed[vertex.index] = _share(np.array(place), points[corners]) @ dense[corners]
    joints = np.argsort(-mixed, axis=1, kind="stable")[:, :INFLUENCES]
    weights = np.take_along_axis(mixed, joints, axis=1)
    return joints, weights / weights.sum(axis=1, keepdims=True)


def _share(point: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """How much each corner (K, 3) of a polygon counts at a point on it: least squares, kept between 0 and 1, summing to one."""
    edges = corners[1:] - corners[0]
    share = np.linalg.lstsq(edges.T, point - corners[0], rcond=None)[0]
    all_shares = np.clip(np.concatenate([[1 - share.sum()], share]), 0, 1)
    return all_shares / all_shares.sum()
