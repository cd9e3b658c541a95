"""The surface as a mesh: colours, smooth shading, skin weights by bone name; and the fitted body under it."""

from typing import Any

import bpy
import numpy as np

from ..core.avatar import Avatar
from ..core.skeleton import JOINT_NAMES
from .frames import body_to_blender

ALBEDO = "Albedo"
"""Name of the colour attribute."""

UV = "UVMap"
"""Name of the texture coordinates; the one Blender itself gives."""


def build_surface(avatar: Avatar, name: str, armature: bpy.types.Object, material: bpy.types.Material) -> bpy.types.Object:
    """The skinned surface as an object, at rest, bound to the armature; not yet in any collection."""
    mesh = mesh_of(name, avatar.rest_vertices, avatar.faces)
    set_albedo(mesh, avatar.albedo)
    if avatar.uv is not None:
        set_uv(mesh, avatar.uv.reshape(-1, 2))
    mesh.materials.append(material)
    surface = bpy.data.objects.new(name, mesh)
    set_skin(surface, avatar.skin_joints, avatar.skin_weights)
    bind(surface, armature)
    return surface


def build_body(avatar: Avatar, name: str, armature: bpy.types.Object) -> bpy.types.Object:
    """The fitted body in the photo's pose as a hidden object that goes where the armature object goes; not yet in any collection."""
    body = bpy.data.objects.new(name, mesh_of(name, avatar.body_vertices, avatar.body_faces))
    body.parent = armature
    body.hide_viewport = body.hide_render = True
    return body


def mesh_of(name: str, vertices: np.ndarray, faces: np.ndarray) -> bpy.types.Mesh:
    """A smooth-shaded mesh of vertices (V, 3) in the body frame and triangles (F, 3)."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(body_to_blender(vertices).tolist(), [], faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    return mesh


def set_albedo(mesh: bpy.types.Mesh, albedo: np.ndarray) -> None:
    """Store sRGB bytes (V, 3) as the mesh's active colour attribute, byte for byte."""
    attribute: Any = mesh.color_attributes.new(ALBEDO, "BYTE_COLOR", "POINT")
    opaque = np.column_stack([albedo, np.full(len(albedo), 255)]) / 255
    attribute.data.foreach_set("color_srgb", opaque.astype(np.float32).ravel())
    mesh.color_attributes.active_color = attribute
    mesh.color_attributes.render_color_index = mesh.color_attributes.active_color_index


def set_uv(mesh: bpy.types.Mesh, uv: np.ndarray) -> None:
    """Store texture coordinates (L, 2) of the mesh's loops (its polygons' corners, in order), replacing any it has."""
    layer = mesh.uv_layers.get(UV) or mesh.uv_layers.new(name=UV, do_init=False)
    layer.data.foreach_set("uv", np.ascontiguousarray(uv, dtype=np.float32).ravel())
    mesh.uv_layers.active = layer
    layer.active_render = True


def bind(surface: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Let the armature move the surface by plain linear blend skinning, SMPL's own, and carry it as its child."""
    surface.parent = armature
    modifier: Any = surface.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature


def set_skin(surface: bpy.types.Object, joints: np.ndarray, weights: np.ndarray) -> None:
    """Make a vertex group per joint, named like its bone, from joint numbers and weights (V, 4). Every group exists, even if empty."""
    for number, name in enumerate(JOINT_NAMES):
        group = surface.vertex_groups.new(name=name)
        weight = np.where(joints == number, weights, 0).sum(axis=1)
        for vertex in np.flatnonzero(weight):
            group.add([int(vertex)], float(weight[vertex]), "REPLACE")


def vertex_places(mesh: bpy.types.Mesh) -> np.ndarray:
    """Vertex positions (V, 3) of the mesh itself, at rest."""
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)


def dense_weights(surface: bpy.types.Object) -> np.ndarray:
    """Weights (V, 24) of the object's vertices by joint, from its vertex groups."""
    number = {group.index: JOINT_NAMES.index(group.name) for group in surface.vertex_groups if group.name in JOINT_NAMES}
    weights = np.zeros((len(surface.data.vertices), len(JOINT_NAMES)))
    for vertex in surface.data.vertices:
        for group in vertex.groups:
            if group.group in number:
                weights[vertex.index, number[group.group]] = group.weight
    return weights
