"""Remove Runtime: the installed environment goes, and its room on the disk comes back."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..core.runtime import remove_runtime
from .job import STATE, Outcome, in_words
from .runtime import runtime_folder
from .watch import busy


class DOPPEL_OT_remove_runtime(bpy.types.Operator):
    bl_idname = "doppel.remove_runtime"
    bl_label = "Remove Runtime"
    bl_description = "Delete the installed Python environment. People already made stay; a new photo needs the runtime again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = busy() or ("" if runtime_folder().is_dir() else "No runtime is installed")
        if reason:
            cls.poll_message_set(reason)
        return not reason

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
