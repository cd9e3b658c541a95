"""Many photos: several workers at once, what is whole from an earlier run kept, other formats written, and one summary.

A Batch looks like a Worker from outside (`poll`, `cancel`, `ended`), so whoever can wait for one photo can wait for a thousand. Photos are
handed out a few at a time; a worker that dies costs the one photo it was at, and the others of its share go to the next worker.
"""

import shutil
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import __version__
from .errors import BlenderMissing, Cancelled, DoppelError, OutOfMemory, RuntimeMissing, Unexpected, WorkerCrashed
from .folder import locked, open_folder
from .job import Done, Error, Message, PhotoEnded, PhotoReport, Progress, Report, Request, error_message, load_report
from .photo_list import RECORDS, output_names
from .records import Records, recipe
from .summary import write_summary
from .worker import Working

SHARE = 8
"""Photos a worker gets at most before it is started anew: loading what it needs takes a few seconds, so few are not wasteful."""

Export = Callable[[Path, list[str], Path], list[Path]]
"""Writes one Avatar file in the formats named (none of them npz) into a folder; the files written. It is called from several threads."""


Start = Callable[[Request, Path], Working]
"""Starts a worker on a request; the folder is for its log."""


@dataclass(frozen=True)
class Task:
    """A photo of the batch and the name of its results."""

    number: int
    photo: str
    name: str


@dataclass
class Share:
    """A running worker and the photos it was given; those still to come are the first `left`."""

    worker: Working
    left: deque[Task]
    count: int
    folder: Path
    stage: str = "Starting"
    fraction: float = 0.0

    @property
    def begun(self) -> bool:
        """Whether the worker has got as far as a photo."""
        return self.stage != "Starting" or len(self.left) < self.count


@dataclass(frozen=True)
class Part:
    """Every `of`-th photo, beginning with the `number`-th: for several computers in one folder. 1 of 1 is all."""

    number: int = 1
    of: int = 1

    @property
    def label(self) -> str:
        return "" if self.of == 1 else f"{self.number}of{self.of}"


