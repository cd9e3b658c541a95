"""A person as files: posed and rigged (glb, fbx, usdz), posed (obj), the whole scene (blend), and characters for engines (fbx)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import SettingInvalid
from .action import action_frames, action_of
from .bone_names import MIXAMO, UNITY, UNREAL
from .character import character, levels, surface_copy
from .cleanup import temporary
from .files import check_place, failed_to_write
from .material import normals_of, texture_of
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


STILL = {"obj", "blend"}
"""Formats without a motion of their own: an obj has none, a blend is the file as it is."""


@dataclass(frozen=True)
class Look:
    """What a writer has to know of the person: whether it has a texture, a normal map, and a motion."""

    textured: bool = False
    bumpy: bool = False
    moving: bool = False


def file_name(stem: str, format: str, level: int = 0) -> str:
    """What the file of a person is called: walk.glb, walk-unity.fbx, walk_LOD1.glb."""
    lod = f"_LOD{level}" if level else ""
    return f"{stem}-{format}{lod}.fbx" if format in ENGINES else f"{stem}{lod}.{'usdz' if format == 'usd' else format}"


def export_files(
    collection: bpy.types.Collection, folder: Path, stem: str, formats: list[str], lods: int = 0, animation: bool = True
) -> list[Path]:
    """Write the person in these formats into the folder; the files. lods: further levels of detail, 0 to 3, in all but blend.

    Unity's are in the one file; the others are files of their own. animation: the motion of the armature's action, where it has one, in
    all that are rigged. Errors as of export_person, SettingInvalid for another number.
    """
    if not 0 <= lods <= MOST_LODS:
        raise SettingInvalid(f"{lods} levels of detail cannot be had", f"Ask for 0 to {MOST_LODS}.")
    apart = [format for format in formats if format != "blend" and not (format in ENGINES and ENGINES[format].together)]
    files = [
        export_person(collection, folder / file_name(stem, format), format, lods if format not in apart else 0, animation)
        for format in formats
    ]
    if lods and apart:
        person = parts(collection)
        with temporary():
            full = surface_copy(person["surface"], person["armature"], person["armature"])
            for level, low in enumerate(levels(full, lods), start=1):
                for format in apart:
                    files.append(_write(person["armature"], low, folder / file_name(stem, format, level), format, 0, animation))
    return files


def export_person(collection: bpy.types.Collection, path: Path | str, format: str, lods: int = 0, animation: bool = True) -> Path:
    """Write the person to the file; its path. format: one of FORMATS but npz; blend is a copy of the whole open file, photos packed.

    lods: levels of detail besides the full one, for a format that has them in one file. FolderNotWritable where there can be no such file,
    SettingInvalid for another format, Unexpected with the words of Blender's writer.
    """
    if format not in {*WRITERS, *ENGINES}:
        raise SettingInvalid(f"“{format}” is not a format Blender writes here", f"Known are: {', '.join([*WRITERS, *ENGINES])}.")
    person = parts(collection)
    return _write(person["armature"], person["surface"], Path(path), format, lods, animation)


def _write(armature: Any, surface: Any, path: Path, format: str, lods: int, animation: bool) -> Path:
    check_place(path)
    action = action_of(armature) if animation and format not in STILL else None
    frames = action_frames(action) if action else range(0)
    look = Look(texture_of(surface.active_material) is not None, normals_of(surface.active_material) is not None, bool(frames))
    try:
        with _lasting(frames):
            if format in ENGINES:
                engine = ENGINES[format]
                names = armature.name, engine.root or armature.name
                with character(armature, surface, *names, engine.bones, lods, frames) as objects, _only(objects):
                    _write_fbx(path, replace(look, textured=look.textured or lods > 0))
            else:
                with _only([armature, surface]):
                    WRITERS[format](path, look)
    except RuntimeError as error:
        raise failed_to_write(path, error) from error
    return path


@contextmanager
def _lasting(frames: range) -> Iterator[None]:
    """For the time of the block the scene lasts these frames, where there are any: exporters write what it plays."""
    scene: Any = bpy.context.scene
    kept = scene.frame_current, scene.frame_start, scene.frame_end
    if frames:
        scene.frame_start, scene.frame_end = frames.start, frames.stop - 1
    try:
        yield
    finally:
        frame, scene.frame_start, scene.frame_end = kept
        if frames:
            scene.frame_set(frame)


def _write_glb(path: Path, look: Look) -> None:
    """Joints are bound in the T pose and stand as in the photo; the albedo is the texture, or COLOR_0 (a viewer multiplies the two).

    A motion begins at 0 s. A normal map comes with the tangents it was baked for.
    """
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_vertex_color="NONE" if look.textured else "ACTIVE",
        export_tangents=look.bumpy,
        export_def_bones=True,
        export_rest_position_armature=False,
        export_animations=look.moving,
        export_animation_mode="SCENE",
        export_anim_scene_split_object=False,
        export_anim_slide_to_zero=True,
        export_current_frame=True,  # else a moving person stands as on the scene's frame 0
    )


def _write_fbx(path: Path, look: Look) -> None:
    """No extra bones at the ends, no controls: what Unity, Unreal and Maya expect of a character. Textures are inside the file.

    A motion has a key on every frame, none left out.
    """
    with _images_with_names():
        bpy.ops.export_scene.fbx(
            filepath=str(path),
            use_selection=True,
            object_types={"ARMATURE", "MESH"},
            add_leaf_bones=False,
            bake_anim=look.moving,
            bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False,
            bake_anim_simplify_factor=0,
            colors_type="SRGB",
            path_mode="COPY",
            embed_textures=look.textured,
            use_armature_deform_only=True,
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


def _write_usd(path: Path, look: Look) -> None:
    """One .usdz with the textures inside, Y up, in metres. A pose is an animation of one frame: a skeleton at rest has none in USD."""
    if not bpy.app.build_options.usd:
        raise SettingInvalid("This Blender was built without USD", "Leave the format usd out, or use a Blender from blender.org.")
    options: dict[str, Any] = {
        "selected_objects_only": True,
        "export_animation": True,
        "convert_orientation": True,
        "export_textures": look.textured,
        "only_deform_bones": True,
        "export_custom_properties": False,
    }
    options |= {"export_textures_mode": "NEW" if look.textured else "PRESERVE", "convert_world_material": False, "root_prim_path": "/root"}
    frame = bpy.context.scene.frame_current
    with _lasting(range(0) if look.moving else range(frame, frame + 1)):
        bpy.ops.wm.usd_export(filepath=str(path), **_known(bpy.ops.wm.usd_export, options))


def _known(operator: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options that this Blender's operator has: how textures are asked for changed its name in 4.4."""
    return {name: value for name, value in options.items() if name in operator.get_rna_type().properties}


def _write_obj(path: Path, look: Look) -> None:
    """With a texture, a .mtl and the picture beside it; else colours at the vertices, which many programs read."""
    textured = look.textured
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


def _write_blend(path: Path, look: Look) -> None:
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
