"""Make Low-Poly: a light copy of a person's surface with the same rig, colours and fine shape."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..scene.low_poly import build_low_poly
from ..scene.person import parts, person_meant
from ..scene.texture import SIZES, why_no_bake
from .job import in_words
from .person import OfPerson
from .texture import SIZE_ITEMS


class DOPPEL_OT_low_poly(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.low_poly"
    bl_label = "Make Low-Poly"
    bl_description = (
        "Copy the selected person's surface with fewer polygons, skinned to the same bones; colour and normals are baked into images. "
        "The full surface is hidden, and exports take what is shown"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "to copy"

    kind: bpy.props.EnumProperty(
        name="Polygons",
        description="What the copy is made of",
        items=[
            ("triangles", "Triangles", "As many as wanted, most where the shape is fine"),
            ("quads", "Quads", "Even quads that follow the shape, for animating and sculpting; takes longer"),
        ],
        default="triangles",
    )
    budget: bpy.props.IntProperty(name="Number", description="About how many polygons", default=10000, min=200, max=500000)
    size: bpy.props.EnumProperty(name="Texture", description="Pixels of the images", items=SIZE_ITEMS, default="2k")

    @staticmethod
    def why_not(person: bpy.types.Collection) -> str:
        return why_no_bake()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            low = build_low_poly(parts(person_meant(context))["surface"], self.kind, self.budget, SIZES[self.size])
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{low.name}: {len(low.data.polygons):,} {self.kind}")
        return {"FINISHED"}
