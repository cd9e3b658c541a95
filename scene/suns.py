"""The world's light as suns, for EEVEE, which keeps of a world's matt light no more than its order 1.

Suns of fixed directions spread over the sphere, each as bright as makes all of them together light matt surfaces as the world does: least
squares over normals, no sun darker than none. They shade and cast soft shadows alike in EEVEE and in Cycles. Beside them the world is seen
by the camera alone; it lights nothing and is mirrored nowhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import radians
from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Vector

from ..core.light import LUMINANCE, radiance, sphere
from .frames import blender_to_body, body_to_blender
from .spherical_harmonics import ROTATION, SATURATION, STRENGTH
from .world import get_light, light_node

NAME, SUN = "Spherical Harmonics Suns", "Spherical Harmonics Sun"
UNSEEN = "Seen by the Camera Alone"

SUNS = 24
"""Directions. On the true lights of 60 photographs what matt surfaces gather is off by 2.0 % of its mean (RMSE; 2.7 % at most), by 5.7 %
with the 12 corners of an icosahedron."""

FAINTEST = 0.02
"""Share of all suns' light below which one is left out, for the sake of EEVEE's shadows; about 14 are left."""

SOFT = radians(25)
"""How wide each sun is, for soft shadows. A wide sun lights more of a sphere than a narrow one of the same strength: by 1 % here, by 3 %
at 40 degrees."""

SWEEPS = 300
"""Of the solver; after a hundred the suns no longer change."""


def sun_strengths(directions: np.ndarray, seen: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Irradiance (K, 3) of each sun that shines from `towards` (K, 3), for a world that looks like `seen` (N, 3) in evenly spread
    `directions` (N, 3).

    Non-negative least squares, coordinate by coordinate (Franc, Hlaváč & Navara 2005, "Sequential coordinate-wise algorithm for the
    non-negative least squares problem").
    """
    normals = sphere(600)
    gathered = np.maximum(normals @ directions.T, 0) @ seen * (4 * np.pi / len(directions))
    shade = np.maximum(normals @ towards.T, 0)
    matrix, right = shade.T @ shade, shade.T @ gathered
    strengths = np.zeros((len(towards), 3))
    for _ in range(SWEEPS):
        for sun, row in enumerate(matrix):
            strengths[sun] = np.maximum(strengths[sun] + (right[sun] - row @ strengths) / row[sun], 0)
    return strengths


