"""Smooth Weights: a person's skin weights more even over the surface, everywhere or where its vertices are selected."""

from typing import Any

import bpy

from ..scene.person import parts, person_meant
from ..scene.weights import smooth_weights
from .person import OfPerson


class DOPPEL_OT_smooth_weights(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.smooth_weights"
    bl_label = "Smooth Weights"
    bl_description = (
        "Even out the skin weights of the selected person's surface, all bones at once, at most four each. "
        "The photo's pose changes a little with them"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    to = "whose weights to smooth"

    steps: bpy.props.IntProperty(name="Steps", description="How many vertices far weights are evened out", default=5, min=1, max=100)
    strength: bpy.props.FloatProperty(
        name="Strength",
        description="How much of its neighbours' mean a vertex takes each time",
        default=0.5,
        min=0,
        max=1,
        subtype="FACTOR",
    )
    selected: bpy.props.BoolProperty(
        name="Selected Vertices Only",
        description="Leave vertices alone that are not selected in the surface's edit mode",
        default=False,
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        surface: Any = parts(person_meant(context))["surface"]
        mode = surface.mode
        if mode == "EDIT":  # selection and weights are in the mesh itself only outside its edit mode
            bpy.ops.object.mode_set(mode="OBJECT")
        chosen = [vertex.index for vertex in surface.data.vertices if vertex.select] if self.selected else None
        changed = smooth_weights(surface, self.steps, self.strength, chosen)
        if mode == "EDIT":
            bpy.ops.object.mode_set(mode="EDIT")
        self.report({"INFO"}, f"The weights of {changed:,} of {len(surface.data.vertices):,} vertices were smoothed")
        return {"FINISHED"}
