"""The signed distance to a body against shapes with a formula, and against every triangle asked one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from core.body.distance import SPACING, BodyDistance
from core.body.files import load_body

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def arrays(mesh):
    return np.array(mesh.vertices), np.array(mesh.faces)


@pytest.fixture(scope="module")
def posed():
    """The open body with all joints bent, so that parts of it pass through each other."""
    pose = torch.tensor(np.random.default_rng(5).normal(size=(1, 24, 3)) * 0.4, dtype=torch.float32)
    model = load_body(WEIGHTS / "body_neutral.npz")
    with torch.no_grad():
        vertices = model(torch.zeros(1, 10), pose, torch.zeros(1, 3)).vertices[0].numpy()
    return vertices.astype(np.float64), model.faces.numpy().astype(np.int64)


def near(vertices, faces, count, spread, seed=0):
    """Points normally distributed about the surface."""
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    rng = np.random.default_rng(seed)
    return trimesh.sample.sample_surface(mesh, count, seed=seed)[0] + rng.normal(0, spread, (count, 3))


def slow(vertices, faces, points):
    """Distance (N,) to the nearest of all triangles, and the winding number (N,) as the sum of their solid angles."""
    corners, distance, winding = vertices[faces], [], []
    for point in points:
        closest = trimesh.triangles.closest_point(corners, np.broadcast_to(point, (len(corners), 3)))
        a, b, c = np.moveaxis(corners - point, 1, 0)
        la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
        below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
        winding.append(np.arctan2(np.einsum("nc,nc->n", a, np.cross(b, c)), below).sum() / (2 * np.pi))
        distance.append(np.linalg.norm(closest - point, axis=1).min())
    return np.array(distance), np.round(winding)


def capsule_distance(points, length, radius):
    on_axis = np.clip(points[:, 2], 0, length)[:, None] * (0, 0, 1)
    return np.linalg.norm(points - on_axis, axis=1) - radius


def test_a_balls_distance():
    vertices, faces = arrays(trimesh.creation.icosphere(5, 0.3))
    points = np.random.default_rng(0).uniform(-0.6, 0.6, (4000, 3))
    found = BodyDistance(vertices, faces).query(points).distance
    np.testing.assert_allclose(found, np.linalg.norm(points, axis=1) - 0.3, atol=2e-4)  # the ball is a polyhedron


def test_a_capsules_distance():
    mesh = trimesh.creation.capsule(0.5, 0.05, count=(48, 48)).subdivide_to_size(0.05)
    mesh.apply_translation((0, 0, -mesh.bounds[0, 2] - 0.05))
    points = np.random.default_rng(0).uniform([-0.2, -0.2, -0.2], [0.2, 0.2, 0.7], (4000, 3))
    found = BodyDistance(*arrays(mesh)).query(points).distance
    np.testing.assert_allclose(found, capsule_distance(points, 0.5, 0.05), atol=2e-4)


def test_two_balls_are_their_union():
    """Where one ball covers the other's surface, that counts for nothing but for what is left of half bare triangles."""
    balls = [trimesh.creation.icosphere(5, 0.2).apply_translation((x, 0, 0)) for x in (-0.12, 0.12)]
    points = np.random.default_rng(0).uniform([-0.4, -0.3, -0.3], [0.4, 0.3, 0.3], (6000, 3))
    found = BodyDistance(*arrays(trimesh.util.concatenate(balls))).query(points).distance
    exact = np.minimum(*(np.linalg.norm(points - (x, 0, 0), axis=1) - 0.2 for x in (-0.12, 0.12)))
    inside = exact < 0
    np.testing.assert_array_equal((found < 0)[np.abs(exact) > 2e-4], inside[np.abs(exact) > 2e-4])
    np.testing.assert_allclose(found[~inside], exact[~inside], atol=2e-4)
    crease, height = np.hypot(points[:, 1], points[:, 2]), np.sqrt(0.2**2 - 0.12**2)
    to_crease = np.hypot(points[:, 0], crease - height)
    lens = (np.sign(points[:, 0]) * points[:, 0] < 0.12) & inside & (to_crease < -exact + 1e-3)
    assert lens.sum() > 20
    deepest = np.minimum(to_crease, np.where(crease < height, np.inf, -exact))
    assert (np.abs(found[lens]) <= deepest[lens] + 1e-2).all()
    assert (np.abs(found[lens]) >= -exact[lens] - 1e-2).all()


