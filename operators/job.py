"""The running job and how the last one ended. It lives in this module, not in the .blend: no file should remember a running job.

`pump` is a plain function, so that a timer in a window, a loop in a script and a test can all drive it.
"""

from dataclasses import dataclass, field

from ..core.errors import DoppelError, Unexpected
from ..core.job import Done, Error, Progress, Report, Request, load_report
from ..core.worker import Worker, Working
from .runtime import python


@dataclass
class Job:
    """A started worker, or a batch of them, and what it has said so far. report or error is set when it is over."""

    worker: Working
    stage: str = "Starting"
    fraction: float = 0.0
    report: Report | None = None
    error: DoppelError | None = None

    def result(self) -> Report:
        """The report of a job that is over, or its error raised."""
        if self.error or not self.report:
            raise self.error or Unexpected("The job is not over")
        return self.report


@dataclass
class Outcome:
    """How the last job ended, in lines for a person: what was made, what went wrong (sentence and hint), what to know."""

    facts: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def in_words(text: str, hint: str) -> str:
    """An error on one line: its sentence, then what to do."""
    return f"{text.rstrip('.')}. {hint}"


@dataclass
class State:
    """What the panels show: the running job, or None, and the last one's outcome."""

    job: Job | None = None
    outcome: Outcome = field(default_factory=Outcome)

    def start(self, request: Request) -> Job:
        """Start the request's worker. RuntimeMissing."""
        return self.follow(Worker(request, python()))

    def follow(self, worker: Working) -> Job:
        """Make what has been started the running job."""
        self.outcome, self.job = Outcome(), Job(worker)
        return self.job

    def stop(self) -> None:
        """Kill the worker of a job that nobody waits for any more."""
        if self.job:
            self.job.worker.cancel()
            self.job = None


STATE = State()
"""The one state of this Blender."""


def pump(job: Job, timeout: float | None = None) -> bool:
    """Take in what the worker has said since the last call; True when the job is over. timeout: seconds to wait for news (None: do not)."""
    for message in job.worker.poll(timeout):
        if isinstance(message, Done):
            _read_report(job, message.report)
        elif isinstance(message, Error):
            job.error = message.exception()
        elif isinstance(message, Progress):
            job.stage, job.fraction = message.stage, message.fraction
    return job.worker.ended


def _read_report(job: Job, path: str) -> None:
    try:
        job.report = load_report(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        job.error = Unexpected(f"The worker's report {path} cannot be read: {error}")
