"""Which files the words of a command mean as photos, and what each photo's results are called."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import SettingInvalid

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif"}
"""Files of a folder or a pattern that are taken for photos. A file named by itself is always tried."""


RECORDS = "records"
"""Folder in the output folder for what is known of each photo: how it was made, and a small picture of it."""


def list_photos(words: Sequence[str | Path], out: Path) -> list[Path]:
    """Absolute paths of the photos meant, each once: files, folders (their photos by name), patterns such as `shots/**/*.jpg`.

    What lies in the records of the output folder `out` is no photo. SettingInvalid for a folder or pattern that names none.
    """
    found: dict[Path, None] = {}
    for word in words:
        for photo in _photos_of(Path(word).expanduser(), (out / RECORDS).absolute()):
            found.setdefault(photo, None)
    return list(found)


def _photos_of(path: Path, records: Path) -> list[Path]:
    path = path.absolute()
    if path.is_dir():
        photos = [file for file in sorted(path.iterdir()) if _is_photo(file)]
    elif not path.exists() and glob.has_magic(str(path)):
        photos = [file for file in map(Path, sorted(glob.glob(str(path), recursive=True))) if _is_photo(file)]
    else:
        return [path]
    photos = [photo for photo in photos if records not in photo.parents]
    if not photos:
        kind = "The folder" if path.is_dir() else "The pattern"
        raise SettingInvalid(f"{kind} {path} holds no photos", f"Photos end in {', '.join(sorted(PHOTO_SUFFIXES))}.")
    return photos


def _is_photo(file: Path) -> bool:
    return file.suffix.lower() in PHOTO_SUFFIXES and file.is_file()


def output_names(photos: Sequence[str | Path]) -> list[str]:
    """A name per photo: its own without the suffix, unless another's results could have that name too; then it keeps its suffix or counts.

    The second person of `walk` is `walk-2`, so a photo `walk-2.jpg` beside `walk.jpg` becomes `walk-2_jpg`. Names that differ in case alone
    count as equal, because they are to Windows and macOS.
    """
    stems = {Path(photo).stem.casefold() for photo in photos}
    names: list[str] = []
    taken: set[str] = set()
    for photo in map(Path, photos):
        for name in _candidates(photo):
            if name.casefold() not in taken and not _is_person_of(name.casefold(), stems | taken):
                break
        taken.add(name.casefold())
        names.append(name)
    return names


def _candidates(photo: Path) -> Iterator[str]:
    yield photo.stem
    with_suffix = photo.name.replace(".", "_")
    yield with_suffix
    count = 2
    while True:
        yield f"{with_suffix}_{count}"
        count += 1


def _is_person_of(name: str, others: set[str]) -> bool:
    """Whether the name is what a further person of a photo of another name would get."""
    other, dash, number = name.rpartition("-")
    return bool(dash) and number.isdigit() and other in others
