"""`blender --command doppel reconstruct PHOTO… --out DIR`: the words of core.command; this Blender's program writes its own formats."""

import argparse
from functools import partial
from typing import Any

import bpy

from ..core.blender import export
from ..core.command import add_arguments, reconstruct
from .runtime import preference, python

_handles: list[Any] = []


def register_command() -> None:
    _handles.append(bpy.utils.register_cli_command("doppel", run))


def unregister_command() -> None:
    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def run(words: list[str]) -> int:
    """The exit code of the command line after `blender --command doppel`. What it does not name comes from the preferences."""
    parser = argparse.ArgumentParser("blender --command doppel", description="One photo in, a rigged 3D person out.")
    add_arguments(parser)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as end:  # argparse has said what is wrong, or shown its help
        return int(end.code or 0)
    arguments.weights = arguments.weights or preference("weights")
    arguments.body_file = arguments.body_file or preference("body_file")
    return reconstruct(arguments, python, partial(export, program=bpy.app.binary_path))
