"""Install Runtime: the private Python environment that computes, made when the artist says so; the same button mends and updates it."""

import sys
from typing import Any

import bpy

from ..core.errors import OnlineAccessOff
from ..core.runtime import FLAVOUR, Installation
from .job import STATE, Job, Outcome
from .properties import PATH_OPTIONS, setting_to_property
from .runtime import preference, preferences, runtime_folder
from .watch import Watched, busy


class DOPPEL_OT_install_runtime(Watched, bpy.types.Operator):
    bl_idname = "doppel.install_runtime"
    bl_label = "Install Runtime"
    bl_description = (
        "Make a private Python environment in the extension's user folder and put the packages that compute into it, torch among them. "
        "Blender stays usable meanwhile. Where one is there already, what it lacks is added"
    )

    why_not = staticmethod(busy)
    flavour: setting_to_property(FLAVOUR)
    wheels: bpy.props.StringProperty(
        name="Wheels Folder",
        description="A folder of wheels to install from, without a network (default: the preferences')",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"} | PATH_OPTIONS,
    )

    def start(self) -> Job:
        """OnlineAccessOff where packages would have to come from the network, and Blender may not use it."""
        wheels = bpy.path.abspath(self.wheels) if self.wheels else preference("wheels")
        if not wheels and not bpy.app.online_access:
            raise OnlineAccessOff("Blender may not use the network, from which the packages would come")
        settings = preferences()
        index, torch_index = getattr(settings, "index", ""), getattr(settings, "torch_index", "")
        return STATE.install(
            Installation(str(runtime_folder()), self.flavour, preference("make_with") or sys.executable, index, torch_index, wheels)
        )

    def finish(self, job: Job) -> set[Any]:
        made = job.result()
        STATE.outcome = Outcome([f"The runtime is installed: torch {made.torch}, on {made.device}"], [], [made.note] if made.note else [])
        self.report({"INFO"}, STATE.outcome.facts[0])
        return {"FINISHED"}
