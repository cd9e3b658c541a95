"""Fewer triangles, still closed and still the same shape."""

import numpy as np
import pytest
import trimesh

from core.surface.decimation import decimated, is_closed, passed_twice, separated
from core.surface.isosurface import isosurface


def bumpy(points):
    """A ball with bumps and two thin arms."""
    radius = np.linalg.norm(points, axis=1)
    ball = radius - 0.3 - 0.02 * np.sin(points @ (30, 5, 3)) * np.cos(points @ (2, 28, 7))
    arms = [np.hypot(points[:, 1] - y, points[:, 2] + 0.3 * np.abs(points[:, 0])) - 0.012 for y in (0.0, 0.05)]
    return np.minimum(ball, np.maximum(np.minimum(*arms), np.abs(points[:, 0]) - 0.55))


@pytest.fixture(scope="module")
def fine():
    return isosurface(bumpy, np.array([-0.7, -0.4, -0.4]), np.array([0.7, 0.4, 0.4]), 160)


@pytest.mark.parametrize("triangles", [10_000, 3_000, 800])
def test_within_budget_closed_and_the_same_shape(fine, triangles):
    vertices, faces = decimated(*fine, triangles)
    mesh, before = trimesh.Trimesh(vertices, faces, process=False), trimesh.Trimesh(*fine, process=False)
    assert 0.9 * triangles < len(faces) <= 1.01 * triangles
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.body_count == 1
    assert mesh.volume == pytest.approx(before.volume, rel=0.01)
    assert np.abs(bumpy(vertices)).max() < 0.012


def test_a_small_mesh_is_left_alone(fine):
    for one, other in zip(decimated(*fine, len(fine[1])), fine, strict=True):
        assert one is other


def test_many_budgets_stay_closed(fine):
    """Sheets that touch after collapsing come about at some budgets only."""
    for triangles in range(900, 9000, 900):
        _, faces = decimated(*fine, triangles)
        assert len(faces) <= 1.01 * triangles
        assert is_closed(faces)


def test_sheets_that_touch_are_taken_apart():
    """Two boxes with an edge in common, and two with a corner, become two each."""
    for shift, shared in (((1, 1, 0), 2), ((1, 1, 1), 1)):
        box = trimesh.creation.box((1, 1, 1))
        both = trimesh.util.concatenate([box, box.copy().apply_translation(shift)])
        both.merge_vertices()
        assert len(both.vertices) == 16 - shared
        vertices, faces = separated(np.array(both.vertices), np.array(both.faces))
        assert is_closed(faces)
        assert trimesh.Trimesh(vertices, faces, process=False).body_count == 2
        np.testing.assert_array_equal(vertices[faces], both.vertices[both.faces])


def test_a_sheet_that_comes_back_to_its_own_edge_passes_it_twice():
    """A ring of five boxes, two with an edge in common: one sheet passes there twice, and every edge gets its two faces."""
    cells = [(0, 0, 0), (1, 1, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)]
    solid = np.zeros((4, 4, 4), bool)
    solid[tuple(np.array(cells).T + 1)] = True
    quads = []
    for cell in np.argwhere(solid):
        for axis in range(3):
            for side in (0, 1):
                step = np.zeros(3, int)
                step[axis] = 2 * side - 1
                if not solid[tuple(cell + step)]:
                    first, second = np.eye(3, dtype=int)[[(axis + 1) % 3, (axis + 2) % 3]]
                    corner = cell + side * np.eye(3, dtype=int)[axis]
                    ring = [corner, corner + first, corner + first + second, corner + second]
                    quads.append(ring if side else ring[::-1])
    vertices, number = np.unique(np.concatenate(quads), axis=0, return_inverse=True)
    number = number.reshape(-1, 4)
    faces = np.concatenate([number[:, [0, 1, 2]], number[:, [0, 2, 3]]])
    assert not is_closed(faces)
    mended, mended_faces = passed_twice(vertices.astype(float), faces)
    assert is_closed(mended_faces)
    assert len(mended_faces) - len(faces) == 2
    assert trimesh.Trimesh(mended, mended_faces, process=False).volume == pytest.approx(5, abs=0.2)


def test_open_and_pinched_meshes_are_told():
    box = trimesh.creation.box((1, 1, 1))
    assert is_closed(np.array(box.faces))
    assert not is_closed(np.array(box.faces[1:]))
    turned = np.array(box.faces)
    turned[0] = turned[0, ::-1]
    assert not is_closed(turned)
    assert not is_closed(np.concatenate([box.faces, box.faces]))
