"""Blender as a child process, for the file formats that only Blender writes. Core itself never imports bpy.

The program is DOPPEL_BLENDER if that is set, else the one a caller knows, else this Python with the `bpy` wheel. All run scene/__main__.py.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from .errors import BlenderMissing, Unexpected, from_kind
from .worker import ROOT

SCRIPT = ROOT / "scene" / "__main__.py"


def blender_command(program: str = "") -> list[str]:
    """The start of the command line that runs scene/__main__.py. BlenderMissing where there is neither program nor wheel."""
    named = os.environ.get("DOPPEL_BLENDER", "")
    program = named or program
    if program:
        if not Path(program).is_file():
            raise BlenderMissing(f"DOPPEL_BLENDER names {named}, which is not a file")
        return [program, "-b", "--factory-startup", "-P", str(SCRIPT), "--"]
    if importlib.util.find_spec("bpy") is None:
        raise BlenderMissing("glb, obj, blend and fbx files are written by Blender, and none was found")
    return [sys.executable, str(SCRIPT)]


def export(avatar: Path, formats: list[str], out: Path, program: str = "", lods: int = 0) -> list[Path]:
    """Write one Avatar file in these formats into `out`. lods: lighter copies besides, 0 to 3.

    The files written. Errors are those of scene/export, or Unexpected with Blender's last words.
    """
    command = [*blender_command(program), str(avatar), "--formats", ",".join(formats), "--out", str(out), "--lods", str(lods)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    answer = _last_json(child.stdout)
    if "files" in answer:
        return [Path(file) for file in answer["files"]]
    if "kind" in answer:
        raise from_kind(answer["kind"], answer["text"], answer["hint"])
    words = (child.stderr or child.stdout).strip().splitlines()
    raise Unexpected(f"Blender could not write {avatar.stem}: {words[-1] if words else f'it ended with code {child.returncode}'}")


def _last_json(text: str) -> dict:
    """The last line that is a JSON object; {} if there is none (Blender prints lines of its own)."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    return {}
