"""The whole person: one collection with everything an Avatar holds."""

import warnings
from pathlib import Path

import bpy
import numpy as np

from ..core.avatar import Avatar
from ..core.errors import PhotoUnreadable
from .armature import apply_pose, build_armature, keep_photo_pose
from .camera import build_camera, set_render_size
from .cleanup import all_or_nothing
from .material import build_material, build_texture
from .mesh import build_body, build_surface
from .photo import show_photo
from .world import build_world

LIGHT = "doppel_light"
"""Custom property of the collection: the Avatar's light, 27 numbers, so that a saved .blend can light its scene with it again."""


def build_person(avatar: Avatar, name: str, photo_path: Path | str | None = None, new_world: bool = False) -> bpy.types.Collection:
    """A collection in the current scene with the person's armature, skinned surface, hidden body and photo camera, posed as in the photo.

    The scene looks through that camera afterwards and renders in the photo's size; the armature is active and selected. A world is made
    where the scene has none, or if new_world. A photo that Blender cannot show is a Python warning. All of it is made, or nothing.
    """
    scene = bpy.context.scene
    with all_or_nothing():
        collection = bpy.data.collections.new(name)
        collection[LIGHT] = avatar.light.ravel().tolist()
        scene.collection.children.link(collection)
        armature = build_armature(name, avatar.rest_joints, collection)
        apply_pose(armature, avatar.pose, avatar.translation)
        keep_photo_pose(armature, avatar.pose, avatar.translation)
        camera = build_camera(avatar.camera, f"{name} camera")
        texture = None if avatar.texture is None else build_texture(f"{name} albedo", avatar.texture)
        surface = build_surface(avatar, f"{name} surface", armature, build_material(name, texture))
        for part in (surface, build_body(avatar, f"{name} body", armature), camera):
            collection.objects.link(part)
        if photo_path:
            _try_photo(camera, photo_path, avatar)
        world = build_world(avatar.light, name) if new_world or scene.world is None else scene.world
    scene.world, scene.camera = world, camera
    set_render_size(scene, avatar.camera)
    _select(armature)
    return collection


def parts(collection: bpy.types.Collection) -> dict[str, bpy.types.Object]:
    """The person's objects by what they are: armature, surface (the one that is shown, where a low-poly copy was made), body, camera."""
    armature = next(part for part in collection.objects if part.type == "ARMATURE")
    meshes = [part for part in collection.objects if part.type == "MESH"]
    skinned = [part for part in meshes if part.find_armature()]
    surface = next((part for part in skinned if not part.hide_render), skinned[0])
    camera = next(part for part in collection.objects if part.type == "CAMERA")
    return {"armature": armature, "surface": surface, "body": next(part for part in meshes if part not in skinned), "camera": camera}


def people(scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """The collections of the scene that hold a person each."""
    return [collection for collection in scene.collection.children_recursive if LIGHT in collection.keys()]  # noqa: SIM118 - an ID has no `in`


def person_meant(context: bpy.types.Context) -> bpy.types.Collection | None:
    """The person whose part is the active object, or the only one there is. None where that says nothing."""
    everyone, active = people(context.scene), context.view_layer.objects.active
    meant = [person for person in everyone if active and active.name in person.objects]
    return next(iter(meant or (everyone if len(everyone) == 1 else [])), None)


def light_of(person: bpy.types.Collection) -> np.ndarray:
    """The SH radiance (9, 3) that the person's photo was estimated to be taken in, body frame."""
    return np.array(person[LIGHT], dtype=np.float64).reshape(9, 3)


def _try_photo(camera: bpy.types.Object, path: Path | str, avatar: Avatar) -> None:
    try:
        show_photo(camera, path, tuple(avatar.image_size.tolist()))
    except PhotoUnreadable as error:
        warnings.warn(f"{error}. {error.hint}", stacklevel=3)


def _select(armature: bpy.types.Object) -> None:
    """Make the armature the only selected object, as Blender's importers do."""
    for other in bpy.context.view_layer.objects:
        other.select_set(other == armature)
    bpy.context.view_layer.objects.active = armature
