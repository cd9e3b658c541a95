"""docs/RESULTS.md: a section between two marks for each measurement, with the command, commit and day that made it."""

import subprocess
import sys
from datetime import date
from pathlib import Path

BEGIN, END = "<!-- {} begins: written by its script, not by hand -->", "<!-- {} ends -->"
HEADER = "# Results\n\nEvery figure here was written by the command above it.\n"


def write_section(path: Path, name: str, text: str) -> None:
    """The file with the text between the marks of that name; made, or the marks appended, where they are not there yet."""
    path = Path(path)
    begin, end = BEGIN.format(name), END.format(name)
    old = path.read_text(encoding="utf-8") if path.exists() else HEADER
    if begin not in old:
        old = f"{old.rstrip()}\n\n{begin}\n{end}\n"
    before, rest = old.split(begin, 1)
    after = rest.split(end, 1)[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def how_made(module: str) -> str:
    """The command as it was given, folders shown as their option's name, once however many; the commit, and the day."""
    words, option = [], ""
    for word in sys.argv[1:]:
        option = word if word.startswith("--") else option
        shown = option.strip("-").upper() if "/" in word and option != "--results" else word
        if shown == word or words[-1:] != [shown]:
            words.append(shown)
    return f"`python -m {module} {' '.join(words)}`\n\nAt commit {commit()}, {date.today().isoformat()}."


def commit() -> str:
    """The checkout's short commit, with `+ changes` where tracked files differ from it; `unknown` outside a checkout."""
    try:
        short = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "diff", "--quiet", "HEAD"], check=False).returncode != 0
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{short} + changes" if changed else short
