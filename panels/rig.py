"""The sidebar's panel Rig: poses, motions and skin weights of the selected person."""

from typing import Any

import bpy

from ..operators.pose import POSE_ITEMS
from .tab import InTab


class DOPPEL_PT_rig(InTab, bpy.types.Panel):
    bl_label = "Rig"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        row = self.layout.row(align=True)
        for name, label, _ in POSE_ITEMS:
            button: Any = row.operator("doppel.pose", text=label)
            button.pose = name
        column = self.layout.column()
        column.operator_context = "INVOKE_DEFAULT"
        column.operator("doppel.apply_motion", icon="ANIM")
        column = self.layout.column(align=True)
        column.operator("doppel.smooth_weights", icon="MOD_SMOOTH")
        column.operator("doppel.cut_seams", icon="MOD_EDGESPLIT")
