"""Reading photos: every format and orientation, colours, and files that are not what they say."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.errors import PhotoTooLarge, PhotoUnreadable
from core.photo import image
from core.photo.image import GREY, read_photo

RED, GREEN, BLUE, WHITE = (220, 30, 20), (30, 200, 40), (20, 40, 210), (240, 240, 240)


def corners() -> np.ndarray:
    """48 × 32 pixels, a different colour in each corner: any turn or mirroring shows."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24], pixels[:16, 24:], pixels[16:, :24], pixels[16:, 24:] = RED, GREEN, BLUE, WHITE
    return pixels


def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """How a camera stores an upright picture under an orientation, as EXIF's table says: where row 0 and column 0 lie."""
    flips = {1: "", 2: "h", 3: "hv", 4: "v", 5: "t", 6: "tv", 7: "thv", 8: "th"}
    pixels = upright
    for step in flips[orientation]:
        pixels = {"h": pixels[:, ::-1], "v": pixels[::-1], "t": pixels.transpose(1, 0, 2)}[step]
    return np.ascontiguousarray(pixels)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "bmp", "gif"])
def test_every_format(tmp_path, suffix):
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(corners()).save(path, quality=95)
    photo = read_photo(path)
    assert photo.pixels.dtype == np.uint8
    assert photo.size == (48, 32)
    assert photo.name == path.name
    assert photo.alpha is None
    assert photo.focal is None
    assert np.abs(photo.pixels[4:12, 4:20].astype(int) - RED).max() < 12
    assert np.abs(photo.pixels[20:28, 28:44].astype(int) - WHITE).max() < 12


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(stored(corners(), orientation)).save(path, exif=exif, quality=95)
    photo = read_photo(path)
    assert photo.size == (48, 32)
    difference = np.abs(photo.pixels[2:-2, 2:-2].astype(int) - corners()[2:-2, 2:-2])
    assert np.median(difference) <= 3  # lossy formats blur the seams between the colours
    assert difference[4:8, 4:8].max() < 12
    assert difference[-8:-4, 4:8].max() < 12


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bit_grey(tmp_path, suffix):
    values = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (4, 1))
    Image.fromarray(values).save(tmp_path / f"deep.{suffix}")
    photo = read_photo(tmp_path / f"deep.{suffix}")
    expected = np.round(values / 65535 * 255)
    assert np.abs(photo.pixels - expected[..., None]).max() <= 1
    assert np.array_equal(photo.pixels[..., 0], photo.pixels[..., 2])


def test_16_bit_colour(tmp_path):
    path = tmp_path / "deep.png"
    rows = [[(65535, 32768, 0), (256 * 10, 256 * 200, 256 * 99)]] * 3
    path.write_bytes(png(2, 3, 16, 2, b"".join(b"\0" + b"".join(struct.pack(">3H", *pixel) for pixel in row) for row in rows)))
    assert read_photo(path).pixels[1].tolist() == [[255, 128, 0], [10, 200, 99]]


def test_alpha_is_kept_and_shows_grey(tmp_path):
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:, 24:], alpha[:, 20:24] = 255, 128
    Image.fromarray(np.dstack([corners(), alpha])).save(tmp_path / "cut.png")
    photo = read_photo(tmp_path / "cut.png")
    assert np.array_equal(photo.alpha, alpha)
    assert photo.pixels[0, 0].tolist() == list(GREY)
    assert photo.pixels[0, 40].tolist() == list(GREEN)
    assert np.abs(photo.pixels[0, 21] - (np.array(RED) + GREY) / 2).max() <= 1


def test_opaque_alpha_is_none(tmp_path):
    Image.fromarray(np.dstack([corners(), np.full((32, 48), 255, np.uint8)])).save(tmp_path / "opaque.png")
    assert read_photo(tmp_path / "opaque.png").alpha is None


