"""What a job needs from this computer: which Python computes, which weights it takes, where results go."""

import json
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import DoppelError, WeightsMissing
from ..core.runtime import RECORD, Runtime, read_runtime
from ..core.weights import FOLDER, read_index
from ..core.worker import find_python

PACKAGE = (__package__ or "").rpartition(".")[0]
"""The extension's own name inside Blender, such as bl_ext.user_default.doppel."""


def preferences() -> Any:
    """The add-on's preferences, or None where this runs without being enabled as an add-on."""
    addon: Any = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences if addon else None


def preference(name: str) -> str:
    """A path from the preferences, absolute; "" where none is set."""
    path = getattr(preferences(), name, "")
    return bpy.path.abspath(path) if path else ""


def keep_seconds() -> float:
    """How long a worker is kept for the next photo: the preferences' minutes, 0 where there are none."""
    return 60.0 * getattr(preferences(), "keep_minutes", 0)


def python() -> Path:
    """The Python that computes. RuntimeMissing where there is none."""
    return find_python(preference("python"), runtime_folder())


def runtime_folder() -> Path:
    """Where Install Runtime puts it."""
    return user_folder() / "runtime"


def installed() -> Runtime | None:
    """What is known of the installed runtime, None where it is not whole. Its file is read again only when it has changed."""
    try:
        return _read_runtime(runtime_folder(), (runtime_folder() / RECORD).stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=1)
def _read_runtime(folder: Path, changed: int) -> Runtime | None:
    return read_runtime(folder)


def problem() -> DoppelError | None:
    """What has to be mended before any job can run: RuntimeMissing, WeightsMissing, or None. Cheap, for it is asked at every redraw."""
    try:
        python()
        folder = Path(preference("weights") or FOLDER)
        for name in _weight_files(folder):
            if not (folder / name).is_file():
                raise WeightsMissing(f"The weights {name} are not in {folder}")
    except DoppelError as error:
        return error
    return None


@lru_cache(maxsize=4)
def _weight_files(folder: Path) -> tuple[str, ...]:
    """Names of the files that the folder should hold; the list is read once."""
    return tuple(weight.file for weight in read_index(folder).values())


def user_folder() -> Path:
    """The extension's own folder, which outlives an update; in a checkout one among the temporary files. It need not exist yet."""
    if PACKAGE.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(PACKAGE))
    return Path(tempfile.gettempdir()) / "doppel"


def save_recent(paths: list[str]) -> None:
    """Remember the Avatars made lately for the next Blender; where the folder cannot be written to, not: no job fails of it."""
    try:
        user_folder().mkdir(parents=True, exist_ok=True)
        (user_folder() / "recent.json").write_text(json.dumps(paths), encoding="utf-8")
    except OSError:
        return


def load_recent() -> list[str]:
    """The Avatars made lately whose files are still there, newest first."""
    try:
        paths = json.loads((user_folder() / "recent.json").read_text(encoding="utf-8"))
        return [path for path in paths if Path(path).is_file()]
    except (OSError, ValueError, TypeError):
        return []


def output_folder() -> Path:
    """Where results go unless someone says otherwise: `doppel` beside the .blend, or `people` in the user folder while it is unsaved."""
    return Path(bpy.path.abspath("//")) / "doppel" if bpy.data.filepath else user_folder() / "people"
