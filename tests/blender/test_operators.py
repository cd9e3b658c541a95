"""Every operator, one row each: what it says when it cannot be pressed, that it can be, what it says when it fails, that it finishes.

What each one does is tested where its subject is; here no operator can be forgotten.
"""

import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import bpy
import numpy as np
import pytest

doppel: Any = bpy.ops.doppel


class Row(NamedTuple):
    """no: what stands in the way, and the words for it; None for a button that can always be pressed. ready: clears the way.

    call: the arguments of a call that finishes. fails: arguments of a call that does not, or what makes the same call fail, and the words
    for it; None for an operator that has nothing to fail at.
    """

    call: Callable[..., dict]
    ready: Callable[..., Any] = lambda at: None
    no: tuple[Callable[..., Any], str] | None = None
    fails: tuple[Callable[..., Any], str] | None = None


def nothing(at: Any) -> None:
    """An empty scene."""


def person(at: Any) -> Any:
    at.part("scene.person").build_person(at.avatar, "walk", at.photo)
    return bpy.data.objects["walk"]


def world(at: Any) -> None:
    bpy.context.scene.world = at.part("scene.world").build_world(at.part("core.light").NEUTRAL, "light")


def sunny(at: Any) -> None:
    world(at)
    doppel.add_suns()


def worker(at: Any) -> None:
    at.worker_that_makes()


def running(at: Any) -> None:
    at.stand_in("time.sleep(60)")
    at.state.start(at.part("core.job").Request((str(at.photo),), str(at.folder / "out")))


INSTALLS = """
import json, sys
from pathlib import Path
folder = Path(json.load(open(sys.argv[-1]))["folder"])
(folder / "bin").mkdir(parents=True)
record = dict(python="3.11", torch="2", flavour="cpu", device="the processor", requirements="x", size=1)
(folder / "doppel-runtime.json").write_text(json.dumps(record))
print(json.dumps(dict(message="done", report=str(folder / "doppel-runtime.json"))), flush=True)
"""


def installer(at: Any, lines: str = INSTALLS) -> None:
    """A stand-in for the Python the runtime is made with."""
    (at.folder / "installer.py").write_text(lines)
    program = at.folder / "installer"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{at.folder / "installer.py"}" "$@"\n')
    program.chmod(0o755)
    at.preferences.make_with = str(program)


def runtime(at: Any) -> None:
    folder = at.part("operators.runtime").runtime_folder()
    folder.mkdir(parents=True)
    (folder / "doppel-runtime.json").write_text("{}")


def kept(at: Any) -> None:
    at.preferences.keep_minutes = 2
    at.worker_that_makes()
    doppel.reconstruct(filepath=str(at.photo), folder=str(at.folder / "out"))


def listed(at: Any) -> None:
    doppel.add_photos(directory=str(at.folder), files=[{"name": "walk.png"}, {"name": "other.png"}])


def controlled(at: Any) -> None:
    person(at)
    doppel.add_ik()


def photo_pose_lost(at: Any) -> None:
    """As in files of people made before the pose was kept."""
    del at.part("scene.person").parts(bpy.data.collections["walk"])["armature"][at.part("scene.armature").PHOTO_POSE]


def motion(at: Any) -> dict:
    path = at.folder / "still.npz"
    np.savez(path, poses=np.zeros((3, 72)), trans=np.zeros((3, 3)), betas=np.zeros(10), gender="neutral", mocap_framerate=30.0)
    return {"filepath": str(path)}


def refused(name: str) -> Callable[[Any], None]:
    """Makes a function of the extension fail as for a full disk: for what fails only where something else is broken."""
    module, _, function = name.rpartition(".")

    def refuse(at: Any) -> None:
        def raises(*_: Any, **__: Any) -> None:
            raise at.part("core.errors").FolderNotWritable("The disk is full", "Make room.")

        at.monkeypatch.setattr(at.part(module), function, raises)

    return refuse


NOBODY = (nothing, "Select the person")
BUSY = (running, "is being reconstructed: wait for it, or cancel it")