def test_distances_of_the_open_body_equal_those_to_every_triangle(posed):
    points = np.concatenate([near(*posed, 40, 0.01), near(*posed, 40, 0.08)])
    found = BodyDistance(*posed).query(points)
    exact, winding = slow(*posed, points)
    bare = winding <= 1  # where parts overlap, covered triangles are nearer and count for nothing
    off = np.abs(found.distance)[bare] - exact[bare]
    assert off.min() > -1e-6
    assert np.median(off) < 1e-6
    assert (off > 1e-5).mean() < 0.05
    outside = winding == 0
    assert (np.abs(found.distance)[outside] - exact[outside]).max() < np.sqrt(exact[outside] ** 2 + SPACING**2).max()
    np.testing.assert_array_equal(found.distance < 0, winding > 0)


def test_places_are_where_the_distance_is_measured_to(posed):
    vertices, faces = posed
    points = near(*posed, 3000, 0.03)
    found = BodyDistance(*posed).query(points)
    places = np.einsum("nk,nkc->nc", found.barycentric, vertices[faces[found.face]])
    np.testing.assert_allclose(np.linalg.norm(places - points, axis=1), np.abs(found.distance), atol=1e-6)
    np.testing.assert_allclose(found.barycentric.sum(axis=1), 1, atol=1e-6)
    assert found.barycentric.min() >= 0


def test_nearly_every_distance_grows_no_faster_than_the_way(posed):
    """Neighbouring points differ by no more than they are apart, as distances do."""
    points = near(*posed, 20000, 0.03)
    step = np.random.default_rng(1).normal(0, 1e-3, points.shape)
    body = BodyDistance(*posed)
    outside = ~body.inside(points) & ~body.inside(points + step)
    change = body.query(points + step).distance - body.query(points).distance
    steep = np.abs(change) > np.linalg.norm(step, axis=1) * 1.001 + 1e-6
    assert (steep & outside).mean() < 2e-3


def test_the_winding_number_counts_overlapping_parts():
    boxes = [trimesh.creation.box((0.2, 0.2, 0.2)).apply_translation((x, 0, 0)) for x in (0, 0.1)]
    body = BodyDistance(*arrays(trimesh.util.concatenate(boxes)))
    points = np.array([[-0.05, 0, 0], [0.05, 0.01, 0.02], [0.15, 0, 0], [0.25, 0, 0], [0.05, 0, 0.2], [0.05, 0, -0.2]])
    assert body.columns.winding(points).tolist() == [1, 2, 1, 0, 0, 0]


def test_a_ray_through_edges_and_corners_is_counted_once():
    """Points straight below corners, edges and diagonals of a box on a lattice that its own corners lie on."""
    body = BodyDistance(*arrays(trimesh.creation.box((0.2, 0.2, 0.2))))
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-0.1, 0.1, 21)] * 2))
    within = (np.abs(x) < 0.099) & (np.abs(y) < 0.099)
    winding = body.columns.winding(np.stack([x, y, 0 * x], axis=1))
    assert (winding[within] == 1).all()
    assert set(winding) <= {0, 1}
    assert (body.columns.winding(np.stack([x, y, 0 * x - 0.2], axis=1)) == 0).all()


def test_rays_through_corners_and_level_with_them_are_counted_once():
    """Points in the middle plane of a ball straight below its corners, where as many as six triangles meet, and beside those."""
    vertices, faces = arrays(trimesh.creation.icosphere(3, 0.3))
    body = BodyDistance(vertices, faces)
    x, y = vertices[np.hypot(vertices[:, 0], vertices[:, 1]) < 0.29, :2].T
    assert len(x) > 300
    for share in (1, 0.5, -0.3):
        np.testing.assert_array_equal(body.columns.winding(np.stack([share * x, y, 0 * x + 1e-4], axis=1)), 1)


def test_a_slice_of_the_points_has_the_same_answer(posed):
    """Points are sorted and cut into parts inside; the answer is each point's own."""
    points = near(*posed, 40000, 0.05).astype(np.float32)
    body = BodyDistance(*posed)
    whole, part = body.query(points), body.query(points[123:456])
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[123:456], other)


def test_no_points_have_no_answer(posed):
    assert all(len(part) == 0 for part in BodyDistance(*posed).query(np.zeros((0, 3))))


def test_several_workers_give_the_same(posed):
    points = near(*posed, 40000, 0.05)
    for one, other in zip(BodyDistance(*posed).query(points), BodyDistance(*posed, workers=3).query(points), strict=True):
        np.testing.assert_array_equal(one, other)
