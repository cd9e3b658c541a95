"""Reconstruct from Image: the operator does what the functions do, says why it cannot, and leaves the scene alone when it fails.

A stand-in program takes the worker's place (see conftest); one test starts the real worker with a Python that lacks its packages.
"""

import json
import sys
import time

import bpy
import numpy as np
import pytest


def posed(collection_name, part) -> np.ndarray:
    surface = part("scene.person").parts(bpy.data.collections[collection_name])["surface"]
    evaluated = surface.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(evaluated.data.vertices), dtype=np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def test_the_operator_does_what_the_function_does(part, avatar, worker_that_makes, photo, state, census, tmp_path):
    part("scene.person").build_person(avatar, "walk", photo)
    by_function, expected = census(), posed("walk", part)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    worker_that_makes()
    assert bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out")) == {"FINISHED"}
    assert census() == by_function
    np.testing.assert_array_equal(posed("walk", part), expected)
    assert bpy.data.cameras[0].background_images[0].image.name == "walk.png"
    assert (state.job, state.outcome.errors, state.outcome.warnings) == (None, [], [])
    assert state.outcome.facts[0].startswith("walk: 624 vertices, 24 joints")
    assert state.outcome.facts[1] == f"Files in {tmp_path / 'out'}"


def test_other_formats_are_written_beside_the_avatar(worker_that_makes, photo, state, tmp_path):
    worker_that_makes()
    bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"), formats={"glb", "obj"})
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"walk.npz", "walk.glb", "walk.obj", "report.json"}


def test_settings_reach_the_worker(stand_in, photo, state, tmp_path):
    stand_in(f"""
Path({str(tmp_path / "seen.json")!r}).write_text(json.dumps(request))
say("error", kind="NoPersonFound", text="none", hint="")
""")
    words = {"people": "all", "surface": "body", "quality": "draft", "triangles": 9000, "texture": "1k", "device": "cpu", "sex": "female"}
    words |= {"formats": {"npz", "fbx"}, "seed": 7}
    with pytest.raises(RuntimeError, match="none"):
        bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"), **words)
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["settings"] == {**words, "formats": "fbx,npz"}
    assert (seen["photos"], seen["out"]) == ([str(photo)], str(tmp_path / "out"))


