"""The z-buffer against a slow pixel-by-pixel one and an analytic sphere."""

import numpy as np
import pytest
import trimesh

from core.camera import UPRIGHT, Camera
from core.coverage import CHUNK
from core.surface.raster import rasterise, silhouette, window


@pytest.fixture(scope="module")
def camera():
    return Camera(np.array([60.0, 55.0, 15.0, 13.0]), UPRIGHT, np.array([0.1, -0.05, 2.0]), np.array([32, 26]))


@pytest.fixture(scope="module")
def triangles():
    """Thirty random triangles that cross and hide each other, a few partly off the picture."""
    rng = np.random.default_rng(0)
    vertices = rng.uniform(-0.7, 0.7, size=(30, 1, 3)) + rng.normal(size=(30, 3, 3)) * 0.25
    return vertices.reshape(-1, 3), np.arange(90).reshape(-1, 3)


def rasterise_slowly(vertices, faces, camera):
    """Each pixel's ray against each triangle in 3D (Möller & Trumbore 1997)."""
    width, height = camera.size
    depth, face, barycentric = np.full((height, width), np.inf), np.full((height, width), -1), np.zeros((height, width, 3))
    points = camera.to_camera(vertices)
    for row, column in np.ndindex(height, width):
        ray = np.array([*((np.array([column, row]) + 0.5 - camera.intrinsics[2:]) / camera.intrinsics[:2]), 1.0])
        for number, (a, b, c) in enumerate(points[faces]):
            along, u, v = np.linalg.solve(np.stack([ray, a - b, a - c], axis=1), a)
            if min(u, v, 1 - u - v) >= 0 and 0 < along < depth[row, column]:
                depth[row, column], face[row, column], barycentric[row, column] = along, number, (1 - u - v, u, v)
    return depth, face, barycentric


def test_equals_the_slow_version(triangles, camera):
    depth, face, barycentric = rasterise_slowly(*triangles, camera)
    fast = rasterise(*triangles, camera)
    assert (face >= 0).mean() > 0.3
    assert len(np.unique(face)) > 10
    assert np.array_equal(fast.face, face)
    assert np.allclose(fast.depth, depth)
    assert np.allclose(fast.barycentric, barycentric, atol=1e-5)


def test_chunks_change_nothing(triangles, camera, monkeypatch):
    whole = rasterise(*triangles, camera)
    monkeypatch.setattr("core.coverage.CHUNK", 50)
    pieces = rasterise(*triangles, camera)
    assert CHUNK > 50
    assert np.array_equal(pieces.face, whole.face)
    assert np.array_equal(pieces.depth, whole.depth)


def test_interpolated_positions_lie_on_their_rays(triangles, camera):
    """Perspective-correct weights of the vertices' positions give back pixel and depth."""
    seen = rasterise(*triangles, camera)
    points = seen.interpolate(triangles[1], triangles[0])
    rows, columns = np.nonzero(seen.face >= 0)
    assert np.allclose(camera.project(points[rows, columns]), np.stack([columns, rows], axis=1) + 0.5, atol=1e-4)
    assert np.allclose(camera.to_camera(points[rows, columns])[:, 2], seen.depth[rows, columns], atol=1e-5)


def test_sphere_has_its_depth_and_outline():
    sphere = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    camera = Camera(np.array([200.0, 200.0, 100.0, 90.0]), UPRIGHT, np.array([0, 0, 2.0]), np.array([200, 180]))
    seen = rasterise(sphere.vertices.view(np.ndarray), sphere.faces.view(np.ndarray), camera)
    y, x = np.mgrid[:180, :200] + 0.5
    rays = np.stack([(x - 100) / 200, (y - 90) / 200, np.ones_like(x)], axis=-1)
    squared = (rays**2).sum(-1)
    root = 4 - squared * (4 - 0.25)
    inside = root > 0
    assert np.count_nonzero(inside != (seen.face >= 0)) < 0.01 * inside.sum()
    deep = inside & (root > 0.05) & (seen.face >= 0)
    assert np.allclose(seen.depth[deep], ((2 - np.sqrt(root[deep])) / squared[deep]), atol=2e-3)


def test_closed_mesh_has_no_cracks():
    """Two triangles that share a diagonal through pixel centres cover their square, each pixel once."""
    vertices = np.array([[0, 0, 1], [8, 0, 1], [8, 8, 1], [0, 8, 1]], dtype=float)
    camera = Camera(np.array([1.0, 1.0, 0.0, 0.0]), np.eye(3), np.zeros(3), np.array([8, 8]))
    assert (rasterise(vertices, np.array([[0, 1, 2], [0, 2, 3]]), camera).face >= 0).all()


def test_nothing_in_sight_is_empty(triangles, camera):
    behind = rasterise(triangles[0] + (0, 0, 9), triangles[1], camera)
    assert (behind.face == -1).all()
    assert np.isinf(behind.depth).all()
    assert not behind.barycentric.any()


def test_silhouette_at_another_size(triangles, camera):
    """Twice the size is what a camera with twice the focal length sees."""
    doubled = Camera(camera.intrinsics * 2, camera.rotation, camera.translation, camera.size * 2)
    assert np.array_equal(silhouette(*triangles, camera, (64, 52)), rasterise(*triangles, doubled).face >= 0)


def test_window_is_a_cutting_of_the_picture(triangles, camera):
    whole = rasterise(*triangles, camera)
    part = rasterise(*triangles, window(camera, np.array([4.0, 6, 20, 18]), (16, 12)))
    assert np.array_equal(part.face, whole.face[6:18, 4:20])
