"""The material: the colour attribute as base colour of a matt Principled shader, so Blender's lights do the shading."""

from typing import Any

import bpy

from .mesh import ALBEDO

ROUGHNESS = 0.8
"""Cloth and skin from a few metres away: no mirror-like gloss."""

SPECULAR = 0.2
"""Less than Principled's 0.5 (a smooth plastic), because the albedo of a photo still holds some of its gloss."""


def build_material(name: str) -> bpy.types.Material:
    """A material that shows the mesh's albedo."""
    material = bpy.data.materials.new(name)
    if not material.use_nodes:  # Blender 5 always has nodes and is about to drop this switch
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    colour: Any = nodes.new("ShaderNodeVertexColor")
    shader: Any = nodes.new("ShaderNodeBsdfPrincipled")
    output = nodes.new("ShaderNodeOutputMaterial")
    colour.location, shader.location, output.location = (-250, 0), (0, 0), (300, 0)
    colour.layer_name = ALBEDO
    shader.inputs["Roughness"].default_value = ROUGHNESS
    shader.inputs["Specular IOR Level"].default_value = SPECULAR
    links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return material
