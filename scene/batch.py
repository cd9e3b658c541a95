"""Avatar files to other files, in a Blender of our own where nothing of an artist's is open."""

from pathlib import Path

from ..core.avatar import load_avatar
from ..core.errors import FolderNotWritable
from .cleanup import empty_file
from .export import export_person
from .person import build_person
from .photo import find_photo
from .sheet import render_sheet


def convert_avatar(path: Path, formats: list[str], out: Path, photo: Path | None = None, sheet: bool = False) -> list[Path]:
    """Write one Avatar file in these formats, named like it; the files. AvatarInvalid, FolderNotWritable, SettingInvalid.

    Empties the open file first. photo: what stands behind the camera; by default the Avatar's own, where it can be found.
    """
    avatar = load_avatar(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderNotWritable(f"{out} cannot be made: {error.strerror}") from error
    empty_file()
    person = build_person(avatar, path.stem, photo or find_photo(path, avatar), new_world=True)
    files = [export_person(person, out / f"{path.stem}.{format}", format) for format in formats]
    return files + ([render_sheet(person, out / f"{path.stem}-sheet.png")] if sheet else [])
