"""A person as files: posed and rigged (glb, fbx, usdz), posed (obj), the whole scene (blend), and characters for engines (fbx)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import SettingInvalid
from .bone_names import MIXAMO, UNITY, UNREAL
from .character import character, levels, surface_copy
from .cleanup import temporary
from .files import check_place, failed_to_write
from .material import texture_of
from .person import parts

MOST_LODS = 3


@dataclass(frozen=True)
class Engine:
    """How one program wants a character: the bones' names, the armature's ("" is the person's), whether all levels are in one file."""

    bones: Mapping[str, str]
    root: str = ""
    together: bool = False


ENGINES = {
    "unity": Engine(UNITY, together=True),  # meshes NAME_LOD0, NAME_LOD1 … of one file become a LOD Group
    "unreal": Engine(UNREAL, root="root"),  # the armature's node becomes the bone above the pelvis
    "mixamo": Engine(MIXAMO, root="Armature"),
}
"""The formats that are an .fbx of a character, by their names in core.settings.FORMATS."""


def file_name(stem: str, format: str, level: int = 0) -> str:
    """What the file of a person is called: walk.glb, walk-unity.fbx, walk_LOD1.glb."""
    lod = f"_LOD{level}" if level else ""
    return f"{stem}-{format}{lod}.fbx" if format in ENGINES else f"{stem}{lod}.{'usdz' if format == 'usd' else format}"


def export_files(collection: bpy.types.Collection, folder: Path, stem: str, formats: list[str], lods: int = 0) -> list[Path]:
    """Write the person in these formats into the folder; the files. lods: further levels of detail, 0 to 3, in all but blend.

    Unity's are in the one file; the others are files of their own. Errors as of export_person, SettingInvalid for another number.
    """
    if not 0 <= lods <= MOST_LODS:
        raise SettingInvalid(f"{lods} levels of detail cannot be had", f"Ask for 0 to {MOST_LODS}.")
    apart = [format for format in formats if format != "blend" and not (format in ENGINES and ENGINES[format].together)]
    files = [export_person(collection, folder / file_name(stem, format), format, lods if format not in apart else 0) for format in formats]
    if lods and apart:
        person = parts(collection)
        with temporary():
            full = surface_copy(person["surface"], person["armature"], person["armature"])
            for level, low in enumerate(levels(full, lods), start=1):
                for format in apart:
                    files.append(_write(person["armature"], low, folder / file_name(stem, format, level), format, 0))
    return files


def export_person(collection: bpy.types.Collection, path: Path | str, format: str, lods: int = 0) -> Path:
    """Write the person to the file; its path. format: one of FORMATS but npz; blend is a copy of the whole open file, photos packed.

    lods: levels of detail besides the full one, for a format that has them in one file. FolderNotWritable where there can be no such file,
    SettingInvalid for another format, Unexpected with the words of Blender's writer.
    """
    if format not in {*WRITERS, *ENGINES}:
        raise SettingInvalid(f"“{format}” is not a format Blender writes here", f"Known are: {', '.join([*WRITERS, *ENGINES])}.")
    person = parts(collection)
    return _write(person["armature"], person["surface"], Path(path), format, lods)


def _write(armature: Any, surface: Any, path: Path, format: str, lods: int) -> Path:
    check_place(path)
    textured = texture_of(surface.active_material) is not None
    try:
        if format in ENGINES:
            engine = ENGINES[format]
            with character(armature, surface, armature.name, engine.root or armature.name, engine.bones, lods) as objects, _only(objects):
                _write_fbx(path, textured or lods > 0, deform_only=True)
        else:
            with _only([armature, surface]):
                WRITERS[format](path, textured)
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
        export_current_frame=True,  # else a moving person stands as on the scene's frame 0
    )


def _write_fbx(path: Path, textured: bool, deform_only: bool = False) -> None:
    """No extra bones at the ends, no animation: what Unity, Unreal and Maya expect of a character. Textures are inside the file."""
    with _images_with_names():
        bpy.ops.export_scene.fbx(
            filepath=str(path),
            use_selection=True,
            object_types={"ARMATURE", "MESH"},
            add_leaf_bones=False,
            bake_anim=False,
            colors_type="SRGB",
            path_mode="COPY",
            embed_textures=textured,
            use_armature_deform_only=deform_only,
        )


@contextmanager
def _images_with_names() -> Iterator[None]:
    """For the time of the block packed images have a file name each: the exporter names what it embeds by it, and without one all alike."""
    loose = [image for image in bpy.data.images if image.packed_file and not image.filepath_raw]
    for image in loose:
        image.filepath_raw = "//" + "".join(letter if letter.isalnum() else "_" for letter in image.name) + ".png"
    try:
        yield
    finally:
        for image in loose:
            image.filepath_raw = ""


def _write_usd(path: Path, textured: bool) -> None:
    """One .usdz with the textures inside, Y up, in metres. The pose is an animation of one frame: a skeleton at rest has none in USD."""
    if not bpy.app.build_options.usd:
        raise SettingInvalid("This Blender was built without USD", "Leave the format usd out, or use a Blender from blender.org.")
    scene = bpy.context.scene
    range_before = scene.frame_start, scene.frame_end
    scene.frame_start = scene.frame_end = scene.frame_current
    options: dict[str, Any] = {
        "selected_objects_only": True,
        "export_animation": True,
        "convert_orientation": True,
        "export_textures": textured,
    }
    options |= {"export_textures_mode": "NEW" if textured else "PRESERVE", "convert_world_material": False, "root_prim_path": "/root"}
    try:
        bpy.ops.wm.usd_export(filepath=str(path), **_known(bpy.ops.wm.usd_export, options))
    finally:
        scene.frame_start, scene.frame_end = range_before


def _known(operator: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options that this Blender's operator has: how textures are asked for changed its name in 4.4."""
    return {name: value for name, value in options.items() if name in operator.get_rna_type().properties}


def _write_obj(path: Path, textured: bool) -> None:
    """With a texture, a .mtl and the picture beside it; else colours at the vertices, which many programs read."""
    bpy.ops.wm.obj_export(
        filepath=str(path), export_selected_objects=True, export_colors=not textured, export_materials=textured, export_uv=textured
    )
    if textured:
        surface = next(thing for thing in bpy.context.selected_objects if thing.type == "MESH")
        _save_texture(texture_of(surface.active_material), path.with_suffix(".png"))
        name = surface.active_material.name.replace(" ", "_")
        path.with_suffix(".mtl").write_text(f"newmtl {name}\nKd 1 1 1\nKs 0 0 0\nmap_Kd {path.stem}.png\n", encoding="utf-8")


def _save_texture(image: Any, path: Path) -> None:
    with temporary():
        copy = image.copy()
        copy.filepath_raw, copy.file_format = str(path), "PNG"
        copy.save()


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


WRITERS = {"glb": _write_glb, "fbx": _write_fbx, "usd": _write_usd, "obj": _write_obj, "blend": _write_blend}
"""What writes each other format, by its name in core.settings.FORMATS. To add one: a function here, a Choice there."""


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
