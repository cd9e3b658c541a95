"""The doctor's page says what is missing and what to do, and `setup` says why it cannot; memory is what was taken."""

import argparse
import json
from pathlib import Path

import pytest

from core import doctor, memory, probe, setup
from core.errors import BlenderMissing, RuntimeMissing
from core.runtime import pins

HEALTHY = {
    "python": "3.11.7",
    "packages": {name: versions[-1] for name, versions in pins().items()},
    "broken": {},
    "torch": {"version": "2.13.0+cpu", "build": "cpu", "device": "the processor", "memory": None},
}


@pytest.fixture
def python(tmp_path):
    """A program in a Python's place that answers the probe with what it is given; the finder of it."""

    def make(answer: dict):
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
        program.chmod(0o755)
        return lambda: program

    return make


def findings(python, weights="", body_file=""):
    def blender() -> str:
        raise BlenderMissing("None was found")

    return doctor.examine(python, weights, body_file, Path(), blender)


def by_name(found):
    return {finding.what: finding for finding in found}


def test_all_is_well_but_blender(python, tmp_path):
    found = [finding for finding in findings(python(HEALTHY)) if not finding.what.startswith("Weights")]
    assert doctor.ready(found)
    assert [finding.what for finding in found if finding.state != "ok"] == ["Blender"]
    assert doctor.page(found).endswith("Ready to reconstruct.\n")


def test_what_is_missing_stands_last_with_what_to_press(python, tmp_path):
    packages = HEALTHY["packages"] | {"scipy": "1.0"}
    packages.pop("safetensors")
    sick = HEALTHY | {"packages": packages, "broken": {"safetensors": "PackageNotFoundError: safetensors"}}
    found = findings(python(sick), str(tmp_path), str(tmp_path / "SMPL.pkl"))
    assert not doctor.ready(found)
    named = by_name(found)
    assert named["safetensors"].state == named["SMPL file"].state == named["Weights lifter"].state == "missing"
    assert named["scipy"].state == "note"
    assert "Packages" not in named
    text = doctor.page(found)
    assert "safetensors" in text.splitlines()[-1]
    assert all(finding.fix for finding in found if finding.state == "missing")


def test_no_python_and_one_that_is_none(tmp_path):
    def nothing() -> Path:
        raise RuntimeMissing("No Python")

    assert by_name(findings(nothing))["Python"].fix == RuntimeMissing.default_hint
    (tmp_path / "python").write_text("#!/bin/sh\necho no >&2\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(RuntimeMissing, match="does not run as a Python: no"):
        probe.ask(tmp_path / "python")
    with pytest.raises(RuntimeMissing, match="could not be started"):
        probe.ask(tmp_path / "nothing")


def test_the_probe_tells_of_a_package_that_breaks(monkeypatch):
    monkeypatch.setattr(probe, "pins", lambda: {"numpy": ["1"], "no-such-package": ["1"], "scipy": ["1"]})
    monkeypatch.setitem(probe.MODULES, "scipy", "scipy.no_such_module")
    found = probe.probe()
    assert set(found["packages"]) == {"numpy", "scipy"}
    assert set(found["broken"]) == {"no-such-package", "scipy"}


def test_the_exit_codes(python, monkeypatch, tmp_path, capsys):
    words = argparse.Namespace(weights=str(tmp_path), body_file="", out=Path())
    assert setup.doctor(words, python(HEALTHY), lambda: "4.5") == 3
    monkeypatch.setattr(doctor, "check_all", lambda folder: {})
    assert setup.doctor(words, python(HEALTHY), lambda: "4.5") == 0
    assert "Ready" in capsys.readouterr().out


def test_setup_without_network_or_wheels(tmp_path, capsys):
    words = argparse.Namespace(remove=False, wheels="", flavour="cpu", index="", torch_index="", make_with="")
    assert setup.setup(words, tmp_path / "runtime", online=False) == 3
    assert "--wheels" in capsys.readouterr().err
    words.make_with = str(tmp_path / "nothing")
    assert setup.setup(words, tmp_path / "runtime", online=True) == 3
    words.remove = True
    assert setup.setup(words, tmp_path / "runtime", online=False) == 0


def test_memory_is_what_was_taken():
    assert 2**26 < memory.available() < 2**44
    memory.forget_peak()
    before = memory.peak()
    taken = bytearray(64 * 2**20)
    taken[::4096] = b"x" * len(taken[::4096])
    assert memory.peak() - before > 60 * 2**20
