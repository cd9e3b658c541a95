"""The rules of the house: which way imports go, what the maps say, which versions agree."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import core

ROOT = Path(__file__).resolve().parents[2]
FIRST_RING = (
    "avatar",
    "batch",
    "blender",
    "camera",
    "capacity",
    "child",
    "command",
    "coverage",
    "doctor",
    "errors",
    "estimate",
    "folder",
    "gutter",
    "install",
    "job",
    "keeper",
    "light",
    "memory",
    "motion",
    "photo_list",
    "probe",
    "records",
    "removal",
    "rotations",
    "runtime",
    "settings",
    "setup",
    "skeleton",
    "summary",
    "unwrap",
    "weights",
    "worker",
)
OUTSIDE_BLENDER = {"torch", "scipy", "cv2", "PIL", "skimage", "trimesh", "ai_edge_litert", "jaxtyping", "smplx"}


def imports(path: Path) -> set[str]:
    """Names of top-level packages a file imports anywhere, and of sibling packages it reaches relatively."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = path.parents[node.level - 1].relative_to(ROOT)
            found.add(str(base / (node.module or "").replace(".", "/")))
            found |= {str(base / (node.module or "").replace(".", "/") / alias.name) for alias in node.names}
    return found


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def test_core_never_imports_blender():
    for path in files("core"):
        assert not imports(path) & {"bpy", "bmesh", "mathutils", "gpu", "scene", "operators", "panels"}, path


def test_blenders_side_reaches_the_first_ring_only():
    for path in files("scene", "operators", "panels"):
        found = imports(path)
        assert not found & OUTSIDE_BLENDER, path
        inner = {name.split("/")[1].split(".")[0] for name in found if name.startswith("core/")}
        assert inner <= set(FIRST_RING), (path, inner - set(FIRST_RING))


def test_imports_go_one_way():
    for path in files("scene"):
        assert not any(name.startswith(("operators", "panels")) for name in imports(path)), path


def test_first_ring_needs_numpy_only():
    """Imported in a fresh Python, the first ring brings in no package but numpy."""
    modules = [path for name in FIRST_RING for path in (ROOT / "core").glob(f"{name}/*.py") if path.stem != "__init__"]
    names = [*FIRST_RING, *(f"{path.parent.name}.{path.stem}" for path in modules)]
    code = f"import sys\nfor name in {names}: __import__('core.' + name)\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & (OUTSIDE_BLENDER | {"bpy"})


def test_map_of_core_names_every_module():
    modules = {path.stem if path.suffix else path.name for path in (ROOT / "core").iterdir() if not path.name.startswith("__")} | {
        "__main__"
    }
    named = {line.split()[0] for line in core.__doc__.splitlines() if line.startswith("    ") and line.strip()}
    assert named == modules


def test_version_is_one():
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    newest = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert manifest["version"] == project["project"]["version"] == core.__version__
    assert newest.split()[1] == core.__version__


def test_readme_map_names_every_folder():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folders = {path.split("/")[0] for path in tracked if "/" in path and not path.startswith(".")}
    readme = (ROOT / "README.md").read_text()
    named = {line.split("/")[0].strip() for line in readme.splitlines() if line.startswith("    ") and "/ " in line}
    assert folders <= named | {"requirements"}, folders - named


def test_no_file_names_a_machines_folder():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in tracked:
        text = (ROOT / name).read_text()
        assert not re.search(r"/(work|root|farm)/[a-z.]", text), name