def test_palette_with_transparency(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8)).convert("P")
    picture.putpalette([*RED, *BLUE])
    picture.save(tmp_path / "palette.png", transparency=0)
    photo = read_photo(tmp_path / "palette.png")
    assert photo.alpha.tolist() == [[0, 255], [255, 0]]
    assert photo.pixels[0, 1].tolist() == list(BLUE)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "CMYK", "P", "YCbCr", "I;16"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    picture = Image.new("RGB", (8, 6), (255, 255, 255)).convert("L" if mode == "I;16" else mode)
    picture = Image.fromarray(np.full((6, 8), 65535, np.uint16)) if mode == "I;16" else picture
    picture.save(tmp_path / "photo.tiff")
    photo = read_photo(tmp_path / "photo.tiff")
    assert photo.pixels.shape == (6, 8, 3)
    assert photo.pixels.min() >= 253


def test_embedded_profile_is_converted(tmp_path):
    """A profile whose red and green primaries are exchanged turns red into green."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"sRGB", b"test").replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    swapped = swapped.replace(b"rXYZ", b"?XYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?XYZ", b"gXYZ", 1)
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "odd.png", icc_profile=swapped)
    red, green, blue = read_photo(tmp_path / "odd.png").pixels[0, 0]
    assert green > 240
    assert red < 20
    assert blue < 20


def test_broken_profile_counts_as_srgb(tmp_path):
    Image.new("RGB", (4, 4), RED).save(tmp_path / "broken.png", icc_profile=b"no profile at all")
    assert read_photo(tmp_path / "broken.png").pixels[0, 0].tolist() == list(RED)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_counts_as_none(tmp_path):
    Image.fromarray(corners()).save(tmp_path / "odd.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40)
    assert read_photo(tmp_path / "odd.jpg").size == (48, 32)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "bmp", "gif"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated(tmp_path, suffix, share):
    path = tmp_path / f"photo.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(PhotoUnreadable, match="photo"):
        read_photo(path)


def test_not_an_image(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("a letter")
    for path, sentence in [
        (tmp_path / "empty.jpg", "is empty"),
        (tmp_path / "text.jpg", "not an image"),
        (tmp_path / "missing.jpg", "does not exist"),
        (tmp_path, "is a folder"),
    ]:
        with pytest.raises(PhotoUnreadable, match=sentence) as error:
            read_photo(path)
        assert error.value.hint


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (11000, 11000)])
def test_enormous_header_is_refused_before_decoding(tmp_path, width, height):
    path = tmp_path / "huge.png"
    path.write_bytes(png(width, height, 8, 2, b""))
    with pytest.raises(PhotoTooLarge, match="megapixels") as error:
        read_photo(path)
    assert "Scale" in error.value.hint


def test_large_but_allowed_passes_pillows_own_limit(tmp_path, recwarn):
    """Pillow warns from 89 megapixels; between that and our limit the header is accepted in silence."""
    path = tmp_path / "large.png"
    path.write_bytes(png(10000, 10000, 8, 2, b""))
    with pytest.raises(PhotoUnreadable, match="cut short"):  # there are no pixels behind the header
        read_photo(path)
    assert not recwarn.list


def test_zero_size(tmp_path):
    path = tmp_path / "none.png"
    path.write_bytes(png(0, 5, 8, 2, b""))
    with pytest.raises(PhotoUnreadable):
        read_photo(path)


def test_heic(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(corners())).save(tmp_path / "phone.heic", quality=95)
    assert np.median(np.abs(read_photo(tmp_path / "phone.heic").pixels.astype(int) - corners())) <= 3


def test_heic_without_its_reader_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "pillow_heif", None)
    path = tmp_path / "phone.heic"
    path.write_bytes(struct.pack(">I", 24) + b"ftypheic" + bytes(12) + b"nothing more")
    with pytest.raises(PhotoUnreadable, match="HEIC") as error:
        read_photo(path)
    assert "pillow-heif" in error.value.hint


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG file by hand: its header may promise anything."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
