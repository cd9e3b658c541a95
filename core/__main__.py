"""`python -m core reconstruct PHOTO… --out DIR`: the command line of a checkout."""

import argparse
import sys
from pathlib import Path

from .blender import export
from .command import add_arguments, reconstruct


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m core", description="One photo in, a rigged 3D person out.")
    add_arguments(parser)
    return reconstruct(parser.parse_args(arguments), lambda: Path(sys.executable), export)


if __name__ == "__main__":
    sys.exit(main())
