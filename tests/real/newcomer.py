"""A newcomer's way in a real Blender with an empty user folder: the zip, Install Runtime, Reconstruct, Apply Motion, export, re-import.

    python tests/real/newcomer.py --blender /path/to/blender --wheels FOLDER [--make-with PYTHON] [--window]

Not part of CI, for it takes a Blender program, a folder of wheels for that Blender's Python (`pip download -d FOLDER -r
requirements/runtime.txt` with the same Python) and some minutes. --window: also with the mouse in a window on a virtual screen (Xvfb), with
pictures of it. Standard library only. Exit: 0 where every step held, else 1.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


WIDTH = 1600
"""Of the virtual screen, pixels."""


class Failed(Exception):
    """A step that did not hold, with what there is to say about it."""


class Blender:
    """A Blender program (words of a command line) whose preferences and extensions are in a folder of their own; logs go to `out`."""

    def __init__(self, program: list[str], out: Path):
        self.program, self.out = program, out
        self.environment = {key: value for key, value in os.environ.items() if key != "DOPPEL_PYTHON"}
        self.environment["BLENDER_USER_RESOURCES"] = str(out / "user")

    def __call__(self, log: str, *words: str, code: int = 0) -> str:
        """Run it with these words; all that it said. Failed where it ends with another code."""
        file = self.out / f"{log}.log"
        with file.open("w") as lines:
            ended = subprocess.run([*self.program, *words], env=self.environment, stdout=lines, stderr=subprocess.STDOUT, check=False)
        said = file.read_text(errors="replace")
        if ended.returncode != code:
            raise Failed(
                f"Blender ended with code {ended.returncode} instead of {code}; {file} ends with\n" + "\n".join(said.splitlines()[-25:])
            )
        return said

    def script(self, log: str, name: str, *words: str) -> None:
        """Run a script of this folder in the background with the user's preferences."""
        self(log, "-b", "--python-exit-code", "1", "--python", str(HERE / name), "--", *words)

    def window(self, step: str, height: int, *words: str) -> None:
        """Run a step of window.py on a virtual screen whose memory is a file, so that pictures can be taken of it."""
        read, write = os.pipe()
        size = ["-screen", "0", f"{WIDTH}x{height}x24", "-fbdir", str(self.out)]
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), *size, "+extension", "GLX"], pass_fds=[write], stderr=subprocess.DEVNULL
        )
        os.close(write)
        try:
            with os.fdopen(read) as lines:
                number = lines.readline().strip()
            expect(bool(number), "Xvfb does not start")
            self.environment |= {"DISPLAY": f":{number}", "DOPPEL_SCREEN": str(self.out / "Xvfb_screen0")}
            place = ["--enable-event-simulate", "-p", "0", "0", str(WIDTH), str(height)]
            self(f"window-{step}", *place, "--python", str(HERE / "window.py"), "--", step, str(self.out), *words)
        finally:
            screen.terminate()
            screen.wait()


def expect(holds: bool, words: str) -> None:
    if not holds:
        raise Failed(words)


def install_zip(blender: Blender, file: Path) -> str:
    """The extension from its zip into the empty user folder; the doctor says that the runtime is missing and what to press."""
    blender("install-file", "--command", "extension", "install-file", "-r", "user_default", "-e", str(file))
    page = blender("doctor-before", "--command", "doppel", "doctor", "--out", str(blender.out), code=3)
    expect("Install Runtime" in page, f"the doctor does not say what to press:\n{page}")
    return file.name


def install_runtime(blender: Blender, wheels: Path, make_with: str) -> str:
    """The runtime by the button's operator, from the wheels alone; afterwards the doctor has nothing left to ask for."""
    blender.script("runtime", "artist.py", "install", str(blender.out), "", str(wheels), make_with)
    page = blender("doctor-after", "--command", "doppel", "doctor", "--out", str(blender.out))
    return next(line.strip() for line in page.splitlines() if "torch" in line)


def reconstruct(blender: Blender, photo: Path) -> str:
    blender.script("reconstruct", "artist.py", "reconstruct", str(blender.out), str(photo))
    found = json.loads((blender.out / "reconstruct.json").read_text())
    return f"{found['triangles']:,} triangles, {len(found['bones'])} bones, {found['size'][2]:.2f} m tall"


def move(blender: Blender) -> str:
    blender.script("move", "artist.py", "move", str(blender.out))
    files = sorted((blender.out / "exports").iterdir())
    expect({file.suffix for file in files} == {".glb", ".fbx"}, f"exported: {files}")
    return ", ".join(f"{file.name} {file.stat().st_size / 1e6:.1f} MB" for file in files)


def read_again(blender: Blender, suffix: str) -> str:
    """The exported file in an empty scene of a Blender without Doppel: the same person as stood in the scene that was exported."""
    (file,) = (blender.out / "exports").glob(f"*.{suffix}")
    answer = blender.out / f"{suffix}.json"
    words = ("--python-exit-code", "1", "--python", str(HERE / "measure.py"), "--", str(file), str(answer))
    blender(suffix, "-b", "--factory-startup", *words)
    was, readers = json.loads((blender.out / "move.json").read_text()), json.loads(answer.read_text())
    expect(bool(readers), f"this Blender has no importer for .{suffix}")
    for name, found in readers.items():
        for fault in differences(was, found):
            raise Failed(f"{file.name} by {name}: {fault}")
    return ", ".join(readers)


