"""A surface brought to normals that are told: a bumpy ball from a smooth one, and what each map may tell which vertex."""

import numpy as np
import pytest
import trimesh

from core.camera import Camera
from core.surface.isosurface import isosurface
from core.surface.relief import FARTHEST, leaning, relieved, told_normals
from core.surface.surface import vertex_normals


@pytest.fixture(scope="module")
def ball():
    mesh = trimesh.creation.icosphere(5, 0.3)
    return np.array(mesh.vertices), np.array(mesh.faces)


def degrees(one, other):
    return np.degrees(np.arccos(np.clip((one * other).sum(axis=1), -1, 1))).mean()


def test_told_bumps_appear(ball):
    """Bumps of 4 mm and 11 cm that only the normals tell of: three quarters of their height come back, and nothing moves sideways."""
    vertices, faces = ball
    out = vertices / 0.3
    height = 0.004 * np.sin(vertices[:, 0] * 40) * np.cos(vertices[:, 1] * 40)
    told = vertex_normals(vertices + height[:, None] * out, faces)
    moved, same = relieved(ball, told, np.ones(len(vertices)))
    assert same is faces
    found = ((moved - vertices) * out).sum(axis=1)
    assert np.corrcoef(found, height)[0, 1] > 0.97
    assert (found @ height) / (height @ height) > 0.7
    assert degrees(vertex_normals(moved, faces), told) < 0.25 * degrees(out, told)
    np.testing.assert_allclose(np.cross(moved - vertices, out), 0, atol=1e-4)


def test_slivers_do_not_turn_over():
    """Marching cubes leaves triangles of a hundredth of a cell; told bumps of a centimetre move their corners, and hardly one is folded."""
    low, high = np.full(3, -0.35), np.full(3, 0.35)
    vertices, faces = isosurface(lambda points: np.linalg.norm(points, axis=1) - 0.3, low, high, 70)
    out = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    told = out + 0.35 * np.sin(vertices[:, [1, 2, 0]] * 60)
    told /= np.linalg.norm(told, axis=1, keepdims=True)

    def folded(places):
        first, second, third = (places[faces[:, number]] for number in range(3))
        return ((np.cross(second - first, third - first) * out[faces].mean(axis=1)).sum(axis=1) < 0).mean()

    moved, _ = relieved((vertices, faces), told, np.ones(len(vertices)))
    assert np.linalg.norm(moved - vertices, axis=1).mean() > 0.0015
    assert folded(moved) < 5e-4


def test_nothing_told_nothing_moved(ball):
    vertices, faces = ball
    strange = np.roll(vertices / 0.3, 1, axis=1)
    np.testing.assert_allclose(relieved(ball, strange, np.zeros(len(vertices)))[0], vertices, atol=1e-9)
    own = vertex_normals(vertices, faces)
    np.testing.assert_allclose(relieved(ball, own, np.ones(len(vertices)))[0], vertices, atol=3e-4)


def test_lies_do_not_go_far(ball):
    """Normals that contradict the surface everywhere move no vertex farther than a relief is deep, and are half believed at most."""
    vertices, _ = ball
    lie = np.tile([0.0, 0, 1], (len(vertices), 1))
    moved, _ = relieved(ball, lie, np.ones(len(vertices)))
    assert np.linalg.norm(moved - vertices, axis=1).max() <= FARTHEST + 1e-9


def test_each_map_tells_its_side_only(ball):
    """Front and back get their own map's normals; rims, what stands behind something, and what is off the mask get none."""
    vertices, faces = ball
    camera = Camera(np.array([400.0, 400, 64, 64]), np.eye(3), np.array([0, 0, 2.5]), np.array([128, 128]))
    front, back = np.tile([0.6, 0, -0.8], (128, 128, 1)), np.tile([0, 0.6, 0.8], (64, 64, 1))
    inside = np.ones((128, 128))
    inside[:, :40] = 0
    told, trust = told_normals((vertices, faces), camera, front, back, inside)
    near, far = vertices[:, 2] < -0.2, vertices[:, 2] > 0.2
    shown = camera.project(vertices)[:, 0] > 42
    np.testing.assert_allclose(told[near], np.tile([0.6, 0, -0.8], (near.sum(), 1)))
    np.testing.assert_allclose(told[far], np.tile([0, 0.6, 0.8], (far.sum(), 1)))
    assert trust[near & shown].min() > 0.9
    assert trust[far & shown].min() > 0.9
    rim = np.abs(vertices[:, 2] + 0.3**2 / 2.5) < 0.008  # where the camera's rays graze the ball
    assert trust[rim].max() == 0
    assert trust[camera.project(vertices)[:, 0] < 38].max() == 0

    small = vertices * 0.5
    two = np.concatenate([vertices, small - np.array([0, 0, 0.8])]), np.concatenate([faces, faces + len(vertices)])
    _, trust = told_normals(two, camera, front, back, np.ones((128, 128)))
    behind = near & (np.linalg.norm(vertices[:, :2], axis=1) < 0.1)
    assert trust[: len(vertices)][behind].max() == 0, "the small ball stands before it"
    assert trust[len(vertices) :][small[:, 2] > 0.1].max() == 0, "the large ball stands behind it"


def test_normals_lean_as_far_as_they_should():
    up, ahead = np.tile([0.0, 1, 0], (3, 1)), np.tile([0.0, 0, 1], (3, 1))
    found = leaning(up, ahead, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(found, [[0, 1, 0], [0, np.sqrt(0.5), np.sqrt(0.5)], [0, 0, 1]], atol=1e-12)
