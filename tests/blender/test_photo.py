"""The photo behind the camera: upright, of the right size, found again by its path; and the person survives its loss."""

import struct

import bpy
import numpy as np
import pytest

PICTURE = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(255, 255, 0), (0, 255, 255), (255, 0, 255)]], dtype=np.uint8)
"""Two rows of three colours: every turn and mirroring of it is another picture."""


@pytest.fixture
def write_photo(tmp_path):
    """Writes a JPEG of PICTURE, each colour 16 pixels square, that has to be turned as the EXIF orientation says; its path."""

    def make(orientation: int, byte_order: str = ">"):
        image = bpy.data.images.new("made", 48, 32)
        rows = np.kron(PICTURE[::-1], np.ones((16, 16, 1))) / 255
        image.pixels.foreach_set(np.dstack([rows, np.ones((32, 48))]).astype(np.float32).ravel())
        image.filepath_raw, image.file_format = str(tmp_path / f"photo{orientation}.jpg"), "JPEG"
        image.save()
        bpy.data.images.remove(image)
        path = tmp_path / f"photo{orientation}.jpg"
        path.write_bytes(with_orientation(path.read_bytes(), orientation, byte_order))
        return path

    return make


def with_orientation(jpeg: bytes, orientation: int, order: str) -> bytes:
    """The JPEG with an EXIF segment of two entries, orientation second, right after its first marker."""
    entries = struct.pack(order + "HHIHH", 0x0100, 3, 1, 48, 0) + struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = (b"MM" if order == ">" else b"II") + struct.pack(order + "HIH", 42, 8, 2) + entries + bytes(4)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def colours(image) -> np.ndarray:
    """The colour in the middle of each square, first row on top, rounded to full or none."""
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return np.rint(pixels.reshape(image.size[1], image.size[0], 4)[::-1][8::16, 8::16, :3])


UPRIGHT = {  # EXIF 2.3: where the stored first row and first column are to be seen
    1: PICTURE,  # top, left
    2: PICTURE[:, ::-1],  # top, right
    3: PICTURE[::-1, ::-1],  # bottom, right
    4: PICTURE[::-1],  # bottom, left
    5: PICTURE.transpose(1, 0, 2),  # left, top
    6: np.rot90(PICTURE, -1),  # right, top: to be turned clockwise
    7: PICTURE[::-1, ::-1].transpose(1, 0, 2),  # right, bottom
    8: np.rot90(PICTURE),  # left, bottom: to be turned anticlockwise
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_photos_stand_upright(part, write_photo, orientation, byte_order):
    expected = UPRIGHT[orientation] / 255
    path = write_photo(orientation, byte_order)
    image = part("scene.photo").load_photo(path, (16 * expected.shape[1], 16 * expected.shape[0]))
    np.testing.assert_array_equal(colours(image), expected)
    assert bool(image.packed_file) == (orientation != 1)
    assert len(bpy.data.images) == 1


def test_the_camera_shows_the_photo_and_the_file_stays_where_it_is(part, avatar, write_photo):
    import dataclasses

    path = write_photo(1)
    person = part("scene.person").build_person(dataclasses.replace(avatar, image_size=(48, 32)), "walk", path)
    camera = part("scene.person").parts(person)["camera"]
    (background,) = camera.data.background_images
    assert camera.data.show_background_images
    assert bpy.path.abspath(background.image.filepath) == str(path)
    assert not background.image.packed_file
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y, bpy.context.scene.camera) == (48, 32, camera)


def test_a_lost_photo_is_a_warning(part, avatar, tmp_path):
    with pytest.warns(UserWarning, match="is not there any more"):
        person = part("scene.person").build_person(avatar, "walk", tmp_path / "lost.jpg")
    assert len(person.objects) == 4
    assert len(bpy.data.images) == 0


def test_a_photo_of_another_size_is_a_warning(part, avatar, write_photo):
    with pytest.warns(UserWarning, match="cannot show photo1.jpg"):
        part("scene.person").build_person(avatar, "walk", write_photo(1))
    assert len(bpy.data.images) == 0


def test_no_photo_at_all_is_a_warning(part, avatar, tmp_path):
    (tmp_path / "text.jpg").write_bytes(b"\xff\xd8 this is text")
    with pytest.warns(UserWarning, match="cannot show text.jpg"):
        part("scene.person").build_person(avatar, "walk", tmp_path / "text.jpg")
    assert len(bpy.data.images) == 0


@pytest.mark.parametrize(
    "tail", [b"", b"\xff", b"\xff\xe1\x00\x08Exif\0\0", b"\xff\xe1\x00\x10Exif\0\0MM\0*\xff\xff\xff\xff", b"\xff\xda\x00\x02"]
)
def test_damaged_exif_is_no_orientation(part, tmp_path, tail):
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8" + tail)
    assert part("scene.photo").exif_orientation(tmp_path / "cut.jpg") == 1


def test_an_avatars_photo_is_found_beside_it_or_by_the_report(part, avatar, tmp_path):
    """The report speaks of the file by name, so that a results folder can be moved; other photos in it are not taken."""
    job, find = part("core.job"), part("scene.photo").find_photo
    results, photos = tmp_path / "results", tmp_path / "photos"
    results.mkdir()
    photos.mkdir()
    file = results / "walk.npz"
    assert find(file, avatar) is None
    reports = [job.PhotoReport(str(photos / f"{name}.jpg"), "done", files=(f"/elsewhere/{name}.npz",)) for name in ("run", "walk")]
    job.Report(tuple(reports), "0").save(results / "report.json")
    (photos / "run.jpg").touch()
    assert find(file, avatar) is None
    (photos / "walk.jpg").touch()
    assert find(file, avatar) == photos / "walk.jpg"
    (results / "walk.png").touch()
    assert find(file, avatar) == results / "walk.png"
    (results / "walk.png").unlink()
    (results / "report.json").write_text("[]")
    assert find(file, avatar) is None
