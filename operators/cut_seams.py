"""Cut Seams: parts of a person that touch in the photo become separate, so that no skin is drawn out between them."""

from typing import Any

import bpy

from ..scene.person import parts, person_meant
from ..scene.seams import cut_seams, why_no_cut
from .person import OfPerson


class DOPPEL_OT_cut_seams(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.cut_seams"
    bl_label = "Cut Seams"
    bl_description = (
        "Cut the selected person's surface where parts touch in the photo (a hand on a face, an arm at the hip), so that no skin is drawn "
        "out between them in other poses. Both sides are closed"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "to cut"

    factor: bpy.props.FloatProperty(
        name="Stretched",
        description="How many times longer in the T pose than in the photo an edge is to be cut",
        default=4,
        min=1.5,
    )

    @staticmethod
    def why_not(person: bpy.types.Collection) -> str:
        return why_no_cut(parts(person)["armature"])

    def execute(self, context: bpy.types.Context) -> set[Any]:
        person = parts(person_meant(context))
        cut, still = cut_seams(person["surface"], person["armature"], self.factor)
        if still:
            self.report({"WARNING"}, f"{still} edges are still open, because their holes could not be closed")
        self.report({"INFO"}, f"{cut:,} faces were cut")
        return {"FINISHED"}
