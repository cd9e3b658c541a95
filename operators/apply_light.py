"""Apply Light: the world becomes the light in which a person's photo was taken, as far as it was estimated."""

from typing import Any

import bpy

from ..scene.person import light_of, person_meant
from ..scene.suns import suns_renewed
from ..scene.world import apply_light
from .person import OfPerson


class DOPPEL_OT_apply_light(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.apply_light"
    bl_label = "Apply Photo's Light"
    bl_description = (
        "Light the scene as the selected person's photo was. A world with a Spherical Harmonics Light node gets the photo's "
        "coefficients, unturned; any other world is kept in the file, and a new one takes its place"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "whose light to apply"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        person = person_meant(context)
        with suns_renewed(context.scene):
            apply_light(context.scene, light_of(person), person.name)
        return {"FINISHED"}
