"""Reconstruct Folder: files of many photos, the scene untouched, what an earlier run made kept, and errors said in words."""

import json

import bpy
import pytest

MAKES_ONE = """
from pathlib import Path
made = {made!r}
for photo, name in zip(request["photos"], request["names"]):
    error = dict(kind="NoPersonFound", text="No person", hint="Another.")
    file = out / (name + ".npz")
    good = "bad" not in name
    if good:
        shutil.copy(made, file)
    say("photo", photo=dict(photo=photo, status="done" if good else "failed", seconds=dict(), warnings=[],
        files=[str(file)] if good else [], error=None if good else error))
say("done", report="")
"""


@pytest.fixture
def shots(stand_in, avatar, tmp_path):
    """A folder of three photos, one of them bad, and a worker that makes the made-up person of the others."""
    stand_in(MAKES_ONE.format(made=str(avatar.save(tmp_path / "made.npz"))))
    folder = tmp_path / "shots"
    folder.mkdir()
    for name in ("a.jpg", "bad.jpg", "c.jpg"):
        (folder / name).touch()
    return folder


def reconstruct(shots, **named):
    return bpy.ops.doppel.batch(directory=str(shots), folder=str(shots.parent / "out"), workers=2, device="cpu", **named)


def test_the_files_are_there_and_the_scene_is_not_touched(shots, state, census, part):
    before = census()
    assert reconstruct(shots) == {"FINISHED"}
    assert census() == before
    out = shots.parent / "out"
    assert {path.name for path in out.glob("*.npz")} == {"a.npz", "c.npz"}
    assert state.job is None
    assert state.outcome.facts == [f"2 of 3 photos done: {out / 'report.html'}"]
    assert state.outcome.errors == [("bad.jpg: No person", "Another.", "NoPersonFound")]
    assert reconstruct(shots) == {"FINISHED"}
    assert "2 of them by an earlier run" in state.outcome.facts[0]
    report = json.loads((out / "report.json").read_text())
    assert [photo["earlier"] for photo in report["photos"]] == [True, False, True]


def test_nothing_but_bad_photos_is_an_error(shots, state):
    for name in ("a.jpg", "c.jpg"):
        (shots / name).unlink()
    with pytest.raises(RuntimeError, match="0 of 1 photos done"):
        reconstruct(shots)


def test_what_is_wrong_is_said(shots, state, stand_in, tmp_path):
    with pytest.raises(RuntimeError, match="No folder of photos was chosen"):
        bpy.ops.doppel.batch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuntimeError, match="holds no photos"):
        reconstruct(tmp_path / "empty")
    stand_in('say("error", kind="WeightsMissing", text="No weights", hint="Fetch them.")')
    with pytest.raises(RuntimeError, match=r"No weights\. Fetch them\."):
        reconstruct(shots)


def test_poll_says_why_not(state, monkeypatch):
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    assert not bpy.ops.doppel.batch.poll()


def test_cancel_ends_it_and_a_later_run_goes_on(shots, state, part, stand_in):
    stand_in("time.sleep(60)")
    start = part("core.command").make_batch
    seen = []
    monkey = part("operators.batch")
    monkey.make_batch = lambda *arguments: seen.append(start(*arguments)) or seen[0].cancel() or seen[0]
    try:
        assert reconstruct(shots) == {"CANCELLED"}
    finally:
        monkey.make_batch = start
    assert state.outcome.errors[0][0] == "Cancelled"
    assert not (shots.parent / "out" / ".doppel.lock").exists()
