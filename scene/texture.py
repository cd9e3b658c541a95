"""Textures made in Blender: any mesh unwrapped by core.unwrap, and a surface's colour and fine shape baked onto it by Cycles, at rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from ..core.errors import Unexpected
from ..core.gutter import fill
from ..core.unwrap import unwrap
from .cleanup import all_or_nothing, temporary
from .frames import blender_to_body
from .material import build_material, build_texture
from .mesh import set_uv

SIZES = {"1k": 1024, "2k": 2048, "4k": 4096}
"""Texels along a texture's side."""

ROOM = (1.5, 0.001)
"""A ray starts this many times the largest gap between two surfaces, and this many metres, off the one to find the other: no farther, for
beyond is the other thigh.
"""

ROLE = "doppel_bake"
"""Custom property of the copies that are baked: which of the two each is."""


def why_no_bake() -> str:
    """Why no surface can be baked; "" if one can."""
    return "" if hasattr(bpy.context.scene, "cycles") else "Cycles is switched off: enable it in Preferences › Add-ons"


def unwrap_mesh(mesh: bpy.types.Mesh) -> None:
    """Give the mesh, at rest in Blender's axes, texture coordinates of its own, replacing any it has. No polygon is cut."""
    mesh.calc_loop_triangles()
    triangles, loops, polygons = (
        _read(mesh.loop_triangles, name, width, np.int32) for name, width in (("vertices", 3), ("loops", 3), ("polygon_index", 1))
    )
    points = _read(mesh.vertices, "co", 3, np.float32)
    uv = np.zeros((len(mesh.loops), 2))
    uv[loops] = unwrap(blender_to_body(points), triangles, polygons.ravel())
    set_uv(mesh, uv)


def _read(collection: Any, name: str, width: int, kind: type) -> np.ndarray:
    values: np.ndarray = np.empty(len(collection) * width, dtype=kind)
    collection.foreach_get(name, values)
    return values.reshape(-1, width)


def give_texture(surface: bpy.types.Object, size: int) -> None:
    """Bake the surface's own colour into an image that its material shows from then on, unwrapping it where it has no coordinates yet.

    Done, or nothing changed: Unexpected with Cycles' words.
    """
    mesh: Any = surface.data
    unwrapped = bool(mesh.uv_layers)
    try:
        with all_or_nothing():
            if not unwrapped:
                unwrap_mesh(mesh)
            bake_texture(surface, surface, size)
    except BaseException:
        if not unwrapped and mesh.uv_layers:
            mesh.uv_layers.remove(mesh.uv_layers[0])
        raise


def bake_texture(source: bpy.types.Object, target: bpy.types.Object, size: int, normals: bool = False) -> None:
    """Bake the source's base colour, and if asked its shape as a normal map, into images of the target's, which gets a material of them.

    Source and target may be the same. Both are taken as they are at rest. Unexpected with Cycles' words.
    """
    with _bakeable(source, target) as scene:
        albedo = _bake(scene, source, target, size, "EMIT")
        bumps = _bake(scene, source, target, size, "NORMAL") if normals else None
    name = target.name
    images = [build_texture(f"{name} albedo", albedo)]
    if bumps is not None:
        images.append(build_texture(f"{name} normals", bumps, colour=False))
    target.data.materials.clear()
    target.data.materials.append(build_material(name, *images))


@contextmanager
def _bakeable(source: bpy.types.Object, target: bpy.types.Object) -> Iterator[bpy.types.Scene]:
    """A scene of its own with still copies of both in it: nothing of the artist's is hidden, posed, lit or given other materials."""
    with temporary():
        scene = bpy.data.scenes.new("bake")
        render, cycles = (getattr(scene, name) for name in ("render", "cycles"))
        render.engine = "CYCLES"
        cycles.device, cycles.samples, cycles.use_denoising = "CPU", 1, False
        for role, thing in (("source", source), ("target", target)):
            copy = bpy.data.objects.new(role, thing.data.copy())
            scene.collection.objects.link(copy)
            copy[ROLE] = role
        yield scene


def _bake(scene: bpy.types.Scene, source: bpy.types.Object, target: bpy.types.Object, size: int, kind: Any) -> np.ndarray:
    """One picture (T, T, 3) of bytes, top row first, gutters filled. kind: EMIT for the base colour, NORMAL for tangent space normals."""
    copies = {thing[ROLE]: thing for thing in scene.objects}
    image: Any = bpy.data.images.new("bake", size, size, alpha=True, float_buffer=kind == "NORMAL")
    image.generated_color = (0, 0, 0, 0)
    image.colorspace_settings.name = "sRGB" if kind == "EMIT" else "Non-Color"
    _give_emission(copies["source"], source)
    onto = copies["source"] if source == target else copies["target"]
    _aim(onto, image, keep=source == target)
    room = 0.0 if source == target else ROOM[0] * _gap(source.data, target.data) + ROOM[1]
    layer = scene.view_layers[0]
    for thing in scene.objects:
        thing.select_set(thing in (onto, copies["source"]), view_layer=layer)
    layer.objects.active = onto
    try:
        with bpy.context.temp_override(
            scene=scene, view_layer=layer, object=onto, active_object=onto, selected_objects=list({onto, copies["source"]})
        ):
            bpy.ops.object.bake(
                type=kind,
                margin=0,
                use_clear=False,  # what no ray reached stays transparent
                use_selected_to_active=source != target,
                cage_extrusion=room,
                max_ray_distance=2 * room,
                target="IMAGE_TEXTURES",
            )
    except RuntimeError as error:
        raise Unexpected(f"Cycles could not bake: {str(error).strip().splitlines()[-1]}") from error
    pixels = np.empty(size * size * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(size, size, 4)[::-1]
    filled = fill(pixels[..., :3], pixels[..., 3] > 0.5)
    return np.round(255 * np.clip(filled, 0, 1)).astype(np.uint8)


def _gap(full: Any, low: Any) -> float:
    """Metres that the centres of one mesh's polygons lie off the other mesh, at most."""
    tree = closest_points(full)
    return max(tree.find_nearest(polygon.center)[3] for polygon in low.polygons)


def closest_points(mesh: Any) -> Any:
    """A tree that finds the point of the mesh, at rest, closest to another."""
    return BVHTree.FromPolygons([vertex.co for vertex in mesh.vertices], [list(polygon.vertices) for polygon in mesh.polygons])


def _give_emission(copy: bpy.types.Object, source: bpy.types.Object) -> None:
    """Let the copy shine in the base colour of the source's material, so that what is baked is that colour and no light."""
    material = source.active_material.copy()
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader: Any = next(node for node in nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    output = next(node for node in nodes if node.bl_idname == "ShaderNodeOutputMaterial")
    emission: Any = nodes.new("ShaderNodeEmission")
    base = shader.inputs["Base Color"]
    if base.is_linked:
        links.new(base.links[0].from_socket, emission.inputs["Color"])
    else:
        emission.inputs["Color"].default_value = base.default_value
    links.new(emission.outputs[0], output.inputs["Surface"])
    copy.data.materials.clear()
    copy.data.materials.append(material)


def _aim(onto: bpy.types.Object, image: bpy.types.Image, keep: bool) -> None:
    """Make the image the one that is baked into: the active image node of the object's material. keep: the material it has."""
    if not keep:
        material = bpy.data.materials.new("bake")
        if not material.use_nodes:
            material.use_nodes = True
        onto.data.materials.clear()
        onto.data.materials.append(material)
    nodes: Any = onto.data.materials[0].node_tree.nodes
    node = nodes.new("ShaderNodeTexImage")
    node.image = image
    nodes.active = node
