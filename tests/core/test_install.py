"""The runtime is made, mended, refused and removed: with a real venv and real pip, but tiny wheels made here."""

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from core import install, runtime, worker
from core.errors import DiskFull, InstallFailed, NetworkUnreachable, PackageUnavailable, RuntimeMissing, SettingInvalid
from core.job import Done, Error, Log, Progress
from core.removal import delete, put_aside, waiting
from core.runtime import RECORD, Installation, load_installation, read_runtime, runtime_python
from core.worker import Worker, find_python

TORCH = """
from types import SimpleNamespace as N
__version__ = "2.13.0"
version, cuda = N(cuda={cuda!r}), N(is_available=lambda: False)
backends = N(mps=N(is_built=lambda: False, is_available=lambda: False))
"""


def wheel(folder: Path, name: str, version: str, code: str) -> None:
    folder.mkdir(exist_ok=True)
    facts = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", code)
        file.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{facts}/RECORD", "")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout that needs two tiny packages, and a folder of their wheels: torch only with CUDA, as the usual index has it."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "core").mkdir()
    for path in (worker.ROOT / "core").glob("*.py"):
        shutil.copy(path, root / "core")
    (root / "requirements").mkdir()
    (root / "requirements" / "runtime.txt").write_text('# two\ntorch==2.13.0\nwrench==1.0; python_version < "3.0"\nwrench==1.1\n')
    wheel(root / "wheels", "torch", "2.13.0", TORCH.format(cuda="13.0"))
    wheel(root / "wheels", "wrench", "1.1", "")
    return root


def run(checkout: Path, monkeypatch, **changed: str) -> list:
    """Every message of an installation in the checkout's Python."""
    monkeypatch.setattr(worker, "ROOT", checkout)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    values = {"folder": str(checkout / "runtime"), "flavour": "cpu", "wheels": str(checkout / "wheels")} | changed
    child = Worker(Installation(**values), Path(sys.executable), module="core.install", read=read_runtime)
    messages = []
    while not child.ended:
        messages += child.poll(timeout=0.2)
    return messages


def test_a_whole_runtime_from_a_folder_of_wheels(checkout, monkeypatch):
    messages = run(checkout, monkeypatch)
    assert isinstance(messages[-1], Done), messages[-1]
    made = read_runtime(messages[-1].report)
    assert (made.torch, made.flavour) == ("2.13.0", "cuda")
    assert "larger build" in made.note
    assert made.size > 1_000_000
    progress = [message.fraction for message in messages if isinstance(message, Progress)]
    assert progress == sorted(progress)
    assert any("Successfully installed" in message.line for message in messages if isinstance(message, Log))
    assert find_python(runtime=checkout / "runtime") == checkout / "runtime" / runtime.INSIDE
    # the small build appears, and another package goes: torch is exchanged, and what is left is no runtime
    wheel(checkout / "wheels", "torch", "2.13.0+cpu", TORCH.format(cuda=None))
    (checkout / "wheels" / "wrench-1.1-py3-none-any.whl").unlink()
    for path in (checkout / "runtime").rglob("wrench*"):
        shutil.rmtree(path)
    messages = run(checkout, monkeypatch)
    assert isinstance(messages[-1].exception(), PackageUnavailable)
    assert "wrench==1.1" in messages[-1].text
    assert [path.name for path in (checkout / "runtime").rglob("torch-*")] == ["torch-2.13.0+cpu.dist-info"]
    with pytest.raises(RuntimeMissing, match="half installed"):
        find_python(runtime=checkout / "runtime")
    put_aside(checkout / "runtime")
    assert not (checkout / "runtime").exists()
    assert delete(waiting(checkout / "runtime")) > 1e6
    assert not list(checkout.glob("runtime*"))


def test_a_full_disk_is_told_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "free_disk", lambda folder: 2**29)
    with pytest.raises(DiskFull, match=r"0\.5 GiB free"):
        install.install(Installation(str(tmp_path / "runtime"), "cuda"), lambda message: None)
    assert not (tmp_path / "runtime").exists()


def test_a_python_without_wheels_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 1))
    with pytest.raises(InstallFailed, match=r"is 3\.9"):
        install.install(Installation(str(tmp_path / "runtime"), "cpu"), lambda message: None)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["WARNING: Retrying", "NewConnectionError: refused", "ERROR: No matching distribution found for torch==2"], NetworkUnreachable),
        (["ERROR: Could not find a version", "ERROR: No matching distribution found for torch==2.13.0"], PackageUnavailable),
        (["ERROR: Could not install: [Errno 28] No space left on device"], DiskFull),
        (["ERROR: something new"], InstallFailed),
        ([], InstallFailed),
    ],
)
def test_what_pip_says_becomes_an_error_with_a_hint(lines, kind):
    error = install.pip_error(lines)
    assert type(error) is kind
    assert error.hint


def test_a_runtime_whose_python_is_gone(tmp_path):
    (tmp_path / RECORD).write_text("{}")
    with pytest.raises(RuntimeMissing, match="is gone"):
        runtime_python(tmp_path)
    assert runtime_python(tmp_path / "nowhere") is None


DEBIANS = """The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv package"""


def test_a_python_without_ensurepip_is_told_with_the_package_that_brings_it(monkeypatch, tmp_path):
    """A program in Python's place that says what Debian's does where python3-venv is not installed, and ends as it does."""
    program = tmp_path / "python3.13"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{DEBIANS}\nEND\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(install.sys, "executable", str(program))
    with pytest.raises(InstallFailed, match=r"python3\.13 has no ensurepip$") as raised:
        install.install(Installation(str(tmp_path / "runtime"), "cpu"), lambda message: None)
    assert "python3-venv" in raised.value.hint


def test_a_request_reads_back_and_a_bad_one_is_refused(tmp_path):
    wanted = Installation(str(tmp_path), "cuda", index="file:///a", wheels="w")
    assert load_installation(wanted.save(tmp_path / "request.json")) == wanted
    with pytest.raises(SettingInvalid):
        Installation(str(tmp_path), "abacus")
    (tmp_path / "request.json").write_text("[]")
    with pytest.raises(SettingInvalid):
        load_installation(tmp_path / "request.json")


def test_the_pins_have_one_torch_and_both_numpys():
    assert len(runtime.pins()["torch"]) == 1
    assert len(runtime.pins()["numpy"]) == 2


def test_a_child_that_cannot_start_says_so(checkout, monkeypatch):
    (checkout / "file").touch()
    messages = run(checkout, monkeypatch, folder=str(checkout / "file" / "runtime"))
    assert isinstance(messages[-1], Error)
    assert messages[-1].kind == "FolderNotWritable"
