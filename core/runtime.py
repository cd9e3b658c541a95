"""The installed runtime: a private Python environment with the packages that compute, in a folder of the user's. Standard library only.

`core.install` makes it, in a process of its own. RECORD is written when all is there, so a folder without it is half a runtime.
"""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import RuntimeMissing, SettingInvalid
from .settings import Choice, Setting

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements" / "runtime.txt"
RECORD = "doppel-runtime.json"
INSIDE = Path("Scripts/python.exe") if os.name == "nt" else Path("bin/python")
"""The Python of a virtual environment, seen from its folder."""

GIB = 2**30

FLAVOUR = Setting(
    "flavour",
    "Build",
    "Which build of torch is installed",
    "cpu",
    (
        Choice("cpu", "CPU", "The processor: smallest, runs everywhere"),
        Choice("cuda", "CUDA", "An NVIDIA GPU; computes on the processor, too"),
        Choice("metal", "Metal", "An Apple GPU; computes on the processor, too"),
    ),
)

DISK = {"cpu": 1.4, "cuda": 5.1, "metal": 1.3}
"""GiB on the disk once installed, by flavour: docs/INSTALL.md says on what they were measured."""
DOWNLOAD = {"cpu": 0.4, "cuda": 2.7, "metal": 0.3}
"""GiB to download, by flavour, found likewise."""


@dataclass(frozen=True)
class Installation:
    """What to install: a request of `core.install`, saved as a file. Paths are absolute.

    folder: of the runtime. flavour: a word of FLAVOUR. python: the program to make it with. index: address of a package index, "" for pip's
    own. torch_index: the same for torch alone. wheels: folder of wheels to install from without a network, or "".
    """

    folder: str
    flavour: str
    python: str = sys.executable
    index: str = ""
    torch_index: str = ""
    wheels: str = ""

    def __post_init__(self):
        FLAVOUR.checked(self.flavour)
        for key in ("folder", "wheels"):
            object.__setattr__(self, key, str(Path(getattr(self, key)).absolute()) if getattr(self, key) else "")

    def save(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        return path


def load_installation(path: Path) -> Installation:
    """The Installation of a file; SettingInvalid if it is not one."""
    try:
        return Installation(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise SettingInvalid(f"{path} is not an installation: {error}", "Write it with Installation.save.") from error


@dataclass(frozen=True)
class Runtime:
    """What RECORD says. python, torch: versions. device: what it computes on, in words. requirements: `pins_digest` when it was made.
    size: bytes on the disk. note: what the user should know of it, or ""."""

    python: str
    torch: str
    flavour: str
    device: str
    requirements: str
    size: int
    note: str = ""

    @property
    def outdated(self) -> bool:
        """Whether this version of Doppel asks for other packages than those it was made with."""
        return self.requirements != pins_digest()

    def save(self, folder: Path) -> Path:
        path = folder / RECORD
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        return path


def read_runtime(folder: Path | str) -> Runtime | None:
    """The record of a whole runtime; None where there is none, or only half of one."""
    path = Path(folder)
    path = path if path.name == RECORD else path / RECORD
    try:
        return Runtime(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return None


def runtime_python(folder: Path) -> Path | None:
    """The Python of a whole runtime; None where none was installed. RuntimeMissing where one was begun or has lost its Python."""
    if not folder.is_dir():
        return None
    if not (folder / RECORD).is_file():
        raise RuntimeMissing("The runtime is only half installed", "Press Repair Runtime, or run `blender --command doppel setup`.")
    if not (folder / INSIDE).is_file():
        raise RuntimeMissing(
            "The Python that the runtime was made with is gone: that Blender was moved or removed",
            "Press Repair Runtime, or run `blender --command doppel setup`.",
        )
    return folder / INSIDE


def usual_flavour() -> str:
    """The flavour that suits this computer, as far as it shows without asking a GPU."""
    if sys.platform == "darwin":
        return "metal"
    return "cuda" if shutil.which("nvidia-smi") else "cpu"


def disk_use(folder: Path) -> int:
    """Bytes of all files below the folder; links count nothing. 0 where there is none."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                state = os.lstat(os.path.join(base, name))
            except OSError:  # pip removes files while we look
                continue
            total += state.st_size
    return total


def free_disk(folder: Path) -> int:
    """Bytes free where the folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def pins_digest() -> str:
    """Short digest of requirements/runtime.txt: which packages this version asks for."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]


def pins() -> dict[str, list[str]]:
    """Versions asked for by package name; a package may have several, for different Pythons."""
    found: dict[str, list[str]] = {}
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        name, equals, version = line.partition(";")[0].partition("==")
        if equals:
            found.setdefault(name.strip(), []).append(version.strip())
    return found
