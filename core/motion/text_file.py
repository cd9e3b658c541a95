"""Motion files in text, and the readers' shared way to say what is wrong with one, and where."""

from pathlib import Path

from ..errors import MotionUnreadable


def fault(path: Path, line: int | None, text: str, hint: str | None = None) -> MotionUnreadable:
    """The error of a motion file that cannot be read: its sentence names the file and, where there is one, the line."""
    where = f"{path}" if line is None else f"{path}, line {line}"
    return MotionUnreadable(f"{where}: {text}", hint)


def read_text(path: Path) -> str:
    """The file's text. Raises MotionUnreadable where there is none to read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise fault(path, None, f"cannot be read ({error.strerror})") from error


def numbers(words: list[str], count: int, path: Path, line: int) -> list[float]:
    """The words as that many finite numbers."""
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise fault(path, line, f"not a number ({error})") from error
    if len(values) != count:
        raise fault(path, line, f"{count} numbers were expected, {len(values)} are there")
    if not all(abs(value) < 1e6 for value in values):  # also false for nan
        raise fault(path, line, "a number is not finite, or far too large")
    return values
