"""Core's settings as Blender's properties, so that a button, a script and the command line offer the same words."""

from typing import Any

import bpy

from ..core.settings import RUN_SETTINGS, SETTINGS, Setting

PATH_OPTIONS: Any = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
"""Of a path that may begin with // (beside the .blend). Before 4.5 every path may, and the option is unknown."""


def setting_to_property(setting: Setting, default: str = "") -> Any:
    """The bpy property of a Setting: a whole number, one word of several, or a set of words. default: another than the Setting's."""
    texts: dict[str, Any] = {"name": setting.label, "description": setting.tooltip}
    if not setting.choices:
        return bpy.props.IntProperty(default=setting.default, min=setting.minimum, max=setting.maximum, **texts)
    items = [(choice.name, choice.label, choice.tooltip) for choice in setting.choices]
    if setting.several:
        return bpy.props.EnumProperty(items=items, default=set(setting.default.split(",")), options={"ENUM_FLAG"}, **texts)
    return bpy.props.EnumProperty(items=items, default=default or setting.default, **texts)


class SettingProperties:
    """Mixed into an operator or a property group, gives it a property for every Setting, under its name."""

    __annotations__ = {setting.name: setting_to_property(setting) for setting in SETTINGS}


class RunProperties:
    """The same for how a batch is run."""

    __annotations__ = {setting.name: setting_to_property(setting) for setting in RUN_SETTINGS}


def other_formats(properties: Any) -> list[str]:
    """The formats asked for besides the Avatar's own, which is always written."""
    return sorted(properties.formats - {"npz"})


def setting_values(properties: Any) -> dict[str, str | int]:
    """Settings by name, as a Request takes them, from whatever has SettingProperties."""
    values = {setting.name: getattr(properties, setting.name) for setting in SETTINGS}
    return {name: ",".join(sorted(value)) if isinstance(value, set) else value for name, value in values.items()}
