"""The output folder: made, known to be writable, and held by one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import AlreadyRunning, FolderNotWritable

LOCK = ".doppel.lock"
"""File in the output folder that holds the number of the process writing there. A part's lock is `.doppel-2of5.lock`."""


def open_folder(out: Path) -> Path:
    """The output folder, made and known to be writable. FolderNotWritable."""
    probe = out / f".doppel-{os.getpid()}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FolderNotWritable(f"{out} cannot be written to: {error.strerror}") from error
    return out


@contextmanager
def locked(out: Path, part: str = "") -> Iterator[None]:
    """Hold the folder, or one part of its work ("2of5"), for this process: parts may run side by side, a whole run not beside them.

    AlreadyRunning while another living process holds it; a dead one's lock is taken over.
    """
    lock = out / (f".doppel-{part}.lock" if part else LOCK)
    for other in {lock, out / LOCK} if part else {lock, *out.glob(".doppel-*.lock")}:
        holder = _holder(other)
        if holder:
            raise AlreadyRunning(f"Another job (process {holder}) is writing to {out}")
    lock.unlink(missing_ok=True)
    try:
        with lock.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        raise AlreadyRunning(f"Another job has just begun to write to {out}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _holder(lock: Path) -> int:
    """Number of the living process named in the lock, 0 if there is none."""
    try:
        number = int(lock.read_text())
        os.kill(number, 0)
    except PermissionError:
        return number
    except (OSError, ValueError):
        return 0
    return number
