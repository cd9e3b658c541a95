"""The child kept for the next photo: the real core.run with a pipeline that only says which process and which models it was."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from core import keeper, worker
from core.errors import Cancelled, OutOfMemory
from core.job import Progress, Request, load_report
from core.keeper import Keeper

ROOT = Path(__file__).resolve().parents[2]

PIPELINE = """
import os
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

STAGES = {"Finding people": 1.0}
loaded = 0


class Clock:
    def __init__(self, on_stage):
        self.seconds, self.on_stage = {}, on_stage


def model_files(request):
    return {"body": Path(request.body_file or __file__)}


def load_models(request):
    global loaded
    loaded += 1
    return SimpleNamespace(device=SimpleNamespace(type="cpu"))


def gpu_memory():
    return 0


def reconstruct(path, request, models, clock):
    if path.stem == "dies":
        os.kill(os.getpid(), 9)
    if path.stem == "lasts":
        time.sleep(60)
    if path.stem == "fails":
        raise ValueError("no")
    class Made:
        meta = {"warnings": [f"{os.getpid()} loaded {loaded}"]}
        def save(self, path):
            path.touch()
            return path
    yield Made()
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder whose `core` is the real one but for its pipeline, in the place of this checkout."""
    package = tmp_path / "checkout" / "core"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = '0'\n__path__.append({str(ROOT / 'core')!r})\n")
    (package / "pipeline.py").write_text(PIPELINE)
    monkeypatch.setattr(worker, "ROOT", package.parent)
    return package.parent


@pytest.fixture
def kept(checkout):
    keeper = Keeper()
    yield keeper
    keeper.release()


def say(keeper: Keeper, out: Path, photo: str = "a.jpg", seconds: float = 60.0, python: str = sys.executable, **more) -> tuple[int, int]:
    """Have one photo made; the process that made it, and how many times it had loaded models by then."""
    report = keeper.start(Request((photo,), str(out), **more), Path(python), seconds).wait()
    process, _, loaded = report.photos[0].warnings[0].split()
    return int(process), int(loaded)


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def gone(process: int, seconds: float = 3) -> bool:
    deadline = time.monotonic() + seconds
    while lives(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(process)


def test_the_second_photo_is_done_by_the_same_process_with_the_same_models(kept, tmp_path):
    first = say(kept, tmp_path / "one")
    assert 0 < kept.left() <= 60
    assert say(kept, tmp_path / "two") == first
    assert first[1] == 1
    assert load_report(tmp_path / "two" / "report.json").photos[0].files == (str(tmp_path / "two" / "a.npz"),)


def test_without_a_time_to_stay_each_photo_has_its_own_process(kept, tmp_path):
    process, _ = say(kept, tmp_path, seconds=0.0)
    assert kept.left() == 0
    assert kept.worker.child.process.poll() is not None
    assert say(kept, tmp_path, seconds=0.0)[0] != process


def test_other_models_are_loaded_where_they_are_asked_for(kept, tmp_path):
    process, _ = say(kept, tmp_path)
    assert say(kept, tmp_path, settings={"device": "cpu"}) == (process, 2)
    own = tmp_path / "own.npz"
    own.touch()
    assert say(kept, tmp_path, settings={"device": "cpu"}, body_file=str(own)) == (process, 3)
    assert say(kept, tmp_path, settings={"device": "cpu"}, body_file=str(own)) == (process, 3)
    os.utime(own, (1, 1))
    assert say(kept, tmp_path, settings={"device": "cpu"}, body_file=str(own)) == (process, 4)


def test_a_photo_that_fails_costs_the_process_nothing(kept, tmp_path):
    process, _ = say(kept, tmp_path)
    report = kept.start(Request(("fails.jpg",), str(tmp_path)), Path(sys.executable), 60.0).wait()
    assert report.failed[0].error.kind == "Unexpected"
    assert say(kept, tmp_path) == (process, 1)


def test_a_process_that_dies_is_told_and_the_next_photo_has_a_new_one(kept, tmp_path):
    process, _ = say(kept, tmp_path)
    with pytest.raises(OutOfMemory):
        kept.start(Request(("dies.jpg",), str(tmp_path)), Path(sys.executable), 60.0).wait()
    assert kept.left() == 0
    assert say(kept, tmp_path)[0] != process


def test_cancel_ends_it(kept, tmp_path):
    process, _ = say(kept, tmp_path)
    running = kept.start(Request(("lasts.jpg",), str(tmp_path)), Path(sys.executable), 60.0)
    while not any(isinstance(message, Progress) for message in running.poll(timeout=0.2)):
        pass
    running.cancel()
    with pytest.raises(Cancelled):
        running.wait()
    assert gone(process)
    assert say(kept, tmp_path)[0] != process


def test_one_that_was_killed_while_it_waited_is_not_asked(kept, tmp_path):
    process, _ = say(kept, tmp_path)
    os.kill(process, signal.SIGKILL)
    kept.worker.child.process.wait()
    assert kept.left() == 0
    assert say(kept, tmp_path)[0] != process


def test_release_and_another_python_or_time_end_it(kept, tmp_path):
    process, _ = say(kept, tmp_path)
    kept.release()
    assert gone(process)
    process, _ = say(kept, tmp_path)
    (tmp_path / "python").symlink_to(sys.executable)
    other, _ = say(kept, tmp_path, python=str(tmp_path / "python"))
    assert gone(process)
    assert say(kept, tmp_path, python=str(tmp_path / "python"), seconds=61.0)[0] != other
    assert gone(other)


def test_it_ends_by_itself_when_its_time_is_over(kept, tmp_path, monkeypatch):
    process, _ = say(kept, tmp_path, seconds=0.5)
    assert kept.left() == 0, "one that may end any moment is not asked"
    assert gone(process)
    monkeypatch.setattr(keeper, "SLACK", 0.1)
    process, _ = say(kept, tmp_path, seconds=1.0)
    assert kept.left() > 0
    time.sleep(0.95)
    assert kept.left() == 0
    assert say(kept, tmp_path, seconds=1.0)[0] != process


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_blender_crashes_or_ends(checkout, tmp_path, how):
    """A process in Blender's place that lets one photo be made, says by whom, and is then killed while the child waits."""
    code = f"""
        import sys, time
        from pathlib import Path
        from core import worker
        from core.job import Request
        from core.keeper import Keeper
        worker.ROOT = Path({str(checkout)!r})
        report = Keeper().start(Request(("a.jpg",), {str(tmp_path / "out")!r}), Path(sys.executable), 60.0).wait()
        print(report.photos[0].warnings[0], flush=True)
        time.sleep(60)
    """
    blender = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(blender.stdout.readline().split()[0])
    assert lives(child)
    blender.send_signal(how)
    blender.wait()
    assert gone(child)
