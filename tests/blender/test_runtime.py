"""Install Runtime and Remove Runtime: refused, cancelled, failed, done; and what the panels say of each. A stand-in installs."""

import json
import sys
import time
import types

import bpy
import pytest


@pytest.fixture
def folder(part, monkeypatch):
    """The runtime's folder, which no test leaves behind."""
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    folder = part("operators.runtime").runtime_folder()
    yield folder
    part("core.removal").put_aside(folder)
    part("core.removal").delete(part("core.removal").waiting(folder))


@pytest.fixture
def installer(tmp_path, installed):
    """Puts a program in the place of the Python the runtime is made with; it knows `request`, `folder` and `say`."""

    def make(lines: str) -> None:
        script, program = tmp_path / "installer.py", tmp_path / "installer"
        script.write_text(
            "import json, sys, time\nfrom pathlib import Path\nrequest = json.load(open(sys.argv[-1]))\nfolder = Path(request['folder'])\n"
            "def say(message, **values):\n    print(json.dumps({'message': message, **values}), flush=True)\n" + lines
        )
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
        program.chmod(0o755)
        bpy.context.preferences.addons[installed].preferences.make_with = str(program)

    yield make
    bpy.context.preferences.addons[installed].preferences.make_with = ""


MAKES = """
say("log", line="Successfully installed torch")
(folder / "bin").mkdir(parents=True)
(folder / "bin" / "python").touch()
record = dict(python="3.11.7", torch="2.13.0", flavour="cpu", device="the processor", requirements="x", size=3 * 2**30, note="A note")
(folder / "doppel-runtime.json").write_text(json.dumps(record))
(folder / "request.json").write_text(json.dumps(request))
say("done", report=str(folder / "doppel-runtime.json"))
"""


def test_it_installs_and_is_removed(part, folder, installer, state, tmp_path):
    installer(MAKES)
    assert part("operators.runtime").problem().kind == "RuntimeMissing"
    assert bpy.ops.doppel.install_runtime(flavour="cuda", wheels=str(tmp_path)) == {"FINISHED"}
    assert part("operators.runtime").problem() is None
    assert part("operators.runtime").python() == folder / "bin" / "python"
    request = json.loads((folder / "request.json").read_text())
    assert (request["flavour"], request["wheels"]) == ("cuda", str(tmp_path))
    assert state.outcome.warnings == ["A note"]
    assert part("operators.runtime").installed().outdated
    assert bpy.ops.doppel.remove_runtime() == {"FINISHED"}
    assert not list(folder.parent.glob("runtime*"))
    assert part("operators.runtime").installed() is None
    assert state.outcome.facts == ["The runtime is deleted: 0.0 GiB are free again"]
    with pytest.raises(RuntimeError, match="No runtime is installed"):
        bpy.ops.doppel.remove_runtime()


@pytest.fixture
def big(folder):
    """A runtime of many files in the runtime's place."""
    (folder / "lib").mkdir(parents=True)
    (folder / "doppel-runtime.json").write_text("{}")
    for number in range(3000):
        (folder / "lib" / str(number)).touch()
    return folder


def test_in_a_window_it_is_out_of_use_at_once_and_deleted_meanwhile(part, big, state, monkeypatch):
    """Its execute takes a moment whatever the size; the timer that it leaves tells how it goes, and ends with it."""
    module, timers, reports = part("operators.remove_runtime"), [], []
    operator = types.SimpleNamespace(report=lambda kind, text: reports.append((*kind, text)))
    window = types.SimpleNamespace(background=False, timers=types.SimpleNamespace(register=lambda look, **named: timers.append(look)))
    monkeypatch.setattr(module, "bpy", types.SimpleNamespace(app=window, context=bpy.context))
    start = time.perf_counter()
    assert module.DOPPEL_OT_remove_runtime.execute(operator, bpy.context) == {"FINISHED"}
    assert time.perf_counter() - start < 0.5
    assert not big.exists()
    assert reports == [("INFO", "The runtime is out of use, and is being deleted")]
    assert state.removal.stage == "Deleting the runtime"
    with pytest.raises(RuntimeError, match="still being deleted"):
        bpy.ops.doppel.remove_runtime()
    assert bpy.ops.doppel.install_runtime.poll()
    (look,) = timers
    while look() is not None:
        time.sleep(0.02)
    assert state.removal is None
    assert state.outcome.facts == ["The runtime is deleted: 0.0 GiB are free again"]
    assert not part("core.removal").waiting(big)


def test_a_runtime_that_cannot_be_moved_stays_and_that_is_said(part, big, state, monkeypatch):
    def refuse(*words):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(part("core.removal").Path, "rename", refuse)
        with pytest.raises(RuntimeError, match=r"could not be moved: Permission denied\. Close what uses it"):
            bpy.ops.doppel.remove_runtime()
    assert (big / "doppel-runtime.json").exists()
    assert state.removal is None


def test_what_a_killed_removal_left_can_be_removed_again(part, big, state):
    state.remove(big).worker.cancel()
    while not part("operators.job").pump(state.removal, timeout=0.1):
        pass
    state.removal = None
    assert part("core.removal").waiting(big)
    assert bpy.ops.doppel.remove_runtime.poll()
    assert bpy.ops.doppel.remove_runtime() == {"FINISHED"}
    assert not part("core.removal").waiting(big)


def test_switching_the_add_on_off_does_not_stop_the_deleting(part, big, state):
    process = state.remove(big).worker.child.process
    state.stop()
    assert process.wait(timeout=20) == 0
    assert not part("core.removal").waiting(big)
    state.removal = None


def test_without_the_network_it_wants_wheels(folder, installer, state):
    assert not bpy.app.online_access
    installer(MAKES)
    with pytest.raises(RuntimeError, match=r"may not use the network.*Allow Online Access"):
        bpy.ops.doppel.install_runtime()
    assert not folder.exists()
    assert state.outcome.errors[0].kind == "OnlineAccessOff"


def test_an_error_of_the_installer_is_reported(folder, installer, state, tmp_path):
    installer('say("error", kind="DiskFull", text="Too little room", hint="Make room.")')
    with pytest.raises(RuntimeError, match=r"Too little room\. Make room"):
        bpy.ops.doppel.install_runtime(wheels=str(tmp_path))
    assert state.outcome.errors == [("Too little room", "Make room.", "DiskFull")]


def test_a_python_to_make_it_with_that_is_not_there(folder, installer, state, installed, tmp_path):
    bpy.context.preferences.addons[installed].preferences.make_with = str(tmp_path / "nothing")
    with pytest.raises(RuntimeError, match="Make With names"):
        bpy.ops.doppel.install_runtime(wheels=str(tmp_path))


def test_while_it_runs_nothing_else_starts_and_cancel_ends_it(part, folder, installer, state, installed):
    installer('say("log", line="Collecting torch"); say("progress", stage="Installing torch", fraction=0.5); time.sleep(60)')
    python = bpy.context.preferences.addons[installed].preferences.make_with
    job = state.install(part("core.runtime").Installation(str(folder), "cpu", python))
    while job.stage == "Starting":
        part("operators.job").pump(job, timeout=0.1)
    assert list(job.lines) == ["Collecting torch"]
    assert not bpy.ops.doppel.install_runtime.poll()
    assert not bpy.ops.doppel.remove_runtime.poll()
    assert not bpy.ops.doppel.reconstruct.poll()
    bpy.ops.doppel.cancel()
    while not part("operators.job").pump(job, timeout=0.1):
        pass
    assert job.error.kind == "Cancelled"
