"""What stands in front of Cycles' camera: the person, the ground, a wall, the world and its exposure. The only file here that knows bpy.

Blender is imported inside the functions, so everything else of `training` loads in milliseconds. Body frame (Y up) becomes Blender's
(Z up) in `to_blender` alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray

from core.camera import Camera
from training.rocketbox import PosedPerson

GROUNDS = ("paving", "asphalt", "concrete", "planks", "earth")
WALLS = ("brick", "plaster", "concrete")


@dataclass(frozen=True)
class Surroundings:
    """Where the person stands. The world lights the picture and is its backdrop.

    world: an equirectangular radiance picture (.exr, .hdr); turn: radians the world is turned about the vertical; ground: one of GROUNDS;
    wall: one of WALLS or None for the open; wall_distance: metres behind the person; wall_turn: radians off square to the view;
    exposure: brightness in the picture (linear) of white paper that faces the camera; white_balance: 0..1, how much of that paper's tint
    the camera takes away; f_stop: the lens' opening, small blurs the backdrop; seat: height (m) of a block under the person, or None.
    """

    world: Path
    turn: float = 0.0
    ground: str = "paving"
    wall: str | None = None
    wall_distance: float = 2.5
    wall_turn: float = 0.0
    exposure: float = 0.9
    white_balance: float = 0.7
    f_stop: float = 2.8
    seat: float | None = None


def to_blender(points: ndarray) -> ndarray:
    """Body-frame points or directions (…, 3) in Blender's axes: X stays, up is Z, out of the chest is -Y."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def empty_scene():
    """A new, empty Blender scene set up for Cycles on the CPU."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.view_settings.view_transform = "AgX"  # rolls highlights off as a photo camera does
    scene.view_settings.look = "AgX - High Contrast"
    return scene


# --- the person -------------------------------------------------------------------------------------------------------------------


def add_person(scene, posed: PosedPerson, smooth: bool = False):
    """The posed person as one object with two materials, solid and alpha-tested cards. smooth: one step of subdivision, for close views."""
    import bpy

    faces, kept = _welded_faces(posed)
    mesh = bpy.data.meshes.new(posed.person.name)
    mesh.from_pydata(to_blender(posed.vertices), [], faces.tolist())
    mesh.uv_layers.new().data.foreach_set("uv", posed.person.uv[posed.person.faces[kept]].astype(np.float32).ravel())
    for cards in (False, True):
        mesh.materials.append(_person_material(posed.person, cards))
    mesh.polygons.foreach_set("material_index", posed.person.cards[kept].astype(np.int32))
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=np.radians(70))
    thing = bpy.data.objects.new(posed.person.name, mesh)
    scene.collection.objects.link(thing)
    if smooth:
        step = thing.modifiers.new("smooth", "SUBSURF")
        step.levels = step.render_levels = 1
    return thing


def _welded_faces(posed: PosedPerson) -> tuple[ndarray, ndarray]:
    """Faces over welded points, and their rows in the person's: uv seams closed, so shading is smooth; a card's second side left out."""
    _, first, group = np.unique(posed.person.same_point, return_index=True, return_inverse=True)
    welded = first[group][posed.person.faces]
    corners = np.sort(welded, axis=1)
    whole = (np.diff(corners, axis=1) > 0).all(axis=1)
    _, kept = np.unique(np.where(whole[:, None], corners, -1), axis=0, return_index=True)
    kept = np.sort(kept[whole[kept]])
    return welded[kept], kept


def _person_material(person, cards: bool):
    import bpy

    material = bpy.data.materials.new("cards" if cards else "solid")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.6
    shader.inputs["Specular IOR Level"].default_value = 0.3  # half of polished: cloth and powdered skin
    colour = nodes.new("ShaderNodeTexImage")
    colour.image = bpy.data.images.load(str(person.texture.resolve()), check_existing=True)
    links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    if cards and person.alpha is not None:
        alpha, cut = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeMath")
        alpha.image = bpy.data.images.load(str(person.alpha.resolve()), check_existing=True)
        alpha.image.colorspace_settings.name = "Non-Color"
        cut.operation = "GREATER_THAN"
        cut.inputs[1].default_value = 0.5
        links.new(alpha.outputs["Color"], cut.inputs[0])
        links.new(cut.outputs["Value"], shader.inputs["Alpha"])
    return material


# --- ground and wall --------------------------------------------------------------------------------------------------------------

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


# --- light and camera -------------------------------------------------------------------------------------------------------------


def add_world(scene, place: Surroundings, camera: Camera):
    """The world as light and backdrop, with the camera's exposure and white balance put into it: paper facing the camera shows as asked."""
    import bpy

    world = bpy.data.worlds.new("world")
    scene.world = world
    world.use_nodes = True
    tree = world.node_tree
    picture = tree.nodes.new("ShaderNodeTexEnvironment")
    picture.image = bpy.data.images.load(str(Path(place.world).resolve()))
    picture.interpolation = "Cubic"
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Rotation"].default_value = (0.0, 0.0, place.turn)
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], mapping.inputs["Vector"])
    tree.links.new(mapping.outputs["Vector"], picture.inputs["Vector"])
    toward_camera = to_blender(-camera.rotation[2]) + np.array([0.0, 0.0, 0.4])  # faces and chests catch light a little from above
    paper = paper_colour(picture.image, toward_camera, place.turn)
    gain = place.exposure / (paper * place.white_balance + paper.mean() * (1 - place.white_balance))
    balanced = _mix(tree, 1.0, picture.outputs["Color"], (*gain, 1.0), "MULTIPLY")
    tree.links.new(balanced, tree.nodes["Background"].inputs["Color"])
    return world


