"""Batches: nothing lost, nothing doubled, nothing redone; and what a death, a damaged file or another setting changes."""

import csv
import json
from collections import deque
from pathlib import Path

import pytest

from core import batch as batch_module
from core.batch import Batch, Part
from core.capacity import GIB, workers_for
from core.errors import AlreadyRunning, BlenderMissing, FolderNotWritable, OutOfMemory, WeightsMissing, WorkerCrashed
from core.job import Done, Error, PhotoEnded, PhotoReport, Progress, Request, error_message, load_report
from core.memory import available
from core.worker import wait_for

BROKEN = error_message(FolderNotWritable("stands for any error of one photo"))


class Maker:
    """Takes the place of the workers: makes a file of each photo at once, one photo a poll; some photos kill it or fail."""

    def __init__(self):
        self.shares: list[Request] = []
        self.made: list[str] = []
        self.at_once = 0
        self.running: set[int] = set()
        self.deaths: dict[str, deque] = {}

    def start(self, request, folder):
        self.shares.append(request)
        self.running.add(len(self.shares))
        self.at_once = max(self.at_once, len(self.running))
        return Share(self, request, len(self.shares))


class Share:
    def __init__(self, maker, request, number):
        self.maker, self.number, self.request = maker, number, request
        self.todo, self.ended = deque(zip(request.photos, request.names, strict=True)), False

    def poll(self, timeout=None):
        if not self.todo:
            return self._end(Done(self.request.report))
        photo, name = self.todo.popleft()
        deaths = self.maker.deaths.get(Path(photo).name)
        if deaths:
            return [*self._begun(deaths[0]), *self._end(deaths.popleft())]
        if "bad" in name:
            return [PhotoEnded(PhotoReport(photo, "failed", error=BROKEN))]
        file = Path(self.request.out) / f"{name}.npz"
        file.write_text(photo)
        self.maker.made.append(Path(photo).name)
        return [Progress("Making", 0.5), PhotoEnded(PhotoReport(photo, "done", {"Making": 1.0}, (str(file),)))]

    def _end(self, message):
        self.ended = True
        self.maker.running.discard(self.number)
        return [message]

    def _begun(self, death):
        return [] if "at once" in death.text else [Progress("Making", 0.1)]

    def cancel(self):
        self.todo.clear()


@pytest.fixture
def maker():
    return Maker()


@pytest.fixture
def run(maker, tmp_path):
    """Run a batch over twenty photos, three of them bad; the report."""
    shots = tmp_path / "shots"
    shots.mkdir()
    names = [f"{'bad' if number in (3, 11, 19) else 'shot'}{number:02}.jpg" for number in range(20)]
    for name in names:
        (shots / name).write_text(name)

    def run_with(settings=None, export=write, workers=2, **named):
        request = Request(tuple(str(shots / name) for name in names), str(tmp_path / "out"), settings or {})
        return wait_for(Batch(request, maker.start, export, workers, **named))

    return run_with


def write(avatar: Path, formats: list[str], out: Path) -> list[Path]:
    files = [out / f"{avatar.stem}.{name}" for name in formats]
    for file in files:
        file.write_text(avatar.read_text())
    return files


def test_twenty_photos_with_three_bad_ones(run, maker, tmp_path):
    report = run({"formats": "npz,glb"}, workers=3)
    assert [Path(photo.photo).name for photo in report.photos] == [path.name for path in sorted((tmp_path / "shots").iterdir(), key=number)]
    assert [Path(photo.photo).stem for photo in report.failed] == ["bad03", "bad11", "bad19"]
    assert sorted(maker.made) == sorted(set(maker.made))
    assert maker.at_once == 3
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {f"shot{n:02}.{kind}" for n in range(20) if n not in (3, 11, 19) for kind in ("npz", "glb")} | {
        *("records", "report.json", "report.csv", "report.html")
    }
    rows = list(csv.DictReader((tmp_path / "out" / "report.csv").open()))
    assert [row["status"] for row in rows].count("failed") == 3
    page = (tmp_path / "out" / "report.html").read_text()
    assert "17 of 20 photos done" in page
    assert page.count("<figure") == 20
    assert page.index("bad19.jpg") < page.index("shot00.jpg"), "failures come first"


