"""Text that wraps, which Blender's labels do not."""

import textwrap
from typing import Any

import bpy

CHARACTER_WIDTH = 6.5
"""Mean pixels per character of Blender's interface font at scale 1, measured on a screenshot."""


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: Any = "NONE") -> None:
    """Draw the text in as many labels as the region's width asks for, the icon before the first."""
    scale = context.preferences.system.ui_scale * CHARACTER_WIDTH
    width = context.region.width if context.region else 300
    column = layout.column(align=True)
    for number, line in enumerate(textwrap.wrap(text, max(16, int(width / scale) - 8))):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")
