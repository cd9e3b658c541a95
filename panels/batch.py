"""The sidebar's panel Batch: a folder of photos into files beside each other, the scene untouched."""

from typing import Any

import bpy

from ..core.settings import RUN_SETTINGS, SETTINGS
from .tab import InTab
from .text import paragraph


class DOPPEL_PT_batch(InTab, bpy.types.Panel):
    bl_label = "Batch"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        settings, layout = scene.doppel, self.layout
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        column.prop(settings, "photo_folder")
        for setting in RUN_SETTINGS:
            column.prop(settings, setting.name)
        if not settings.photo_folder:
            paragraph(layout, context, "Choose a folder of photos", "INFO")
        row = layout.row()
        row.enabled = bool(settings.photo_folder)
        button: Any = row.operator("doppel.batch", icon="FILE_FOLDER")
        button.directory, button.folder = settings.photo_folder, settings.folder
        for setting in (*SETTINGS, *RUN_SETTINGS):
            setattr(button, setting.name, getattr(settings, setting.name))
