"""`blender --command doppel`: the function Blender calls with the words after it, and the exit codes."""

import json

import bpy
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:Blender cannot show walk.png")


@pytest.fixture
def run(part):
    return part("operators.command").run


@pytest.fixture
def photo(tmp_path):
    (tmp_path / "walk.png").write_bytes(b"the stand-in does not look")
    return tmp_path / "walk.png"


def test_all_done_is_0_with_every_format(run, worker_that_makes, photo, tmp_path, capsys):
    worker_that_makes()
    out = tmp_path / "out"
    assert run(["reconstruct", str(photo), "--out", str(out), "--formats", "npz,glb,blend", "--quality", "draft"]) == 0
    people = {"walk.npz", "walk.glb", "walk.blend"}
    assert {path.name for path in out.iterdir()} == people | {"records", "report.json", "report.csv", "report.html"}
    (result,) = json.loads((out / "report.json").read_text())["photos"]
    assert [name.rpartition(".")[2] for name in result["files"]] == ["npz", "glb", "blend"]
    assert "1 of 1 photos done" in capsys.readouterr().out


def test_a_failed_photo_is_1(run, worker_that_makes, photo, tmp_path):
    worker_that_makes(status="failed", files=[], error={"kind": "NoPersonFound", "text": "No person", "hint": "Another."})
    assert run(["reconstruct", str(photo), "--out", str(tmp_path / "out")]) == 1


def test_a_failed_export_is_1_and_in_the_report(run, worker_that_makes, photo, tmp_path):
    (tmp_path / "out" / "walk.glb").mkdir(parents=True)
    worker_that_makes()
    assert run(["reconstruct", str(photo), "--out", str(tmp_path / "out"), "--formats", "glb"]) == 1
    (result,) = json.loads((tmp_path / "out" / "report.json").read_text())["photos"]
    assert (result["status"], result["error"]["kind"]) == ("failed", "FolderNotWritable")


@pytest.mark.parametrize(
    "words", [[], ["reconstruct"], ["reconstruct", "a.png", "--out", "o", "--quality", "best"], ["dance"], ["setup", "--flavour", "abacus"]]
)
def test_wrong_usage_is_2(run, words, capsys):
    assert run(words) == 2
    assert "usage" in capsys.readouterr().err


def test_help_is_0(run, capsys):
    assert run(["reconstruct", "--help"]) == 0
    assert "--quality" in capsys.readouterr().out


def test_no_runtime_is_3(run, photo, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    assert run(["reconstruct", str(photo), "--out", str(tmp_path / "out")]) == 3
    assert "RuntimeMissing" in capsys.readouterr().err


def test_a_cluster_is_asked_by_the_python_that_computes(run, photo, tmp_path, monkeypatch):
    """Blender's own Python has no Ray: the same words go to the runtime's, and its exit code comes back."""
    seen, program = tmp_path / "seen", tmp_path / "python"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("DOPPEL_PYTHON", str(program))
    words = ["reconstruct", str(photo), "--out", str(tmp_path / "out"), "--ray", "auto"]
    assert run(words) == 1
    assert seen.read_text().splitlines() == ["-m", "core", *words, "--weights=", "--body-file="]


def test_export_writes_avatars_in_other_formats(run, avatar, tmp_path, capsys):
    avatar.save(tmp_path / "walk.npz")
    (tmp_path / "bad.npz").write_text("no avatar")
    out = tmp_path / "out"
    assert run(["export", str(tmp_path / "bad.npz"), str(tmp_path / "walk.npz"), "--out", str(out), "--formats", "unity,obj"]) == 1
    assert {path.name for path in out.iterdir()} == {"walk-unity.fbx", "walk.obj"}
    assert "AvatarInvalid" in capsys.readouterr().err


def test_setup_without_a_network_is_3_and_doctor_says_what_is_there(run, stand_in, capsys, monkeypatch):
    assert run(["setup"]) == 3
    assert "--online-mode" in capsys.readouterr().err
    stand_in("")  # answers the probe with nothing, so it is no Python
    assert run(["doctor"]) == 3
    page = capsys.readouterr().out
    assert "Not ready: Python." in page
    assert bpy.app.version_string in page
