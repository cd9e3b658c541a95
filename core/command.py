"""The command line's words, the same for `python -m core reconstruct` and `blender --command doppel reconstruct`.

Exit codes: 0 all photos done, 1 some failed, 2 wrong usage, 3 the runtime, Blender or the weights are missing.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .batch import Batch, Export, Part
from .blender import export as export_by_blender
from .capacity import usable_cores, workers_for
from .errors import BlenderMissing, DoppelError, RuntimeMissing, SettingInvalid, WeightsCorrupt, WeightsMissing
from .job import Progress, Report, Request
from .photo_list import list_photos
from .settings import FORMATS, LODS, RUN_SETTINGS, SETTINGS, Setting
from .summary import in_short
from .worker import Worker, wait_for


def add_arguments(parser: argparse.ArgumentParser) -> argparse._SubParsersAction:
    """`reconstruct`, also called `batch`, and `export` with their options, made from the settings. What further commands are added to."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    exporter = commands.add_parser("export", help="write Avatar files (.npz) in other formats")
    exporter.add_argument("avatars", nargs="+", metavar="AVATAR", type=Path, help="the .npz files of earlier reconstructions")
    exporter.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the files")
    for setting in (replace(FORMATS, default="glb"), LODS):
        _add(exporter, setting)
    reconstruct = commands.add_parser("reconstruct", aliases=["batch"], help="make a rigged person of each photo")
    reconstruct.add_argument("photos", nargs="+", metavar="PHOTO", type=Path, help="image files, folders of them, or patterns in quotes")
    reconstruct.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the results and the report")
    for setting in SETTINGS + RUN_SETTINGS:
        _add(reconstruct, setting)
    reconstruct.add_argument("--weights", default="", metavar="DIR", help="folder of weights instead of the shipped one")
    reconstruct.add_argument("--body-file", default="", metavar="FILE", help="your own SMPL model (.pkl or .npz) instead of the open body")
    reconstruct.add_argument(
        "--ray", default="", metavar="ADDRESS", help="a Ray cluster that computes, such as `auto` (requirements/ray.txt)"
    )
    reconstruct.add_argument(
        "--part",
        default=Part(),
        type=_part,
        metavar="I/N",
        help="every N-th photo only, from the I-th: for several computers in one folder",
    )
    return commands


def _add(parser: argparse.ArgumentParser, setting: Setting) -> None:
    parser.add_argument(f"--{setting.name}", default=setting.default, type=_checker(setting), metavar=_form(setting), help=_help(setting))


def _cluster(address: str, request: Request):
    """The Cluster at the address. Only the child's Python has what its module needs."""
    try:
        from .cluster import Cluster
    except ImportError as error:
        raise RuntimeMissing(f"{sys.executable} lacks a package: {error}") from error
    return Cluster(address, request)


def _part(text: str) -> Part:
    number, slash, of = text.partition("/")
    if not (slash and number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"“{text}” is not a part such as 2/5")
    return Part(int(number), int(of))


def _form(setting: Setting) -> str:
    return ("," if setting.several else "|").join(choice.name for choice in setting.choices) or "N"


def _help(setting: Setting) -> str:
    return f"{setting.tooltip[0].lower()}{setting.tooltip[1:]} (default: {setting.default})"


def _checker(setting: Setting) -> Callable[[str], str | int]:
    def check(value: str) -> str | int:
        try:
            return setting.checked(value)
        except SettingInvalid as error:
            raise argparse.ArgumentTypeError(f"{error}. {error.hint}") from error

    return check


def reconstruct(arguments: argparse.Namespace, python: Callable[[], Path], export: Export) -> int:
    """Run the batch of parsed arguments with a progress bar on stderr; the exit code.

    python: finds the Python that runs the children (RuntimeMissing if none). export: writes the formats other than npz.
    """
    try:
        batch = make_batch(arguments, python, export)
        report = wait_for(batch, _show_progress)
        _show_progress(Progress("Done", 1.0))
        sys.stderr.write("\n")
        return _summary(report, Path(batch.request.out))
    except DoppelError as error:
        sys.stderr.write(f"\n{error.kind}: {error}\n  {error.hint}\n")
        return _exit_code(error)


def export_avatars(arguments: argparse.Namespace, program: str = "") -> int:
    """Write the Avatars of parsed arguments in their formats, by Blender as a child; the exit code. program: a Blender, if one is known.

    One that fails does not stop the others.
    """
    formats = [word for word in arguments.formats.split(",") if word != "npz"]
    failed = []
    for avatar in arguments.avatars:
        try:
            files = export_by_blender(avatar.absolute(), formats, arguments.out.absolute(), program, arguments.lods)
            sys.stdout.write(f"{avatar.name}: {', '.join(file.name for file in files)}\n")
        except DoppelError as error:
            sys.stderr.write(f"{avatar.name}: {error.kind}: {error}\n  {error.hint}\n")
            failed.append(error)
    return max(map(_exit_code, failed), default=0)


def make_batch(arguments: argparse.Namespace, python: Callable[[], Path], export: Export) -> Batch:
    """The Batch that parsed arguments ask for, as far as possible with an error before anything is started."""
    photos = list_photos(arguments.photos, arguments.out)
    settings = {setting.name: getattr(arguments, setting.name) for setting in SETTINGS}
    request = Request(tuple(map(str, photos)), str(arguments.out), settings, arguments.weights, arguments.body_file)
    keep = arguments.earlier == "keep"
    if arguments.ray:
        cluster = _cluster(arguments.ray, request)
        return Batch(request, cluster.start, export, arguments.workers or cluster.workers, keep, arguments.part, share=1)
    workers = arguments.workers or workers_for(str(settings["device"]), str(settings["formats"]))
    workers = min(workers, len(photos))
    path, threads = python(), max(1, usable_cores() // workers)
    return Batch(
        request,
        lambda share, folder: Worker(share, path, folder, threads=threads),
        export,
        workers,
        keep,
        arguments.part,
    )


def _show_progress(progress: Progress) -> None:
    done = round(progress.fraction * 30)
    sys.stderr.write(f"\r[{'#' * done}{'-' * (30 - done)}] {progress.fraction:4.0%}  {progress.stage:<36}")
    sys.stderr.flush()


def _summary(report: Report, out: Path) -> int:
    """Say what became of each photo; 0 if all are done, else 1."""
    for photo in report.photos:
        seconds = sum(photo.seconds.values())
        outcome = (
            f"{photo.error.kind}: {photo.error.text}. {photo.error.hint}"
            if photo.error
            else ", ".join(Path(file).name for file in photo.files)
        )
        held = ", ".join(f"{amount:g} GiB{' of the GPU' if kind == 'gpu' else ''}" for kind, amount in photo.memory.items())
        sys.stdout.write(f"{Path(photo.photo).name}: {outcome} ({seconds:.1f} s{', ' + held if held else ''})\n")
        for warning in photo.warnings:
            sys.stdout.write(f"  warning: {warning}\n")
    sys.stdout.write(f"{in_short(report)}; report: {out / 'report.html'}\n")
    return 1 if report.failed else 0


def _exit_code(error: DoppelError) -> int:
    if isinstance(error, RuntimeMissing | BlenderMissing | WeightsMissing | WeightsCorrupt):
        return 3
    return 2 if isinstance(error, SettingInvalid) else 1
