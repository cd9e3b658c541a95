"""Apply Motion: a motion file onto the selected person, at the scene's frame rate."""

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import DoppelError
from ..core.motion.read import read_motion
from ..scene.armature import rest_joints
from ..scene.motion import apply_motion, lies_down
from ..scene.person import parts, person_meant
from .job import in_words
from .person import OfPerson
from .properties import PATH_OPTIONS

ROOT_ITEMS = [
    ("HERE", "From Here", "The person sets out from where it stands in the photo, facing as it does there"),
    ("IN_PLACE", "In Place", "The person stays above that place and only rises and sinks, as game engines want it"),
    ("FILE", "As in the File", "Where the file says, to the centimetre; for motions that belong to a scene"),
]
UP_ITEMS = [("Z", "Z", "As in AMASS"), ("Y", "Y", "As many body trackers write it")]


class DOPPEL_OT_apply_motion(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.apply_motion"
    bl_label = "Apply Motion"
    bl_description = "Let the selected person move as a motion file says: AMASS or SMPL (.npz, 24, 52 or 55 joints), or .bvh"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "to move"

    filepath: bpy.props.StringProperty(
        name="Motion", description="The .npz or .bvh file", subtype="FILE_PATH", options={"SKIP_SAVE"} | PATH_OPTIONS
    )
    filter_glob: bpy.props.StringProperty(default="*.npz;*.bvh", options={"HIDDEN"})
    root: bpy.props.EnumProperty(name="Place", description="Where the motion takes place", items=ROOT_ITEMS, default="HERE")
    ground: bpy.props.BoolProperty(
        name="On the Ground", description="Raise or lower the whole motion so that the soles meet the ground", default=True
    )
    start: bpy.props.IntProperty(name="First Frame", description="The scene's frame on which the motion begins", default=1)
    lengthen: bpy.props.BoolProperty(name="Lengthen Scene", description="Let the scene last at least as long as the motion", default=True)
    up: bpy.props.EnumProperty(name="Up Axis", description="Of an .npz: which of its axes is up", items=UP_ITEMS, default="Z")
    rate: bpy.props.FloatProperty(
        name="File's Rate", description="Frames per second of an .npz that does not say so (0: it does)", default=0, min=0, max=1000
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        self.start = context.scene.frame_start
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        person = person_meant(context)
        path = Path(bpy.path.abspath(self.filepath))
        try:
            clip = read_motion(path, rest_joints(parts(person)["armature"]), self.up, self.rate)
            action = apply_motion(person, clip, self.start, self.root, self.ground)
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        if self.lengthen:
            context.scene.frame_end = max(context.scene.frame_end, int(action.frame_range[1]))
        if lies_down(clip):
            self.report({"WARNING"}, "The person lies down in this motion. If it should not, choose another Up Axis")
        self.report({"INFO"}, f"{clip.name}: {clip.seconds:.1f} s at {clip.rate:g} frames per second")
        return {"FINISHED"}
