"""The child process from its parent's side: progress, noise, crash, kill, cancel, silence, and a Python that is not there."""

import os
import subprocess
import sys
import textwrap
import time
import types
from contextlib import nullcontext
from pathlib import Path

import pytest

from core import folder, worker
from core.errors import AlreadyRunning, Cancelled, FolderNotWritable, OutOfMemory, RuntimeMissing, WorkerCrashed
from core.folder import LOCK, locked, open_folder
from core.job import Done, Error, Progress, Request
from core.run import to_doppel_error
from core.worker import Worker, find_python

REPORT = '{"photos": [], "version": "0"}'


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a Worker whose child is not core.run but the Python given."""

    def start_with(code: str) -> Worker:
        package = tmp_path / "stand-in" / "core"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "run.py").write_text(textwrap.dedent(code))
        monkeypatch.setattr(worker, "ROOT", package.parent)
        return Worker(Request(("a.jpg",), str(tmp_path)), Path(sys.executable), tmp_path)

    return start_with


def everything(running: Worker, seconds: float = 20) -> list:
    messages, deadline = [], time.monotonic() + seconds
    while not running.ended:
        assert time.monotonic() < deadline, "the worker never ended"
        messages += running.poll(timeout=0.1)
    return messages


def test_progress_then_done_with_noise_between(start, tmp_path):
    (tmp_path / "report.json").write_text(REPORT)
    running = start(f"""
        print('{{"message": "progress", "stage": "Finding people", "fraction": 0.5}}')
        print("a library says hello")
        print('{{"message": "done", "report": "{tmp_path}/report.json"}}')
    """)
    assert everything(running) == [Progress("Finding people", 0.5), Done(f"{tmp_path}/report.json")]
    assert running.poll() == []


def test_wait_returns_the_report(start, tmp_path):
    (tmp_path / "report.json").write_text(REPORT)
    assert start(f"""print('{{"message": "done", "report": "{tmp_path}/report.json"}}')""").wait().photos == ()


def test_crash_is_told_with_its_last_words(start):
    last = everything(start("raise SystemError('the roof fell in')"))[-1]
    assert last.kind == "WorkerCrashed"
    assert "the roof fell in" in last.hint
    with pytest.raises(WorkerCrashed):
        raise last.exception()


def test_silent_end_is_a_crash(start):
    assert everything(start("pass"))[-1].kind == "WorkerCrashed"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_from_outside_is_out_of_memory(start):
    last = everything(start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))[-1]
    assert isinstance(last.exception(), OutOfMemory)


def test_cancel_ends_within_a_second(start):
    running = start("import time; print(1, flush=True); time.sleep(60)")
    began = time.monotonic()
    running.cancel()
    assert isinstance(everything(running)[-1].exception(), Cancelled)
    assert time.monotonic() - began < 1


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("how", ["cancel", "the parent ends"])
def test_what_the_child_started_ends_with_it(start, how):
    running = start(f"""
        import subprocess, sys, time
        sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
        del sys.modules["core"]
        from core.child import end_with_parent
        end_with_parent()
        pip = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print('{{"message": "log", "line": "%d"}}' % pip.pid, flush=True)
        time.sleep(60)
    """)
    (said,) = running.poll(timeout=20.0)
    running.cancel() if how == "cancel" else running.child.process.stdin.close()
    running.child.process.wait(timeout=5)
    deadline = time.monotonic() + 1
    while _alive(int(said.line)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _alive(number: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_ctrl_c_kills_the_child_and_is_cancelled(start):
    running = start('import time; print(\'{"message": "progress", "stage": "x", "fraction": 0.0}\', flush=True); time.sleep(60)')

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(Cancelled):
        running.wait(interrupt)
    assert running.child.process.wait(timeout=5) != 0


def test_full_stderr_does_not_stop_the_child(start):
    last = everything(
        start('import sys; sys.stderr.write(\'x\' * 300_000); print(\'{"message": "error", "kind": "A", "text": "B", "hint": "C"}\')')
    )[-1]
    assert last == Error("A", "B", "C")


def test_child_ends_with_its_parent():
    """Where a parent is named, the end of stdin ends the process, whatever it is doing."""
    code = "import time; from core.child import end_with_parent; end_with_parent(); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=worker.ROOT, env=os.environ | {"DOPPEL_PARENT": "1"}, stdin=subprocess.PIPE)
    child.stdin.close()
    assert child.wait(timeout=20) == 1


def test_python_from_preference_environment_runtime(tmp_path, monkeypatch):
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    assert find_python(sys.executable) == Path(sys.executable)
    monkeypatch.setenv("DOPPEL_PYTHON", sys.executable)
    assert find_python() == Path(sys.executable)
    monkeypatch.delenv("DOPPEL_PYTHON")
    inside = tmp_path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    inside.parent.mkdir()
    inside.touch()
    (tmp_path / "doppel-runtime.json").touch()
    assert find_python(runtime=tmp_path) == inside


def test_a_python_that_is_not_there(tmp_path, monkeypatch):
    with pytest.raises(RuntimeMissing, match="preferences"):
        find_python(str(tmp_path / "python"))
    monkeypatch.setenv("DOPPEL_PYTHON", str(tmp_path / "python"))
    with pytest.raises(RuntimeMissing, match="DOPPEL_PYTHON"):
        find_python()
    monkeypatch.delenv("DOPPEL_PYTHON")
    monkeypatch.setattr(worker, "ROOT", tmp_path)
    with pytest.raises(RuntimeMissing, match="No Python"):
        find_python()


def test_a_python_without_the_packages(tmp_path):
    """The child itself says what is missing: here it may not import torch."""
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    last = everything(Worker(Request(("a.jpg",), str(tmp_path / "out")), bare, tmp_path))[-1]
    assert isinstance(last.exception(), RuntimeMissing), last


def test_two_jobs_in_one_folder(tmp_path):
    with locked(tmp_path), pytest.raises(AlreadyRunning), locked(tmp_path):
        pass
    assert not (tmp_path / LOCK).exists()


def test_a_dead_jobs_lock_is_taken_over(tmp_path):
    (tmp_path / LOCK).write_text("999999999")
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_text() == str(os.getpid())


@pytest.mark.parametrize(
    ("handle", "waited", "error", "living"), [(7, 0x102, 0, True), (7, 0, 0, False), (0, 0, 5, True), (0, 0, 87, False)]
)
def test_on_windows_a_process_is_asked_by_its_handle(monkeypatch, tmp_path, handle, waited, error, living):
    """There os.kill would send a Ctrl-C. A process that runs, one that has ended, one of another user, none of that number."""
    asked = []

    class Kernel:
        def __getattr__(self, name):
            answer = {"OpenProcess": handle, "WaitForSingleObject": waited, "CloseHandle": 1}[name]
            return lambda *words: asked.append((name, *words)) or answer

    monkeypatch.setattr(folder, "os", types.SimpleNamespace(name="nt", getpid=os.getpid))
    monkeypatch.setattr(folder, "_kernel32", Kernel)
    monkeypatch.setattr(folder.ctypes, "get_last_error", lambda: error, raising=False)
    assert folder.lives(4711) is living
    assert asked[0] == ("OpenProcess", 0x100000, False, 4711)
    assert (asked[-1] == ("CloseHandle", 7)) is bool(handle)
    (tmp_path / LOCK).write_text("4711")
    with pytest.raises(AlreadyRunning) if living else nullcontext(), locked(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "-1", "0", "9" * 30, "none"])
def test_a_lock_without_a_process_holds_nothing(tmp_path, text):
    (tmp_path / LOCK).write_text(text)
    with locked(tmp_path):
        pass


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderNotWritable):
        open_folder(tmp_path / "file" / "out")


def test_memory_errors_are_told_as_such():
    assert isinstance(to_doppel_error(MemoryError()), OutOfMemory)
    assert to_doppel_error(KeyError("x")).kind == "Unexpected"