def suns_of(node: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the suns of a light's node stand, unturned: unit directions (K, 3), body frame, and their irradiance (K, 3), linear RGB; as
    strong and colourful as the node makes the light."""
    directions, towards = sphere(2000), sphere(SUNS)
    series = radiance(get_light(node), directions)
    grey = (series @ LUMINANCE)[:, None]
    seen = np.maximum(grey + (series - grey) * node.inputs[SATURATION].default_value, 0) * node.inputs[STRENGTH].default_value
    strengths = sun_strengths(directions, seen, towards)
    bright = strengths.sum(axis=1) >= FAINTEST * strengths.sum()
    return towards[bright], sun_strengths(directions, seen, towards[bright])


def why_no_suns(scene: bpy.types.Scene) -> str:
    """Why the scene's world cannot be made suns; empty where it can."""
    if light_node(scene.world) is None:
        return "The scene's world is not a Spherical Harmonics Light"
    return "" if _surface(scene.world) else "Nothing is linked to the world's output"


def suns_in(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """The collection of the scene's suns."""
    return next((each for each in scene.collection.children_recursive if each.name.startswith(NAME)), None)


def add_suns(scene: bpy.types.Scene) -> bpy.types.Collection:
    """Suns for the light of the scene's world as it is now, in place of those there were; the world lights nothing any more."""
    remove_suns(scene)
    node = light_node(scene.world)
    turn = Euler(node.inputs[ROTATION].default_value, "XYZ").to_matrix()
    collection = bpy.data.collections.new(NAME)
    scene.collection.children.link(collection)
    for towards, strength in zip(*suns_of(node), strict=True):
        light: Any = bpy.data.lights.new(SUN, "SUN")
        light.energy, light.color, light.angle = strength.max(), strength / max(strength.max(), 1e-9), SOFT
        sun = bpy.data.objects.new(SUN, light)
        from_where = turn @ Vector(body_to_blender(towards).tolist())
        sun.rotation_euler = from_where.to_track_quat("Z", "Y").to_euler()  # a sun shines along its own -Z
        sun.location = 3 * from_where
        collection.objects.link(sun)
    _hide(scene.world)
    return collection


def remove_suns(scene: bpy.types.Scene) -> None:
    """The suns deleted, and the light given back to the world. What somebody else put among them stays in the scene."""
    collection = suns_in(scene)
    if collection:
        for sun in _suns(collection):
            bpy.data.lights.remove(sun.data)  # and the object with it
        for other in list(collection.objects):
            if other.name not in scene.collection.objects:
                scene.collection.objects.link(other)
        bpy.data.collections.remove(collection)
    if scene.world:
        _show(scene.world)


@contextmanager
def suns_renewed(scene: bpy.types.Scene) -> Iterator[None]:
    """While the scene's light or world is changed: suns that there were are taken away before, and made for the new light after."""
    there = suns_in(scene) is not None
    if there:
        remove_suns(scene)
    try:
        yield
    finally:
        if there and not why_no_suns(scene):
            add_suns(scene)


def sun_light(collection: bpy.types.Collection) -> tuple[np.ndarray, np.ndarray]:
    """Where the collection's suns stand, unit directions (K, 3), body frame, and their irradiance (K, 3)."""
    suns = _suns(collection)
    towards = np.array([blender_to_body(np.array(sun.rotation_euler.to_matrix().col[2])) for sun in suns]).reshape(-1, 3)
    return towards, np.array([sun.data.energy * np.array(sun.data.color) for sun in suns]).reshape(-1, 3)


def _suns(collection: bpy.types.Collection) -> list[Any]:
    """The objects in it that `add_suns` made."""
    objects: list[Any] = list(collection.objects)
    return [each for each in objects if each.type == "LIGHT" and each.data.name.startswith(SUN)]


def _surface(world: bpy.types.World) -> Any:
    """The socket that the world's output gets its light from, or None."""
    output: Any = world.node_tree.get_output_node("ALL")
    return output.inputs["Surface"].links[0].from_socket if output and output.inputs["Surface"].is_linked else None


def _hide(world: bpy.types.World) -> None:
    """Let rays from the camera alone see the world: whatever its output was linked to goes through a mixture with nothing."""
    nodes, links = world.node_tree.nodes, world.node_tree.links
    output: Any = world.node_tree.get_output_node("ALL")
    mixture: Any = nodes.new("ShaderNodeMixShader")
    path: Any = nodes.new("ShaderNodeLightPath")
    mixture.name = mixture.label = UNSEEN
    path.name = f"{UNSEEN}: Light Path"
    mixture.location, path.location = output.location, (output.location[0] - 220, output.location[1] + 380)
    output.location = (output.location[0] + 220, output.location[1])
    links.new(path.outputs["Is Camera Ray"], mixture.inputs[0])
    links.new(_surface(world), mixture.inputs[2])
    links.new(mixture.outputs[0], output.inputs["Surface"])


def _show(world: bpy.types.World) -> None:
    """Undo `_hide`, where it was done."""
    nodes: Any = world.node_tree.nodes if world.node_tree else {}
    mixture: Any = nodes.get(UNSEEN)
    if mixture is None:
        return
    output: Any = world.node_tree.get_output_node("ALL")
    if mixture.inputs[2].is_linked and output:
        world.node_tree.links.new(mixture.inputs[2].links[0].from_socket, output.inputs["Surface"])
        output.location = mixture.location
    for node in (mixture, nodes.get(f"{UNSEEN}: Light Path")):
        if node:
            world.node_tree.nodes.remove(node)
