"""What can be wrong with a MakeHuman asset file, and the readers' shared way to say where."""

from collections.abc import Iterator
from pathlib import Path


class AssetFileError(ValueError):
    """An asset file that cannot be read: the sentence names the file and, where there is one, the line."""

    def __init__(self, path: Path, line: int | None, text: str):
        where = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {text}")
        self.path, self.line, self.text = Path(path), line, text

    def __reduce__(self):
        return type(self), (self.path, self.line, self.text)  # it comes out of worker processes


def numbered_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every line that says something, as its number (from 1) and its words; comments and empty lines left out."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AssetFileError(path, None, f"cannot be read ({error.strerror})") from error
    for line, content in enumerate(text.splitlines(), start=1):
        words = content.split()
        if words and not words[0].startswith("#"):
            yield line, words


def floats(words: list[str], count: int, path: Path, line: int) -> list[float]:
    """The words as that many finite numbers."""
    if len(words) < count:
        raise AssetFileError(path, line, f"{count} numbers were expected, {len(words)} are there")
    try:
        values = [float(word) for word in words[:count]]
    except ValueError as error:
        raise AssetFileError(path, line, f"not a number ({error})") from error
    if not all(abs(value) < 1e6 for value in values):  # also false for nan
        raise AssetFileError(path, line, "a number is not finite, or far too large")
    return values


def vertex_number(word: str, most: int, path: Path, line: int) -> int:
    """The word as the number of one of `most` vertices, counted from 0."""
    if not word.isdigit() or int(word) >= most:
        raise AssetFileError(path, line, f"{word!r} is not the number of a vertex (0 to {most - 1})")
    return int(word)
