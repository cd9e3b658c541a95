"""The sidebar's panel Light: the photo's light onto the scene, what can be turned on it, and its way in and out of other worlds."""

from typing import Any

import bpy

from ..scene.spherical_harmonics import COEFFICIENTS, ROTATION, SATURATION, STRENGTH
from ..scene.suns import suns_in
from ..scene.world import light_node
from .tab import InTab
from .text import paragraph


class DOPPEL_PT_light(InTab, bpy.types.Panel):
    bl_label = "Light"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("doppel.apply_light", icon="LIGHT_SUN")
        node = light_node(context.scene.world)
        if node:
            _draw_node(layout, node, (STRENGTH, ROTATION, SATURATION))
        else:
            paragraph(layout, context, "This world is not a Spherical Harmonics Light", "INFO")
        suns = suns_in(context.scene) is not None
        if node or suns:
            row = layout.row(align=True)
            row.operator("doppel.add_suns", text="Update Suns" if suns else "Suns for EEVEE", icon="OUTLINER_OB_LIGHT")
            if suns:
                row.operator("doppel.remove_suns", text="", icon="X")
        column = layout.column(align=True)
        column.operator("doppel.fit_light", icon="WORLD")
        column.operator("doppel.bake_light", icon="IMAGE_DATA")


class DOPPEL_PT_light_coefficients(InTab, bpy.types.Panel):
    bl_label = "Coefficients"
    bl_parent_id = "DOPPEL_PT_light"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return light_node(context.scene.world) is not None

    def draw(self, context: bpy.types.Context) -> None:
        _draw_node(self.layout, light_node(context.scene.world), [name for name, _ in COEFFICIENTS])


def _draw_node(layout: bpy.types.UILayout, node: Any, names: Any) -> None:
    """The node's own inputs, so that a key, a driver or a link on them is one on the light. A linked one shows what it is linked to."""
    column = layout.column()
    column.use_property_split = True
    for name in names:
        socket = node.inputs[name]
        if socket.is_linked:
            column.label(text=f"{name}: {socket.links[0].from_node.name}", icon="NODETREE")
        else:
            column.prop(socket, "default_value", text=name)
