"""The words `doctor` and `setup` of the command line; those of `reconstruct` are in `core.command`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .doctor import examine, page, ready
from .errors import DoppelError
from .job import Progress
from .removal import STAGE, delete, put_aside, waiting
from .runtime import FLAVOUR, GIB, Installation, read_runtime, usual_flavour
from .worker import Worker


def add_doctor(commands) -> None:
    """`doctor` and its options."""
    doctor = commands.add_parser("doctor", help="say what is there, what is missing and what to press")
    doctor.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where results would go (default: here)")
    doctor.add_argument("--weights", default="", metavar="DIR", help="folder of weights instead of the shipped one")
    doctor.add_argument("--body-file", default="", metavar="FILE", help="your own SMPL model (.pkl or .npz) instead of the open body")


def add_setup(commands) -> None:
    """`setup` and its options."""
    setup = commands.add_parser("setup", help="install the Python environment that computes, or mend it")
    words = [choice.name for choice in FLAVOUR.choices]
    setup.add_argument("--flavour", choices=words, default=usual_flavour(), help="build of torch (default here: %(default)s)")
    setup.add_argument("--wheels", default="", metavar="DIR", help="folder of wheels to install from, without a network")
    setup.add_argument("--index", default="", metavar="URL", help="package index instead of pip's own")
    setup.add_argument("--torch-index", default="", metavar="URL", help="package index for torch alone")
    setup.add_argument("--make-with", default="", metavar="FILE", help="the Python to make it with, 3.11 to 3.14 (default: Blender's own)")
    setup.add_argument("--remove", action="store_true", help="remove the runtime instead")


def doctor(arguments: argparse.Namespace, python: Callable[[], Path], blender: Callable[[], str]) -> int:
    """Print the page; 0 where all that is needed is there, else 3."""
    findings = examine(python, arguments.weights, arguments.body_file, arguments.out, blender)
    sys.stdout.write(page(findings))
    return 0 if ready(findings) else 3


def setup(arguments: argparse.Namespace, folder: Path, online: bool) -> int:
    """Install the runtime into the folder, or remove it, with every line of pip; 0 when done, else 3. online: whether the network may be
    used."""
    try:
        if arguments.remove:
            return _remove(folder)
        if not arguments.wheels and not online:
            sys.stderr.write("OnlineAccessOff: Blender may not use the network\n  Add --online-mode before --command, or give --wheels.\n")
            return 3
        python = arguments.make_with or sys.executable
        wanted = Installation(str(folder), arguments.flavour, python, arguments.index, arguments.torch_index, arguments.wheels)
        worker = Worker(wanted, Path(python), module="core.install", read=read_runtime)
        made = worker.wait(_say(), lambda line: sys.stdout.write(f"    {line}\n"))
    except DoppelError as error:
        sys.stderr.write(f"{error.kind}: {error}\n  {error.hint}\n")
        return 3
    sys.stdout.write(
        f"The runtime is installed in {folder}: torch {made.torch}, on {made.device}\n" + (f"{made.note}\n" if made.note else "")
    )
    return 0


def _remove(folder: Path) -> int:
    """Delete the runtime, and what earlier removals left of others; 0. FolderNotWritable."""
    put_aside(folder)
    sys.stdout.write(f"{STAGE}\n")
    sys.stdout.flush()
    freed = delete(waiting(folder))
    sys.stdout.write(f"The runtime is removed: {freed / GIB:.1f} GiB are free again\n")
    return 0


def _say() -> Callable[[Progress], None]:
    """Writes each stage when it begins."""
    last: list[str] = []

    def say(progress: Progress) -> None:
        if last[-1:] != [progress.stage]:
            last.append(progress.stage)
            sys.stdout.write(f"{progress.stage}\n")
            sys.stdout.flush()

    return say