def paper_colour(image, normal: ndarray, turn: float) -> ndarray:
    """Linear RGB (3,) of white paper with that normal (Blender's axes) under the world: its irradiance / pi."""
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    radiance = pixels.reshape(height, width, 4)[..., :3].astype(np.float64)  # bottom row first
    azimuth = 2 * np.pi * ((np.arange(width) + 0.5) / width - 0.5)
    elevation = np.pi * ((np.arange(height) + 0.5) / height - 0.5)
    flat = np.cos(elevation)[:, None]
    # Cycles: u = atan2(y, -x) / 2 pi + 1/2 of the direction turned by `turn`, so the world's direction is turned back
    x, y = -flat * np.cos(azimuth), flat * np.sin(azimuth)
    cosine, sine = np.cos(turn), np.sin(turn)
    directions = np.stack([cosine * x + sine * y, -sine * x + cosine * y, np.sin(elevation)[:, None] * np.ones_like(x)], axis=-1)
    weight = np.clip(directions @ (normal / np.linalg.norm(normal)), 0, None) * flat  # cosine and the pixel's solid angle
    return (radiance * weight[..., None]).sum((0, 1)) * 2 * np.pi / (width * height)


def add_camera(scene, camera: Camera, f_stop: float | None):
    """Blender's camera that shows body-frame points at `camera.project`'s pixels (fx = fy); f_stop None is a pinhole."""
    import bpy
    from mathutils import Matrix

    width, height = (int(side) for side in camera.size)
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
    data.lens = float(camera.intrinsics[0]) * 36.0 / width
    data.shift_x = (width / 2 - float(camera.intrinsics[2])) / width
    data.shift_y = (float(camera.intrinsics[3]) - height / 2) / width
    turn, place = np.eye(4), -camera.rotation.T @ camera.translation
    turn[:3, :3] = to_blender(camera.rotation * [[1], [-1], [-1]]).T  # Blender's camera looks along its -Z with Y up
    turn[:3, 3] = to_blender(place)
    thing = bpy.data.objects.new("camera", data)
    thing.matrix_world = Matrix(turn.tolist())
    scene.collection.objects.link(thing)
    scene.camera = thing
    if f_stop is not None:
        data.dof.use_dof, data.dof.aperture_fstop = True, f_stop
        data.dof.focus_distance = float(camera.translation[2])
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100
    return thing
