"""The sidebar's panel Export: a button for each program a person can go to."""

import bpy

from ..core.settings import FORMATS
from .tab import InTab


class DOPPEL_PT_export(InTab, bpy.types.Panel):
    bl_label = "Export"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column(align=True)
        column.operator_context = "INVOKE_DEFAULT"  # the folder is asked for, and levels of detail beside it
        for choice in FORMATS.choices:
            if choice.name != "npz":
                column.operator("doppel.export", text=choice.label, icon="EXPORT").formats = {choice.name}
