"""The sidebar tab Doppel in the 3D view: press the button, watch, read what came of it. What is reconstructed stands above, in `photo`."""

import time
from pathlib import Path
from typing import Any

import bpy

from ..core.settings import FORMATS, SETTINGS
from ..operators.job import STATE, Job
from ..operators.photos import chosen_photos
from ..operators.runtime import PACKAGE, preferences, problem
from .tab import InTab
from .text import paragraph


class DOPPEL_PT_reconstruct(InTab, bpy.types.Panel):
    bl_label = "Reconstruct"

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        settings, layout = scene.doppel, self.layout
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        column.prop(settings, "folder")
        _draw_formats(layout, settings)
        if STATE.job:
            _draw_progress(layout, STATE.job)
        else:
            _draw_start(layout, context, settings)
            _draw_kept(layout)
        layout.operator("doppel.load_avatar", icon="IMPORT")


class DOPPEL_PT_result(InTab, bpy.types.Panel):
    bl_label = "Result"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        outcome = STATE.outcome
        return bool(outcome.facts or outcome.errors or outcome.warnings or STATE.recent)

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        for error in STATE.outcome.errors:
            box = self.layout.box()
            paragraph(box, context, error.text, "ERROR")
            paragraph(box, context, error.hint, "BLANK1")
            _draw_remedy(box, error.kind, scene.doppel)
        for icon, lines in (("CHECKMARK", STATE.outcome.facts), ("INFO", STATE.outcome.warnings)):
            for line in lines:
                paragraph(self.layout, context, line, icon)
        if STATE.recent:
            column = self.layout.column(align=True)
            column.operator_context = "EXEC_DEFAULT"
            column.label(text="Recent", icon="RECOVER_LAST")
            for path in STATE.recent:
                column.operator("doppel.load_avatar", text=Path(path).stem, icon="OUTLINER_OB_ARMATURE").filepath = path


def _draw_formats(layout: bpy.types.UILayout, settings: Any) -> None:
    """The formats besides the Avatar's own, which is always written: as many in a row as a sidebar is wide."""
    layout.label(text="Also as")
    column = layout.column(align=True)
    names = [choice.name for choice in FORMATS.choices if choice.name != "npz"]
    for first in range(0, len(names), 4):
        row = column.row(align=True)
        for name in names[first : first + 4]:
            row.prop_enum(settings, "formats", name, text=name)


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    layout.progress(factor=job.fraction, text=f"{job.stage}  {job.fraction:.0%}")
    remaining = job.remaining()
    if remaining:
        layout.label(text=remaining[0].upper() + remaining[1:], icon="TIME")
    layout.operator("doppel.cancel", icon="CANCEL")


def _draw_start(layout: bpy.types.UILayout, context: bpy.types.Context, settings: Any) -> None:
    """The button, and what is missing before it can be pressed."""
    missing = problem()
    if missing:
        paragraph(layout, context, f"{missing}: see the panel Runtime", "ERROR")
    photos = chosen_photos(settings)
    if not photos:
        paragraph(layout, context, "Choose a photo of a person" if not settings.photo else "This image has no file: save it first", "INFO")
    row = layout.row()
    row.scale_y, row.enabled = 1.6, bool(photos)
    text = "Reconstruct from Image" if len(photos) < 2 else f"Reconstruct {len(photos)} Photos"
    fill(row.operator("doppel.reconstruct", text=text, icon="OUTLINER_OB_ARMATURE"), settings)


def _draw_kept(layout: bpy.types.UILayout) -> None:
    """That a process waits for the next photo, until when, and the button that ends it; nothing while none does."""
    left = STATE.keeper.left()
    if left > 0:
        row = layout.row()
        row.label(text=f"Ready for the next photo until {time.strftime('%H:%M', time.localtime(time.time() + left))}", icon="CHECKMARK")
        row.operator("doppel.give_back", text="", icon="X")


def fill(button: Any, settings: Any, **changed: str) -> None:
    """Give a button of doppel.reconstruct the sidebar's photos and settings, some of them changed."""
    photos = chosen_photos(settings)
    button.filepath, button.folder = photos[0] if photos else "", settings.folder
    for path in photos if len(photos) > 1 else ():
        button.files.add().name = path
    for setting in SETTINGS:
        setattr(button, setting.name, changed.get(setting.name, getattr(settings, setting.name)))


def _draw_remedy(layout: bpy.types.UILayout, kind: str, settings: Any) -> None:
    """The button that mends an error of this kind, where there is one."""
    if kind == "OutOfMemory" and settings.quality != "draft":
        fill(layout.operator("doppel.reconstruct", text="Try Again as Draft", icon="FILE_REFRESH"), settings, quality="draft")
    elif kind == "DeviceUnavailable":
        fill(layout.operator("doppel.reconstruct", text="Try Again on the Processor", icon="FILE_REFRESH"), settings, device="cpu")
    elif kind in ("WorkerCrashed", "EmptySurface", "FieldNotFinite") and settings.surface != "body":
        fill(layout.operator("doppel.reconstruct", text="Try Again, Body Only", icon="FILE_REFRESH"), settings, surface="body")
    elif kind == "OnlineAccessOff":
        layout.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
    elif kind in ("RuntimeMissing", "InstallFailed", "NetworkUnreachable"):
        button = layout.operator("doppel.install_runtime", text="Repair Runtime", icon="IMPORT")
        button.flavour = getattr(preferences(), "flavour", "cpu")
    elif kind in ("BodyFileInvalid", "WeightsMissing", "WeightsCorrupt", "PackageUnavailable"):
        layout.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = PACKAGE
    elif kind in ("NoPersonFound", "PhotoUnreadable", "PhotoTooLarge"):
        layout.operator("doppel.add_photos", text="Choose Another Photo", icon="FILE_FOLDER")
