"""Subdivision and normals: what they keep and where they lead."""

import numpy as np
import pytest
import trimesh

from core.surface.subdivision import mesh_edges, refined, subdivide
from core.surface.surface import vertex_normals


@pytest.fixture(scope="module")
def sheet():
    """A flat 6 × 5 sheet with a boundary."""
    x, y = np.meshgrid(np.arange(6.0), np.arange(5.0))
    vertices = np.stack([x, y, 0.5 * x - y], axis=-1).reshape(-1, 3)
    corner = (np.arange(4)[:, None] * 6 + np.arange(5)).ravel()
    faces = [np.stack([corner, corner + 1, corner + 7], axis=1), np.stack([corner, corner + 7, corner + 6], axis=1)]
    return vertices, np.concatenate(faces)


@pytest.fixture(scope="module")
def ball():
    mesh = trimesh.creation.icosphere(subdivisions=2)
    return mesh.vertices.view(np.ndarray), mesh.faces.view(np.ndarray)


def test_edges_once_each():
    edges, number = mesh_edges(np.array([[0, 1, 2], [2, 1, 3]]))
    assert edges.tolist() == [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]
    assert number.tolist() == [[0, 2, 1], [2, 3, 4]]


def test_old_vertices_stay(ball):
    vertices, faces = subdivide(*ball)
    assert np.array_equal(vertices[: len(ball[0])], ball[0])
    assert len(faces) == 4 * len(ball[1])
    assert len(vertices) == len(ball[0]) + len(mesh_edges(ball[1])[0])


def test_a_flat_sheet_stays_flat(sheet):
    vertices, faces = subdivide(*sheet)
    assert np.allclose(vertices[:, 2], 0.5 * vertices[:, 0] - vertices[:, 1])
    before, after = (trimesh.Trimesh(*mesh, process=False).area for mesh in (sheet, (vertices, faces)))
    assert after == pytest.approx(before)


def test_a_ball_gets_rounder(ball):
    """New vertices are five times nearer to the sphere than the middles of the edges."""
    vertices, _ = subdivide(*ball)
    new = slice(len(ball[0]), None)
    straight = refined(ball[0], ball[1])[new]
    off, straight_off = (np.abs(np.linalg.norm(points, axis=1) - 1).max() for points in (vertices[new], straight))
    assert off < 0.2 * straight_off


def test_closed_mesh_stays_closed_and_outside_out(ball):
    fine = trimesh.Trimesh(*subdivide(*ball), process=False)
    assert fine.is_watertight
    assert fine.is_winding_consistent
    assert trimesh.Trimesh(*ball).volume < fine.volume < 4 / 3 * np.pi


def test_values_go_along(sheet):
    """A value that is linear in the position is so on the finer mesh."""
    slope = np.array([[1.0, 0.5], [2, -1], [0, 3]])
    assert np.allclose(refined(sheet[0] @ slope, sheet[1]), subdivide(*sheet)[0] @ slope)


def test_normals_of_a_sphere_point_outwards(ball):
    normals = vertex_normals(*ball)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1)
    assert ((normals * ball[0]).sum(axis=1) > 0.999).all()


def test_a_vertex_without_faces_has_no_normal():
    assert not vertex_normals(np.eye(4)[:, :3], np.array([[0, 1, 2]]))[3].any()
