"""`blender --command doppel reconstruct PHOTO… --out DIR`, `… setup`, `… doctor`: core's words; this Blender writes its own formats."""

import argparse
from typing import Any

import bpy

from ..core.command import add_arguments, reconstruct
from ..core.setup import add_doctor, add_setup, doctor, setup
from ..scene.batch import convert_avatar
from .runtime import preference, preferences, python, runtime_folder

_handles: list[Any] = []


def register_command() -> None:
    _handles.append(bpy.utils.register_cli_command("doppel", run))


def unregister_command() -> None:
    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def run(words: list[str]) -> int:
    """The exit code of the command line after `blender --command doppel`. What it does not name comes from the preferences."""
    parser = argparse.ArgumentParser("blender --command doppel", description="One photo in, a rigged 3D person out.")
    commands = add_arguments(parser)
    add_setup(commands)
    add_doctor(commands)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as end:  # argparse has said what is wrong, or shown its help
        return int(end.code or 0)
    if arguments.command == "setup":
        for name in ("wheels", "make_with", "index", "torch_index"):
            setattr(arguments, name, getattr(arguments, name) or getattr(preferences(), name, ""))
        return setup(arguments, runtime_folder(), bpy.app.online_access)
    arguments.weights = arguments.weights or preference("weights")
    arguments.body_file = arguments.body_file or preference("body_file")
    if arguments.command == "doctor":
        return doctor(arguments, python, lambda: f"this one, {bpy.app.version_string}")
    return reconstruct(arguments, python, convert_avatar)
