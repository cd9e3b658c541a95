"""Make Texture: a person's colours as an image over texture coordinates, instead of one colour per vertex."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..scene.person import parts, person_meant
from ..scene.texture import SIZES, give_texture, why_no_bake
from .job import in_words
from .person import OfPerson

SIZE_ITEMS = [(name, name, f"{side} × {side} pixels") for name, side in SIZES.items()]


class DOPPEL_OT_texture(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.texture"
    bl_label = "Make Texture"
    bl_description = (
        "Unwrap the selected person's surface and bake its colour into an image. "
        "The photo's own detail is only in textures that were asked for when reconstructing"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "whose colours to bake"

    size: bpy.props.EnumProperty(name="Size", description="Pixels of the texture", items=SIZE_ITEMS, default="2k")

    @staticmethod
    def why_not(person: bpy.types.Collection) -> str:
        return why_no_bake()

    def execute(self, context: bpy.types.Context) -> set[Any]:
        surface = parts(person_meant(context))["surface"]
        try:
            give_texture(surface, SIZES[self.size])
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        return {"FINISHED"}