@dataclass
class Batch:
    """A running batch; over when `poll` has given a Done or an Error (then `ended` is true).

    request: all photos; its names, report and previews are the batch's own affair. workers: at most so many at once; fewer from when
    memory ran out. share: photos a worker gets at most. FolderNotWritable and AlreadyRunning on creation. At its end report.json, .csv and
    .html lie in the output folder.
    """

    request: Request
    start: Start
    export: Export
    workers: int = 1
    keep_earlier: bool = True
    part: Part = Part()
    share: int = SHARE
    ended: bool = False
    read = staticmethod(load_report)
    """What is made of the path that Done names."""
    reports: dict[int, PhotoReport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.out = open_folder(Path(self.request.out))
        self._held = ExitStack()
        self._held.enter_context(locked(self.out, self.part.label))
        self._records = Records(self.out, open_folder(self.out / RECORDS), recipe(self.request))
        names = self.request.names or output_names(self.request.photos)
        tasks = [Task(number, photo, name) for number, (photo, name) in enumerate(zip(self.request.photos, names, strict=True))]
        self._tasks = {task.number: task for task in tasks[self.part.number - 1 :: self.part.of]}
        self._formats = list(dict.fromkeys(["npz", *str(self.request.settings["formats"]).split(",")]))
        self._waiting: deque[Task] = deque()
        self._unseen = deque(self._tasks.values())
        self._shares: list[Share] = []
        self._retried: set[int] = set()
        self._exporters = ThreadPoolExecutor(self.workers, thread_name_prefix="export")
        self._exports: dict[Future[tuple[Path, ...]], tuple[Task, PhotoReport]] = {}
        self._furthest, self._cancelled = 0.0, False
        for folder in () if self.part.label else (self.out / RECORDS).glob("*-worker"):
            shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed, or whose worker died: its log has been there to read

    def poll(self, timeout: float | None = None) -> list[Message]:
        """Messages since the last call, as a Worker's. timeout: seconds to wait for news (None: do not)."""
        if self.ended:
            return []
        if self._cancelled:
            self.ended = True
            return [error_message(Cancelled("Cancelled"))]
        before = len(self.reports)
        try:
            self._look_for_earlier()
            self._start_workers()
            self._listen(timeout or 0.0)
            self._take_exports(timeout or 0.0)
            if self._unseen or self._waiting or self._shares or self._exports:
                return [self._progress()] if len(self.reports) > before or self._shares else []
            return [self._finish()]
        except DoppelError as error:
            self.cancel()
            self.ended = True
            return [error_message(error)]

    def cancel(self) -> None:
        """Kill all workers. What is done stays, and a later run keeps it. The next `poll` ends with a Cancelled error."""
        self._cancelled = True
        for share in self._shares:
            share.worker.cancel()
            share.worker.poll(timeout=1)
        self._close()

    def _look_for_earlier(self) -> None:
        """Take one photo from those not looked at yet, a few a call so that nobody waits long: kept as it is, exported, or to be made."""
        for _ in range(min(SHARE, len(self._unseen))):
            task = self._unseen.popleft()
            earlier = self._records.kept(task.name, Path(task.photo)) if self.keep_earlier else None
            if earlier is None:
                self._waiting.append(task)
            else:
                self._export(task, *earlier)

    def _start_workers(self) -> None:
        while self._waiting and not self._unseen and len(self._shares) < self.workers:
            count = max(1, min(self.share, len(self._waiting) // (2 * self.workers)))
            tasks = deque(self._waiting.popleft() for _ in range(count))
            folder = self.out / RECORDS / f"{tasks[0].name}-worker"
            folder.mkdir(exist_ok=True)
            request = replace(
                self.request,
                photos=tuple(task.photo for task in tasks),
                names=tuple(task.name for task in tasks),
                report=str(folder / "report.json"),
                previews=str(self.out / RECORDS),
            )
            self._shares.append(Share(self.start(request, folder), tasks, count, folder))

    def _listen(self, timeout: float) -> None:
        """Take in what the workers have said; wait for each of them so long that the timeout is over after the last."""
        for share in list(self._shares):
            for message in share.worker.poll(timeout / len(self._shares) or None):
                if isinstance(message, PhotoEnded):
                    task = share.left.popleft()
                    self._made(task, replace(message.photo, photo=task.photo))
                elif isinstance(message, Progress):
                    share.stage, share.fraction = message.stage, message.fraction
                else:
                    self._shares.remove(share)
                    self._over(share, message)

    def _over(self, share: Share, message: Done | Error) -> None:
        """A worker has ended: well, or by a death that costs the photo it was at, or with an error that would meet every photo."""
        if isinstance(message, Done):
            shutil.rmtree(share.folder, ignore_errors=True)
            return
        error = message.exception()
        if not share.left or not isinstance(error, OutOfMemory | WorkerCrashed):
            raise error
        if isinstance(error, OutOfMemory) and self.workers > 1 and share.left[0].number not in self._retried:
            self.workers -= 1
            self._retried.add(share.left[0].number)
        elif not share.begun:
            raise error
        else:
            task = share.left.popleft()
            self._made(task, PhotoReport(task.photo, "failed", error=message))
        self._waiting.extendleft(reversed(share.left))

    def _made(self, task: Task, report: PhotoReport) -> None:
        if report.status == "done":
            self._export(task, report, {"npz"})
        else:
            self.reports[task.number] = report

    def _export(self, task: Task, report: PhotoReport, there: set[str]) -> None:
        """Have the formats written that are not there yet; without any the photo is done."""
        missing = [word for word in self._formats if word not in there]
        avatars = [Path(file) for file in report.files if file.endswith(".npz")]
        if missing and avatars:
            future = self._exporters.submit(lambda: tuple(file for avatar in avatars for file in self.export(avatar, missing, self.out)))
            self._exports[future] = task, report
        else:
            self._done(task, report, there)

    def _take_exports(self, timeout: float) -> None:
        """Take in the exports that have ended; wait for one only where no worker was waited for."""
        for future in [future for future in self._exports if future.done()] or ([] if self._shares else list(self._exports)[:1]):
            wait([future], timeout)
            if not future.done():
                return
            task, report = self._exports.pop(future)
            try:
                files = tuple(map(str, future.result()))
            except (BlenderMissing, RuntimeMissing):
                raise
            except (DoppelError, OSError) as error:
                told = error if isinstance(error, DoppelError) else Unexpected(f"{type(error).__name__}: {error}")
                self.reports[task.number] = replace(report, status="failed", error=error_message(told))
            else:
                self._done(task, replace(report, files=report.files + files), set(self._formats))

    def _done(self, task: Task, report: PhotoReport, formats: set[str]) -> None:
        self._records.write(task.name, report, formats)
        self.reports[task.number] = report

    def _progress(self) -> Progress:
        total = max(1, len(self._tasks))
        running = sum(share.fraction * share.count - (share.count - len(share.left)) for share in self._shares)
        self._furthest = max(self._furthest, min(1.0, (len(self.reports) + max(0.0, running)) / total))
        stage = self._shares[0].stage if self._shares else "Writing other formats"
        return Progress(stage if total == 1 else f"{len(self.reports)} of {total}: {stage}", self._furthest)

    def _finish(self) -> Done:
        report = Report(tuple(self.reports[number] for number in sorted(self.reports)), __version__)
        names = [self._tasks[number].name for number in sorted(self.reports)]
        stem = f"report-{self.part.label}" if self.part.label else "report"
        path = write_summary(report, names, self.out, stem)
        self._close()
        self.ended = True
        return Done(str(path))

    def _close(self) -> None:
        self._exporters.shutdown(wait=False, cancel_futures=True)
        self._held.close()
