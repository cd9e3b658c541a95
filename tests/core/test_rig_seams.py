"""Welds between parts that touch in the photo: found, cut, and closed on both sides, and nothing else is touched."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull

from core.rig.rest import posed
from core.rig.rig import dense, rigged
from core.rig.seams import CRUMB, cut_seams, open_edges, rings, torn_faces, with_middles
from core.skeleton import JOINT
from core.surface.surface import Surface


def ball(count: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """A closed ball of 10 cm radius: vertices, and triangles counter-clockwise from outside."""
    step = np.arange(count) + 0.5
    height, turn = 1 - 2 * step / count, np.pi * (1 + 5**0.5) * step
    across = np.sqrt(1 - height**2)
    points = 0.1 * np.stack([across * np.cos(turn), height, across * np.sin(turn)], axis=1)
    faces = ConvexHull(points).simplices.astype(np.int64)
    a, b, c = points[faces].swapaxes(0, 1)
    inward = (np.cross(b - a, c - a) * a).sum(axis=1) < 0
    faces[inward] = faces[inward][:, ::-1]
    return points, faces


def pieces(faces: np.ndarray) -> tuple[int, np.ndarray]:
    """How many connected pieces the triangles make, and each vertex's."""
    links = coo_array((np.ones(3 * len(faces)), (faces.ravel(), np.roll(faces, 1, axis=1).ravel())))
    used = np.unique(faces)
    _, label = connected_components(links, directed=False)
    return len(np.unique(label[used])), label


LEFT, RIGHT, ELBOW = (JOINT[name] for name in ("left_wrist", "right_wrist", "right_elbow"))


def halves(points: np.ndarray, left: int = LEFT) -> tuple[np.ndarray, np.ndarray]:
    """The ball at rest, its left half a metre away from its right half; and what moves each vertex: the right hand, and another joint."""
    mine = points[:, 0] > 0
    return points + np.where(mine[:, None], [1.0, 0, 0], 0), np.where(mine, left, RIGHT)


def test_a_welded_ball_becomes_two_closed_ones():
    points, faces = ball()
    rest, owner = halves(points)
    assert open_edges(faces) == 0
    cut = cut_seams(points, rest, faces, owner)
    assert cut.removed == torn_faces(points, rest, faces, owner).sum() > 0
    assert open_edges(cut.faces) == 0
    assert pieces(cut.faces)[0] == len(cut.rings) == 2
    there = with_middles(rest, cut.rings)
    assert np.linalg.norm(there[cut.faces] - there[np.roll(cut.faces, 1, axis=1)], axis=-1).max() < 0.12
    volume = np.einsum("fc,fc->f", *(lambda a, b, c: (a, np.cross(b, c)))(*there[cut.faces].swapaxes(0, 1))).sum() / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 0.1**3, rel=0.15)  # and so all triangles, caps too, look outward


def test_nothing_is_cut_where_nothing_is_drawn_out():
    points, faces = ball()
    _, owner = halves(points)
    cut = cut_seams(points, points @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1.0]]) + [1, 2, 3], faces, owner)
    assert cut.faces is faces
    assert (cut.rings, cut.removed) == ([], 0)
    assert with_middles(points, cut.rings) == pytest.approx(points)


def test_skin_between_bones_that_meet_is_not_cut():
    points, faces = ball()
    rest, owner = halves(points, ELBOW)
    assert cut_seams(points, rest, faces, owner).removed == 0


@pytest.mark.parametrize(("height", "left"), [(0.097, 1), (0.07, 2)])
def test_crumbs_go_and_parts_stay(height, left):
    """A cap of thirty triangles that is torn off is gone, a larger one is a piece of its own."""
    points, faces = ball()
    cap = points[:, 1] > height
    rest = points + np.where(cap[:, None], [0, 1.0, 0], 0)
    owner = np.where(cap, LEFT, RIGHT)
    torn = torn_faces(points, rest, faces, owner)
    cut = cut_seams(points, rest, faces, owner)
    assert (cap[faces].all(axis=1).sum() < CRUMB) == (left == 1)
    assert cut.removed == torn.sum() + (cap[faces].all(axis=1) & ~torn).sum() * (left == 1)
    assert pieces(cut.faces)[0] == len(cut.rings) == left
    assert open_edges(cut.faces) == 0


