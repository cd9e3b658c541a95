"""The running job and how the last one ended. It lives in this module, not in the .blend: no file should remember a running job.

`pump` is a plain function, so that a timer in a window, a loop in a script and a test can all drive it.
"""

import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import DoppelError, RuntimeMissing, Unexpected
from ..core.estimate import Forecast
from ..core.estimate import in_words as in_words_of_time
from ..core.job import Done, Error, Log, Progress, Request
from ..core.keeper import Keeper
from ..core.removal import STAGE, Removal, put_aside, read_freed, waiting
from ..core.runtime import Installation, read_runtime
from ..core.worker import Read, Worker
from .runtime import keep_seconds, python, save_recent


@dataclass
class Job:
    """A started worker, or a batch of them, and what it has said so far. made or error is set when it is over.

    what: what goes on, for those who have to wait. lines: the last lines of its log.
    """

    worker: Read
    what: str = "A person is being reconstructed"
    stage: str = "Starting"
    fraction: float = 0.0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    forecast: Forecast | None = None
    made: Any = None
    error: DoppelError | None = None

    def words(self) -> tuple[str, ...]:
        """All that a panel shows of it: where these are the same, nothing needs to be drawn anew."""
        return f"{self.stage}  {self.fraction:.0%}", self.remaining(), *self.lines

    def remaining(self) -> str:
        """How long it still takes, in words; "" where that is not known."""
        return f"about {in_words_of_time(self.forecast.remaining(time.monotonic()))} left" if self.forecast else ""

    def result(self) -> Any:
        """What a job that is over made, a Report or a Runtime; or its error raised."""
        if self.error or not self.made:
            raise self.error or Unexpected("The job is not over")
        return self.made


class Problem(NamedTuple):
    """An error as the panels show it: its sentence, what to do, and its kind, by which they know a button that mends it."""

    text: str
    hint: str
    kind: str = ""


def problem_of(error: DoppelError) -> Problem:
    return Problem(str(error), error.hint, error.kind)


@dataclass
class Outcome:
    """How the last job ended, in lines for a person: what was made, what went wrong, what to know."""

    facts: list[str] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def in_words(text: str, hint: str) -> str:
    """An error on one line: its sentence, then what to do."""
    return f"{text.rstrip('.')}. {hint}"


@dataclass
class State:
    """What the panels show: the running job, or None; the last one's outcome; paths of the Avatars made lately, newest first; whether a
    worker is kept for the next photo; and how it goes where a removed runtime is being deleted, which stops nothing else."""

    job: Job | None = None
    outcome: Outcome = field(default_factory=Outcome)
    recent: list[str] = field(default_factory=list)
    keeper: Keeper = field(default_factory=Keeper)
    removal: Job | None = None

    def remember(self, avatars: list[str]) -> None:
        """Put these Avatar files first among the recent ones, of which a few are kept, here and in the user folder."""
        self.recent = list(dict.fromkeys([*avatars, *self.recent]))[:RECENT]
        save_recent(self.recent)

    def start(self, request: Request) -> Job:
        """Start the request's worker, in the process that was kept for it if there is one. RuntimeMissing."""
        loaded = self.keeper.left() > 0
        worker = self.keeper.start(request, python(), keep_seconds())
        forecast = Forecast(str(request.settings["quality"]), len(request.photos), time.monotonic(), loaded)
        return self._running(Job(worker, forecast=forecast))

    def follow(self, job: Job) -> Job:
        """Make what has been started the running job; the memory of a worker that is kept goes to it."""
        self.keeper.release()
        return self._running(job)

    def _running(self, job: Job) -> Job:
        self.outcome, self.job = Outcome(), job
        return job

    def install(self, wanted: Installation) -> Job:
        """Start making the runtime with the Python that `wanted` names. RuntimeMissing where it will not start."""
        if not Path(wanted.python).is_file():
            raise RuntimeMissing(
                f"Make With names {wanted.python}, which is not a file", "Choose a Python, or leave it empty for Blender's own."
            )
        self.keeper.release()
        worker = Worker(wanted, Path(wanted.python), module="core.install", read=read_runtime)
        return self._running(Job(worker, "The runtime is being installed"))

    def remove(self, folder: Path) -> Job:
        """Take the runtime of this folder out of use, and start deleting it, with what earlier removals left. It goes on without Blender.
        FolderNotWritable, RuntimeMissing."""
        self.keeper.release()
        put_aside(folder)
        wanted = Removal(tuple(map(str, waiting(folder))))
        self.removal = Job(Worker(wanted, Path(sys.executable), module="core.removal", read=read_freed), stage=STAGE)
        return self.removal

    def cancel(self) -> None:
        """End the running job now, without waiting for the timer of the operator that looks after it: it finds no job any more, and how it
        ended. A job that was over just before is left to that operator."""
        job = self.job
        if not job:
            return
        job.worker.cancel()
        for _ in range(5):
            if pump(job, timeout=0.2):
                break
        if job.error:
            self.job, self.outcome = None, Outcome(errors=[problem_of(job.error)])

    def stop(self) -> None:
        """Kill the worker of a job that nobody waits for any more, and let the one go that is kept."""
        if self.job:
            self.job.worker.cancel()
            self.job = None
        self.keeper.release()


RECENT = 6
"""Avatar files that are remembered."""

STATE = State()
"""The one state of this Blender."""


def pump(job: Job, timeout: float | None = None) -> bool:
    """Take in what the worker has said since the last call; True when the job is over. timeout: seconds to wait for news (None: do not)."""
    for message in job.worker.poll(timeout):
        if isinstance(message, Done):
            _read_result(job, message.report)
        elif isinstance(message, Error):
            job.error = message.exception()
        elif isinstance(message, Log):
            job.lines.append(message.line)
        elif isinstance(message, Progress):
            job.stage, job.fraction = message.stage, message.fraction
            if job.forecast:
                job.forecast.stage(job.stage, time.monotonic())
    return job.worker.ended


def _read_result(job: Job, path: str) -> None:
    try:
        job.made = job.worker.read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        job.error = Unexpected(f"The worker's result {path} cannot be read: {error}")
