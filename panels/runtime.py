"""The runtime in panels: what is missing, the button that installs it with what it takes, and how an installation goes."""

from typing import Any

import bpy

from ..core.runtime import DISK, DOWNLOAD
from ..operators.job import STATE, Job, in_words
from ..operators.runtime import PACKAGE, preferences, problem
from .tab import InTab
from .text import paragraph


class DOPPEL_PT_runtime(InTab, bpy.types.Panel):
    bl_label = "Runtime"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return installing() or problem() is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        missing = problem()
        if STATE.removal:
            draw_removal(layout, STATE.removal)
        if installing():
            draw_job(layout, context, STATE.job)
        elif missing and missing.kind == "RuntimeMissing":
            paragraph(layout, context, "The heavy work runs in a Python of its own, which is not there yet.", "INFO")
            paragraph(layout, context, f"{missing}.", "BLANK1")
            draw_install(layout, context, preferences())
        elif missing:
            paragraph(layout, context, in_words(str(missing), missing.hint), "ERROR")
        layout.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = PACKAGE


def installing() -> bool:
    return STATE.job is not None and STATE.job.what.startswith("The runtime")


def draw_install(layout: bpy.types.UILayout, context: bpy.types.Context, settings: Any, text: str = "Install Runtime") -> None:
    """What to install, what it takes, and the button; or what stands in its way."""
    flavour = getattr(settings, "flavour", "cpu")
    if settings:
        layout.prop(settings, "flavour")
    takes = f"Takes about {DISK[flavour]:g} GiB on the disk, downloads {DOWNLOAD[flavour]:g} GiB"
    if flavour == "cpu":
        takes += f"; {DISK['cuda']:g} GiB where the package index has no torch for the processor alone"
    paragraph(layout, context, takes, "DISK_DRIVE")
    wheels = getattr(settings, "wheels", "")
    if wheels:
        paragraph(layout, context, f"From the folder {wheels}, without a network", "FILE_FOLDER")
    elif not bpy.app.online_access:
        paragraph(layout, context, "Blender may not use the network. Allow it, or choose a folder of wheels in the preferences", "ERROR")
        layout.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
    row = layout.row()
    row.scale_y, row.enabled = 1.6, bool(wheels or bpy.app.online_access)
    row.operator("doppel.install_runtime", text=text, icon="IMPORT").flavour = flavour


def draw_removal(layout: bpy.types.UILayout, job: Job) -> None:
    """How much of a removed runtime is deleted. There is nothing to press: nobody has to wait for it."""
    layout.progress(factor=job.fraction, text=f"{job.stage}  {job.fraction:.0%}")


def draw_job(layout: bpy.types.UILayout, context: bpy.types.Context, job: Job) -> None:
    """The running job: its stage, its share, the last lines of its log, and Cancel."""
    layout.progress(factor=job.fraction, text=f"{job.stage}  {job.fraction:.0%}")
    if job.lines:
        column = layout.box().column(align=True)
        column.scale_y = 0.7
        for line in list(job.lines):
            column.label(text=line[:80])
    layout.operator("doppel.cancel", icon="CANCEL")
