"""The command line: its words, its exit codes, and what it hands to the worker and the exporter."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core import command
from core.command import add_arguments
from core.errors import BlenderMissing, FolderNotWritable, RuntimeMissing
from core.job import Done, Error, PhotoEnded, PhotoReport, load_report
from core.settings import SETTINGS

DONE = PhotoReport("/p/walk.jpg", "done", {"Finding people": 0.2}, ("walk.npz",))
FAILED = PhotoReport("/p/dog.jpg", "failed", {}, (), Error("NoPersonFound", "Nobody", "Another photo"))


def made(path: Path) -> str:
    path.touch()
    return str(path)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command with a worker that answers at once; the exit code and the requests it was given."""

    def run_with(
        *words: str, word="reconstruct", photos=(DONE,), python=lambda: Path(sys.executable), export=lambda avatar, formats, out: []
    ):
        requests = []

        class Answer:
            ended = True

            def __init__(self, request, python, folder, threads):
                requests.append(request)
                run_with.threads.append(threads)
                names = [Path(photo).name for photo in request.photos]
                known = {Path(photo.photo).name: photo for photo in photos}
                ended = [known.get(name, FAILED) for name in names]
                self.photos = [replace(photo, files=tuple(made(tmp_path / name) for name in photo.files)) for photo in ended]

            def poll(self, timeout=None):
                return [*map(PhotoEnded, self.photos), Done("")]

            def cancel(self):
                pass

        monkeypatch.setattr(command, "Worker", Answer)
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        arguments = parser.parse_args([word, *words, "--out", str(tmp_path)])
        return command.reconstruct(arguments, python, export), requests

    run_with.threads = []
    return run_with


def test_all_done_is_zero_and_defaults_reach_the_request(run):
    code, (request,) = run("walk.jpg")
    assert code == 0
    assert request.settings == {setting.name: setting.default for setting in SETTINGS}


def test_batch_is_another_word_for_reconstruct(run):
    code, (request,) = run("walk.jpg", "--quality", "draft", word="batch")
    assert code == 0
    assert request.settings["quality"] == "draft"


def test_every_setting_is_an_option(run):
    words = [f"--{setting.name}={setting.choices[-1].name if setting.choices else 7}" for setting in SETTINGS]
    _, (request,) = run("a.jpg", *words, "--formats=npz")
    assert request.settings | {"formats": "usd"} == {
        setting.name: setting.choices[-1].name if setting.choices else 7 for setting in SETTINGS
    }


def test_one_failed_photo_is_one(run, capsys):
    assert run("walk.jpg", "dog.jpg", photos=(DONE, FAILED))[0] == 1
    assert "NoPersonFound: Nobody" in capsys.readouterr().out


def test_wrong_usage_is_two(run, tmp_path):
    for words in (["a.jpg", "--quality=best"], ["a.jpg", "--seed=x"], []):
        with pytest.raises(SystemExit) as end:
            run(*words)
        assert end.value.code == 2
    (tmp_path / "empty").mkdir()
    assert run(str(tmp_path / "empty"))[0] == 2


def test_missing_runtime_is_three(run, capsys):
    def nowhere():
        raise RuntimeMissing("No Python")

    assert run("a.jpg", python=nowhere)[0] == 3
    assert "RuntimeMissing: No Python" in capsys.readouterr().err


def test_a_folder_means_its_photos(run, tmp_path):
    for name in ("b.JPG", "a.png", "notes.txt"):
        (tmp_path / name).touch()
    _, requests = run(str(tmp_path))
    assert sorted(Path(photo).name for request in requests for photo in request.photos) == ["a.png", "b.JPG"]


def test_other_formats_are_exported_and_reported(run, tmp_path):
    def export(avatar, formats, out):
        assert formats == ["glb", "blend"]
        return [out / f"{avatar.stem}.{name}" for name in formats]

    assert run("walk.jpg", "--formats=npz,glb,blend", export=export)[0] == 0
    (photo,) = load_report(tmp_path / "report.json").photos
    assert [Path(file).name for file in photo.files] == ["walk.npz", "walk.glb", "walk.blend"]


def test_a_failed_export_is_that_photos_alone(run, tmp_path):
    def export(avatar, formats, out):
        if avatar.stem == "walk":
            raise FolderNotWritable("The disk is full")
        return [out / f"{avatar.stem}.glb"]

    other = PhotoReport("/p/sit.jpg", "done", {}, ("sit.npz",))
    assert run("walk.jpg", "sit.jpg", "--formats=glb", photos=(DONE, other), export=export)[0] == 1
    walk, sit = load_report(tmp_path / "report.json").photos
    assert (walk.status, walk.error.kind, sit.status) == ("failed", "FolderNotWritable", "done")


def test_export_without_blender_is_three(run):
    def export(*_):
        raise BlenderMissing("none")

    assert run("walk.jpg", "--formats=glb", export=export)[0] == 3


@pytest.mark.parametrize("word", ["0/3", "4/3", "2", "a/b"])
def test_a_part_that_is_none_is_usage(run, word):
    with pytest.raises(SystemExit) as end:
        run("a.jpg", f"--part={word}")
    assert end.value.code == 2


def test_workers_share_the_cores(run, monkeypatch):
    """Each worker is told how many threads are its own."""
    monkeypatch.setattr(command, "usable_cores", lambda: 8)
    run(*(f"{number}.jpg" for number in range(9)), "--workers=4")
    assert set(run.threads) == {2}
