"""What the person stands on, before and sits on: ground, wall and seat, their stone, wood and earth made of noise."""

import numpy as np

from core.camera import Camera
from training.stage import to_blender

GROUNDS = ("paving", "asphalt", "concrete", "planks", "earth")
WALLS = ("brick", "plaster", "concrete")

_LOOKS = {  # light and dark colour (linear), grain per metre, bump in metres, tile width and height in metres or None
    "paving": ((0.40, 0.34, 0.27), (0.22, 0.18, 0.14), 60, 0.002, (0.60, 0.40)),
    "asphalt": ((0.10, 0.10, 0.10), (0.045, 0.045, 0.05), 220, 0.004, None),
    "concrete": ((0.42, 0.41, 0.39), (0.30, 0.29, 0.28), 25, 0.001, (3.0, 3.0)),
    "planks": ((0.30, 0.17, 0.08), (0.17, 0.09, 0.045), 30, 0.0005, (1.8, 0.14)),
    "earth": ((0.20, 0.15, 0.10), (0.09, 0.065, 0.04), 45, 0.02, None),
    "brick": ((0.36, 0.13, 0.08), (0.22, 0.08, 0.055), 80, 0.002, (0.24, 0.075)),
    "plaster": ((0.62, 0.56, 0.47), (0.50, 0.45, 0.38), 18, 0.003, None),
}


def add_ground(scene, kind: str, fade: tuple[float, float] | None):
    """A large plane at height 0 about the person; with fade = (from, to) metres it melts into the world's own ground."""
    plane = _plane(scene, "ground", 40.0)
    plane.data.materials.append(_surface_material(kind, fade))
    return plane


def add_wall(scene, kind: str, camera: Camera, distance: float, turn: float):
    """An upright plane behind the person as the camera sees it, distance metres away, turned off square by turn radians."""
    away = to_blender(camera.rotation[2])
    heading = np.arctan2(away[1], away[0])
    wall = _plane(scene, "wall", 30.0)
    wall.data.materials.append(_surface_material(kind, None))
    wall.location = (distance * np.cos(heading), distance * np.sin(heading), 0.0)
    wall.rotation_euler = (np.pi / 2, 0.0, heading - np.pi / 2 + turn)
    return wall


def add_seat(scene, height: float):
    """A plain block to sit on, centred a little behind the pelvis."""
    import bpy

    material = bpy.data.materials.new("seat")
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.25, 0.22, 0.2, 1)
    mesh = bpy.data.meshes.new("seat")
    corners = [(x, y, z) for x in (-0.24, 0.24) for y in (-0.22, 0.26) for z in (0.0, height)]
    mesh.from_pydata(corners, [], [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (1, 5, 7, 3), (0, 2, 6, 4)])
    mesh.materials.append(material)
    thing = bpy.data.objects.new("seat", mesh)
    scene.collection.objects.link(thing)
    return thing


def _plane(scene, name: str, side: float):
    import bpy

    half, mesh = side / 2, bpy.data.meshes.new(name)
    mesh.from_pydata([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)])
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


def _surface_material(kind: str, fade: tuple[float, float] | None):
    """Stone, wood or earth from noise: patches, grain and, for laid surfaces, tiles with joints; all in metres of the object's plane."""
    import bpy

    light, dark, grain, bump, tile = _LOOKS[kind]
    material = bpy.data.materials.new(kind)
    material.use_nodes = True
    tree = material.node_tree
    nodes, links = tree.nodes, tree.links
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.45 if kind == "planks" else 0.85
    place = nodes.new("ShaderNodeTexCoord").outputs["Object"]
    stretched = _scaled(tree, place, (1.0, 12.0, 1.0) if kind == "planks" else (1.0, 1.0, 1.0))
    fine, patches = _noise(tree, stretched, grain), _noise(tree, place, 0.8)
    blend = _math(tree, "ADD", _math(tree, "MULTIPLY", fine, 0.65), _math(tree, "MULTIPLY", patches, 0.35))
    colour = _mix(tree, blend, (*dark, 1), (*light, 1))
    height = fine
    if tile:
        bricks = _tiles(tree, place, tile, kind == "concrete")
        laid = _mix(tree, 0.45, colour, bricks.outputs["Color"], "MULTIPLY")
        colour = _mix(tree, bricks.outputs["Fac"], laid, (*(0.6 * c for c in dark), 1))
        height = _math(tree, "SUBTRACT", fine, _math(tree, "MULTIPLY", bricks.outputs["Fac"], 2.0))
    links.new(colour, shader.inputs["Base Color"])
    relief = nodes.new("ShaderNodeBump")
    relief.inputs["Distance"].default_value = bump
    links.new(height, relief.inputs["Height"])
    links.new(relief.outputs["Normal"], shader.inputs["Normal"])
    if fade:
        links.new(_fading(tree, place, *fade), shader.inputs["Alpha"])
    return material


def _scaled(tree, vector, scale):
    node = tree.nodes.new("ShaderNodeMapping")
    node.inputs["Scale"].default_value = scale
    tree.links.new(vector, node.inputs["Vector"])
    return node.outputs["Vector"]


def _noise(tree, vector, scale: float):
    node = tree.nodes.new("ShaderNodeTexNoise")
    node.inputs["Scale"].default_value = scale
    node.inputs["Detail"].default_value = 6.0
    node.inputs["Roughness"].default_value = 0.7
    tree.links.new(vector, node.inputs["Vector"])
    return node.outputs["Fac"]


def _math(tree, operation: str, first, second):
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    for socket, value in zip(node.inputs[:2], (first, second), strict=True):
        _feed(tree, socket, value)
    return node.outputs["Value"]


def _mix(tree, amount, first, second, blend: str = "MIX"):
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", blend
    for name, value in (("Factor_Float", amount), ("A_Color", first), ("B_Color", second)):
        _feed(tree, next(socket for socket in node.inputs if socket.identifier == name), value)
    return next(socket for socket in node.outputs if socket.identifier == "Result_Color")


def _feed(tree, socket, value) -> None:
    """A link where the value is another node's output, a constant otherwise."""
    if hasattr(value, "is_output"):
        tree.links.new(value, socket)
    else:
        socket.default_value = value


def _tiles(tree, vector, tile: tuple[float, float], square: bool):
    node = tree.nodes.new("ShaderNodeTexBrick")
    node.offset = 0.0 if square else 0.5
    node.inputs["Color1"].default_value = (1.0, 1.0, 1.0, 1)
    node.inputs["Color2"].default_value = (0.45, 0.42, 0.40, 1)
    node.inputs["Scale"].default_value = 1.0
    node.inputs["Brick Width"].default_value, node.inputs["Row Height"].default_value = tile
    node.inputs["Mortar Size"].default_value = 0.06 * min(*tile, 0.12)
    node.inputs["Mortar Smooth"].default_value = 0.3
    tree.links.new(vector, node.inputs["Vector"])
    return node


def _fading(tree, vector, start: float, end: float):
    """1 within start metres of the origin, 0 beyond end."""
    length, ramp = tree.nodes.new("ShaderNodeVectorMath"), tree.nodes.new("ShaderNodeMapRange")
    length.operation, ramp.interpolation_type = "LENGTH", "SMOOTHSTEP"
    tree.links.new(vector, length.inputs[0])
    tree.links.new(length.outputs["Value"], ramp.inputs["Value"])
    for name, value in (("From Min", start), ("From Max", end), ("To Min", 1.0), ("To Max", 0.0)):
        ramp.inputs[name].default_value = value
    return ramp.outputs["Result"]
