"""Remove IK Controls: the bones' own rotations take over the pose, and the motion where there is one."""

from typing import Any

import bpy

from ..scene.ik import has_ik, remove_ik, why_no_ik
from ..scene.person import parts, person_meant
from .person import OfPerson


class DOPPEL_OT_remove_ik(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.remove_ik"
    bl_label = "Remove IK Controls"
    bl_description = "Take the selected person's IK controls away. The pose stays as it is"

    to = "whose controls to remove"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    bake: bpy.props.BoolProperty(
        name="Bake Motion",
        description="Where an action moves the person, key the bones on each of its frames, in a new action. The old one stays in the file",
        default=True,
    )

    @staticmethod
    def why_not(person: bpy.types.Collection) -> str:
        armature = parts(person)["armature"]
        return why_no_ik(armature) if has_ik(armature) else "This person has no IK controls"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        baked = remove_ik(parts(person_meant(context))["armature"], self.bake)
        if baked:
            self.report({"INFO"}, f"The motion is now in the action “{baked.name}”")
        return {"FINISHED"}
