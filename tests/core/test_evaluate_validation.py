"""The validation set and the command line: what is refused, with which words, and what is kept."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import NoPersonFound
from core.photo.person import Photo
from core.surface.surface import Surface
from training.evaluate import __main__ as command
from training.evaluate import methods, validation
from training.evaluate.case import Case
from training.evaluate.photos import measure_photos
from training.held_out import held_out
from training.people.assets import Assets
from training.results import how_made

spec = importlib.util.spec_from_file_location("made_up_dressed", Path(__file__).with_name("made_up_dressed.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["training.evaluate", *map(str, words)])
    command.main()


@pytest.mark.parametrize("people", [-1, validation.PEOPLE + 1])
def test_more_people_than_the_set_has_are_refused(people):
    with pytest.raises(validation.ValidationError, match=f"{people} people were asked for; the validation set has 60"):
        validation.open_validation([], people, 0)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        validation.open_validation([tmp_path / "nowhere"], 1, 0)


def test_folders_without_what_is_judged_on_are_refused(monkeypatch):
    worlds = tuple(Path(f"{name}.exr") for name in held_out("worlds") if name != "city")
    clips = {name: np.zeros((1, 24, 3)) for name in held_out("clips")}
    lacking = Assets(Path("m"), Path("r"), Path("c"), worlds, clips)
    monkeypatch.setattr(validation, "open_assets", lambda folders: lacking)
    monkeypatch.setattr(Assets, "artist_names", lambda self, judging: held_out("people"))
    with pytest.raises(validation.ValidationError, match=r"held_out\.toml\): worlds city$"):
        validation.open_validation([], 1, 0)


def test_what_is_judged_on_is_kept_from_training():
    everything = Assets(None, None, None, (Path("city.exr"), Path("dawn.exr")), {"01_07": np.zeros(0), "01_01": np.zeros(0)})
    judged, trained = everything.split(judging=True), everything.split(judging=False)
    assert [path.stem for path in judged.worlds] == ["city"]
    assert list(judged.clips) == ["01_07"]
    assert not {*judged.worlds, *judged.clips} & {*trained.worlds, *trained.clips}


def test_a_shell_is_made_once(tmp_path, monkeypatch):
    person, made_shells = made.ball(), []
    monkeypatch.setattr(validation, "outer_shell", lambda one: made_shells.append(one) or made.shell(one))
    first, second = (validation.kept_shell(tmp_path / "one.npz", person) for _ in range(2))
    assert made_shells == [person]
    assert all(np.array_equal(getattr(first, name), getattr(second, name)) for name in vars(first))


def test_a_fingerprint_changes_with_anything_that_shows():
    person, camera = made.ball(), made.camera()
    mark = validation.fingerprint(person, camera)
    assert validation.fingerprint(replace(person, name="other", facts={"a": 1}), camera) == mark
    texture = person.texture.copy()
    texture[0, 0] = 0
    assert validation.fingerprint(replace(person, texture=texture), camera) != mark
    assert validation.fingerprint(replace(person, vertices=person.vertices + 1e-3), camera) != mark
    assert validation.fingerprint(person, made.camera(yaw=0.31)) != mark


def test_a_folder_without_photos_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no photos"):
        measure_photos(tmp_path, methods.bare_body, made.body_model(), Path("weights"))


def test_the_command_is_shown_without_this_machines_folders(monkeypatch):
    words = "--assets /a/b /c/d e/f --people 3 --json out/x.json --results docs/RESULTS.md"
    monkeypatch.setattr(sys, "argv", ["x", *words.split()])
    shown = how_made("training.evaluate").splitlines()[0]
    assert shown == "`python -m training.evaluate --assets ASSETS --people 3 --json JSON --results docs/RESULTS.md`"


def test_nothing_to_measure_is_refused(monkeypatch, tmp_path, capsys):
    for words in (["--people", "0"], ["--people", "3"]):
        with pytest.raises(SystemExit):
            run(monkeypatch, "--json", tmp_path / "out.json", *words)
    assert "nothing to measure" in capsys.readouterr().err


def test_someone_not_found_counts_as_missed_and_the_exact_body_still_counts(monkeypatch):
    """The whole loop on one ball: the estimated body has nobody, the exact one has figures; the JSON has no NaN."""
    person = made.ball()
    camera = made.camera()
    alpha = np.full((128, 128), 255, np.uint8)
    case = Case(person, made.shell(person), made_photo(), alpha, camera, np.eye(9)[:, :1] * np.ones(3), "relit")
    monkeypatch.setattr(methods, "find_people", nobody)

    def method(photo, person, body):
        return methods.Result(Surface(case.mesh.vertices, case.mesh.faces, case.shell.albedo, np.ones(len(case.mesh.vertices))), None)

    rows, how = command.measure_cases([case], made.body_model(), Path("weights"), {"ball": method})
    assert how == ["relit"]
    assert [(row["body"], row["family"], row["missed"]) for row in rows] == [
        ("exact", "all", 0),
        ("exact", "composed", 0),
        ("estimated", "all", 1),
        ("estimated", "composed", 1),
    ]
    assert rows[0]["p2s_cm"] == pytest.approx(0, abs=1e-3)
    assert rows[0]["light_error"] is None
    assert rows[2]["p2s_cm"] is None
    assert json.loads(json.dumps(rows, allow_nan=False))[2]["each"][0]["found"] is False


def made_photo():
    return Photo(np.zeros((128, 128, 3), np.uint8), None, None, "ball.jpg")


def nobody(photo, weights):
    raise NoPersonFound("nobody")
