"""The child process that makes the runtime: an environment by Python's own venv, packages by its pip, a test that all of them load.

Run by the Python the runtime is made with, Blender's own as a rule: standard library only. `python -m core.install installation.json`.
Progress is counted in bytes on the disk, since pip tells no more while it downloads.
"""

import os
import shutil
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path

from .child import end_with_parent, sender, take_stdout
from .errors import DiskFull, DoppelError, FolderNotWritable, InstallFailed, NetworkUnreachable, PackageUnavailable, Unexpected
from .job import Done, Log, Message, Progress, error_message
from .probe import ask
from .runtime import (
    DISK,
    DOWNLOAD,
    GIB,
    INSIDE,
    RECORD,
    REQUIREMENTS,
    Installation,
    Runtime,
    disk_use,
    free_disk,
    load_installation,
    pins,
    pins_digest,
)

OLDEST, NEWEST = (3, 11), (3, 14)
"""Pythons for which every pinned package has a wheel."""

ROOM = 0.5
"""GiB that stay free on the disk."""

Send = Callable[[Message], None]


def main(arguments: list[str]) -> int:
    """0 when the runtime is whole, 1 when not; either way a message says so."""
    send = sender(take_stdout())
    end_with_parent()
    try:
        send(Done(str(install(load_installation(Path(arguments[0])), send))))
    except Exception as error:
        traceback.print_exc()
        known = error if isinstance(error, DoppelError) else Unexpected(f"{type(error).__name__}: {error}")
        send(error_message(known))
        return 1
    return 0


def install(wanted: Installation, send: Send) -> Path:
    """Make the runtime, or mend the one that is there; the path of its record.

    DiskFull, FolderNotWritable, InstallFailed, NetworkUnreachable, PackageUnavailable. What was made stays, without a record: the next
    try goes on from there.
    """
    folder = Path(wanted.folder)
    send(Progress("Looking at the disk", 0.0))
    _python_fits()
    _room_for(folder, wanted.flavour)
    _forget(folder)
    send(Progress("Making the environment", 0.01))
    python = _environment(folder)
    note = _packages(python, wanted, Meter(folder, wanted.flavour, send))
    send(Progress("Testing the packages", 0.96))
    found = ask(python)
    if found["broken"]:
        name, reason = next(iter(found["broken"].items()))
        raise InstallFailed(f"{name} was installed but does not load: {reason}")
    torch = found["torch"]
    runtime = Runtime(found["python"], torch["version"], torch["build"], torch["device"], pins_digest(), disk_use(folder), note)
    return runtime.save(folder)


def _python_fits() -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        version = ".".join(map(str, sys.version_info[:2]))
        raise InstallFailed(
            f"Doppel's packages are made for Python 3.11 to 3.14, and {sys.executable} is {version}",
            "Name another in the preferences as Make With, for instance one of python.org's.",
        )


def _room_for(folder: Path, flavour: str) -> None:
    """DiskFull where the flavour, less what is there already, does not fit."""
    needed = DISK[flavour] + DOWNLOAD[flavour] + ROOM - disk_use(folder) / GIB
    free = free_disk(folder) / GIB
    if free < needed:
        raise DiskFull(f"{folder} has {free:.1f} GiB free, and {needed:.1f} GiB are needed")


def _forget(folder: Path) -> None:
    """From here on the folder holds half a runtime."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECORD).unlink(missing_ok=True)
    except OSError as error:
        raise FolderNotWritable(f"{folder} cannot be written to: {error.strerror}") from error


def _environment(folder: Path) -> Path:
    """The environment's Python: the one that is there if it runs and has pip, else a new one in its place."""
    python = folder / INSIDE
    if python.is_file() and _runs([str(python), "-m", "pip", "--version"])[0] == 0:
        return python
    code, words = _runs([sys.executable, "-m", "venv", "--clear", str(folder)])
    if code:
        reason = words[-1] if words else f"it ended with code {code}"
        hint = "Look at the log."
        if any("ensurepip" in line for line in words):
            reason = f"{sys.executable} has no ensurepip"
            hint = "Install your system's package python3-venv, or name another Python in the preferences as Make With."
        raise InstallFailed(f"The environment could not be made: {reason}", hint)
    return python


def _runs(command: list[str]) -> tuple[int, list[str]]:
    """Exit code and lines of a short command, which go to the log, too. A program that will not start has the code 127."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=_clean(), stdin=subprocess.DEVNULL)
    except OSError as error:
        return 127, [str(error)]
    sys.stderr.write(ended.stdout + ended.stderr)
    return ended.returncode, (ended.stdout + ended.stderr).strip().splitlines()


def _clean(**more: str) -> dict[str, str]:
    """The environment of variables without what Python was told about us."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")} | more


