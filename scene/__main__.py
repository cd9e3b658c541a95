"""Avatar files to Blender's formats, as a program: `python scene/__main__.py walk.npz --formats glb,blend --out DIR --sheet`.

Runs with the bpy wheel or inside a Blender (`blender -b -P scene/__main__.py -- walk.npz …`). Its last line is JSON: {"files": […]}, or
the error's kind, text and hint. Exit code: 0 done, 1 failed, 2 usage.
"""

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "doppel"


def load_package() -> None:
    """Import the repository's root as the package `doppel`, whatever its folder is called, so that its relative imports work."""
    spec = importlib.util.spec_from_file_location(PACKAGE, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[PACKAGE])


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("scene", description="Avatar files to Blender's formats.")
    parser.add_argument("avatars", nargs="+", type=Path, metavar="AVATAR.npz")
    parser.add_argument("--formats", default="", help="glb, fbx, unity, unreal, mixamo, usd, obj, blend, separated by commas")
    parser.add_argument("--lods", type=int, default=0, metavar="N", help="lighter copies besides the full surface, 0 to 3")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR")
    parser.add_argument("--photo", type=Path, help="the photo behind the camera (default: the Avatar's, where it still is)")
    parser.add_argument(
        "--sheet",
        type=int,
        nargs="?",
        const=1,
        default=0,
        metavar="POSES",
        help="also write a picture from four sides, NAME-sheet.png; with 2, in a second pose too",
    )
    return parser.parse_args(arguments)


def convert(arguments: argparse.Namespace) -> list[Path]:
    """Write the files of every Avatar, each from an otherwise empty scene; their paths."""
    from doppel.scene.batch import convert_avatar

    formats = [word for word in arguments.formats.split(",") if word]
    return [
        file
        for avatar in arguments.avatars
        for file in convert_avatar(avatar, formats, arguments.out.absolute(), arguments.photo, arguments.sheet, arguments.lods)
    ]


def main(arguments: list[str]) -> int:
    parsed = parse(arguments)
    load_package()
    from doppel.core.errors import DoppelError

    try:
        answer: dict[str, str | list[str]] = {"files": [str(file) for file in convert(parsed)]}
    except DoppelError as error:
        answer = {"kind": error.kind, "text": str(error), "hint": error.hint}
    print("\n" + json.dumps(answer), flush=True)
    return 0 if "files" in answer else 1


if __name__ == "__main__":
    inside_blender = "--" in sys.argv
    status = main(sys.argv[sys.argv.index("--") + 1 :] if inside_blender else sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # on its way out bpy may wait for ever for one of its threads; everything is written by now
