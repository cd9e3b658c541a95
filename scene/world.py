"""Even light from everywhere, as bright as the photo's light is on average and without its colour."""

from typing import Any

import bpy
import numpy as np

from ..core.light import sh_basis

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Shares of linear red, green and blue in luminance (ITU-R BT.709)."""


def mean_radiance(light: np.ndarray) -> float:
    """Luminance of SH radiance (9, 3) averaged over the sphere: what band 0 alone says."""
    return max(0.0, float(light[0] @ LUMINANCE * sh_basis(np.array([0, 1, 0]))[0]))


def build_world(light: np.ndarray, name: str) -> bpy.types.World:
    """A grey world of the light's mean radiance."""
    world = bpy.data.worlds.new(name)
    if not world.use_nodes:  # Blender 5 always has nodes and is about to drop this switch
        world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    background: Any = nodes.new("ShaderNodeBackground")
    output = nodes.new("ShaderNodeOutputWorld")
    background.location, output.location = (0, 0), (250, 0)
    grey = mean_radiance(light)
    background.inputs["Color"].default_value = (grey, grey, grey, 1)
    links.new(background.outputs["Background"], output.inputs["Surface"])
    return world
