"""What people see: the sidebar, its properties, the preferences. Draws only; every action is an operator."""

from typing import Any

import bpy

from .batch import DOPPEL_PT_batch
from .export import DOPPEL_PT_export
from .light import DOPPEL_PT_light, DOPPEL_PT_light_coefficients
from .photo import DOPPEL_PT_body, DOPPEL_PT_photo, DOPPEL_PT_surface, DOPPEL_UL_photos
from .preferences import DOPPEL_preferences
from .properties import DOPPEL_photo, DOPPEL_settings
from .rig import DOPPEL_PT_rig
from .runtime import DOPPEL_PT_runtime
from .sidebar import DOPPEL_PT_reconstruct, DOPPEL_PT_result
from .texture import DOPPEL_PT_texture

CLASSES = (
    DOPPEL_photo,
    DOPPEL_settings,
    DOPPEL_preferences,
    DOPPEL_PT_runtime,
    DOPPEL_UL_photos,
    DOPPEL_PT_photo,
    DOPPEL_PT_body,
    DOPPEL_PT_surface,
    DOPPEL_PT_reconstruct,
    DOPPEL_PT_batch,
    DOPPEL_PT_result,
    DOPPEL_PT_light,
    DOPPEL_PT_light_coefficients,
    DOPPEL_PT_texture,
    DOPPEL_PT_rig,
    DOPPEL_PT_export,
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
