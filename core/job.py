"""What crosses the process boundary: the request (a JSON file), the messages of a running job (JSON lines), and report.json."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import DoppelError, FolderNotWritable, SettingInvalid, from_kind
from .settings import checked_settings


@dataclass(frozen=True)
class Request:
    """One job: which photos, into which folder, with which settings. Paths are absolute, so any process may read it.

    settings: every Setting by name, checked. weights: folder that overrides the shipped one, or "". body_file: the user's own SMPL file,
    or "". names: what each photo's files are called, or () for their own names. report: where the report goes, held folder included,
    or "" for report.json in a folder this job holds itself. previews: folder for small pictures of the people, or "".
    """

    photos: tuple[str, ...]
    out: str
    settings: Mapping[str, str | int] = field(default_factory=dict)
    weights: str = ""
    body_file: str = ""
    names: tuple[str, ...] = ()
    report: str = ""
    previews: str = ""

    def __post_init__(self):
        absolute = {"photos": tuple(str(Path(photo).absolute()) for photo in self.photos), "out": str(Path(self.out).absolute())}
        for key in ("weights", "body_file", "report", "previews"):
            absolute[key] = str(Path(getattr(self, key)).absolute()) if getattr(self, key) else ""
        for key, value in absolute.items():
            object.__setattr__(self, key, value)
        object.__setattr__(self, "settings", checked_settings(dict(self.settings)))

    def save(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        return path


def load_request(path: Path) -> Request:
    """The Request of a file; SettingInvalid if it is not one."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Request(**{**values, "photos": tuple(values["photos"]), "names": tuple(values.get("names", ()))})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SettingInvalid(f"{path} is not a request: {error}", "Write it with Request.save.") from error


@dataclass(frozen=True)
class Progress:
    """The job is at `stage`; `fraction` 0..1 runs over the whole job, all photos included."""

    stage: str
    fraction: float


@dataclass(frozen=True)
class Log:
    """A line that the job would have people see while they wait."""

    line: str


@dataclass(frozen=True)
class Done:
    """The job ended by itself; `report` is the path of report.json. Single photos may have failed: the report says which."""

    report: str


@dataclass(frozen=True)
class Error:
    """The job as a whole failed."""

    kind: str
    text: str
    hint: str

    def exception(self) -> DoppelError:
        return from_kind(self.kind, self.text, self.hint)


@dataclass(frozen=True)
class PhotoReport:
    """What became of one photo. status: "done" or "failed"; seconds by stage; files written; error as kind, text, hint; warnings.

    memory: the most that was held meanwhile, GiB: "main" and, where one was used, "gpu". earlier: its files are those of an earlier run.
    """

    photo: str
    status: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    error: Error | None = None
    warnings: tuple[str, ...] = ()
    memory: Mapping[str, float] = field(default_factory=dict)
    earlier: bool = False


def photo_report(values: Mapping[str, Any]) -> PhotoReport:
    """The PhotoReport of its JSON."""
    error = Error(**values["error"]) if values["error"] else None
    return PhotoReport(**{**values, "files": tuple(values["files"]), "warnings": tuple(values["warnings"]), "error": error})


@dataclass(frozen=True)
class PhotoEnded:
    """One photo of the job has ended, well or not; others may follow."""

    photo: PhotoReport


Message = Progress | Log | PhotoEnded | Done | Error
_MESSAGES = {"progress": Progress, "log": Log, "photo": PhotoEnded, "done": Done, "error": Error}


def message_to_line(message: Message) -> str:
    """One line of JSON, newline included."""
    name = {cls: name for name, cls in _MESSAGES.items()}[type(message)]
    return json.dumps({"message": name, **asdict(message)}) + "\n"


def line_to_message(line: str) -> Message | None:
    """The message of a line, or None where the line is something else (a stray print of a library)."""
    try:
        values = json.loads(line)
        name = values.pop("message")
        return PhotoEnded(photo_report(values["photo"])) if name == "photo" else _MESSAGES[name](**values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def error_message(error: DoppelError) -> Error:
    return Error(error.kind, str(error), error.hint)


@dataclass(frozen=True)
class Report:
    """report.json: one PhotoReport per photo, in the order asked for."""

    photos: tuple[PhotoReport, ...]
    version: str

    @property
    def failed(self) -> tuple[PhotoReport, ...]:
        return tuple(photo for photo in self.photos if photo.status == "failed")

    @property
    def avatars(self) -> tuple[str, ...]:
        """Paths of the Avatar files written."""
        return tuple(file for photo in self.photos for file in photo.files if file.endswith(".npz"))

    def save(self, path: Path) -> Path:
        try:
            path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        except OSError as error:
            raise FolderNotWritable(f"{path} could not be written: {error.strerror}") from error
        return path


def load_report(path: Path | str) -> Report:
    values = json.loads(Path(path).read_text(encoding="utf-8"))
    return Report(tuple(photo_report(photo) for photo in values["photos"]), values["version"])