def number(path: Path) -> int:
    return int(path.stem[-2:])


def test_a_second_run_makes_only_what_failed(run, maker):
    run()
    maker.made.clear()
    shares = len(maker.shares)
    report = run()
    assert maker.made == []
    assert sum(len(share.photos) for share in maker.shares[shares:]) == 3
    assert sum(photo.earlier for photo in report.photos) == 17
    assert all(Path(file).is_file() for photo in report.photos for file in photo.files)


@pytest.mark.parametrize("after", [1, 4, 9])
def test_after_a_kill_the_rest_is_made(run, maker, tmp_path, monkeypatch, after):
    """The parent is gone at once, without a word: its lock lies there, half a file too. Nothing is lost, nothing made twice."""
    shots = tuple(str(path) for path in sorted((tmp_path / "shots").iterdir(), key=number))
    killed = Batch(Request(shots, str(tmp_path / "out")), maker.start, write, 2)
    while len(killed.reports) < after:
        killed.poll()
    done = {Path(photo.photo).name for photo in killed.reports.values() if photo.status == "done"}
    (tmp_path / "out" / ".doppel.lock").write_text("999999999")
    (tmp_path / "out" / "shot18.npz.partial").write_text("half")
    maker.made.clear()
    report = run()
    assert len(report.photos) - len(report.failed) == 17
    assert not set(maker.made) & done
    assert set(maker.made) | done == {Path(photo.photo).name for photo in report.photos if photo.status == "done"}
    assert len(set(maker.made)) == len(maker.made)


