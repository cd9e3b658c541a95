"""`python -m core reconstruct PHOTO… --out DIR` and `export AVATAR… --out DIR`: the command line of a checkout."""

import argparse
import sys
from pathlib import Path

from .blender import export
from .command import add_arguments, export_avatars, reconstruct


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m core", description="One photo in, a rigged 3D person out.")
    add_arguments(parser)
    parsed = parser.parse_args(arguments)
    if parsed.command == "export":
        return export_avatars(parsed)
    return reconstruct(parsed, lambda: Path(sys.executable), export)


if __name__ == "__main__":
    sys.exit(main())
