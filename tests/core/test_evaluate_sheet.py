"""The sheet: which side is which, and that everything is in it."""

import numpy as np
import trimesh

from core.photo.person import Photo
from core.surface.surface import Surface
from training.evaluate.sheet import HEIGHT, PAPER, row, side

RED, GREEN, GREY = (200, 0, 0), (0, 200, 0), (90, 90, 90)


def pillar():
    """A pillar of 1.7 m, red in front (+Z), green on the person's left (+X), grey elsewhere."""
    mesh = trimesh.creation.box((0.4, 1.7, 0.3)).subdivide().subdivide()
    mesh.unmerge_vertices()
    albedo = np.full((len(mesh.vertices), 3), GREY, np.uint8)
    albedo[mesh.vertex_normals[:, 2] > 0.9] = RED
    albedo[mesh.vertex_normals[:, 0] > 0.9] = GREEN
    return Surface(np.array(mesh.vertices), np.array(mesh.faces), albedo, np.ones(len(mesh.vertices)))


def test_each_side_shows_its_colour():
    surface = pillar()
    seen = {angle: side(surface, angle)[0][..., ::-1] for angle in (0, 90, 180, 270)}
    middles = {angle: picture[HEIGHT // 2, picture.shape[1] // 2] for angle, picture in seen.items()}
    for angle, colour in ((0, RED), (90, GREY), (180, GREY), (270, GREEN)):
        np.testing.assert_allclose(middles[angle], colour, atol=1)
    clay = side(surface, 0)[1]
    assert (clay[HEIGHT // 2, clay.shape[1] // 2] > 150).all()


def test_the_whole_person_is_in_the_picture():
    for colour, _ in (side(pillar(), angle) for angle in (0, 45, 90)):
        border = np.concatenate([colour[0], colour[-1], colour[:, 0], colour[:, -1]])
        assert (border == PAPER).all()
        rows = np.flatnonzero((colour != PAPER).any(axis=(1, 2)))
        assert len(rows) > 0.85 * HEIGHT


def test_a_row_is_the_photo_and_four_sides_twice():
    photo = Photo(np.full((60, 30, 3), 128, np.uint8), None, None, "grey")
    picture = row(photo, pillar(), "1")
    width = sum(side(pillar(), angle)[0].shape[1] for angle in (0, 90, 180, 270))
    assert picture.shape == (HEIGHT, HEIGHT // 2 + 2 * width, 3)
