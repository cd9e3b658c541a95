"""Remove Runtime: the installed environment goes, and its room on the disk comes back."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..core.runtime import remove_runtime
from .job import STATE, Outcome, in_words
from .runtime import runtime_folder


class DOPPEL_OT_remove_runtime(bpy.types.Operator):
    bl_idname = "doppel.remove_runtime"
    bl_label = "Remove Runtime"
    bl_description = "Delete the installed Python environment. People already made stay; a new photo needs the runtime again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if STATE.job:
            cls.poll_message_set(f"{STATE.job.what}: wait for it, or cancel it")
        elif not runtime_folder().is_dir():
            cls.poll_message_set("No runtime is installed")
        return not STATE.job and runtime_folder().is_dir()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            remove_runtime(runtime_folder())
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        STATE.outcome = Outcome(["The runtime was removed"])
        return {"FINISHED"}
