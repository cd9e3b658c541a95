"""The command line's words, the same for `python -m core reconstruct` and `blender --command doppel reconstruct`.

Exit codes: 0 all photos done, 1 some failed, 2 wrong usage, 3 the runtime, Blender or the weights are missing.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .errors import BlenderMissing, DoppelError, RuntimeMissing, SettingInvalid, WeightsCorrupt, WeightsMissing
from .job import Progress, Report, Request, error_message, load_report
from .settings import SETTINGS, Setting
from .worker import run_blocking

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif"}
"""Files of a folder that are taken for photos. A file named by itself is always tried."""

Export = Callable[[Path, list[str], Path], list[Path]]
"""Writes one Avatar file in the formats named (none of them npz) into a folder; the files written."""


def add_arguments(parser: argparse.ArgumentParser) -> argparse._SubParsersAction:
    """`reconstruct` and its options, made from SETTINGS. What further commands are added to."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    reconstruct = commands.add_parser("reconstruct", help="make a rigged person of each photo")
    reconstruct.add_argument("photos", nargs="+", metavar="PHOTO", type=Path, help="image files, or folders of them")
    reconstruct.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the results and report.json")
    for setting in SETTINGS:
        reconstruct.add_argument(
            f"--{setting.name}", default=setting.default, type=_checker(setting), metavar=_form(setting), help=_help(setting)
        )
    reconstruct.add_argument("--weights", default="", metavar="DIR", help="folder of weights instead of the shipped one")
    reconstruct.add_argument("--body-file", default="", metavar="FILE", help="your own SMPL model (.pkl or .npz) instead of the open body")
    return commands


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
    """Run the job of parsed arguments with a progress bar on stderr; the exit code.

    python: finds the Python that runs the child (RuntimeMissing if none). export: writes the formats other than npz.
    """
    try:
        request = _request(arguments)
        report = run_blocking(request, python(), _show_progress)
        _show_progress(Progress("Done", 1.0))
        sys.stderr.write("\n")
        report = _export_all(report, request, export)
        return _summary(report, Path(request.out))
    except DoppelError as error:
        sys.stderr.write(f"\n{error.kind}: {error}\n  {error.hint}\n")
        return _exit_code(error)


def _request(arguments: argparse.Namespace) -> Request:
    photos = [photo for path in arguments.photos for photo in _photos(path)]
    settings = {setting.name: getattr(arguments, setting.name) for setting in SETTINGS}
    return Request(tuple(map(str, photos)), str(arguments.out), settings, arguments.weights, arguments.body_file)


def _photos(path: Path) -> list[Path]:
    """The path itself, or a folder's photos by name. SettingInvalid for a folder without any."""
    if not path.is_dir():
        return [path]
    photos = sorted(file for file in path.iterdir() if file.suffix.lower() in PHOTO_SUFFIXES)
    if not photos:
        raise SettingInvalid(f"The folder {path} holds no photos", f"Photos end in {', '.join(sorted(PHOTO_SUFFIXES))}.")
    return photos


def _export_all(report: Report, request: Request, export: Export) -> Report:
    """Write the other formats of every Avatar; the report with their files, saved again. A failure is that photo's alone."""
    formats = [word for word in str(request.settings["formats"]).split(",") if word != "npz"]
    if not formats:
        return report
    photos = []
    for photo in report.photos:
        try:
            made = [str(file) for avatar in photo.files for file in export(Path(avatar), formats, Path(request.out))]
            photos.append(replace(photo, files=photo.files + tuple(made)))
        except (BlenderMissing, RuntimeMissing):
            raise
        except DoppelError as error:
            sys.stderr.write(f"{photo.photo}: {error}\n")
            photos.append(replace(photo, status="failed", error=error_message(error)))
    report = Report(tuple(photos), report.version)
    return load_report(report.save(Path(request.out) / "report.json"))


def _show_progress(progress: Progress) -> None:
    done = round(progress.fraction * 30)
    sys.stderr.write(f"\r[{'#' * done}{'-' * (30 - done)}] {progress.fraction:4.0%}  {progress.stage:<24}")
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
    sys.stdout.write(f"{len(report.photos) - len(report.failed)} of {len(report.photos)} done; report: {out / 'report.json'}\n")
    return 1 if report.failed else 0


def _exit_code(error: DoppelError) -> int:
    if isinstance(error, RuntimeMissing | BlenderMissing | WeightsMissing | WeightsCorrupt):
        return 3
    return 2 if isinstance(error, SettingInvalid) else 1
