"""Install Runtime and Remove Runtime: refused, cancelled, failed, done; and what the panels say of each. A stand-in installs."""

import json
import sys

import bpy
import pytest


@pytest.fixture
def folder(part, monkeypatch):
    """The runtime's folder, which no test leaves behind."""
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    folder = part("operators.runtime").runtime_folder()
    yield folder
    part("core.runtime").remove_runtime(folder)


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
    assert not folder.exists()
    assert part("operators.runtime").installed() is None
    assert not bpy.ops.doppel.remove_runtime.poll()


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
