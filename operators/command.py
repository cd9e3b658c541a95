"""`blender --command doppel reconstruct PHOTO… --out DIR`, `… export`, `… setup`, `… doctor`: core's words, with this Blender's program."""

import argparse
import os
import subprocess
import sys
from functools import partial
from typing import Any

import bpy

from ..core.blender import export
from ..core.command import add_arguments, export_avatars, reconstruct
from ..core.errors import DoppelError
from ..core.setup import add_doctor, add_setup, doctor, setup
from ..core.worker import ROOT
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
    if arguments.command == "export":
        return export_avatars(arguments, bpy.app.binary_path)
    if arguments.command == "setup":
        for name in ("wheels", "make_with", "index", "torch_index"):
            setattr(arguments, name, getattr(arguments, name) or getattr(preferences(), name, ""))
        return setup(arguments, runtime_folder(), bpy.app.online_access)
    arguments.weights = arguments.weights or preference("weights")
    arguments.body_file = arguments.body_file or preference("body_file")
    if arguments.command == "doctor":
        return doctor(arguments, python, lambda: f"this one, {bpy.app.version_string}")
    if arguments.ray:
        return _in_runtime(words, arguments)
    return reconstruct(arguments, python, partial(export, program=bpy.app.binary_path))


def _in_runtime(words: list[str], arguments: argparse.Namespace) -> int:
    """The exit code of the same words in the Python that computes: Blender's own has no Ray."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DOPPEL_BLENDER": os.environ.get("DOPPEL_BLENDER", bpy.app.binary_path)}
    own = [f"--weights={arguments.weights}", f"--body-file={arguments.body_file}"]
    try:
        return subprocess.run([str(python()), "-m", "core", *words, *own], env=environment, check=False).returncode
    except DoppelError as error:
        sys.stderr.write(f"{error.kind}: {error}\n  {error.hint}\n")
        return 3
