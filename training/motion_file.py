"""What can be wrong with a motion file, and the readers' shared way to say where."""

from pathlib import Path


class MotionFileError(ValueError):
    """A motion file that cannot be read: the sentence names the file and, where there is one, the line."""

    def __init__(self, path: Path, line: int | None, text: str):
        where = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {text}")
        self.path, self.line, self.text = Path(path), line, text

    def __reduce__(self):
        return type(self), (self.path, self.line, self.text)  # it comes out of worker processes


def read_text(path: Path) -> str:
    """The file's text. Raises MotionFileError where there is none to read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise MotionFileError(path, None, f"cannot be read ({error.strerror})") from error


def numbers(words: list[str], count: int, path: Path, line: int) -> list[float]:
    """The words as that many finite numbers."""
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise MotionFileError(path, line, f"not a number ({error})") from error
    if len(values) != count:
        raise MotionFileError(path, line, f"{count} numbers were expected, {len(values)} are there")
    if not all(abs(value) < 1e6 for value in values):  # also false for nan
        raise MotionFileError(path, line, "a number is not finite, or far too large")
    return values
