"""A photo from a file: any usual format, made 8 bit sRGB and upright."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from ..errors import PhotoTooLarge, PhotoUnreadable
from .focal import focal_pixels
from .person import Photo

try:
    import pillow_heif
except ImportError:
    pillow_heif = None
else:
    pillow_heif.register_heif_opener()

LARGEST = 120
"""Megapixels a photo may have: above the largest usual phone's 108, and about 1.5 GB at the peak. Read from the header, before decoding."""

GREY = (128, 128, 128)
"""What shows through transparent pixels: dark hair and white shirts both stand out against it."""

ORIENTATION, EXIF_TABLE = 0x0112, 0x8769
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of each EXIF orientation upright."""

BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError, RuntimeError),
    *(struct.error, zlib.error),
)
"""What Pillow's readers raise over files that are not what they say."""


def read_photo(path: Path) -> Photo:
    """The photo in a file, first frame if it has several, as the Photo class describes it.

    16 bit grey is scaled to 8, CMYK and palettes become RGB, an embedded colour profile is converted to sRGB (one that cannot be read
    counts as sRGB), transparent pixels show grey. PhotoUnreadable, PhotoTooLarge (more than LARGEST megapixels).
    """
    path = Path(path)
    with _open(path) as image:
        _check_size(image, path.name)
        try:
            image.load()
            exif = _exif(image)
            pixels, alpha = to_rgb(image)
        except BROKEN as error:
            raise PhotoUnreadable(f"{path.name} is damaged or cut short: {error}") from error
        except MemoryError as error:
            raise PhotoTooLarge(f"{path.name} does not fit into memory") from error
    turn = TURNS.get(exif.get(ORIENTATION))
    if turn is not None:
        pixels, alpha = pixels.transpose(turn), alpha and alpha.transpose(turn)
    focal = focal_pixels(exif, pixels.size)
    return Photo(np.array(pixels), None if alpha is None else np.array(alpha), focal, path.name)


def _open(path: Path) -> Image.Image:
    """The image with only its header read. PhotoUnreadable, PhotoTooLarge."""
    if not path.is_file():
        raise PhotoUnreadable(f"{path} is a folder" if path.is_dir() else f"{path} does not exist", "Choose an image file.")
    if path.stat().st_size == 0:
        raise PhotoUnreadable(f"{path.name} is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit follows
            return Image.open(path)
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(f"{path.name} has more than {LARGEST} megapixels") from error
    except BROKEN as error:
        if is_heic(path) and pillow_heif is None:
            hint = "Install `pillow-heif` into the runtime, or save the photo as JPEG."
            raise PhotoUnreadable(f"{path.name} is a HEIC photo, which this runtime cannot read", hint) from error
        raise PhotoUnreadable(f"{path.name} is not an image that can be read") from error


def _check_size(image: Image.Image, name: str) -> None:
    """PhotoUnreadable for an image without pixels, PhotoTooLarge for one with too many."""
    width, height = image.size
    if width < 1 or height < 1:
        raise PhotoUnreadable(f"{name} has no pixels ({width} × {height})")
    if width * height > LARGEST * 1e6:
        raise PhotoTooLarge(f"{name} has {width * height / 1e6:.0f} megapixels ({width} × {height}); at most {LARGEST} are read")


def is_heic(path: Path) -> bool:
    """Whether the file's first bytes say HEIF with HEVC inside, as iPhones write."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def to_rgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture in sRGB over GREY, and its alpha; None where it has none or is opaque all over. ValueError for samples beyond 16 bits."""
    image = eight_bit(image)
    alpha = None
    if image.has_transparency_data:
        profile = image.info.get("icc_profile")
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
        image.info["icc_profile"] = profile
    pixels = to_srgb(image)
    if alpha is None or alpha.getextrema() == (255, 255):
        return pixels, None
    over = Image.new("RGB", pixels.size, GREY)
    over.paste(pixels, mask=alpha)
    return over, alpha


def eight_bit(image: Image.Image) -> Image.Image:
    """The same picture with 8 bits a sample. Pillow itself does so with 16 bit colour; 16 bit grey is left to us."""
    if image.mode == "1":
        return image.convert("L")
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError("samples of more than 16 bits are not read")
    grey = Image.fromarray(np.uint8((np.uint32(values) * 255 + 32767) // 65535))
    grey.info["icc_profile"] = image.info.get("icc_profile")
    return grey


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture as RGB in the sRGB colour space."""
    embedded = image.info.get("icc_profile")
    if embedded and image.mode in ("RGB", "CMYK", "L"):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
            if "sRGB" not in ImageCms.getProfileDescription(profile):
                return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # viewers show such a file as if it had no profile, and so do we
    return image if image.mode == "RGB" else image.convert("RGB")


def _exif(image: Image.Image) -> dict[int, object]:
    """The photo's EXIF values by tag, of both tables. Broken EXIF counts as none: it says nothing of the picture."""
    try:
        exif = image.getexif()
        return dict(exif) | dict(exif.get_ifd(EXIF_TABLE))
    except BROKEN:
        return {}
