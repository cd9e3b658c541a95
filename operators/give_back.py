"""Give Back Memory: the process that is kept for the next photo ends before its time."""

from typing import Any

import bpy

from .job import STATE


class DOPPEL_OT_give_back(bpy.types.Operator):
    bl_idname = "doppel.give_back"
    bl_label = "Give Back Memory"
    bl_description = "End the process that is kept ready for the next photo. That photo then loads the models anew, some seconds longer"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        kept = STATE.keeper.left() > 0
        if not kept:
            cls.poll_message_set("No process is kept ready. Keep Ready in the preferences says for how long one is")
        return kept

    def execute(self, context: bpy.types.Context) -> set[Any]:
        STATE.keeper.release()
        return {"FINISHED"}