def validate(blender: Blender, folder: Path) -> str:
    """The exported .glb has no errors in Khronos's validator."""
    (file,) = (blender.out / "exports").glob("*.glb")
    ended = subprocess.run(["node", str(HERE / "validate.mjs"), str(folder), str(file)], capture_output=True, text=True, check=False)
    expect(ended.returncode == 0, f"the validator does not run: {ended.stderr.strip()[-300:]}")
    found = json.loads(ended.stdout)
    expect(found["numErrors"] == 0, f"{file.name}: {found['messages']}")
    return f"no errors, {found['numWarnings']} warnings: {', '.join(sorted({message['code'] for message in found['messages']}))}"


def differences(was: dict, found: dict) -> list[str]:
    """What an imported file lacks of the person that was exported, in words."""
    faults = []
    for what in ("bones", "triangles", "images"):
        if was[what] != found[what]:
            faults.append(f"{what}: {found[what]} instead of {was[what]}")
    for what, most in (("size", 0.01), ("colour", 0.02)):
        if len(found[what]) != 3 or any(abs(a - b) > most for a, b in zip(was[what], found[what], strict=True)):
            faults.append(f"{what}: {found[what]} instead of {was[what]}")
    if found["weighted"] < 1:
        faults.append(f"only {found['weighted']:.1%} of the vertices hang on bones")
    if not was["moved"] / 2 < found["moved"] < was["moved"] * 2:
        faults.append(f"an elbow moves {found['moved']:.1%} of the vertices instead of {was['moved']:.1%}")
    return faults


def in_window(blender: Blender, photo: Path) -> str:
    """Reconstruct and Cancel pressed with the mouse; the pictures are in `out`."""
    blender.window("people", 1900, str(photo))
    seconds = json.loads((blender.out / "window.json").read_text())
    told = f"Cancel took {seconds['cancelled']:.2f} s; begun after {seconds['first']:.1f} s, the next photo after {seconds['second']:.2f} s"
    return f"{told}; {', '.join(sorted(file.name for file in blender.out.glob('*.jpg')))}"


def remove_in_window(blender: Blender) -> str:
    """The runtime gone from the disk again, by the button's operator, while the window stays alive."""
    blender.window("remove", 1000)
    said = json.loads((blender.out / "remove.json").read_text())
    return f"the window stood still for {said['still']:.2f} s at most; after {said['seconds']:.0f} s: {said['said']}"


def without_runtime(blender: Blender) -> str:
    """A picture of the sidebar that offers to install one."""
    blender.window("before", 1000)
    return "runtime.jpg"


def remove_runtime(blender: Blender) -> str:
    """The runtime gone from the disk again."""
    blender("remove", "--command", "doppel", "setup", "--remove")
    left = list((blender.out / "user").rglob("doppel-runtime.json"))
    expect(not left, f"still there: {left}")
    blender("doctor-removed", "--command", "doppel", "doctor", "--out", str(blender.out), code=3)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blender", required=True, type=shlex.split, help="the program, or the words of a command that runs it")
    parser.add_argument("--wheels", required=True, type=Path, help="folder of wheels for the runtime")
    parser.add_argument("--make-with", default="", help="the Python to make the runtime with (default: Blender's own)")
    parser.add_argument("--window", action="store_true", help="also with the mouse in a window on a virtual screen (Xvfb)")
    parser.add_argument("--validator", type=Path, help="a folder in which `npm install gltf-validator` was run: the .glb is given to it")
    parser.add_argument("--zip", type=Path, help="the extension (default: the one in dist)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "newcomer", help="a folder that is emptied first (default: %(default)s)")
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "person.jpg")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    arguments.out.mkdir(parents=True)
    file = (arguments.zip or next((ROOT / "dist").glob("doppel-*.zip"))).absolute()
    blender = Blender(arguments.blender, arguments.out.absolute())
    steps: dict[str, Callable[[], str]] = {
        "Blender": lambda: blender("version", "--version").splitlines()[0],
        "Install the zip": lambda: install_zip(blender, file),
        "Window before": lambda: without_runtime(blender),
        "Install Runtime": lambda: install_runtime(blender, arguments.wheels.absolute(), arguments.make_with),
        "Reconstruct": lambda: reconstruct(blender, arguments.photo.absolute()),
        "Apply Motion, Export": lambda: move(blender),
        "Validate .glb": lambda: validate(blender, arguments.validator.absolute()),
        "Import .glb": lambda: read_again(blender, "glb"),
        "Import .fbx": lambda: read_again(blender, "fbx"),
        "Window": lambda: in_window(blender, arguments.photo.absolute()),
        "Window, Panels": lambda: blender.window("panels", 1900) or "light.jpg, light-and-rig.jpg",
        "Window, Remove Runtime": lambda: remove_in_window(blender),
        "Remove Runtime": lambda: remove_runtime(blender),
    }
    left_out = (*(() if arguments.window else ("Window",)), *(() if arguments.validator else ("Validate",)))
    return walk({name: step for name, step in steps.items() if not name.startswith(left_out)})


def walk(steps: dict[str, Callable[[], str]]) -> int:
    """Take the steps one after the other, each told with its seconds; 0 where all held, 1 at the first that did not."""
    for name, step in steps.items():
        start = time.monotonic()
        try:
            words = step()
        except Failed as failure:
            sys.stdout.write(f"FAILED  {name}: {failure}\n")
            return 1
        sys.stdout.write(f"ok {time.monotonic() - start:6.1f} s  {name}  {words}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
