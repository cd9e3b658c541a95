"""Photos on a Ray cluster: a task each, which Ray starts again elsewhere where its machine or process dies.

Nothing but Ray and the packages of requirements/runtime.txt need be on the machines: code and weights travel once as an archive, a photo
goes with its task, and its Avatars come back and are written here. No folder is shared.
"""

import os
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .capacity import NEED
from .errors import FolderNotWritable, OutOfMemory, RuntimeMissing, SettingInvalid, WorkerCrashed
from .job import Done, Error, Message, PhotoEnded, Request, error_message, load_report, photo_report
from .run import run_job, to_doppel_error
from .weights import FOLDER
from .worker import ROOT

RETRIES = 3
"""How often Ray starts a photo again after its process died."""

OWN_WEIGHTS, OWN_BODY = "own_weights", "own_body"
"""Folders in the archive for the user's own files."""

Made = tuple[dict[str, Any], dict[str, bytes], dict[str, bytes]]
"""What comes back: the PhotoReport or Error as JSON values, result files and previews by name."""


class Cluster:
    """A connection to a Ray cluster, over which photos are made. address: as `ray.init` takes it, or `local` for one of our own.

    RuntimeMissing without Ray, SettingInvalid where nothing answers at the address.
    """

    def __init__(self, address: str, request: Request):
        try:
            import ray
        except ImportError as error:
            raise RuntimeMissing("Ray is not installed", "Run `pip install -r requirements/ray.txt`.") from error
        self.ray = ray
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster of our own reports to nobody
        own = {"include_dashboard": False} if address == "local" else {}
        quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
        with TemporaryDirectory(prefix="doppel-") as folder:
            environment = {"working_dir": str(_archive(request, Path(folder) / "doppel.zip")), "env_vars": {"PYTHONNOUSERSITE": "1"}}
            try:
                ray.init(address, runtime_env=environment, **own, **quiet)
            except Exception as error:  # where its own processes do not come up in time Ray raises a bare one
                hint = "Start one with `ray start --head`; if there is one, wait until its computer is less busy."
                raise SettingInvalid(f"No Ray cluster answers at {address}: {_first_line(error)}", hint) from error
        gpus = 1 if request.settings["device"] == "cuda" else 0
        self.make = ray.remote(num_cpus=1, num_gpus=gpus, memory=NEED, max_retries=RETRIES)(make_photo)
        there = ray.cluster_resources()
        per_gpu = int(there.get("GPU", 0)) if gpus else None
        room = min(int(there.get("CPU", 1)), int(there.get("memory", NEED) // NEED))
        self.workers = max(1, room if per_gpu is None else min(room, per_gpu))

    def start(self, request: Request, folder: Path) -> "Remote":
        """The first photo of the request as a task. FolderNotWritable and the like come with its messages."""
        photo = Path(request.photos[0])
        try:
            data = photo.read_bytes()
        except OSError:  # the task finds that it cannot be read, and says so
            data = None
        own_weights, own_body = request.weights and OWN_WEIGHTS, request.body_file and f"{OWN_BODY}/{Path(request.body_file).name}"
        task = self.make.remote(photo.name, data, request.names[0], dict(request.settings), own_weights, own_body)
        return Remote(self.ray, task, request)

    def close(self) -> None:
        """Leave the cluster; one of our own ends."""
        self.ray.shutdown()


@dataclass
class Remote:
    """A task on the cluster, from outside like a Worker."""

    ray: Any
    task: Any
    request: Request
    ended: bool = False

    def poll(self, timeout: float | None = None) -> list[Message]:
        """Nothing while it runs; then the photo's report, its files written, and Done; or the Error."""
        if self.ended or not self.ray.wait([self.task], timeout=timeout or 0)[0]:
            return []
        self.ended = True
        try:
            report, files, previews = self.ray.get(self.task)
        except self.ray.exceptions.OutOfMemoryError:
            return [error_message(OutOfMemory("Memory ran out on the cluster"))]
        except self.ray.exceptions.RayError as error:
            return [error_message(WorkerCrashed(f"The task ended unexpectedly, {RETRIES + 1} times: {_first_line(error)}"))]
        if "photo" not in report:
            return [Error(**report)]
        photo = photo_report(report | {"photo": self.request.photos[0]})
        try:
            _write(files, Path(self.request.out))
            _write(previews, Path(self.request.previews))
        except FolderNotWritable as error:
            return [error_message(error)]
        return [PhotoEnded(replace(photo, files=tuple(str(Path(self.request.out) / name) for name in files))), Done(self.request.report)]

    def cancel(self) -> None:
        self.ray.cancel(self.task, force=True)


def make_photo(photo_name: str, photo: bytes | None, name: str, settings: dict[str, Any], weights: str, body_file: str) -> Made:
    """One photo made on a machine of the cluster, in a folder of its own. photo: the file's bytes, None where it could not be read."""
    with TemporaryDirectory(prefix="doppel-") as folder:
        path, out, previews = Path(folder) / "photo" / photo_name, Path(folder) / "out", Path(folder) / "previews"
        path.parent.mkdir()
        if photo is not None:
            path.write_bytes(photo)
        own = [str(ROOT / word) if word else "" for word in (weights, body_file)]
        request = Request((str(path),), str(out), settings, *own, (name,), str(Path(folder) / "report.json"), str(previews))
        try:
            (report,) = load_report(run_job(request, lambda message: None)).photos
        except Exception as error:  # noqa: BLE001 - whatever it is travels home as an error with a kind
            return asdict(error_message(to_doppel_error(error))), {}, {}
        made = {Path(file).name: Path(file).read_bytes() for file in report.files}
        return asdict(report), made, {file.name: file.read_bytes() for file in sorted(previews.glob("*.jpg"))}


def _archive(request: Request, target: Path) -> Path:
    """core, weights and the user's own files as a .zip at `target`, of the same bytes each time, so that machines fetch it once."""
    files = {path: path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "core").rglob("*")) if path.suffix in (".py", ".toml")}
    files |= _flat(FOLDER, "weights")
    if request.weights:
        files |= _flat(Path(request.weights), OWN_WEIGHTS)
    if request.body_file:
        files[Path(request.body_file)] = f"{OWN_BODY}/{Path(request.body_file).name}"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path, name in files.items():
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    return target


def _flat(folder: Path, name: str) -> dict[Path, str]:
    return {path: f"{name}/{path.name}" for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != ".py"}


def _write(files: dict[str, bytes], folder: Path) -> None:
    """Each file whole or not at all. FolderNotWritable."""
    for name, data in files.items():
        partial = folder / f"{name}.partial"
        try:
            partial.write_bytes(data)
            partial.replace(folder / name)
        except OSError as error:
            raise FolderNotWritable(f"{folder / name} could not be written: {error.strerror}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