CHANGES = {
    "a damaged Avatar": lambda out, shots: (out / "shot05.npz").write_text("damaged"),
    "a lost Avatar": lambda out, shots: (out / "shot05.npz").unlink(),
    "another photo": lambda out, shots: (shots / "shot05.jpg").write_text("another"),
    "a record cut off": lambda out, shots: (out / "records" / "shot05.json").write_text('{"recipe": '),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_whole_is_made_again(run, maker, tmp_path, change):
    run()
    CHANGES[change](tmp_path / "out", tmp_path / "shots")
    maker.made.clear()
    run()
    assert maker.made == ["shot05.jpg"]


@pytest.mark.parametrize(
    ("settings", "again"), [({"quality": "high"}, 17), ({"seed": 1}, 17), ({"device": "cpu"}, 0), ({"formats": "npz"}, 0)]
)
def test_other_settings_make_anew_unless_they_change_nothing(run, maker, settings, again):
    run()
    maker.made.clear()
    run(settings)
    assert len(maker.made) == again


def test_replace_makes_everything_anew(run, maker):
    run()
    run(keep_earlier=False)
    assert len(maker.made) == 2 * 17


def test_only_missing_formats_are_written(run, maker, tmp_path):
    asked = []

    def export(avatar, formats, out):
        asked.append((avatar.stem, formats))
        return write(avatar, formats, out)

    run({"formats": "npz,glb"}, export)
    (tmp_path / "out" / "shot07.glb").write_text("damaged")
    maker.made.clear()
    asked.clear()
    report = run({"formats": "npz,glb,obj"}, export)
    assert maker.made == []
    assert sorted(asked) == [(f"shot{n:02}", ["glb", "obj"] if n == 7 else ["obj"]) for n in range(20) if n not in (3, 11, 19)]
    assert {len(photo.files) for photo in report.photos if photo.status == "done"} == {3}


def test_a_death_costs_one_photo(run, maker):
    maker.deaths["shot05.jpg"] = deque([error_message(WorkerCrashed("The roof fell in"))])
    report = run()
    assert [Path(photo.photo).stem for photo in report.failed] == ["bad03", "shot05", "bad11", "bad19"]
    assert report.failed[1].error.text == "The roof fell in"
    assert len(set(maker.made)) == len(maker.made) == 16


def test_out_of_memory_takes_a_worker_away_and_tries_again(run, maker):
    maker.deaths["shot05.jpg"] = deque([error_message(OutOfMemory("killed"))])
    report = run(workers=2)
    assert "shot05.jpg" in maker.made
    assert len(report.failed) == 3
    maker.deaths["shot05.jpg"] = deque([error_message(OutOfMemory("killed"))] * 2)
    report = run(workers=2, keep_earlier=False)
    assert [photo.error.kind for photo in report.failed if "shot05" in photo.photo] == ["OutOfMemory"]


def test_what_meets_every_photo_ends_the_batch(run, maker, tmp_path):
    for error in (WeightsMissing("gone"), WorkerCrashed("at once")):
        maker.deaths["shot00.jpg"] = deque([error_message(error)])
        with pytest.raises(type(error)):
            run(workers=1)
        assert not (tmp_path / "out" / ".doppel.lock").exists()
    with pytest.raises(BlenderMissing):
        run({"formats": "glb"}, raises(BlenderMissing("none")))


def raises(error):
    def export(*_):
        raise error

    return export


def test_an_export_that_breaks_is_that_photos_alone(run):
    def export(avatar, formats, out):
        if avatar.stem == "shot05":
            raise OSError("Too many open files")
        return write(avatar, formats, out)

    report = run({"formats": "glb"}, export)
    assert [Path(photo.photo).stem for photo in report.failed] == ["bad03", "shot05", "bad11", "bad19"]
    assert "Too many open files" in report.failed[1].error.text
    assert len(run({"formats": "glb"}).failed) == 3


def test_parts_share_a_folder_and_a_last_run_joins_them(run, maker, tmp_path):
    first = run(part=Part(1, 2))
    assert [number(Path(photo.photo)) for photo in first.photos] == list(range(0, 20, 2))
    run(part=Part(2, 2))
    assert {"report-1of2.json", "report-2of2.html"} <= {path.name for path in (tmp_path / "out").iterdir()}
    maker.made.clear()
    report = run()
    assert maker.made == []
    assert len(report.photos) == 20


def test_a_held_folder_is_refused_but_not_for_another_part(run, tmp_path, maker):
    request = Request((str(tmp_path / "shots" / "shot00.jpg"),), str(tmp_path / "out"))
    running = Batch(request, maker.start, write, part=Part(1, 2))
    for part in (Part(1, 2), Part()):
        with pytest.raises(AlreadyRunning):
            run(part=part)
    run(part=Part(2, 2))
    running.cancel()
    assert not list((tmp_path / "out").glob(".doppel*"))
    assert [message.kind for message in running.poll() if isinstance(message, Error)] == ["Cancelled"]
    run()


def test_progress_never_goes_back(maker, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_module, "SHARE", 3)
    batch = Batch(Request(tuple(f"{n}.jpg" for n in range(9)), str(tmp_path)), maker.start, write, 2)
    fractions = []
    while not batch.ended:
        fractions += [message.fraction for message in batch.poll() if isinstance(message, Progress)]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.5
    assert fractions[-1] <= 1


def test_the_report_lies_in_the_folder(run, tmp_path):
    assert run() == load_report(tmp_path / "out" / "report.json")
    assert json.loads((tmp_path / "out" / "report.json").read_text())["photos"][0]["status"] == "done"


def test_workers_are_bounded_by_memory_and_cores():
    assert workers_for("cpu", "npz", cores=16, free=64 * GIB) == 16
    assert workers_for("cpu", "npz", cores=16, free=4 * GIB) == 3
    assert workers_for("cpu", "npz,glb", cores=16, free=4 * GIB) == 2
    assert workers_for("cpu", "npz", cores=2, free=GIB // 2) == 1
    assert workers_for("cuda", "npz", cores=16, free=64 * GIB) == 1
    assert 0.1 * GIB < available() < 2**50
