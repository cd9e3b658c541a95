"""The child process seen from its parent: which Python runs it, its messages, and its end.

The parent never imports torch and never waits: `poll` returns what has arrived. Whatever happens to the child (crash, kill, out of
memory, noise on stdout), the last message is a Done or an Error.
"""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from .errors import Cancelled, DoppelError, OutOfMemory, RuntimeMissing, WorkerCrashed
from .job import Done, Error, Log, Message, Progress, error_message, line_to_message, load_report
from .runtime import INSIDE, runtime_python

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds `core`: the checkout, or the installed extension."""

_KILLED = -9 if os.name == "posix" else 9


def find_python(preference: str = "", runtime: Path | None = None) -> Path:
    """The Python that runs the child: the preference, else DOPPEL_PYTHON, else the installed runtime, else the checkout's .venv.

    preference: a path, or "". runtime: folder of the installed runtime (a virtual environment), or None. RuntimeMissing if what is named is
    not there, or nothing is.
    """
    for origin, path in (("Python Runtime in the preferences", preference), ("DOPPEL_PYTHON", os.environ.get("DOPPEL_PYTHON", ""))):
        if path:
            if not Path(path).is_file():
                raise RuntimeMissing(f"{origin} names {path}, which is not a file")
            return Path(path)
    installed = runtime_python(runtime) if runtime else None
    if installed:
        return installed
    if (ROOT / ".venv" / INSIDE).is_file():
        return ROOT / ".venv" / INSIDE
    raise RuntimeMissing("No Python with Doppel's packages was found")


@runtime_checkable
class Working(Protocol):
    """Something that runs and says how far it is: a Worker, a Batch of them, a task on another machine."""

    ended: bool

    def poll(self, timeout: float | None = None) -> list[Message]: ...

    def cancel(self) -> None: ...


class Read(Working, Protocol):
    """Something whose result is read when it has said Done: `read` takes the path that Done names."""

    def read(self, path: str, /) -> Any: ...


@runtime_checkable
class Saved(Protocol):
    """What a child is asked to do, which can be written to a file."""

    def save(self, path: Path, /) -> Path: ...


class Child:
    """A started process and what it says; None among its messages is its end. log: the file with its stderr."""

    def __init__(self, command: list[str], log: Path, threads: int | None):
        self.log = log
        self.messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self.process = _start(command, log, threads)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            message = line_to_message(line)
            if message:
                self.messages.put(message)
        self.messages.put(None)

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    def ask(self, request: Path) -> None:
        """Have a child that is kept do this request."""
        with suppress(OSError):  # it has ended just now: its last message says so
            self.process.stdin.write(f"{request}\n")
            self.process.stdin.flush()

    def dismiss(self) -> None:
        """Let it end, which is done when this returns; one that is kept ends at once."""
        with suppress(OSError):  # on closing, what could not be written is tried once more
            self.process.stdin.close()
        self.process.wait()

    def kill(self) -> None:
        """Kill it and whatever it started."""
        if not self.lives:
            return
        if os.name == "posix":
            os.killpg(self.process.pid, signal.SIGKILL)
        else:  # a plain kill would leave the child's own children, such as pip, alive
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.process.pid)], capture_output=True, check=False)


class Worker:
    """One running job. Made by starting it; over when `poll` has given a Done or an Error (then `ended` is true).

    log: the file with the child's stderr. It lies in `folder` (default: a new temporary one) beside the request, so that the child can be
    run again by hand: `python -m core.run request.json`. module: what the child runs; read: what `wait` makes of the path that Done names.
    threads: how many the child computes with (None: as many as it likes). keep: seconds that the child stays for a next job when this one
    is Done; child: one that was kept so, which does this job instead of a new one. kept: whether it stayed, until: to what time.monotonic.
    """

    def __init__(
        self,
        request: Saved,
        python: Path,
        folder: Path | None = None,
        module: str = "core.run",
        read: Callable[[str], Any] = load_report,
        threads: int | None = None,
        keep: float = 0.0,
        child: Child | None = None,
    ):
        self.read, self.keep = read, keep
        self.folder = folder or Path(tempfile.mkdtemp(prefix="doppel-"))
        self.ended = self.kept = self._cancelled = False
        self.until = 0.0
        path = request.save(self.folder / "request.json")
        stays = [str(keep)] if keep else []
        self.child = child or Child([str(python), "-m", module, str(path), *stays], self.folder / "worker.log", threads)
        self.log = self.child.log
        if child:
            child.ask(path)

    def poll(self, timeout: float | None = None) -> list[Message]:
        """Messages since the last call; empty while there is nothing new. timeout: seconds to wait for the first one (None: do not)."""
        messages: list[Message] = []
        while not self.ended:
            try:
                message = self.child.messages.get(block=timeout is not None and not messages, timeout=timeout)
            except queue.Empty:
                break
            if message is None:
                message = self._end_without_word()
            messages.append(message)
            if isinstance(message, Done | Error):
                self._over(isinstance(message, Done))
        return messages

    def _over(self, well: bool) -> None:
        self.ended, self.kept, self.until = True, bool(self.keep) and well, time.monotonic() + self.keep
        if not self.kept:
            self.child.dismiss()

    def _end_without_word(self) -> Error:
        """The Error for a child that closed its output without saying how it ended."""
        code = self.child.process.wait()
        if self._cancelled:
            return error_message(Cancelled("Cancelled"))
        if code == _KILLED:
            return error_message(OutOfMemory("The worker was killed, most likely because memory ran out"))
        return error_message(WorkerCrashed(f"The worker ended unexpectedly (code {code}); its log is {self.log}", _last_words(self.log)))

    def cancel(self) -> None:
        """Kill the child and whatever it started. The next `poll` ends with a Cancelled error unless the job was already over."""
        self._cancelled = True
        self.child.kill()

    def wait(
        self, on_progress: Callable[[Progress], None] = lambda progress: None, on_log: Callable[[str], None] = lambda line: None
    ) -> Any:
        """Block until the end, as `wait_for` does; what `read` makes of the result."""
        return wait_for(self, on_progress, on_log, self.read)


def wait_for(
    job: Working,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_log: Callable[[str], None] = lambda line: None,
    read: Callable[[str], Any] = load_report,
) -> Any:
    """Block until the end; what `read` makes of the result, or the Error raised as its exception. Ctrl-C kills what runs: Cancelled."""
    try:
        while True:
            for message in job.poll(timeout=0.2):
                if isinstance(message, Error):
                    raise message.exception()
                if isinstance(message, Done):
                    return read(message.report)
                if isinstance(message, Log):
                    on_log(message.line)
                elif isinstance(message, Progress):
                    on_progress(message)
    except KeyboardInterrupt:
        job.cancel()
        job.poll()
        raise Cancelled("Cancelled") from None


def _start(command: list[str], log: Path, threads: int | None) -> subprocess.Popen:
    """The child: stdout and stdin piped, stderr to a file, free of the parent's Python settings (Blender sets its own)."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONSTARTUP", "PYTHONEXECUTABLE")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8", "DOPPEL_PARENT": str(os.getpid())}
    if threads:
        environment.setdefault("OMP_NUM_THREADS", str(threads))
    hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {"start_new_session": True}
    try:
        with log.open("w") as stderr:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, **hidden
            )
    except OSError as error:
        raise RuntimeMissing(f"{command[0]} could not be started: {error.strerror}") from error


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return f"It last said: {lines[-1]}" if lines else WorkerCrashed.default_hint


__all__ = ["ROOT", "DoppelError", "Worker", "find_python", "wait_for"]
