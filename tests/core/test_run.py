"""The child's job: progress, one bad photo among good ones, names, and what reaches the parent when all fails."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from core import pipeline, run
from core.avatar import load_avatar
from core.errors import NoPersonFound, OutOfMemory, WeightsMissing
from core.job import Done, PhotoEnded, Progress, Request, line_to_message, load_report

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = str(ROOT / "examples" / "person.jpg")


@pytest.fixture
def job(monkeypatch, tmp_path):
    """Run a job whose photos give what `outcomes` says: a number of people, or an error. The report and the messages."""

    class Saved:
        meta = {"warnings": ["hands are guessed"]}  # noqa: RUF012

        def save(self, path):
            path.touch()
            return path

    def run_with(*outcomes, load=lambda request: SimpleNamespace(device=torch.device("cpu"))):
        def reconstruct(path, request, models, clock):
            for stage in pipeline.STAGES:
                with clock(stage):
                    pass
            outcome = outcomes[int(path.stem)]
            if outcome == "no GPU memory":
                yield Saved()
                outcome = 2 if models.device.type == "cpu" else torch.OutOfMemoryError("CUDA out of memory")
            if isinstance(outcome, Exception):
                raise outcome
            yield from [Saved()] * outcome

        monkeypatch.setattr(pipeline, "reconstruct", reconstruct)
        monkeypatch.setattr(pipeline, "load_models", load)
        messages = []
        request = Request(tuple(f"{number}.jpg" for number in range(len(outcomes))), str(tmp_path / "out"))
        return load_report(run.run_job(request, messages.append)), messages

    return run_with


def test_one_bad_photo_stops_no_other(job):
    report, _ = job(1, NoPersonFound("Nobody"), ValueError("what?"), MemoryError(), 1)
    assert [photo.status for photo in report.photos] == ["done", "failed", "failed", "failed", "done"]
    assert [photo.error.kind for photo in report.failed] == ["NoPersonFound", "Unexpected", "OutOfMemory"]
    assert all(photo.error.hint for photo in report.failed)
    assert isinstance(report.failed[2].error.exception(), OutOfMemory)


def test_a_gpu_without_memory_gives_way_to_the_processor_for_that_photo(job):
    chosen = []

    def load(request):
        chosen.append(request.settings["device"])
        return SimpleNamespace(device=torch.device("cpu" if request.settings["device"] == "cpu" else "cuda"))

    report, _ = job(1, "no GPU memory", 1, load=load)
    assert chosen == ["auto", "cpu"]
    assert [photo.status for photo in report.photos] == ["done"] * 3
    assert [Path(file).name for file in report.photos[1].files] == ["1.npz", "1-2.npz", "1-3.npz"]
    assert report.photos[1].warnings == ("The GPU's memory ran out: this photo was done on the processor", *["hands are guessed"] * 3)
    assert report.photos[2].warnings == ("hands are guessed",)


def test_the_processors_memory_has_nothing_to_give_way_to(job):
    report, _ = job("no GPU memory", MemoryError())
    assert [photo.status for photo in report.photos] == ["done", "failed"]
    assert report.photos[1].error.kind == "OutOfMemory"
    assert all(0 < photo.memory["main"] < 24 for photo in report.photos)
    assert "gpu" not in report.photos[0].memory


def test_several_people_are_numbered(job):
    report, _ = job(3)
    assert [Path(file).name for file in report.photos[0].files] == ["0.npz", "0-2.npz", "0-3.npz"]
    assert report.photos[0].warnings == ("hands are guessed",) * 3


def test_progress_never_goes_back_and_stays_below_one(job):
    _, messages = job(1, 2, 1)
    ended = [message.photo for message in messages if isinstance(message, PhotoEnded)]
    assert [len(photo.files) for photo in ended] == [1, 2, 1]
    fractions = [message.fraction for message in messages if isinstance(message, Progress)]
    assert len(fractions) + len(ended) == len(messages)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert 0.6 < fractions[-1] < 1


def test_shares_of_stages_sum_to_one():
    assert sum(pipeline.STAGES.values()) == pytest.approx(1)


def child(request: Request, tmp_path: Path) -> list:
    """The messages of the real child process."""
    command = [sys.executable, "-m", "core.run", str(request.save(tmp_path / "request.json"))]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    messages = [line_to_message(line) for line in lines]
    assert None not in messages, "something besides messages came over stdout"
    return messages


def test_missing_weights_end_the_job_before_it_begins(tmp_path):
    (tmp_path / "weights").mkdir()
    messages = child(Request((EXAMPLE,), str(tmp_path / "out"), weights=str(tmp_path / "weights")), tmp_path)
    assert isinstance(messages[-1].exception(), WeightsMissing)


def test_the_example_from_photo_to_avatar(tmp_path):
    """The whole way in the real child: a person comes out, a text file that calls itself a photo does not stop it."""
    (tmp_path / "text.jpg").write_text("not a photo")
    messages = child(Request((str(tmp_path / "text.jpg"), EXAMPLE), str(tmp_path / "out"), {"quality": "draft"}), tmp_path)
    assert isinstance(messages[-1], Done)
    report = json.loads(Path(messages[-1].report).read_text())
    text, person = report["photos"]
    assert text["error"]["kind"] == "PhotoUnreadable"
    assert set(person["seconds"]) == set(pipeline.STAGES)
    avatar = load_avatar(person["files"][0])
    assert avatar.image_size.tolist() == [900, 1200]
    pixels = avatar.camera.project(avatar.joints)
    assert ((pixels > 0) & (pixels < avatar.image_size)).all()
    assert 1.4 < avatar.rest_vertices[:, 1].max() - avatar.rest_vertices[:, 1].min() < 2.1
    assert abs(avatar.vertices[:, 1].min()) < 0.12  # the bare body stands at 0; soles lie below
    assert avatar.meta["weights"]["body"] == "body_neutral.npz"
