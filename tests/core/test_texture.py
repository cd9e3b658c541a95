"""Texture: every surface point has its own texel, a bake gives back what it was told, and no seam is black."""

import dataclasses

import cv2
import numpy as np
import pytest
import trimesh

from core.coverage import covered
from core.gutter import fill
from core.surface.body_surface import body_surface
from core.surface.seen import bilinear
from core.texture.bake import bake, texel_length, texels, to_texels
from core.texture.colourings import of_vertices
from core.texture.paint import paint
from core.unwrap import AXES, charts, components, neighbours, unwrap


@pytest.fixture(scope="module")
def figure(t_body):
    """The capsule figure in its T pose with its texture coordinates: vertices, faces, uv."""
    vertices = t_body.vertices.astype(np.float64)
    corners = vertices[t_body.faces]
    extended = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) > 1e-9
    faces = t_body.faces[extended]
    return vertices, faces, unwrap(vertices, faces)


def signed_areas(uv):
    edges = uv[:, 1:] - uv[:, :1]
    return (edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]) / 2


def test_all_lies_in_the_unit_square_unmirrored_and_to_one_scale(figure):
    vertices, faces, uv = figure
    assert uv.min() >= 0
    assert uv.max() <= 1
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    flat = signed_areas(uv)
    assert (flat > 0).all()
    stretch = flat / area / np.median(flat / area)
    assert stretch.max() < 1.5  # nothing is larger than seen squarely
    assert np.average(stretch, weights=area) > 0.8


@pytest.mark.parametrize("size", [512, 1024])
def test_no_two_surfaces_share_a_texel(figure, size):
    """But where two triangles meet on a texel's centre."""
    _, _, uv = figure
    hits = np.zeros(size * size, dtype=int)
    for _, texel, _ in covered(to_texels(uv, size), size, size):
        np.add.at(hits, texel, 1)
    assert (hits > 1).sum() < 2e-3 * (hits > 0).sum()
    assert (hits > 0).mean() > 0.3  # the texture is not wasted


def test_charts_are_a_free_cell_apart(figure):
    """At 1k the gap between any two is four texels at least."""
    vertices, faces, uv = figure
    _, chart = charts(vertices[faces], faces, np.arange(len(faces)))
    owner = np.full(1024 * 1024, -1)
    for face, texel, _ in covered(to_texels(uv, 1024), 1024, 1024):
        owner[texel] = chart[face]
    owner = owner.reshape(1024, 1024)
    for shift in (1, 2, 3):
        for first, second in ((owner[shift:], owner[:-shift]), (owner[:, shift:], owner[:, :-shift])):
            assert not ((first != second) & (first >= 0) & (second >= 0)).any()


def test_one_sheet_over_another_does_not_share_its_texels():
    """Two level sheets joined at an edge like a folded paper, both facing up: one chart would lay one on the other."""
    strip = np.array([(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)], dtype=float)
    vertices = np.concatenate([strip, strip * (1, 1, -1) + (0, 0.3, 1.9)])
    faces = np.array([(0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7), (2, 3, 7), (2, 7, 6)])
    uv = unwrap(vertices, faces)
    hits = np.zeros(256 * 256, dtype=int)
    for _, texel, _ in covered(to_texels(uv, 256), 256, 256):
        np.add.at(hits, texel, 1)
    assert (hits > 1).sum() < 0.02 * (hits > 0).sum()


@pytest.mark.parametrize("subdivisions", [0, 1, 2])
def test_a_coarse_mesh_is_unwrapped_as_well(subdivisions):
    """Triangles as large as the charts themselves, steep ones among them."""
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    uv = unwrap(ball.vertices, ball.faces)
    assert (signed_areas(uv) > 0).all()
    assert 0 <= uv.min() < uv.max() <= 1


def test_a_polygon_stays_in_one_piece(figure):
    vertices, faces, _ = figure
    pairs = neighbours(faces)
    polygon = np.arange(len(faces))
    single, taken = [], set()
    for first, second in pairs:
        if not {first, second} & taken:
            taken |= {first, second}
            polygon[second] = polygon[first]
            single.append((first, second))
    assert len(single) > len(faces) / 4
    node = np.unique(polygon, return_inverse=True)[1]
    way, chart = charts(vertices[faces], faces, node)
    first, second = np.array(single).T
    assert (chart[first] == chart[second]).all()
    assert (way[first] == way[second]).all()


def test_neighbours_and_components():
    faces = np.array([(0, 1, 2), (2, 1, 3), (4, 5, 6)])
    assert neighbours(faces).tolist() == [[0, 1]]
    assert components(3, neighbours(faces)).tolist() == [0, 0, 1]
    chain = np.stack([np.arange(999), np.arange(1, 1000)], axis=1)
    assert (components(1000, np.random.default_rng(0).permutation(chain)) == 0).all()


def analytic(position):
    """A smooth colour of a place in space, sRGB 0..1."""
    return 0.5 + 0.4 * np.sin(position * (7, 5, 6) + (0, 1, 2))


