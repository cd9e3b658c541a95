"""The zip as users get it: what is in it, that Blender accepts it, that it comes and goes without a trace, and that torch stays out."""

import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import addon_utils
import bpy
import pytest

ROOT = Path(__file__).resolve().parents[2]

MUST_SHIP = (
    "__init__.py",
    "LICENSE",
    "blender_manifest.toml",
    "core/run.py",
    "core/pipeline.py",
    "operators/reconstruct.py",
    "panels/sidebar.py",
    "requirements/runtime.txt",
    "scene/__main__.py",
    "scene/person.py",
    "weights/body_female.npz",
    "weights/body_male.npz",
    "weights/body_neutral.npz",
    "weights/index.toml",
    "weights/pose_detection.tflite",
    "weights/pose_landmark_full.tflite",
)
MUST_NOT_SHIP = (
    "training/",
    "tests/",
    "docs/",
    "examples/",
    "out/",
    "build/",
    "dist/",
    ".git",
    ".venv",
    ".ci",
    ".cache",
    "Makefile",
    "pyproject.toml",
)


@pytest.fixture(scope="session")
def names(extension_zip) -> set[str]:
    return set(zipfile.ZipFile(extension_zip).namelist())


@pytest.mark.parametrize("name", MUST_SHIP)
def test_the_zip_has(names, name):
    assert name in names


def test_the_zip_has_nothing_of_the_workshop(names):
    assert [name for name in names if name.startswith(MUST_NOT_SHIP) or "__pycache__" in name] == []


def test_blender_accepts_the_zip(blender_ext, extension_zip):
    checked = blender_ext("validate", str(extension_zip))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def later(extension_zip: Path, path: Path) -> None:
    """The same extension as version 0.9.0."""
    with zipfile.ZipFile(extension_zip) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "blender_manifest.toml":
                data = re.sub(rb'(?m)^version = ".*"', b'version = "0.9.0"', data)
            new.writestr(name, data)


def test_a_folder_is_a_repository_to_install_and_update_from(blender_ext, extension_zip, tmp_path):
    """What `make build` leaves in dist, asked as Blender asks any repository, by an address; then a later version lies there instead."""
    repository, there, versions = tmp_path / "dist", tmp_path / "extensions", []
    repository.mkdir(), there.mkdir()
    address = ["--remote-url", f"file://{repository}/index.json", "--local-dir", str(there)]
    this = ["--blender-version", ".".join(map(str, bpy.app.version)), "--python-version", platform.python_version()]
    for place in (lambda path: shutil.copy(extension_zip, path), lambda path: later(extension_zip, path)):
        place(repository / "doppel.zip")
        for words in (
            ["server-generate", "--repo-dir", str(repository)],
            ["sync", *address],
            ["install", *address, *this, "--local-cache", "0", "doppel"],
        ):
            done = blender_ext(*words)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        versions.append(tomllib.loads((there / "doppel" / "blender_manifest.toml").read_text())["version"])
    assert versions == [tomllib.loads((ROOT / "blender_manifest.toml").read_text())["version"], "0.9.0"]
    assert (there / "doppel" / "core" / "pipeline.py").is_file()


def test_version_is_the_same_everywhere(part):
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    assert manifest["version"] == part("core").__version__


def traces() -> dict[str, object]:
    """Everything registering could leave behind."""
    return {
        "classes": sorted(name for name in dir(bpy.types) if "doppel" in name.lower()),
        "subclasses": sorted(
            cls.__name__
            for base in (bpy.types.Operator, bpy.types.Panel, bpy.types.PropertyGroup, bpy.types.AddonPreferences)
            for cls in base.__subclasses__()
            if "doppel" in cls.__name__.lower() and cls.is_registered
        ),
        "scene": hasattr(bpy.types.Scene, "doppel"),
        "handlers": {
            name: len(getattr(bpy.app.handlers, name))
            for name in dir(bpy.app.handlers)
            if isinstance(getattr(bpy.app.handlers, name), list)
        },
        "operators": sorted(dir(bpy.ops.doppel)),
    }


def test_switching_off_and_on_twice_leaves_nothing(installed):
    on = traces()
    assert on["scene"]
    assert on["operators"] == [
        "add_ik",
        "add_photos",
        "add_suns",
        "apply_light",
        "apply_motion",
        "bake_light",
        "batch",
        "cancel",
        "cut_seams",
        "drop_photos",
        "export",
        "fit_light",
        "give_back",
        "install_runtime",
        "load_avatar",
        "low_poly",
        "pose",
        "reconstruct",
        "remove_ik",
        "remove_photo",
        "remove_runtime",
        "remove_suns",
        "smooth_weights",
        "texture",
    ]
    for _ in range(2):
        addon_utils.disable(installed)
        off = traces()
        assert (off["classes"], off["subclasses"], off["scene"], off["operators"]) == ([], [], False, [])
        assert off["handlers"] == on["handlers"]
        addon_utils.enable(installed)
        assert traces() == on


def test_the_command_comes_and_goes(installed, monkeypatch):
    """Blender has no list of its commands, so what is handed to it is written down."""
    commands: dict[int, str] = {}
    addon_utils.disable(installed)
    monkeypatch.setattr(bpy.utils, "register_cli_command", lambda name, run: commands.setdefault(len(commands), name) and len(commands) - 1)
    monkeypatch.setattr(bpy.utils, "unregister_cli_command", commands.pop)
    addon_utils.enable(installed)
    assert commands == {0: "doppel"}
    addon_utils.disable(installed)
    assert commands == {}
    monkeypatch.undo()
    addon_utils.enable(installed)


def test_blenders_process_has_no_torch_after_a_run(tmp_path, avatar):
    """A whole conversion in a fresh process: nothing on the way imports torch or another package that computes."""
    avatar.save(tmp_path / "walk.npz")
    script = f"""
import runpy, sys
sys.argv = ["scene", {str(tmp_path / "walk.npz")!r}, "--formats", "glb", "--out", {str(tmp_path)!r}]
assert runpy.run_path({str(ROOT / "scene/__main__.py")!r})["main"](sys.argv[1:]) == 0
import importlib
for name in ("operators", "panels"):
    importlib.import_module("doppel." + name)
heavy = {{"torch", "cv2", "scipy", "ai_edge_litert", "skimage", "trimesh"}} & set(sys.modules)
print("HEAVY", sorted(heavy))
"""
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert child.stdout.strip().endswith("HEAVY []"), child.stdout + child.stderr