class Meter:
    """Progress between the environment and the test, by bytes: what lies in pip's temporary folder, and what lies in the environment."""

    def __init__(self, folder: Path, flavour: str, send: Send):
        self.folder, self.flavour, self.send = folder, flavour, send
        self.temporary = folder / "temporary"
        self.stage, self.downloaded, self.fraction = "", 0, 0.0

    def look(self) -> None:
        """Send the progress there is now; it never goes back."""
        waiting = disk_use(self.temporary)
        self.downloaded = max(self.downloaded, waiting)
        got = min(1.0, self.downloaded / GIB / DOWNLOAD[self.flavour])
        there = min(1.0, (disk_use(self.folder) - waiting) / GIB / DISK[self.flavour])
        self.fraction = max(self.fraction, 0.02 + 0.94 * (0.5 * max(got, there) + 0.5 * there))
        self.send(Progress(self.stage, self.fraction))


def _packages(python: Path, wanted: Installation, meter: Meter) -> str:
    """Install torch of the wanted flavour, then the rest; a note where the flavour is another one."""
    (version,) = pins()["torch"]
    meter.stage = "Installing torch"
    index = wanted.torch_index or wanted.index
    note = ""
    if wanted.flavour == "cpu" and sys.platform == "linux":
        note = _torch_for_the_processor(python, wanted, meter, version, index)
    else:
        _pip(python, [f"torch=={version}"], index, wanted.wheels, meter)
    meter.stage = "Installing the other packages"
    _pip(python, ["-r", str(REQUIREMENTS)], wanted.index, wanted.wheels, meter)
    return note


def _torch_for_the_processor(python: Path, wanted: Installation, meter: Meter, version: str, index: str) -> str:
    """Linux: the small build where the index has it, else the usual one, which brings CUDA along; then the note says so."""
    try:
        _pip(python, [f"torch=={version}+cpu"], index, wanted.wheels, meter)
    except PackageUnavailable as error:
        if not str(error).startswith("torch"):  # not torch, but something that it needs
            raise
        _room_for(meter.folder, "cuda")
        meter.flavour = "cuda"
        note = "The package index has no torch for the processor alone: the larger build with CUDA was installed, which computes there, too"
        meter.send(Log(note))
        _pip(python, [f"torch=={version}"], index, wanted.wheels, meter)
        return note
    return ""


def _pip(python: Path, what: list[str], index: str, wheels: str, meter: Meter) -> None:
    """`pip install` of these requirements, wheels only; its lines go to the log and the panel. The errors of `install`."""
    command = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
    command += ["--progress-bar", "off", "--only-binary", ":all:"]
    command += ["--no-index", "--find-links", wheels] if wheels else ["--index-url", index] if index else []
    meter.temporary.mkdir(exist_ok=True)
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(meter.temporary))
    pip = subprocess.Popen(
        [*command, *what], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=_clean(**places)
    )
    lines: deque[str] = deque(maxlen=60)
    reader = threading.Thread(target=_read, args=(pip.stdout, lines, meter.send), daemon=True)
    reader.start()
    while pip.poll() is None:
        meter.look()
        reader.join(timeout=2.0)
    reader.join()
    shutil.rmtree(meter.temporary, ignore_errors=True)
    if pip.returncode:
        raise pip_error(list(lines))


def _read(stream, lines: deque[str], send: Send) -> None:
    for line in stream:
        sys.stderr.write(line)
        lines.append(line.rstrip())
        send(Log(line.strip()))


def pip_error(lines: list[str]) -> DoppelError:
    """What pip's last lines mean for a user."""
    text = "\n".join(lines)
    last = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "pip said nothing")
    if "No space left on device" in text or "not enough space on the disk" in text:
        return DiskFull("The disk became full while packages were installed")
    unreachable = ("NewConnectionError", "name resolution", "getaddrinfo failed", "ConnectTimeout", "ProxyError", "Max retries exceeded")
    if any(word in text for word in unreachable):
        return NetworkUnreachable("The package index could not be reached")
    for line in lines:
        if "No matching distribution found for" in line:
            name = line.rpartition("No matching distribution found for ")[2].split(" ")[0]
            return PackageUnavailable(f"{name} is not to be had there for this Python ({sys.version_info[0]}.{sys.version_info[1]})")
    return InstallFailed(f"pip failed: {last.removeprefix('ERROR: ')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
