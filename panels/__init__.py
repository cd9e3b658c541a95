"""What people see: the sidebar, its properties, the preferences. Draws only; every action is an operator."""

from typing import Any

import bpy

from .light import DOPPEL_PT_light, DOPPEL_PT_light_coefficients
from .preferences import DOPPEL_preferences
from .properties import DOPPEL_settings
from .rig import DOPPEL_PT_rig
from .sidebar import DOPPEL_PT_reconstruct, DOPPEL_PT_result
from .texture import DOPPEL_PT_texture

CLASSES = (
    DOPPEL_settings,
    DOPPEL_preferences,
    DOPPEL_PT_reconstruct,
    DOPPEL_PT_result,
    DOPPEL_PT_light,
    DOPPEL_PT_light_coefficients,
    DOPPEL_PT_texture,
    DOPPEL_PT_rig,
)

scene_type: Any = bpy.types.Scene


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    scene_type.doppel = bpy.props.PointerProperty(type=DOPPEL_settings)


def unregister() -> None:
    del scene_type.doppel
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
