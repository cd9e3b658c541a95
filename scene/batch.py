"""Avatar files to other files, in a Blender of our own where nothing of an artist's is open."""

from pathlib import Path

from ..core.avatar import load_avatar
from ..core.errors import FolderNotWritable
from .cleanup import empty_file
from .export import export_files
from .person import build_person
from .photo import find_photo
from .sheet import render_sheet, stride


def convert_avatar(path: Path, formats: list[str], out: Path, photo: Path | None = None, sheet_poses: int = 0, lods: int = 0) -> list[Path]:
    """Write one Avatar file in these formats, named like it; the files. AvatarInvalid, FolderNotWritable, SettingInvalid.

    Empties the open file first. photo: what stands behind the camera; by default the Avatar's own, where it can be found. sheet_poses:
    rows of the sheet that is written besides: 1 the photo's pose, 2 a stride below it, 0 no sheet. lods: further levels of detail.
    """
    avatar = load_avatar(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderNotWritable(f"{out} cannot be made: {error.strerror}") from error
    empty_file()
    person = build_person(avatar, path.stem, photo or find_photo(path, avatar), new_world=True)
    files = export_files(person, out, path.stem, formats, lods)
    more_poses = [stride()] if sheet_poses > 1 else []
    return files + ([render_sheet(person, out / f"{path.stem}-sheet.png", more_poses=more_poses)] if sheet_poses else [])
