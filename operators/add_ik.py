"""Add IK Controls: targets for a person's hands and feet and poles for elbows and knees; pressed again, they are put onto the pose."""

from typing import Any

import bpy

from ..scene.ik import add_ik, why_no_ik
from ..scene.person import parts, person_meant
from .person import OfPerson


class DOPPEL_OT_add_ik(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.add_ik"
    bl_label = "Add IK Controls"
    bl_description = (
        "Give the selected person's hands and feet controls that the limbs follow, and poles that elbows and knees point to. The pose "
        "stays; bones and skin weights are not touched. Where there are controls, put them onto the pose as it is now"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "to control"

    @staticmethod
    def why_not(person: bpy.types.Collection) -> str:
        return why_no_ik(parts(person)["armature"])

    def execute(self, context: bpy.types.Context) -> set[Any]:
        add_ik(parts(person_meant(context))["armature"])
        return {"FINISHED"}
