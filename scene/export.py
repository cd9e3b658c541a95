"""A person as a file: glb and fbx rigged, obj in the present pose, blend as it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from ..core.errors import SettingInvalid
from .files import check_place, failed_to_write
from .material import texture_of
from .person import parts


def export_person(collection: bpy.types.Collection, path: Path | str, format: str) -> Path:
    """Write the person to the file; its path. format: glb, fbx, obj, or blend (a copy of the whole open file, photos packed).

    FolderNotWritable where there can be no such file, SettingInvalid for another format, Unexpected with the words of Blender's writer.
    """
    path = Path(path)
    if format not in WRITERS:
        raise SettingInvalid(f"“{format}” is not a format Blender writes here", f"Known are: {', '.join(WRITERS)}.")
    check_place(path)
    person = parts(collection)
    try:
        with _only([person["armature"], person["surface"]]):
            WRITERS[format](path, texture_of(person["surface"].active_material) is not None)
    except RuntimeError as error:
        raise failed_to_write(path, error) from error
    return path


def _write_glb(path: Path, textured: bool) -> None:
    """Joints are bound in the T pose and stand as in the photo; the albedo is the texture, or COLOR_0 (a viewer multiplies the two)."""
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_vertex_color="NONE" if textured else "ACTIVE",
        export_rest_position_armature=False,
        export_animations=False,
    )


def _write_fbx(path: Path, textured: bool) -> None:
    """No extra bones at the ends, no animation: what Unity, Unreal and Maya expect of a character. Textures are inside the file."""
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim=False,
        colors_type="SRGB",
        path_mode="COPY",
        embed_textures=textured,
    )


def _write_obj(path: Path, textured: bool) -> None:
    bpy.ops.wm.obj_export(filepath=str(path), export_selected_objects=True, export_colors=True, export_materials=False, export_uv=textured)


def _write_blend(path: Path, textured: bool) -> None:
    """A copy of the open file. Photos are packed for the writing only, so the open file still points to them."""
    loose = [image for image in bpy.data.images if image.source == "FILE" and not image.packed_file and image.has_data]
    for image in loose:
        image.pack()
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=True)
    finally:
        for image in loose:
            image.unpack(method="REMOVE")


WRITERS = {"glb": _write_glb, "fbx": _write_fbx, "obj": _write_obj, "blend": _write_blend}
"""What writes each format, by its name in core.settings.FORMATS. To add one: a function here, a Choice there."""


@contextmanager
def _only(objects: list[bpy.types.Object]) -> Iterator[None]:
    """These objects selected and no others, the first active; afterwards as it was. Exporters take what is selected."""
    layer = bpy.context.view_layer
    active, selected = layer.objects.active, [other for other in layer.objects if other.select_get()]
    for other in layer.objects:
        other.select_set(other in objects)
    layer.objects.active = objects[0]
    try:
        yield
    finally:
        for other in layer.objects:
            other.select_set(other in selected)
        layer.objects.active = active
