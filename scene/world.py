"""The Avatar's light as a world: its background's colour comes from the node group *Spherical Harmonics Light*."""

from typing import Any

import bpy
import numpy as np

from ..core.light import project
from .frames import light_to_blender, light_to_body
from .panorama import directions, render_panorama
from .spherical_harmonics import COEFFICIENTS, NAME, ROTATION, SATURATION, STRENGTH, light_group

SAMPLED_WIDTH = 256
"""Pixels of the map by which Cycles aims at bright parts. So smooth a light needs no more, and a large map delays each render."""

FIT_WIDTH = 512
"""Pixels round the horizon from which a world is fitted: a low sun of half a degree is still several samples wide."""


def build_world(light: np.ndarray, name: str) -> bpy.types.World:
    """A world of SH radiance (9, 3), body frame."""
    world = bpy.data.worlds.new(name)
    if not world.use_nodes:  # Blender 5 always has nodes and is about to drop this switch
        world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    node: Any = nodes.new("ShaderNodeGroup")
    background: Any = nodes.new("ShaderNodeBackground")
    output = nodes.new("ShaderNodeOutputWorld")
    node.node_tree, node.name, node.label, node.width = light_group(), NAME, NAME, 260
    node.location, background.location, output.location = (-320, 0), (0, 0), (250, 0)
    links.new(node.outputs["Color"], background.inputs["Color"])
    links.new(background.outputs["Background"], output.inputs["Surface"])
    set_light(node, light)
    cycles: Any = getattr(world, "cycles", None)  # there is none while Cycles is switched off
    if cycles:
        cycles.sampling_method, cycles.sample_map_resolution = "MANUAL", SAMPLED_WIDTH
    return world


def light_node(world: bpy.types.World | None) -> Any:
    """The world's *Spherical Harmonics Light* node, or None where it has none. Whatever else the world does is the artist's."""
    nodes: Any = world.node_tree.nodes if world and world.node_tree else ()
    return next((node for node in nodes if node.bl_idname == "ShaderNodeGroup" and node.node_tree and NAME in node.node_tree.name), None)


def set_light(node: Any, light: np.ndarray) -> None:
    """Give the node SH radiance (9, 3), body frame, unturned, as strong and as colourful as it is."""
    for (name, _), coefficient in zip(COEFFICIENTS, light_to_blender(light), strict=True):
        node.inputs[name].default_value = coefficient
    node.inputs[ROTATION].default_value = (0, 0, 0)
    node.inputs[STRENGTH].default_value = node.inputs[SATURATION].default_value = 1


def get_light(node: Any) -> np.ndarray:
    """The node's nine coefficients as SH radiance (9, 3), body frame, before rotation, saturation and strength."""
    return light_to_body(np.array([node.inputs[name].default_value for name, _ in COEFFICIENTS], dtype=np.float64))


def apply_light(scene: bpy.types.Scene, light: np.ndarray, name: str) -> Any:
    """Light the scene with SH radiance (9, 3), body frame; the light node.

    A world with a light node keeps everything else it has; another world is kept in the file, and a new one takes its place.
    """
    node = light_node(scene.world)
    if node is None:
        return replace_world(scene, light, name)
    set_light(node, light)
    return node


def replace_world(scene: bpy.types.Scene, light: np.ndarray, name: str) -> Any:
    """Give the scene a new world of SH radiance (9, 3), body frame; its light node. The old world is kept in the file."""
    if scene.world:
        scene.world.use_fake_user = True
    scene.world = build_world(light, name)
    return light_node(scene.world)


def fit_light(world: bpy.types.World) -> np.ndarray:
    """The SH radiance (9, 3), body frame, nearest to what a camera sees of any world. Unexpected with Cycles' words."""
    picture = render_panorama(world, FIT_WIDTH)
    where, solid_angles = directions(FIT_WIDTH)
    return light_to_body(project(where.reshape(-1, 3), picture.reshape(-1, 3), solid_angles.ravel()))
