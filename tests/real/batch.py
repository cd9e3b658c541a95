"""A batch of twenty photos, three of them broken, killed in the middle and called again: nothing lost, nothing twice, the right report.

    python tests/real/batch.py [--program "blender --command doppel"] [--out FOLDER]

With the real worker, so not part of CI: some minutes on two cores. Standard library only. Exit: 0 where all held, else 1.
"""

import argparse
import csv
import json
import os
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--surface", "body", "--quality", "draft", "--workers", "2")
BROKEN = {"03-text.jpg": "PhotoUnreadable", "11-empty.jpg": "PhotoUnreadable", "19-sky.png": "NoPersonFound"}
"""The broken photos, and what is wrong with them."""


def photos(folder: Path) -> None:
    """Seventeen photos of one person, each a file of its own, and three that are none."""
    folder.mkdir(parents=True)
    person = (ROOT / "examples" / "person.jpg").read_bytes()
    for number in range(20):
        if not any(name.startswith(f"{number:02}") for name in BROKEN):
            (folder / f"{number:02}.jpg").write_bytes(person + f"{number}".encode())  # what follows a JPEG's end is not read
    (folder / "03-text.jpg").write_text("This is no photo.")
    (folder / "11-empty.jpg").touch()
    (folder / "19-sky.png").write_bytes(png(640, 480, (110, 160, 230)))


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def recorded(out: Path) -> dict[str, int]:
    """The photos whose records say that they are done, with when each Avatar was written."""
    names = [path.stem for path in (out / "records").glob("*.json")]
    return {name: (out / f"{name}.npz").stat().st_mtime_ns for name in names if (out / f"{name}.npz").is_file()}


def killed(command: list[str], out: Path, log: Path, after: int) -> dict[str, int]:
    """Start the batch, kill it when so many photos are done; what was done by then. Its children end with it."""
    with log.open("w") as lines:
        batch = subprocess.Popen(command, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True)
        while len(recorded(out)) < after:
            assert batch.poll() is None, f"the batch ended before it could be killed: {log}"
            time.sleep(0.1)
        os.killpg(batch.pid, signal.SIGKILL)
        batch.wait()
    done, end = recorded(out), time.monotonic() + 10
    while working(out):
        assert time.monotonic() < end, f"workers of the killed batch live on: {working(out)}"
        time.sleep(0.1)
    return done


def working(out: Path) -> list[int]:
    """Processes whose command names a file below the folder: the workers of its batch. Linux."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(out).encode() in (process / "cmdline").read_bytes() and int(process.name) != os.getpid():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def check(out: Path, done: dict[str, int]) -> str:
    """The reports of the second call against what they must say; in words."""
    report = json.loads((out / "report.json").read_text())["photos"]
    assert len(report) == 20, f"{len(report)} photos in the report"
    failed = {Path(photo["photo"]).name: photo["error"]["kind"] for photo in report if photo["status"] == "failed"}
    assert failed == BROKEN, failed
    assert all(photo["error"]["hint"] for photo in report if photo["error"]), "an error without a hint"
    assert all(Path(file).is_file() for photo in report for file in photo["files"]), "a file that is named is not there"
    earlier = {Path(photo["photo"]).stem for photo in report if photo["earlier"]}
    assert earlier == set(done), f"kept were {sorted(earlier)}, done before the kill {sorted(done)}"
    now = recorded(out)
    assert all(now[name] == when for name, when in done.items()), "a photo was made twice"
    assert len(now) == 17, sorted(now)
    with (out / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows].count("failed") == 3, rows
    assert "17 of 20 photos done" in (out / "report.html").read_text(), "the contact sheet counts otherwise"
    left = [path.name for path in out.iterdir() if path.name.startswith(".") or path.suffix == ".partial"]
    assert not left, f"left behind: {left}"
    return f"killed with {len(done)} done; the second call kept these, made the other {17 - len(done)}, and reported 17 of 20"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=shlex.split, default=[sys.executable, "-m", "core"], help="the words before `reconstruct`")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "batch", help="a folder that is emptied first (default: %(default)s)")
    parser.add_argument("--after", type=int, default=5, help="photos that are done when it is killed (default: %(default)s)")
    arguments = parser.parse_args()
    folder = arguments.out.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    photos(folder / "photos")
    out = folder / "people"
    command = [*arguments.program, "reconstruct", str(folder / "photos"), "--out", str(out), *OPTIONS]
    try:
        done = killed(command, out, folder / "killed.log", arguments.after)
        with (folder / "again.log").open("w") as lines:
            code = subprocess.run(command, stdout=lines, stderr=subprocess.STDOUT, check=False).returncode
        assert code == 1, f"the second call ended with code {code} instead of 1 (some failed): {folder / 'again.log'}"
        sys.stdout.write(check(out, done) + "\n")
    except AssertionError as failure:
        sys.stdout.write(f"FAILED  {failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
