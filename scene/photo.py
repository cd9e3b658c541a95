"""The photo behind the camera, upright: Blender shows a file's pixels as they are stored, whatever its EXIF tag says."""

import struct
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.avatar import Avatar
from ..core.errors import PhotoUnreadable
from ..core.job import load_report

ORIENTATION_TAG = 0x0112
"""EXIF 2.3, table 4. Its values 1 to 8 say how the stored pixels have to be turned and mirrored."""


def show_photo(camera: bpy.types.Object, path: Path | str, size: tuple[int, int]) -> None:
    """Make the photo the camera's background image. PhotoUnreadable where Blender cannot show it or it is not of this size (W, H)."""
    image = load_photo(path, size)
    background = camera.data.background_images.new()
    background.image = image
    background.frame_method = "STRETCH"
    background.display_depth = "BACK"
    background.alpha = 1.0
    camera.data.show_background_images = True


def load_photo(path: Path | str, size: tuple[int, int]) -> bpy.types.Image:
    """The photo as an image of size (W, H): the file itself, or, where that is stored turned, an upright copy packed into the .blend."""
    path = Path(path)
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise PhotoUnreadable(
            f"The photo {path} is not there any more", "The person is complete; only the camera's background is missing."
        ) from error
    turn = exif_orientation(path)
    if turn != 1 and image.size[0]:
        image = _upright(image, turn)
    if tuple(image.size) != tuple(size):
        bpy.data.images.remove(image) if image.users == 0 else None
        raise PhotoUnreadable(
            f"Blender cannot show {path.name} behind the camera", "The person is complete; save the photo as JPEG or PNG."
        )
    return image


def find_photo(path: Path, avatar: Avatar) -> Path | None:
    """The photo of the Avatar in this file: beside it, or where the report.json beside it says. None where it is in neither place."""
    beside = path.parent / avatar.meta.get("photo", "")
    if beside.is_file():
        return beside
    try:
        report = load_report(path.parent / "report.json")
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is something else of that name
        return None
    named = [Path(photo.photo) for photo in report.photos if path.name in map(_file_name, photo.files)]
    return next((photo for photo in named if photo.is_file()), None)


def _file_name(path: str) -> str:
    return Path(path).name


def exif_orientation(path: Path) -> int:
    """The orientation tag of a JPEG file, 1 (as stored) where it has none or is another kind of file."""
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            return 1
        while True:
            head = file.read(4)
            if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:  # the picture itself begins
                return 1
            segment = file.read(int.from_bytes(head[2:], "big") - 2)
            if head[1] == 0xE1 and segment.startswith(b"Exif\0\0"):
                return _orientation_in(segment[6:])


def _orientation_in(tiff: bytes) -> int:
    """The orientation tag in the first directory of a TIFF block."""
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
            if tag == ORIENTATION_TAG:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels (H, W, C), first row on top, as they are meant to be seen."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    upside_down, mirrored = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1]


def _upright(stored: bpy.types.Image, orientation: int) -> bpy.types.Image:
    """A packed copy of the image, turned upright; the stored one is removed unless something else uses it."""
    width, height = stored.size
    pixels = np.empty((height, width, stored.channels), dtype=np.float32)
    source: Any = stored.pixels
    source.foreach_get(pixels.ravel())
    upright = np.ascontiguousarray(turned(pixels[::-1], orientation)[::-1])
    if stored.channels != 4:
        raise PhotoUnreadable(f"{stored.name} has {stored.channels} channels")
    copy = bpy.data.images.new(f"{stored.name} upright", upright.shape[1], upright.shape[0])
    target: Any = copy.pixels
    target.foreach_set(upright.ravel())
    copy.pack()
    bpy.data.images.remove(stored) if stored.users == 0 else None
    return copy
