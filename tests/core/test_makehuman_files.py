"""MakeHuman's asset files: what is read, how it is fitted, and that a malformed one is named with its line."""

import numpy as np
import pytest

from training.makehuman.asset_file import AssetFileError
from training.makehuman.clothing import read_clothing
from training.makehuman.wavefront import read_wavefront

MHCLO = """# a triangle
basemesh hm08
name sash
tag Female
obj_file sash.obj
material sash.mhmat
x_scale 0 1 2.0
z_depth 52
verts 0
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
3
1 2 3 1.0 0.0 0.0 0.0 0.0 0.0
delete_verts
5 - 7 9
"""
OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n"
MHMAT = "name sash\ndiffuseTexture sash.png\n"


@pytest.fixture
def sash(tmp_path):
    """The path of a well-formed asset; tests spoil its files."""
    for name, text in (("sash.mhclo", MHCLO), ("sash.obj", OBJ), ("sash.mhmat", MHMAT), ("sash.png", "")):
        (tmp_path / name).write_text(text)
    return tmp_path / "sash.mhclo"


def base():
    vertices = np.zeros((19158, 3))
    vertices[:4] = [[0, 0, 0], [0.2, 0, 0], [0, 0.4, 0], [0.1, 0.1, 0.1]]
    return vertices


def test_hangs_on_its_reference_triangles(sash):
    fitted = read_clothing(sash).fitted(base())
    assert np.allclose(fitted[0], 0.25 * base()[1] + 0.25 * base()[2] + [0.01, 0.02, 0.03])
    assert np.allclose(fitted[1:], base()[[3, 1]])


def test_offsets_grow_with_the_marked_distance_and_only_along_its_axis(sash):
    wide = base()
    wide[1, 0] = 0.4  # twice the two decimetres it was made for
    offset = read_clothing(sash).fitted(wide)[0] - read_clothing(sash).blended(wide)[0]
    assert np.allclose(offset, [0.02, 0.02, 0.03])


def test_hidden_vertices_ranges_tags_depth_and_texture(sash):
    clothing = read_clothing(sash)
    assert np.flatnonzero(clothing.hides).tolist() == [5, 6, 7, 9]
    assert clothing.tags == {"female"}
    assert clothing.depth == 52
    assert clothing.texture.name == "sash.png"


def test_words_between_the_numbers_do_not_disturb(sash):
    sash.write_text(MHCLO.replace("verts 0\n", "verts 0\nmax_pole 4\n", 1))
    assert len(read_clothing(sash).references) == 3


def test_quads_are_split_in_two(tmp_path):
    path = tmp_path / "square.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\nf 1/1 2/2 3/1 4/2\n")
    mesh = read_wavefront(path)
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.uv_faces.tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ("3\n1 2 3 1.0", "3 4\n1 2 3 1.0", 11, "1 or 9 values"),
        ("0.25 0.25 0.1", "0.25 abc 0.1", 10, "not a number"),
        ("0.25 0.25 0.1", "0.25 nan 0.1", 10, "not finite"),
        ("1 2 3 1.0", "1 2 19158 1.0", 12, "not the number of a vertex"),
        ("x_scale 0 1 2.0", "x_scale 0 1", 7, "two vertices and a length"),
        ("x_scale 0 1 2.0", "x_scale 0 1 0.0", 7, "not positive"),
        ("5 - 7 9", "- 7 9", 14, "a range without a beginning"),
        ("verts 0\n0 1 2", "0 1 2", 9, "stands outside"),
        ("3\n1 2 3 1.0", "1 2 3 1.0", None, "places 2 vertices, but its mesh has 3"),
        ("obj_file sash.obj\n", "", None, "names no obj_file"),
    ],
)
def test_malformed_placing_is_named_with_its_line(sash, old, new, line, text):
    assert old in MHCLO
    sash.write_text(MHCLO.replace(old, new, 1))
    with pytest.raises(AssetFileError, match=text) as caught:
        read_clothing(sash)
    assert caught.value.path == sash
    assert caught.value.line == line
    assert str(sash) in str(caught.value)
    assert line is None or f"line {line}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "text"),
    [
        ("sash.obj", "v 1 0 0", "v 1 0", 2, "3 numbers were expected"),
        ("sash.obj", "2/2 3/3", "2/2 4/3", 7, "names no vertex"),
        ("sash.obj", "2/2 3/3", "2/2 3", 7, "names no UV"),
        ("sash.obj", "f 1/1 2/2 3/3", "f 1/1 2/2", 7, "a face with 2 corners"),
        ("sash.obj", "f 1/1 2/2 3/3", "", None, "has no faces"),
        ("sash.mhmat", "sash.png", "gone.png", 2, "gone.png, which is not there"),
        ("sash.mhmat", "diffuseTexture", "colour", None, "no diffuseTexture"),
    ],
)
def test_malformed_mesh_or_look_is_named_with_its_line(sash, name, old, new, line, text):
    path = sash.with_name(name)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(AssetFileError, match=text) as caught:
        read_clothing(sash)
    assert caught.value.path == path
    assert caught.value.line == line


def test_a_missing_file_is_named(sash):
    sash.with_name("sash.obj").unlink()
    with pytest.raises(AssetFileError, match=r"sash\.obj: cannot be read"):
        read_clothing(sash)
