"""Doppel: one photo in, a rigged, relightable 3D person in Blender out. This folder is the Blender extension.

Nothing is imported before `register`, so core and its tests load without Blender.
"""


def register() -> None:
    from . import operators, panels

    operators.register()
    panels.register()


def unregister() -> None:
    from . import operators, panels

    panels.unregister()
    operators.unregister()
