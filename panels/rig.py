"""The sidebar's panel Rig: poses, motions, IK controls and skin weights of the selected person."""

from typing import Any

import bpy

from ..operators.pose import POSE_ITEMS
from ..scene.ik import LIMBS, has_ik
from ..scene.person import parts, person_meant
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
        _draw_ik(self.layout, context)
        column = self.layout.column(align=True)
        column.operator("doppel.smooth_weights", icon="MOD_SMOOTH")
        column.operator("doppel.cut_seams", icon="MOD_EDGESPLIT")


def _draw_ik(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that adds controls; where there are some a switch for each limb, snapping and removal."""
    person = person_meant(context)
    armature = parts(person)["armature"] if person else None
    column = layout.column(align=True)
    if armature is None or not has_ik(armature):
        column.operator("doppel.add_ik", icon="CON_KINEMATIC")
        return
    for limb in LIMBS:
        column.prop(armature, f'["{limb.switch}"]', text=f"{limb.label}: FK / IK", slider=True)
    column.operator("doppel.add_ik", text="Snap Controls to Pose", icon="SNAP_ON")
    column.operator("doppel.remove_ik", icon="X")
