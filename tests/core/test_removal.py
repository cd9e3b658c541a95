"""A runtime is out of use at once and deleted meanwhile: links stay links, leftovers go with the next, and no parent is needed for it."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from core import removal
from core.errors import Cancelled, FolderNotWritable
from core.job import Done, Progress
from core.removal import ASIDE, STAGE, Removal, delete, put_aside, read_freed, waiting
from core.runtime import RECORD, read_runtime
from core.worker import Worker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "runtime")


def fill(folder: Path, files: int = 40) -> Path:
    """A folder as venv lays it out: a record, a link to a folder, a link to a file outside, files of 100 bytes below each other."""
    (folder / "lib" / "site").mkdir(parents=True)
    (folder / RECORD).write_text("{}")
    (folder / "lib64").symlink_to("lib")
    outside = folder.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "python").write_text("kept")
    (folder / "python").symlink_to(outside / "python")
    (folder / "data").symlink_to(outside)
    for number in range(files):
        (folder / "lib" / "site" / f"{number}.py").write_bytes(b"x" * 100)
    return folder


def test_it_is_out_of_use_at_once_whatever_its_size(folder):
    put_aside(folder)
    assert not folder.exists()
    assert read_runtime(folder) is None
    (aside,) = waiting(folder)
    assert len(list((aside / "lib" / "site").iterdir())) == 40
    put_aside(folder)
    assert waiting(folder) == [aside], "where there is none nothing happens"


def test_all_is_deleted_but_what_links_point_to(folder):
    put_aside(folder)
    shares = []
    assert delete(waiting(folder), shares.append) >= 4000
    assert waiting(folder) == []
    assert (folder.parent / "outside" / "python").read_text() == "kept"


def test_the_share_that_is_gone_grows_to_one(folder, monkeypatch):
    monkeypatch.setattr(removal, "OFTEN", 0.0)
    put_aside(folder)
    shares = []
    delete(waiting(folder), shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 40
    assert shares[-1] == pytest.approx(1, abs=0.02)


def test_what_was_left_over_goes_with_the_next(folder):
    put_aside(folder)
    put_aside(fill(folder))
    assert [path.name for path in waiting(folder)] == [f"runtime{ASIDE}1", f"runtime{ASIDE}2"]
    delete(waiting(folder))
    assert waiting(folder) == []


def test_other_folders_are_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "photo.jpg").touch()
    with pytest.raises(FolderNotWritable, match="left alone"):
        put_aside(tmp_path / "photos")
    assert (tmp_path / "photos" / "photo.jpg").exists()


def test_a_folder_that_cannot_be_moved_or_deleted_is_told(folder, monkeypatch):
    def refuse(*words):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(FolderNotWritable, match="could not be moved: Permission denied"):
            put_aside(folder)
    assert (folder / RECORD).exists()
    put_aside(folder)
    monkeypatch.setattr(removal.os, "unlink", refuse)
    monkeypatch.setattr(removal.os, "chmod", lambda path, mode: None)
    with pytest.raises(FolderNotWritable, match="could not be deleted: Permission denied"):
        delete(waiting(folder))


@pytest.fixture
def start(folder):
    put_aside(folder)
    return lambda: Worker(Removal(tuple(map(str, waiting(folder)))), Path(sys.executable), module="core.removal", read=read_freed)


def test_the_child_tells_how_much_is_gone(start, folder):
    worker, messages = start(), []
    while not worker.ended:
        messages += worker.poll(timeout=5.0)
    assert isinstance(messages[-1], Done)
    assert {message.stage for message in messages[:-1] if isinstance(message, Progress)} == {STAGE}
    assert worker.read(messages[-1].report) >= 4000
    assert waiting(folder) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_what_the_child_cannot_delete_is_an_error():
    worker = Worker(Removal(("/proc/self/task",)), Path(sys.executable), module="core.removal", read=read_freed)
    with pytest.raises(FolderNotWritable, match="could not be deleted"):
        worker.wait()


def test_cancel_leaves_the_rest_for_the_next(start, folder):
    worker = start()
    worker.cancel()
    with pytest.raises(Cancelled):
        worker.wait()
    delete(waiting(folder))
    assert waiting(folder) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_it_goes_on_when_its_parent_is_killed(folder, tmp_path):
    """A process in Blender's place starts it and is killed at once; nobody hears the child any more, and it says a lot."""
    (folder / "more").mkdir()
    for number in range(3000):
        (folder / "more" / str(number)).touch()
    put_aside(folder)
    code = f"""
        import os, signal, sys
        from pathlib import Path
        from core.removal import Removal, read_freed, waiting
        from core.worker import Worker
        wanted = Removal(tuple(map(str, waiting(Path({str(folder)!r})))))
        Worker(wanted, Path(sys.executable), module="core.removal", read=read_freed)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=False)
    deadline = time.monotonic() + 20
    while waiting(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)