@pytest.mark.parametrize("size", [512, 1024])
def test_a_baked_colouring_is_read_back_at_random_surface_points(figure, size):
    """Bilinear, as a renderer reads it; within a texel's change and a byte's rounding, right up to every chart's edge."""
    vertices, faces, uv = figure
    picture = bake(vertices, faces, uv, size, lambda points: analytic(points.position))
    random = np.random.default_rng(0)
    face, share = random.integers(0, len(faces), 20000), random.dirichlet((1, 1, 1), 20000)
    place, point = (np.einsum("nk,nkc->nc", share, values) for values in (uv[face], vertices[faces[face]]))
    read = bilinear(picture.astype(np.float64) / 255, to_texels(place, size))
    error = np.abs(read - analytic(point)).max(axis=1)
    change = 0.4 * 7 * texel_length(vertices, faces, uv, size)
    assert error.mean() < 0.2 * change + 1 / 255
    assert error.max() < 4 * change + 1 / 255


def test_points_carry_normals(figure):
    """The seam gives normals: baked as colours, they are those of the capsule's sides."""
    vertices, faces, uv = figure
    picture = bake(vertices, faces, uv, 512, lambda points: 0.5 + points.normal / 2)
    normals = picture / 127.5 - 1
    way, _ = charts(vertices[faces], faces, np.arange(len(faces)))
    for face, texel, _ in covered(to_texels(uv, 512), 512, 512):
        cosine = (normals.reshape(-1, 3)[texel] * AXES[way[face]]).sum(axis=1)
        assert np.quantile(cosine, 0.02) > 0
        assert np.abs(np.linalg.norm(normals.reshape(-1, 3)[texel], axis=1) - 1).max() < 0.02


def test_vertex_colours_are_interpolated(figure):
    vertices, faces, uv = figure
    picture = bake(vertices, faces, uv, 256, of_vertices(faces, analytic(vertices)))
    exact = bake(vertices, faces, uv, 256, lambda points: analytic(points.position))
    assert np.abs(picture.astype(int) - exact).max() < 12


@pytest.mark.parametrize("smaller", [1, 2, 4, 8])
def test_no_black_seam_however_small_the_picture_is_shown(figure, smaller):
    """A white surface is white everywhere, in the smaller copies that renderers make, too."""
    vertices, faces, uv = figure
    picture = bake(vertices, faces, uv, 512, lambda points: np.ones((len(points.face), 3)))
    shown = cv2.resize(picture, None, fx=1 / smaller, fy=1 / smaller, interpolation=cv2.INTER_AREA)
    assert shown.min() == 255


def test_the_gutter_continues_its_own_chart():
    """Two halves of different colour with a gap between: next to each, the gap has its colour and not the mean."""
    picture, known = np.zeros((64, 64, 3), dtype=np.float32), np.zeros((64, 64), dtype=bool)
    picture[:, :28], picture[:, 36:] = (1, 0, 0), (0, 0, 1)
    known[:, :28] = known[:, 36:] = True
    filled = fill(picture, known)
    assert np.allclose(filled[:, 28:31], (1, 0, 0))
    assert np.allclose(filled[:, 33:36], (0, 0, 1))
    assert np.array_equal(filled[known], picture[known])


def test_a_gutter_of_any_shape_is_filled():
    random = np.random.default_rng(0)
    known = random.random((37, 51)) < 0.01
    filled = fill(np.where(known[..., None], 0.5, np.nan).astype(np.float32), known)
    assert np.allclose(filled, 0.5)
    assert (fill(np.ones((8, 8, 1), dtype=np.float32), np.zeros((8, 8), dtype=bool)) == 0).all()


def test_where_the_photo_sees_squarely_its_own_pixels_are_the_texture(made_up, t_body):
    """Stripes of four pixels, finer than the body's triangles: in the texture they are sharp, in the vertices' colours they are not."""
    plain = np.full((len(t_body.vertices), 3), 128, dtype=np.uint8)
    photo, person = made_up.painted(t_body, plain, (0, 255, 0))
    stripes = np.repeat((60 + 120 * (np.arange(photo.size[0]) // 4 % 2))[None, :, None], 3, axis=2).astype(np.uint8)
    photo = dataclasses.replace(photo, pixels=np.where(person.mask[..., None] > 0, stripes, photo.pixels))
    surface = body_surface(photo, person, t_body, "draft")
    texture = paint(photo, person, t_body, surface, t_body.rest_vertices, 1024)
    squarely, errors = [], []
    for texel, points in texels(surface.vertices, surface.faces, texture.uv.astype(np.float64), 1024):
        column = t_body.camera.project(points.position)[:, 0]
        away = -(points.normal @ t_body.camera.rotation.T)[:, 2]
        middle = (np.abs(column % 4 - 2) < 1) & (away > 0.9) & (surface.confidence[t_body.faces[points.face]] > 0.99).all(axis=1)
        expected = 60 + 120 * (column.astype(int) // 4 % 2)
        vertices = of_vertices(surface.faces, surface.albedo / 255)(points)[:, 0] * 255
        errors.append(np.abs(texture.picture.reshape(-1, 3)[texel, 0] - expected)[middle])
        squarely.append(np.abs(vertices - expected)[middle])
    errors, squarely = np.concatenate(errors), np.concatenate(squarely)
    assert len(errors) > 5000
    assert np.mean(errors) < 8
    assert np.mean(squarely) > 40
