"""Files that Blender writes: whether there can be one, and what to say when there was none."""

from pathlib import Path

from ..core.errors import FolderNotWritable, Unexpected


def check_place(path: Path) -> None:
    """FolderNotWritable where no file of this name can be written. Leaves no empty file, of which Blender would keep a backup."""
    there = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise FolderNotWritable(f"{path} cannot be written: {error.strerror}") from error
    if not there:
        path.unlink()


def failed_to_write(path: Path, error: RuntimeError) -> Unexpected:
    """Unexpected with the reason in the RuntimeError that Blender's operators raise, which may end with a traceback and its place."""
    words = [line for line in str(error).strip().splitlines() if not line.startswith("Location:")]
    return Unexpected(f"{path.name} could not be written: {words[-1]}")
