"""The sidebar tab Doppel in the 3D view: choose a photo, press the button, watch, read what came of it."""

from typing import Any

import bpy

from ..core.settings import FORMATS, SETTINGS
from ..operators.job import STATE, Job, in_words
from ..operators.reconstruct import photo_path
from ..operators.runtime import PACKAGE, problem
from .text import paragraph

SHOWN = ("people", "surface", "quality", "texture", "sex", "device")
"""The settings drawn as they are. The formats have a row of their own; the seed is for scripts."""


class DOPPEL_PT_reconstruct(bpy.types.Panel):
    bl_label = "Reconstruct"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Doppel"

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        settings, layout = scene.doppel, self.layout
        _draw_photo(layout, settings)
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        for name in SHOWN:
            column.prop(settings, name)
        column.prop(settings, "folder")
        _draw_formats(layout, settings)
        if STATE.job:
            _draw_progress(layout, STATE.job)
        else:
            _draw_start(layout, context, settings)
        layout.operator("doppel.load_avatar", icon="IMPORT")


class DOPPEL_PT_result(bpy.types.Panel):
    bl_label = "Result"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Doppel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        outcome = STATE.outcome
        return bool(outcome.facts or outcome.errors or outcome.warnings)

    def draw(self, context: bpy.types.Context) -> None:
        for text, hint, _ in STATE.outcome.errors:
            box = self.layout.box()
            paragraph(box, context, text, "ERROR")
            paragraph(box, context, hint, "BLANK1")
        for icon, lines in (("CHECKMARK", STATE.outcome.facts), ("INFO", STATE.outcome.warnings)):
            for line in lines:
                paragraph(self.layout, context, line, icon)


def _draw_photo(layout: bpy.types.UILayout, settings: Any) -> None:
    layout.template_ID(settings, "photo", open="image.open")
    preview = settings.photo.preview if settings.photo else None
    if preview:
        layout.template_icon(icon_value=preview.icon_id, scale=8)


def _draw_formats(layout: bpy.types.UILayout, settings: Any) -> None:
    """The formats besides the Avatar's own, which is always written."""
    row = layout.row(align=True)
    row.label(text="Also as")
    for choice in FORMATS.choices:
        if choice.name != "npz":
            row.prop_enum(settings, "formats", choice.name, text=choice.name)


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    layout.progress(factor=job.fraction, text=f"{job.stage}  {job.fraction:.0%}")
    layout.operator("doppel.cancel", icon="CANCEL")


def _draw_start(layout: bpy.types.UILayout, context: bpy.types.Context, settings: Any) -> None:
    """The button, or what is missing before it can be pressed."""
    missing = problem()
    if missing:
        box = layout.box()
        paragraph(box, context, in_words(str(missing), missing.hint), "ERROR")
        box.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = PACKAGE
    photo = photo_path(settings.photo)
    if not photo:
        paragraph(layout, context, "Choose a photo of a person" if not settings.photo else "This image has no file: save it first", "INFO")
    row = layout.row()
    row.scale_y, row.enabled = 1.6, bool(photo)
    button = row.operator("doppel.reconstruct", icon="OUTLINER_OB_ARMATURE")
    button.filepath, button.folder = photo, settings.folder
    for setting in SETTINGS:
        setattr(button, setting.name, getattr(settings, setting.name))
