"""What stands in front of Cycles' camera: the person, the world and its exposure, the camera itself.

Blender is imported inside the functions, so everything else of `training` loads in milliseconds. Body frame (Y up) becomes Blender's
(Z up) in `to_blender` alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray

from core.camera import Camera
from training.people.character import DressedPerson
from training.rocketbox import PosedPerson

SUN = 500.0
"""Radiance above which a world's brightest pixel is taken for a sun or a bare lamp."""


@dataclass(frozen=True)
class Surroundings:
    """Where the person stands. The world lights the picture and is its backdrop.

    world: an equirectangular radiance picture (.exr, .hdr); turn: radians the world is turned about the vertical; ground, wall: names of
    set_pieces.GROUNDS and WALLS, wall None for the open; wall_distance: metres behind the person; wall_turn: radians off square to the
    view; exposure: brightness in the picture (linear) of white paper that faces the camera, None to take the world as it is;
    white_balance: 0..1, how much of that paper's tint the camera takes away; f_stop: the lens' opening, small blurs the backdrop; seat:
    height (m) of a block under the person, or None.
    """

    world: Path
    turn: float = 0.0
    ground: str = "paving"
    wall: str | None = None
    wall_distance: float = 2.5
    wall_turn: float = 0.0
    exposure: float | None = 0.9
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


def add_person(scene, posed: PosedPerson | DressedPerson, smooth: bool = False):
    """The posed person as one object with two materials, solid and alpha-tested cards. smooth: one step of subdivision, for close views."""
    import bpy

    wearer = posed.person if isinstance(posed, PosedPerson) else posed
    faces, kept = _welded_faces(wearer)
    mesh = bpy.data.meshes.new(wearer.name)
    mesh.from_pydata(to_blender(posed.vertices), [], faces.tolist())
    mesh.uv_layers.new().data.foreach_set("uv", wearer.uv[wearer.faces[kept]].astype(np.float32).ravel())
    for cards in (False, True):
        mesh.materials.append(_person_material(wearer, cards))
    mesh.polygons.foreach_set("material_index", wearer.cards[kept].astype(np.int32))
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=np.radians(70))
    thing = bpy.data.objects.new(wearer.name, mesh)
    scene.collection.objects.link(thing)
    if smooth:
        step = thing.modifiers.new("smooth", "SUBSURF")
        step.levels = step.render_levels = 1
    return thing


def _welded_faces(person) -> tuple[ndarray, ndarray]:
    """Faces over welded points, and their rows in the person's: uv seams closed, so shading is smooth; a card's second side left out."""
    _, first, group = np.unique(person.same_point, return_index=True, return_inverse=True)
    welded = first[group][person.faces]
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
    colour.image = _image(person.texture, "sRGB")
    links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    if cards and person.alpha is not None:
        alpha, cut = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeMath")
        alpha.image = _image(person.alpha, "Non-Color")
        cut.operation = "GREATER_THAN"
        cut.inputs[1].default_value = 0.5
        links.new(alpha.outputs["Color"], cut.inputs[0])
        links.new(cut.outputs["Value"], shader.inputs["Alpha"])
    return material


def _image(picture: Path | ndarray, space: str):
    """A Blender picture of a file, or of bytes (H, W) or (H, W, 3)."""
    import bpy

    if isinstance(picture, Path):
        image = bpy.data.images.load(str(picture.resolve()), check_existing=True)
        image.colorspace_settings.name = space
        return image
    height, width = picture.shape[:2]
    image = bpy.data.images.new("texture", width, height)
    image.colorspace_settings.name = space
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture.reshape(height, width, -1)[::-1] / 255.0
    image.pixels.foreach_set(pixels.ravel())
    return image


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
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Rotation"].default_value = (0.0, 0.0, place.turn)
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], mapping.inputs["Vector"])
    tree.links.new(mapping.outputs["Vector"], picture.inputs["Vector"])
    toward_camera = to_blender(-camera.rotation[2]) + np.array([0.0, 0.0, 0.4])  # faces and chests catch light a little from above
    radiance = _pixels(picture.image)
    picture.interpolation = "Linear" if radiance.max() > SUN else "Cubic"  # cubic looks better but rings about a sun
    gain = np.ones(3)
    if place.exposure is not None:
        paper = paper_colour(radiance, toward_camera, place.turn)
        gain = place.exposure / (paper * place.white_balance + paper.mean() * (1 - place.white_balance))
    balanced = tree.nodes.new("ShaderNodeVectorMath")
    balanced.operation, balanced.inputs[1].default_value = "MULTIPLY", gain
    tree.links.new(picture.outputs["Color"], balanced.inputs[0])
    tree.links.new(balanced.outputs["Vector"], tree.nodes["Background"].inputs["Color"])
    return world


def _pixels(image) -> ndarray:
    """A Blender picture's linear RGB (H, W, 3), bottom row first."""
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(height, width, 4)[..., :3].astype(np.float64)


def paper_colour(radiance: ndarray, normal: ndarray, turn: float) -> ndarray:
    """Linear RGB (3,) of white paper with that normal (Blender's axes) under a world (H, W, 3), bottom row first: its irradiance / pi."""
    height, width = radiance.shape[:2]
    azimuth = 2 * np.pi * ((np.arange(width) + 0.5) / width - 0.5)
    elevation = np.pi * ((np.arange(height) + 0.5) / height - 0.5)
    flat = np.cos(elevation)[:, None]
    # Cycles: u = 1/2 - atan2(y, x) / 2 pi of the direction turned by `turn`, so the world's direction is turned back
    x, y = flat * np.cos(azimuth), -flat * np.sin(azimuth)
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


def add_panorama(scene, place: ndarray):
    """A camera at a place (3,) of the body frame that sees all around: its picture is a world as `training.people.worlds` has them."""
    import bpy

    data = bpy.data.cameras.new("around")
    data.type = "PANO"
    settings = data if hasattr(data, "panorama_type") else data.cycles  # Blender 5.0 made it the camera's own
    settings.panorama_type = "EQUIRECTANGULAR"
    thing = bpy.data.objects.new("around", data)
    thing.location = to_blender(place)
    thing.rotation_euler = (np.pi / 2, 0.0, -np.pi / 2)  # level, its middle on +X
    scene.collection.objects.link(thing)
    return thing