ROWS = {
    "reconstruct": Row(
        lambda at: {"filepath": str(at.photo), "folder": str(at.folder / "out")}, worker, BUSY, (lambda at: {}, "No photo was chosen")
    ),
    "batch": Row(
        lambda at: {"directory": str(at.photo), "folder": str(at.folder / "out")},
        worker,
        BUSY,
        (lambda at: {}, "No folder of photos was chosen"),
    ),
    "cancel": Row(lambda at: {}, running, (nothing, "Nothing is running")),
    "give_back": Row(lambda at: {}, kept, (nothing, "No process is kept ready")),
    "install_runtime": Row(
        lambda at: {"wheels": str(at.folder)},
        installer,
        BUSY,
        (lambda at: installer(at, "raise SystemExit('no ensurepip')"), "no ensurepip"),
    ),
    "remove_runtime": Row(
        lambda at: {}, runtime, (nothing, "No runtime is installed"), (refused("operators.job.put_aside"), "The disk is full")
    ),
    "add_photos": Row(lambda at: {"directory": str(at.folder), "files": [{"name": "walk.png"}]}),
    "drop_photos": Row(lambda at: {"directory": str(at.folder), "files": [{"name": "walk.png"}]}, worker),
    "remove_photo": Row(lambda at: {}, listed, (nothing, "The list is empty")),
    "load_avatar": Row(
        lambda at: {"filepath": str(at.avatar.save(at.folder / "walk.npz"))},
        fails=(lambda at: {"filepath": str(at.folder / "nothing.npz")}, "cannot be read"),
    ),
    "apply_light": Row(lambda at: {}, person, NOBODY),
    "fit_light": Row(lambda at: {}, world, (nothing, "world"), (refused("operators.fit_light.fit_light"), "The disk is full")),
    "bake_light": Row(
        lambda at: {"filepath": str(at.folder / "sky.exr"), "width": "256"},
        world,
        (nothing, "world"),
        (lambda at: {"filepath": str(at.folder / "no" / "such" / "sky.exr"), "width": "256"}, "sky.exr"),
    ),
    "add_suns": Row(lambda at: {}, world, (nothing, "not a Spherical Harmonics Light")),
    "remove_suns": Row(lambda at: {}, sunny, (world, "There are no suns in the scene")),
    "texture": Row(lambda at: {"size": "1k"}, person, NOBODY, (refused("operators.texture.give_texture"), "The disk is full")),
    "low_poly": Row(
        lambda at: {"budget": 300, "size": "1k"}, person, NOBODY, (refused("operators.low_poly.build_low_poly"), "The disk is full")
    ),
    "export": Row(
        lambda at: {"directory": str(at.folder / "out"), "formats": {"obj"}},
        person,
        NOBODY,
        (lambda at: {"directory": str(at.photo), "formats": {"obj"}}, "Choose a folder"),
    ),
    "pose": Row(lambda at: {"pose": "PHOTO"}, person, NOBODY, (photo_pose_lost, "Load the person's Avatar")),
    "apply_motion": Row(motion, person, NOBODY, (lambda at: {"filepath": str(at.folder / "nothing.npz")}, "nothing.npz")),
    "add_ik": Row(lambda at: {}, person, NOBODY),
    "remove_ik": Row(lambda at: {}, controlled, (person, "This person has no IK controls")),
    "smooth_weights": Row(lambda at: {"steps": 1}, person, NOBODY),
    "cut_seams": Row(lambda at: {}, person, NOBODY),
}


@pytest.fixture
def at(part, avatar, photo, state, stand_in, worker_that_makes, installed, monkeypatch, tmp_path):
    """What the rows need: parts of the extension, the made-up person, its photo, a worker, an empty folder."""
    preferences = bpy.context.preferences.addons[installed].preferences
    yield types.SimpleNamespace(
        part=part,
        avatar=avatar,
        photo=photo,
        state=state,
        stand_in=stand_in,
        worker_that_makes=worker_that_makes,
        preferences=preferences,
        monkeypatch=monkeypatch,
        folder=tmp_path,
    )
    monkeypatch.undo()
    preferences.keep_minutes, preferences.make_with = 0, ""
    runtime, removal = part("operators.runtime").runtime_folder(), part("core.removal")
    removal.put_aside(runtime)
    removal.delete(removal.waiting(runtime))


def operator(name: str) -> Any:
    return getattr(doppel, name)


def test_no_operator_is_missing_here(part):
    assert sorted(ROWS) == sorted(cls.bl_idname.split(".")[1] for cls in part("operators").CLASSES if issubclass(cls, bpy.types.Operator))


def test_what_cannot_fail_and_what_can_always_be_pressed_are_these():
    assert {name for name, row in ROWS.items() if row.no is None} == {"add_photos", "drop_photos", "load_avatar"}
    unfailing = {"add_photos", "drop_photos", "remove_photo", "cancel", "give_back", "apply_light", "smooth_weights", "cut_seams"}
    unfailing |= {"add_ik", "remove_ik", "add_suns", "remove_suns"}
    assert {name for name, row in ROWS.items() if row.fails is None} == unfailing


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.no])
def test_it_says_why_it_cannot_be_pressed(at, name):
    hinders, words = ROWS[name].no
    hinders(at)
    assert not operator(name).poll()
    with pytest.raises(RuntimeError, match=words):
        operator(name)()


@pytest.mark.parametrize("name", ROWS)
def test_it_can_be_pressed_and_finishes(at, name):
    row = ROWS[name]
    row.ready(at)
    assert operator(name).poll()
    assert operator(name)(**row.call(at)) == {"FINISHED"}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.fails])
def test_it_says_why_it_fails(at, name):
    row = ROWS[name]
    breaks, words = row.fails
    row.ready(at)
    words_of_call = breaks(at)
    with pytest.raises(RuntimeError, match=words):
        operator(name)(**(row.call(at) if words_of_call is None else words_of_call))


@pytest.mark.parametrize("name", ROWS)
def test_it_has_a_label_a_tooltip_and_its_undo(part, name):
    """Undo: whatever changes the scene is one step. Those without change nothing in the .blend, or have another do it."""
    (cls,) = [cls for cls in part("operators").CLASSES if cls.bl_idname == f"doppel.{name}" and issubclass(cls, bpy.types.Operator)]
    assert cls.bl_label
    assert len(cls.bl_description) > 20
    without = {"batch", "cancel", "give_back", "install_runtime", "remove_runtime", "drop_photos", "export"}
    assert ("UNDO" in getattr(cls, "bl_options", set())) is (name not in without)