FAILURES = {
    "the job": 'say("error", kind="OutOfMemory", text="Memory ran out", hint="Draft.")',
    "a crash": 'say("progress", stage="Finding people", fraction=0.1)\nsys.exit("The disk is on fire")',
    "no report": 'say("done", report=str(out / "report.json"))',
    "a damaged Avatar": """
out.mkdir()
(out / "walk.npz").write_text("no avatar")
result = dict(photo=request["photos"][0], status="done", seconds={}, files=[str(out / "walk.npz")], error=None, warnings=[])
(out / "report.json").write_text(json.dumps(dict(photos=[result], version="0")))
say("done", report=str(out / "report.json"))
""",
    "the photo": """
out.mkdir()
error = dict(kind="NoPersonFound", text="No person was found", hint="Use another photo.")
result = dict(photo=request["photos"][0], status="failed", seconds={}, files=[], error=error, warnings=[])
(out / "report.json").write_text(json.dumps(dict(photos=[result], version="0")))
say("done", report=str(out / "report.json"))
""",
}
SAID = {
    "the job": "Memory ran out. Draft.",
    "a crash": "The disk is on fire",
    "no report": "report.json cannot be read",
    "a damaged Avatar": "walk.npz cannot be read",
    "the photo": "walk.png: No person was found. Use another photo.",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_says_so_and_leaves_the_scene_alone(stand_in, photo, state, census, tmp_path, failure):
    stand_in(FAILURES[failure])
    before = census()
    with pytest.raises(RuntimeError, match=SAID[failure]):
        bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"))
    assert census() == before
    assert state.job is None
    ((text, hint, _),) = state.outcome.errors
    assert hint
    assert f"{text}. {hint}".find(SAID[failure]) >= 0


def test_a_second_avatar_that_is_damaged_takes_the_first_with_it(worker_that_makes, photo, state, census, tmp_path):
    worker_that_makes(files=[str(tmp_path / "made.npz"), str(tmp_path / "lost.npz")])
    before = census()
    with pytest.raises(RuntimeError, match=r"lost\.npz"):
        bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"))
    assert census() == before


def test_a_failed_export_takes_the_person_with_it(worker_that_makes, photo, state, census, tmp_path):
    (tmp_path / "out" / "walk.glb").mkdir(parents=True)
    worker_that_makes()
    before = census()
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"), formats={"glb"})
    assert census() == before


def test_warnings_of_the_photo_reach_the_panel(worker_that_makes, photo, state, tmp_path):
    worker_that_makes(warnings=["The feet are cut off"])
    bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"))
    assert state.outcome.warnings == ["The feet are cut off"]


def test_without_a_photo_it_says_so(stand_in, state, census):
    stand_in("")
    before = census()
    with pytest.raises(RuntimeError, match="No photo was chosen"):
        bpy.ops.doppel.reconstruct()
    assert census() == before


def test_without_a_runtime_poll_says_why(part, state, monkeypatch):
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    assert not bpy.ops.doppel.reconstruct.poll()
    with pytest.raises(RuntimeError, match=r"No Python with Doppel's packages was found\. Press Install Runtime"):
        bpy.ops.doppel.reconstruct(filepath="walk.png")


def test_a_runtime_in_the_preferences_is_taken_first(installed, part, stand_in, state, tmp_path):
    stand_in("")
    preferences = bpy.context.preferences.addons[installed].preferences
    preferences.python = sys.executable
    assert str(part("operators.runtime").python()) == sys.executable
    preferences.python = str(tmp_path / "nothing")
    assert not bpy.ops.doppel.reconstruct.poll()
    assert "names" in part("operators.watch").why_not()
    preferences.python = ""
    assert bpy.ops.doppel.reconstruct.poll()


def test_without_weights_poll_says_why(installed, part, stand_in, state, tmp_path):
    stand_in("")
    preferences = bpy.context.preferences.addons[installed].preferences
    preferences.weights = str(tmp_path)
    try:
        assert not bpy.ops.doppel.reconstruct.poll()
        assert "are not in" in part("operators.watch").why_not()
    finally:
        preferences.weights = ""
    assert bpy.ops.doppel.reconstruct.poll()


def test_while_a_job_runs_poll_says_so(part, stand_in, state, photo, tmp_path):
    stand_in("time.sleep(60)")
    state.start(part("core.job").Request((str(photo),), str(tmp_path / "out")))
    with pytest.raises(RuntimeError, match="is being reconstructed: wait"):
        bpy.ops.doppel.reconstruct(filepath=str(photo))
    assert bpy.ops.doppel.cancel.poll()
    state.stop()
    assert bpy.ops.doppel.reconstruct.poll()
    assert not bpy.ops.doppel.cancel.poll()


def test_pump_follows_the_job_to_its_end(part, worker_that_makes, state, photo, tmp_path):
    worker_that_makes()
    job, seen = state.start(part("core.job").Request((str(photo),), str(tmp_path / "out"))), []
    while not part("operators.job").pump(job, timeout=0.2):
        seen.append((job.stage, job.fraction))
    assert (job.stage, job.fraction) == ("Making the rig", 0.9)
    assert job.result().avatars == (str(tmp_path / "out" / "walk.npz"),)


def test_pump_does_not_wait(part, stand_in, state, photo, tmp_path):
    stand_in("time.sleep(60)")
    job = state.start(part("core.job").Request((str(photo),), str(tmp_path / "out")))
    start = time.perf_counter()
    assert not part("operators.job").pump(job)
    assert time.perf_counter() - start < 0.1
    assert (job.stage, job.fraction) == ("Starting", 0)


def test_a_python_without_the_packages_is_said_to_be_so(photo, state, census, tmp_path, monkeypatch):
    """The real worker, started with a bare Python: no torch, no numpy."""
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" -S -m core.run "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setenv("DOPPEL_PYTHON", str(bare))
    before = census()
    with pytest.raises(RuntimeError, match="lacks a package"):
        bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"))
    assert census() == before


def test_load_avatar_puts_the_person_into_the_scene(part, avatar, photo, tmp_path):
    avatar.save(tmp_path / "again.npz")
    assert bpy.ops.doppel.load_avatar(filepath=str(tmp_path / "again.npz")) == {"FINISHED"}
    camera = part("scene.person").parts(bpy.data.collections["again"])["camera"]
    assert camera.data.background_images[0].image.name == "walk.png"


def test_load_avatar_says_what_is_wrong(census, tmp_path):
    before = census()
    with pytest.raises(RuntimeError, match=r"nothing\.npz cannot be read"):
        bpy.ops.doppel.load_avatar(filepath=str(tmp_path / "nothing.npz"))
    assert census() == before


def test_results_lie_beside_the_blend_or_in_the_user_folder(part, tmp_path):
    runtime = part("operators.runtime")
    assert runtime.output_folder() == runtime.user_folder() / "people"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert runtime.output_folder() == tmp_path / "doppel"
