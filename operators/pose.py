"""Set Pose: the selected person into the T pose, the A pose, or the pose of its photo."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..scene.person import person_meant
from ..scene.poses import show_pose
from .job import in_words
from .person import OfPerson

POSE_ITEMS = [
    ("T", "T", "Arms straight out, on the ground: the pose the skeleton rests in"),
    ("A", "A", "Arms hanging at 45°, on the ground"),
    ("PHOTO", "Photo", "As the person stands in the photo, where the camera lines up"),
]


class DOPPEL_OT_pose(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.pose"
    bl_label = "Set Pose"
    bl_description = "Put the selected person into a T pose, an A pose, or back into the pose of its photo"

    to = "to pose"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    pose: bpy.props.EnumProperty(name="Pose", description="Which pose", items=POSE_ITEMS, default="PHOTO")
    key: bpy.props.BoolProperty(
        name="Insert Keyframes",
        description="Key the pose on the present frame. Without it an action is taken off the armature, and stays in the file",
        default=False,
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            action = show_pose(person_meant(context), self.pose, context.scene.frame_current if self.key else None)
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        if action:
            self.report({"INFO"}, f"The action “{action.name}” was taken off the armature; it is still in the file")
        return {"FINISHED"}
