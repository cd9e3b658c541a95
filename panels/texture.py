"""The sidebar's panel Texture: a texture for the selected person, or a low-poly copy with one."""

import bpy

from .tab import InTab


class DOPPEL_PT_texture(InTab, bpy.types.Panel):
    bl_label = "Texture"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column()
        column.operator_menu_enum("doppel.texture", "size", icon="UV")
        column.operator_context = "INVOKE_DEFAULT"
        column.operator("doppel.low_poly", icon="MOD_DECIM")
