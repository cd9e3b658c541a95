"""The child process: a request file in, messages on stdout, Avatars and report.json in the output folder.

By hand: `python -m core.run request.json`, with a request that `Request.save` wrote. With a number of seconds after it the process stays
for so long, its models loaded, and does what the next line of stdin names: the path of another request, which begins such a wait anew.
"""

import os
import queue
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from . import __version__, memory
from .child import end_with_parent, sender, take_stdout
from .errors import DoppelError, FolderNotWritable, OutOfMemory, RuntimeMissing, Unexpected
from .folder import locked, open_folder
from .job import Done, Message, PhotoEnded, PhotoReport, Progress, Report, Request, error_message, load_request
from .photo_list import output_names


def main(arguments: list[str]) -> int:
    """0 when every job came to its end (single photos may have failed), 1 when one failed as a whole, which is the last; either way a
    message says so."""
    send, shelf = sender(take_stdout()), Shelf()
    try:
        for path in asked(arguments, end_with_parent()):
            send(Done(str(run_job(load_request(path), send, shelf))))
            memory.give_back()
    except Exception as error:
        traceback.print_exc()
        send(error_message(to_doppel_error(error)))
        return 1
    return 0


def asked(arguments: list[str], lines: queue.SimpleQueue[str]) -> Iterator[Path]:
    """The request of the command line, then those that are asked for while this process is kept."""
    yield Path(arguments[0])
    while len(arguments) > 1:
        try:
            yield Path(lines.get(timeout=float(arguments[1])))
        except queue.Empty:
            return


class Shelf:
    """The models of the last job, for a next one that is to be done with the same files on the same device."""

    def __init__(self) -> None:
        self.key: tuple = ()
        self.models = None

    def take(self, pipeline, request: Request):
        """The request's models, loaded where they are not there. Those that are there go first: never two of a kind. As `load_models`."""
        files = pipeline.model_files(request)
        key = request.weights, request.settings["device"], *((name, path, _changed(path)) for name, path in files.items())
        if self.models is None or self.key != key:
            self.models = None
            self.models, self.key = pipeline.load_models(request), key
        return self.models


def _changed(path: Path) -> int:
    """When the file was changed last, 0 where there is none."""
    return os.stat(path).st_mtime_ns if path.is_file() else 0


def run_job(request: Request, send: Callable[[Message], None], shelf: Shelf | None = None) -> Path:
    """Reconstruct every photo of the request and write its report; the report's path. One bad photo does not stop the others."""
    send(Progress("Starting", 0.0))
    pipeline = _import_pipeline()
    out = open_folder(Path(request.out))
    with nullcontext() if request.report else locked(out):  # whoever says where the report goes holds the folder
        models = (shelf or Shelf()).take(pipeline, request)
        reports = []
        for number, (photo, name) in enumerate(zip(request.photos, request.names or output_names(request.photos), strict=True)):
            clock = pipeline.Clock(_stage_progress(pipeline.STAGES, number, len(request.photos), send))
            reports.append(_one_photo(pipeline, Path(photo), out / name, request, models, clock))
            send(PhotoEnded(reports[-1]))
        return Report(tuple(reports), __version__).save(Path(request.report or out / "report.json"))


def _one_photo(pipeline, photo: Path, target: Path, request: Request, models, clock) -> PhotoReport:
    """Reconstruct one photo into target.npz, target-2.npz, …; any error becomes the report's. A GPU whose memory runs out, also for small
    parts, is given up for this photo: the processor does it from the start."""
    memory.forget_peak()
    files: list[str] = []
    warnings: list[str] = []
    error = _people(pipeline, photo, target, request, models, clock, files, warnings)
    if error and memory.ran_out(error) and models.device.type != "cpu":
        error = None  # its traceback holds what the GPU should give back
        pipeline.gpu_memory()
        files.clear()
        warnings[:] = ["The GPU's memory ran out: this photo was done on the processor"]
        request = replace(request, settings={**request.settings, "device": "cpu"})
        error = _people(pipeline, photo, target, request, pipeline.load_models(request), clock, files, warnings)
    held = {"main": round(memory.peak() / 2**30, 2)}
    gpu = pipeline.gpu_memory()
    if gpu:
        held["gpu"] = round(gpu / 2**30, 2)
    told = error_message(to_doppel_error(error)) if error else None
    return PhotoReport(str(photo), "failed" if error else "done", clock.seconds, tuple(files), told, tuple(warnings), held)


def _people(
    pipeline, photo: Path, target: Path, request: Request, models, clock, files: list[str], warnings: list[str]
) -> Exception | None:
    """Write every person of the photo, adding to files and warnings; the error that ended it, or None. FolderNotWritable."""
    try:
        for avatar in pipeline.reconstruct(photo, request, models, clock):
            number = len(files) + 1
            path = target.with_name(target.name + ("" if number == 1 else f"-{number}") + ".npz")
            files.append(str(avatar.save(path)))
            warnings += avatar.meta.get("warnings", [])
            if request.previews:
                from .preview import save_preview

                save_preview(avatar, photo, Path(request.previews) / f"{path.stem}.jpg")
    except FolderNotWritable:
        raise
    except Exception as error:
        traceback.print_exc()
        return error
    return None


def to_doppel_error(error: Exception) -> DoppelError:
    """The error itself, or what a user should hear of it."""
    if isinstance(error, DoppelError):
        return error
    if memory.ran_out(error):
        return OutOfMemory("Memory ran out")
    return Unexpected(f"{type(error).__name__}: {error}")


def _import_pipeline():
    """The pipeline with everything it needs; RuntimeMissing names the package that is not there."""
    try:
        from . import pipeline
    except ImportError as error:
        raise RuntimeMissing(f"{sys.executable} lacks a package: {error}") from error
    return pipeline


def _stage_progress(stages: dict[str, float], number: int, count: int, send: Callable[[Message], None]) -> Callable[[str], None]:
    """Called with a stage's name as it begins: sends progress over the whole job. A later person's stages never move it back."""
    names, furthest = list(stages), [0.0]

    def on_stage(stage: str) -> None:
        before = sum(stages[name] for name in names[: names.index(stage)])
        furthest[0] = max(furthest[0], before)
        send(Progress(stage, (number + furthest[0]) / count))

    return on_stage


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
