"""Cancel: ends the running job, and the panels say so at once."""

from typing import Any

import bpy

from .job import STATE


class DOPPEL_OT_cancel(bpy.types.Operator):
    bl_idname = "doppel.cancel"
    bl_label = "Cancel"
    bl_description = "End what is running; the scene stays as it is"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not STATE.job:
            cls.poll_message_set("Nothing is running")
        return bool(STATE.job)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        STATE.cancel()
        return {"FINISHED"}
