"""The output folder: made, known to be writable, and held by one process at a time."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    except (OSError, ValueError):
        return 0
    return number if number > 0 and lives(number) else 0


def lives(number: int) -> bool:
    """Whether a process of this number runs, ours or another user's."""
    if os.name == "nt":
        return _lives_on_windows(number, _kernel32())
    try:
        os.kill(number, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _kernel32() -> Any:
    return ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined] - of Windows alone


def _lives_on_windows(number: int, kernel32: Any) -> bool:
    """The same by the process' handle, which is signalled once it has ended: on Windows signal 0 is a Ctrl-C, and os.kill would send it."""
    synchronize, access_denied, wait_timeout = 0x100000, 5, 0x102
    handle = kernel32.OpenProcess(synchronize, False, number)
    if not handle:
        return ctypes.get_last_error() == access_denied  # type: ignore[attr-defined] - of Windows alone
    try:
        return kernel32.WaitForSingleObject(handle, 0) == wait_timeout
    finally:
        kernel32.CloseHandle(handle)
