"""Deleting a runtime: its folder is moved aside, which takes a moment, and then deleted, which takes as long as so many files do.

The second is a child process's work, `python -m core.removal removal.json`. It goes on when its parent ends; what is left over after a kill
is deleted with the next. Standard library only.
"""

import json
import os
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from .child import sender, take_stdout
from .errors import FolderNotWritable
from .job import Done, Message, Progress, error_message
from .runtime import RECORD, disk_use

ASIDE = "-removed-"
"""Between the name of a runtime's folder and a number: the folder's name while it waits to be deleted."""

STAGE = "Deleting the runtime"

OFTEN = 0.2
"""Seconds between two words of progress."""


@dataclass(frozen=True)
class Removal:
    """What to delete: a request of this module, saved as a file."""

    folders: tuple[str, ...]

    def save(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path


def put_aside(folder: Path) -> None:
    """Take the runtime out of use: its folder gets another name. None is there: nothing happens.

    FolderNotWritable where it cannot be moved, or holds something else than a runtime; then it is left alone.
    """
    if not folder.is_dir():
        return
    if not (folder / RECORD).is_file() and not (folder / "pyvenv.cfg").is_file() and any(folder.iterdir()):
        raise FolderNotWritable(f"{folder} holds something else than a runtime, and was left alone", "Remove it yourself.")
    number = 1 + max((int(name) for name in (old.name.rpartition(ASIDE)[2] for old in waiting(folder)) if name.isdigit()), default=0)
    try:
        folder.rename(folder.with_name(f"{folder.name}{ASIDE}{number}"))
    except OSError as error:
        raise FolderNotWritable(f"{folder} could not be moved: {error.strerror}", "Close what uses it, and try again.") from error


def waiting(folder: Path) -> list[Path]:
    """Former runtimes of this folder that are not deleted yet. Cheap, for it is asked at every redraw."""
    return sorted(folder.parent.glob(f"{folder.name}{ASIDE}*"))


def delete(folders: list[Path], say: Callable[[float], None] = lambda fraction: None) -> int:
    """Delete these folders; bytes that were freed. say: told the share that is gone, now and then. FolderNotWritable: what would not go."""
    total, gone, last = sum(map(disk_use, folders)), 0, 0.0
    for folder in folders:
        for base, below, files in os.walk(folder, topdown=False):
            for name in (*files, *below):
                gone += _delete(os.path.join(base, name))
                if time.monotonic() > last + OFTEN:
                    last = time.monotonic()
                    say(gone / max(total, 1))
        _delete(str(folder))
    return gone


def _delete(path: str) -> int:
    """One file, link or empty folder; bytes of a file. Links are deleted, not what they point to."""
    try:
        state = os.lstat(path)
        if stat.S_ISDIR(state.st_mode):
            os.rmdir(path)
            return 0
        try:
            os.unlink(path)
        except PermissionError:  # Windows deletes no file that may only be read
            os.chmod(path, stat.S_IWRITE)
            os.unlink(path)
    except FileNotFoundError:  # somebody else deletes, too
        return 0
    except OSError as error:
        raise FolderNotWritable(f"{path} could not be deleted: {error.strerror}", "Close what uses it, and try again.") from error
    return state.st_size


def main(arguments: list[str]) -> int:
    """0 when all is gone, 1 when not. Done names the folder of the request, in which `freed` holds the bytes."""
    request = Path(arguments[0])
    send = _while_heard(sender(take_stdout()))
    try:
        folders = json.loads(request.read_text(encoding="utf-8"))["folders"]
        freed = delete([Path(folder) for folder in folders], lambda fraction: send(Progress(STAGE, min(1.0, fraction))))
        (request.parent / "freed").write_text(str(freed))
        send(Done(str(request.parent / "freed")))
    except FolderNotWritable as error:
        send(error_message(error))
        return 1
    return 0


def read_freed(path: str) -> int:
    """The bytes that the removal has freed."""
    return int(Path(path).read_text())


def _while_heard(send: Callable[[Message], None]) -> Callable[[Message], None]:
    """The same, but silent once nobody listens any more."""
    heard = [True]

    def say(message: Message) -> None:
        try:
            if heard[0]:
                send(message)
        except OSError:
            heard[0] = False

    return say


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
