"""The command line of a checkout: `python -m core reconstruct PHOTO… --out DIR`, `export AVATAR… --out DIR`, `doctor`."""

import argparse
import sys
from pathlib import Path

from .blender import blender_command, export
from .command import add_arguments, export_avatars, reconstruct
from .setup import add_doctor, doctor


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m core", description="One photo in, a rigged 3D person out.")
    add_doctor(add_arguments(parser))
    words = parser.parse_args(arguments)
    if words.command == "doctor":
        return doctor(words, lambda: Path(sys.executable), lambda: " ".join(blender_command()))
    if words.command == "export":
        return export_avatars(words)
    return reconstruct(words, lambda: Path(sys.executable), export)


if __name__ == "__main__":
    sys.exit(main())
