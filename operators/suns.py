"""Suns for EEVEE, and Remove Suns: the world's light as suns, and back."""

from typing import Any

import bpy

from ..scene.suns import add_suns, remove_suns, suns_in, why_no_suns


class DOPPEL_OT_add_suns(bpy.types.Operator):
    bl_idname = "doppel.add_suns"
    bl_label = "Suns for EEVEE"
    bl_description = (
        "EEVEE flattens a world's light. Put suns in its place that light matt surfaces as the world does, in EEVEE and in Cycles; the "
        "world is then seen by the camera alone. Press again after the light has been changed"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = why_no_suns(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[Any]:
        suns = add_suns(context.scene)
        self.report({"INFO"}, f"{len(suns.objects)} suns")
        return {"FINISHED"}


class DOPPEL_OT_remove_suns(bpy.types.Operator):
    bl_idname = "doppel.remove_suns"
    bl_label = "Remove Suns"
    bl_description = "Delete the suns and let the world light the scene again"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        there = suns_in(context.scene) is not None
        if not there:
            cls.poll_message_set("There are no suns in the scene")
        return there

    def execute(self, context: bpy.types.Context) -> set[Any]:
        remove_suns(context.scene)
        return {"FINISHED"}