def test_a_cut_that_meets_the_surface_s_own_edge_stays_open_and_is_counted():
    points, faces = ball()
    bowl = faces[(points[faces][..., 1] < 0.05).all(axis=1)]
    before = open_edges(bowl)
    rest, owner = halves(points)
    cut = cut_seams(points, rest, bowl, owner)
    assert before > 0
    assert open_edges(cut.faces) > 0
    assert cut.rings == []


def test_rings_that_meet_in_a_vertex_are_parted():
    """Two squares of a sheet, corner to corner, are removed: two rings, each as the triangles ran."""
    grid = np.arange(25).reshape(5, 5)
    squares = [(r, c) for r in range(4) for c in range(4)]
    two = {(r, c): [(grid[r, c], grid[r, c + 1], grid[r + 1, c]), (grid[r, c + 1], grid[r + 1, c + 1], grid[r + 1, c])] for r, c in squares}
    gone = np.array(two[1, 1] + two[2, 2])
    kept = np.array([face for place, both in two.items() if place not in ((1, 1), (2, 2)) for face in both])
    found = rings(kept, gone)
    assert sorted(sorted(ring.tolist()) for ring in found) == [[6, 7, 11, 12], [12, 13, 17, 18]]
    sides = {(start, end) for face in gone.tolist() for start, end in pairwise([*face, face[0]])}
    assert all((start, end) in sides for ring in found for start, end in pairwise([*ring.tolist(), ring[0]]))


def test_an_arm_welded_to_the_hip_comes_off_it_and_the_photo_s_pose_stays(arms_down):
    body, vertices, faces, _ = arms_down
    albedo = np.tile(np.arange(len(vertices))[:, None] % 256, 3).astype(np.uint8)
    rig = rigged(Surface(vertices, faces, albedo, np.ones(len(vertices))), body)
    assert rig.removed > 50
    assert open_edges(faces) == open_edges(rig.surface.faces) == 0
    count, after = len(vertices), rig.surface
    for values in (after.vertices, after.albedo, after.confidence, rig.rest_vertices, rig.skin_joints, rig.skin_weights):
        assert len(values) == len(after.vertices) > count
    assert (after.vertices[:count] == vertices).all()
    assert (after.albedo[:count] == albedo).all()
    np.testing.assert_allclose(rig.skin_weights.sum(axis=1), 1, atol=1e-6)
    back = posed(rig.rest_vertices, rig.skin_joints, rig.skin_weights.astype(float), body.pose, body.rest_joints, body.translation)
    np.testing.assert_allclose(back, after.vertices, atol=1e-4)
    old = after.faces[(after.faces < count).all(axis=1)]
    assert not torn_faces(after.vertices, rig.rest_vertices, old, rig.skin_joints[:, 0].astype(np.int64)).any()
    weights = dense(rig.skin_joints, rig.skin_weights, 24)
    hand = weights[:, [JOINT["left_wrist"], JOINT["left_hand"]]].sum(axis=1) > 0.8
    thigh = weights[:, JOINT["left_hip"]] > 0.8
    corners = [hand[old].any(axis=1), thigh[old].any(axis=1)]
    assert not (corners[0] & corners[1]).any()


def test_the_body_s_own_surface_is_left_alone(arms_down):
    """Its weights are exact, and what touches there is not welded."""
    body, *_ = arms_down
    surface = Surface(
        body.vertices, body.faces, np.zeros((len(body.vertices), 3), np.uint8), np.ones(len(body.vertices)), body.skin_weights
    )
    rig = rigged(surface, body)
    assert rig.surface is surface
    assert rig.removed == 0
