"""The sidebar's panels Photo, Body and Surface: what is to be reconstructed, in the order of work."""

from pathlib import Path
from typing import Any

import bpy

from ..core.estimate import estimate, in_words
from ..operators.photos import chosen_photos
from ..operators.runtime import preference
from .tab import InTab
from .text import paragraph


class DOPPEL_PT_photo(InTab, bpy.types.Panel):
    bl_label = "Photo"

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        settings, layout = scene.doppel, self.layout
        layout.template_ID(settings, "photo", open="image.open")
        preview = settings.photo.preview if settings.photo else None
        if preview:
            layout.template_icon(icon_value=preview.icon_id, scale=8)
        row = layout.row(align=True)
        row.operator("doppel.add_photos", icon="ADD")
        if settings.photos:
            row.operator("doppel.remove_photo", text="", icon="REMOVE")
            layout.template_list("DOPPEL_UL_photos", "", settings, "photos", settings, "active_photo", rows=3)
        _properties(layout, settings, "people")


class DOPPEL_UL_photos(bpy.types.UIList):
    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:  # type: ignore[override]
        layout.label(text=Path(item.name).name, icon="IMAGE_DATA")


class DOPPEL_PT_body(InTab, bpy.types.Panel):
    bl_label = "Body"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        _properties(self.layout, scene.doppel, "sex")
        own = preference("body_file")
        paragraph(
            self.layout, context, f"Your own {Path(own).name}, under its licence" if own else "The open body, free for any use", "INFO"
        )


class DOPPEL_PT_surface(InTab, bpy.types.Panel):
    bl_label = "Surface"

    def draw(self, context: bpy.types.Context) -> None:
        scene: Any = context.scene
        settings = scene.doppel
        _properties(self.layout, settings, "surface", "quality", "triangles", "texture", "device")
        takes = estimate(settings.quality, len(chosen_photos(settings)))
        more = "" if settings.texture == "none" else ", more with a texture"
        words = f"About {in_words(takes.seconds)} on two cores, {takes.memory:g} GiB of memory{more}"
        paragraph(self.layout, context, words, "TIME")


def _properties(layout: bpy.types.UILayout, settings: Any, *names: str) -> None:
    column = layout.column()
    column.use_property_split, column.use_property_decorate = True, False
    for name in names:
        column.prop(settings, name)
