"""The material: the albedo as base colour of a matt Principled shader, from a texture or the colour attribute."""

from typing import Any

import bpy
import numpy as np

from .mesh import ALBEDO, UV

ROUGHNESS = 0.8
"""Cloth and skin from a few metres away: no mirror-like gloss."""

SPECULAR = 0.2
"""Less than Principled's 0.5 (a smooth plastic), because the albedo of a photo still holds some of its gloss."""


def build_material(name: str, texture: bpy.types.Image | None = None, normals: bpy.types.Image | None = None) -> bpy.types.Material:
    """A material that shows the texture, or where there is none the mesh's colour attribute; bumpy where there is a normal map."""
    material = bpy.data.materials.new(name)
    if not material.use_nodes:  # Blender 5 always has nodes and is about to drop this switch
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    shader: Any = nodes.new("ShaderNodeBsdfPrincipled")
    output = nodes.new("ShaderNodeOutputMaterial")
    shader.location, output.location = (0, 0), (300, 0)
    shader.inputs["Roughness"].default_value = ROUGHNESS
    shader.inputs["Specular IOR Level"].default_value = SPECULAR
    links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    colour = _image_node(material, texture, (-350, 100)) if texture else _attribute_node(material)
    links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    if normals:
        bumps: Any = nodes.new("ShaderNodeNormalMap")
        bumps.location, bumps.uv_map = (-200, -250), UV
        links.new(_image_node(material, normals, (-550, -250)).outputs["Color"], bumps.inputs["Color"])
        links.new(bumps.outputs["Normal"], shader.inputs["Normal"])
    return material


def _attribute_node(material: bpy.types.Material) -> Any:
    node: Any = material.node_tree.nodes.new("ShaderNodeVertexColor")
    node.layer_name, node.location = ALBEDO, (-250, 0)
    return node


def _image_node(material: bpy.types.Material, image: bpy.types.Image, location: tuple[int, int]) -> Any:
    node: Any = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image, node.location = image, location
    return node


def build_texture(name: str, picture: np.ndarray, colour: bool = True) -> bpy.types.Image:
    """A picture (T, T, 3) of bytes, top row first, as an image packed into the file. colour: sRGB; else plain numbers, such as normals."""
    height, width = picture.shape[:2]
    image: Any = bpy.data.images.new(name, width, height, alpha=False)
    image.colorspace_settings.name = "sRGB" if colour else "Non-Color"
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :3] = picture[::-1] / np.float32(255)
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    image.pack()
    return image


def texture_of(material: bpy.types.Material | None) -> bpy.types.Image | None:
    """The image that is the material's base colour; None where that is something else."""
    return next((node.image for node in _behind(_shader(material), "Base Color") if node.bl_idname == "ShaderNodeTexImage"), None)


def base_colour(material: bpy.types.Material) -> Any:
    """The output socket that the material's base colour comes from; None where it is one colour."""
    shader = _shader(material)
    links = shader.inputs["Base Color"].links if shader else ()
    return links[0].from_socket if links else None


def normals_of(material: bpy.types.Material | None) -> bpy.types.Image | None:
    """The image that is the material's normal map; None where there is none."""
    maps = [node for node in _behind(_shader(material), "Normal") if node.bl_idname == "ShaderNodeNormalMap"]
    return next((node.image for bumps in maps for node in _behind(bumps, "Color") if node.bl_idname == "ShaderNodeTexImage"), None)


def _shader(material: bpy.types.Material | None) -> Any:
    nodes: Any = material.node_tree.nodes if material and material.node_tree else ()
    return next((node for node in nodes if node.bl_idname == "ShaderNodeBsdfPrincipled"), None)


def _behind(node: Any, socket: str) -> list[Any]:
    """The nodes linked to one of a node's inputs."""
    return [link.from_node for link in node.inputs[socket].links] if node else []
