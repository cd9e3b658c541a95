"""What is known of each photo's results: how they were made and their checksums, so that a later run keeps what is whole.

One JSON file a photo, `records/NAME.json` in the output folder, written when everything of the photo is there. Results are kept where the
photo's bytes, the settings (but device and formats), the weights' list, the body file and the version are the same, and every file named
has the checksum it had.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from . import __version__
from .errors import FolderNotWritable
from .job import PhotoReport, Request, photo_report
from .weights import FOLDER, sha256

WHERE_OR_WHAT_FOR = ("device", "formats")
"""Settings that leave an Avatar as it is."""


def recipe(request: Request) -> dict[str, object]:
    """Everything but the photo that decides what an Avatar is, as JSON values."""
    own = Path(request.weights or FOLDER) / "index.toml"
    index = own if own.is_file() else FOLDER / "index.toml"
    return {
        "settings": {name: value for name, value in request.settings.items() if name not in WHERE_OR_WHAT_FOR},
        "weights": _checksum(index),
        "body_file": _checksum(Path(request.body_file)) if request.body_file else "",
        "doppel": __version__,
    }


@dataclass(frozen=True)
class Records:
    """The records in one output folder, for one recipe."""

    out: Path
    folder: Path
    recipe: dict[str, object]

    def kept(self, name: str, photo: Path) -> tuple[PhotoReport, set[str]] | None:
        """What an earlier run made of the photo, and the formats that are whole; None where an Avatar is not, so all must be made anew."""
        try:
            record = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            report, formats, checksums = photo_report(record["report"]), set(record["formats"]), dict(record["files"])
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or not whole
            return None
        if record["recipe"] != self.recipe or not checksums or record["photo"] != _checksum(photo):
            return None
        whole = {file for file, checksum in checksums.items() if _checksum(self.out / file) == checksum}
        if whole != set(checksums):
            formats = {"npz"}
        kept = [file for file in checksums if formats != {"npz"} or file.endswith(".npz")]
        if not set(kept) <= whole:
            return None
        return replace(report, photo=str(photo), files=tuple(str(self.out / file) for file in kept), earlier=True), formats

    def write(self, name: str, report: PhotoReport, formats: set[str]) -> None:
        """Record a photo that is done in these formats; it replaces the old record in one step. FolderNotWritable."""
        files = {str(Path(file).relative_to(self.out)): _checksum(Path(file)) for file in report.files}
        record = {"recipe": self.recipe, "photo": _checksum(Path(report.photo)), "formats": sorted(formats), "files": files}
        path = self.folder / f"{name}.json"
        partial = path.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(record | {"report": asdict(report)}, indent=1), encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise FolderNotWritable(f"{path} could not be written: {error.strerror}") from error


def _checksum(path: Path) -> str:
    """sha256 of a file, "" where it cannot be read."""
    try:
        return sha256(path)
    except OSError:
        return ""
