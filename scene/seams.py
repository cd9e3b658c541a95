"""Where parts touch in the photo (a hand on a face) the surface is one piece; here it is cut there, and closed on both sides."""

from typing import Any

import bmesh
import bpy
import numpy as np

from ..core.skeleton import joint_transforms
from .armature import photo_pose, rest_joints
from .frames import blender_to_body
from .mesh import UV, dense_weights, vertex_places

SHORT = 0.002
"""Metres: an edge shorter than this in the photo counts as this long, because a sliver's tiny edge may triple and nobody sees it."""


def why_no_cut(armature: bpy.types.Object) -> str:
    """What is missing before seams can be found, as a sentence; empty where nothing is."""
    if photo_pose(armature) is None:
        return "The photo's pose was not kept: load the person's Avatar file again"
    return "" if bpy.context.mode != "EDIT_MESH" else "Leave edit mode first"


def cut_seams(surface: Any, armature: bpy.types.Object, factor: float) -> tuple[int, int]:
    """Remove the faces with an edge that is `factor` times as long at rest as in the photo, and close what that opens.

    How many faces were removed, and how many edges are still open because no hole there could be closed.
    """
    rest = blender_to_body(vertex_places(surface.data))
    photo = _in_photo(surface, armature, rest)
    net = bmesh.new()
    try:
        net.from_mesh(surface.data)
        net.verts.ensure_lookup_table()
        ends = np.array([[vertex.index for vertex in edge.verts] for edge in net.edges])
        own = np.maximum(np.linalg.norm(photo[ends[:, 0]] - photo[ends[:, 1]], axis=1), SHORT)
        torn = np.linalg.norm(rest[ends[:, 0]] - rest[ends[:, 1]], axis=1) > factor * own
        faces = {face for edge, is_torn in zip(net.edges, torn, strict=True) if is_torn for face in edge.link_faces}
        opened = {edge for face in faces for edge in face.edges}
        bmesh.ops.delete(net, geom=list(faces), context="FACES")
        _close(net, [edge for edge in opened if edge.is_valid and edge.is_boundary])
        still = sum(edge.is_valid and edge.is_boundary for edge in opened)
        net.to_mesh(surface.data)
    finally:
        net.free()
    surface.data.update()
    return len(faces), still


def _in_photo(surface: Any, armature: bpy.types.Object, rest: np.ndarray) -> np.ndarray:
    """The vertices (V, 3) in the photo's pose, without its translation, which changes no length."""
    pose, _ = photo_pose(armature)
    weights = dense_weights(surface)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    blend = np.einsum("vj,jab->vab", weights, joint_transforms(pose, rest_joints(armature))[:, :3], optimize=True)
    return np.einsum("vab,vb->va", blend[:, :, :3], rest) + blend[:, :, 3]


def _close(net: Any, edges: list[Any]) -> None:
    """Fill the rings of open edges with smooth triangles whose corners have the texture coordinates of the faces around them."""
    made = []
    for ring in _rings(edges):
        try:
            made.append(net.faces.new(ring))
        except ValueError:  # there is such a face already: two that lie on each other are no better than a hole
            continue
    filled = bmesh.ops.triangulate(net, faces=made)["faces"]
    layer, new = net.loops.layers.uv.get(UV), set(filled)
    for face in filled:
        face.smooth = True
        for loop in face.loops if layer else ():
            other = next((near for near in loop.vert.link_loops if near.face not in new), None)
            if other is not None:
                loop[layer].uv = other[layer].uv


def _rings(edges: list[Any]) -> list[list[Any]]:
    """The vertices of the simple rings that open edges make, in the order that faces the same way as the faces beside them."""
    onward: dict[Any, list[Any]] = {}
    for edge in edges:
        beside = edge.link_loops[0]
        onward.setdefault(beside.link_loop_next.vert, []).append(beside.vert)
    rings = []
    for start in list(onward):
        path = [start]
        while onward.get(path[-1]):
            vertex = onward[path[-1]].pop()
            if vertex in path:
                at = path.index(vertex)
                rings.append(path[at:])
                path = path[: at + 1]
            else:
                path.append(vertex)
    return [ring for ring in rings if len(ring) > 2]
