"""The list of photos to reconstruct: add, remove, and drop into the 3D view."""

from pathlib import Path
from typing import Any

import bpy

from ..core.photo_list import PHOTO_SUFFIXES
from .properties import setting_values
from .reconstruct import photo_path
from .watch import why_not


class TakesFiles:
    """Mixed into an operator, gives it what a file browser and a drop fill in."""

    __annotations__ = {
        "directory": bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"}),
        "files": bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"}),
        "filter_glob": bpy.props.StringProperty(default=";".join(f"*{suffix}" for suffix in sorted(PHOTO_SUFFIXES)), options={"HIDDEN"}),
    }


class DOPPEL_OT_add_photos(TakesFiles, bpy.types.Operator):
    bl_idname = "doppel.add_photos"
    bl_label = "Add Photos"
    bl_description = "Choose one or several photos, each to become a person of its own"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        return take(self, context)


class DOPPEL_OT_remove_photo(bpy.types.Operator):
    bl_idname = "doppel.remove_photo"
    bl_label = "Remove Photo"
    bl_description = "Take a photo off the list. Its file stays"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        scene: Any = context.scene
        if not scene.doppel.photos:
            cls.poll_message_set("The list is empty")
        return bool(scene.doppel.photos)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        scene: Any = context.scene
        settings = scene.doppel
        settings.photos.remove(min(settings.active_photo, len(settings.photos) - 1))
        settings.active_photo = max(0, min(settings.active_photo, len(settings.photos) - 1))
        return {"FINISHED"}


class DOPPEL_OT_drop_photos(TakesFiles, bpy.types.Operator):
    bl_idname = "doppel.drop_photos"
    bl_label = "Doppel: Reconstruct"
    bl_description = "Make a rigged 3D person of each photo dropped into the view, as the sidebar is set"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """The photos into the sidebar in place of those there, and start. What stands in the way is said, and the photos stay chosen."""
        scene: Any = context.scene
        scene.doppel.photo = None
        scene.doppel.photos.clear()
        if take(self, context) == {"CANCELLED"}:
            return {"CANCELLED"}
        reason = why_not()
        if reason:
            self.report({"WARNING"}, reason)
            return {"FINISHED"}
        settings = scene.doppel
        values: dict[str, Any] = {**setting_values(settings), "formats": settings.formats}
        files = [{"name": path} for path in chosen_photos(settings)]
        operators: Any = bpy.ops.doppel  # type: ignore[attr-defined]
        operators.reconstruct("INVOKE_DEFAULT", files=files, folder=settings.folder, **values)
        return {"FINISHED"}


class DOPPEL_FH_photos(bpy.types.FileHandler):
    bl_idname = "DOPPEL_FH_photos"
    bl_label = "Doppel: Reconstruct"
    bl_import_operator = "doppel.drop_photos"
    bl_file_extensions = ";".join(sorted(PHOTO_SUFFIXES))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return bool(context.area and context.area.type == "VIEW_3D")


def take(operator: Any, context: bpy.types.Context) -> set[Any]:
    """The operator's files into the sidebar: the first as the photo where none is chosen, the others into the list, none twice."""
    scene: Any = context.scene
    settings, known = scene.doppel, chosen_photos(scene.doppel)
    folder = Path(bpy.path.abspath(operator.directory))
    paths = [str(folder / file.name) for file in operator.files if file.name]
    if not paths:
        operator.report({"WARNING"}, "No photo was chosen")
        return {"CANCELLED"}
    for path in paths:
        if path in known:
            continue
        known.append(path)
        if settings.photo is None:
            settings.photo = _image(path)
        if settings.photo is None or photo_path(settings.photo) != path:
            settings.photos.add().name = path
    return {"FINISHED"}


def _image(path: str) -> bpy.types.Image | None:
    """The photo as Blender's image, for the preview; None where Blender cannot read it, as with HEIC."""
    try:
        return bpy.data.images.load(path, check_existing=True)
    except RuntimeError:
        return None


def chosen_photos(settings: Any) -> list[str]:
    """Paths of all photos of the sidebar: the one shown, then the list."""
    first = photo_path(settings.photo)
    return [path for path in dict.fromkeys([first, *(bpy.path.abspath(item.name) for item in settings.photos)]) if path]
