"""Samples round a shell: distance, sign, normal and colour against every triangle asked one by one."""

import numpy as np
import pytest
import trimesh

from training.people.character import Shell
from training.people.samples import Sampler


def shell_of(mesh, albedo=None):
    count = len(mesh.vertices)
    colours = np.full((count, 3), 100, np.uint8) if albedo is None else albedo
    full = np.full(count, 255, np.uint8)
    label = (mesh.vertices[:, 1] > 0).astype(np.uint8)
    normals = np.array(mesh.vertex_normals)
    return Shell(
        np.float32(mesh.vertices), np.int32(mesh.faces), np.float32(normals), colours, full, label, np.zeros((count, 9), np.float32)
    )


@pytest.fixture(scope="module")
def star():
    """A closed shape with sharp ridges and hollows."""
    mesh = trimesh.creation.icosphere(3, 0.3)
    direction = mesh.vertices / 0.3
    mesh.vertices = mesh.vertices * (1 + 0.35 * np.sin(9 * direction[:, :1]) * np.cos(7 * direction[:, 1:2]))
    return mesh


def slow_distance(mesh, points):
    """Distance to the nearest of all triangles; negative where the solid angle says inside."""
    result = []
    for point in points:
        every = trimesh.triangles.closest_point(mesh.triangles, np.broadcast_to(point, (len(mesh.faces), 3)))
        a, b, c = np.moveaxis(mesh.triangles - point, 1, 0)
        la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
        below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
        inside = np.arctan2(np.einsum("nc,nc->n", a, np.cross(b, c)), below).sum() > np.pi
        result.append(np.linalg.norm(every - point, axis=1).min() * (-1 if inside else 1))
    return np.array(result)


def test_distances_equal_those_to_every_triangle(star):
    samples = Sampler(shell_of(star)).draw(np.random.default_rng(0), 200, 100)
    exact = slow_distance(star, samples.points.astype(float))
    near = slice(0, 200)
    np.testing.assert_allclose(samples.distance[near], exact[near], atol=2e-5)
    assert (np.sign(samples.distance) == np.sign(exact)).all()
    assert np.abs(samples.distance - exact).max() < 2e-4  # far away a triangle may be missed, but hardly a nearer place


def test_the_nearest_corner_or_edge_does_not_turn_the_sign():
    box = trimesh.creation.box((0.2, 0.2, 0.2))
    points = np.random.default_rng(0).uniform(-0.2, 0.2, (500, 3))
    apart = np.abs(points) - 0.1
    exact = np.linalg.norm(np.maximum(apart, 0), axis=1) + np.minimum(apart.max(axis=1), 0)
    np.testing.assert_allclose(Sampler(shell_of(box)).at(points).distance, exact, atol=1e-6)


def test_a_sharp_edge_does_not_turn_the_sign():
    """Beyond a blade's edge a point is behind the plane of one of its two faces, and still outside."""
    blade = trimesh.convex.convex_hull(np.array([[0, 0, -0.2], [0, 0, 0.2], [-0.3, 0.03, 0], [-0.3, -0.03, 0]]))
    points = np.random.default_rng(0).uniform([-0.1, -0.2, -0.1], [0.2, 0.2, 0.1], (2000, 3))
    inside = ((points[:, None] - blade.triangles_center) * blade.face_normals).sum(axis=2).max(axis=1) < 0
    np.testing.assert_array_equal(Sampler(shell_of(blade)).at(points).distance < 0, inside)
    assert 10 < inside.sum() < 500


def test_a_balls_samples_have_its_distance_normal_and_colour():
    mesh = trimesh.creation.icosphere(4, 0.3)
    albedo = np.uint8(np.round(127 + 100 * mesh.vertices / 0.3))
    samples = Sampler(shell_of(mesh, albedo)).draw(np.random.default_rng(1), 500, 200)
    radius = np.linalg.norm(samples.points, axis=1)
    direction = samples.points / radius[:, None]
    np.testing.assert_allclose(samples.distance, radius - 0.3, atol=7e-4)  # the ball is a polyhedron
    assert np.einsum("nc,nc->n", samples.normal, direction).min() > 0.99
    assert np.abs(samples.albedo - (127 + 100 * direction)).max() < 8
    clear = np.abs(direction[:, 1]) > 0.1
    np.testing.assert_array_equal(samples.label[clear], direction[clear, 1] > 0)
    assert (samples.trusted == 255).all()


def test_an_unknown_corner_makes_a_place_unknown():
    mesh = trimesh.creation.icosphere(2, 0.3)
    shell = shell_of(mesh)
    shell.trusted[0] = 0
    assert Sampler(shell).at(np.array([mesh.vertices[0] * 0.9])).trusted[0] == 0


def test_samples_are_spread_as_asked_and_drawn_alike_from_the_same_seed(star):
    sampler = Sampler(shell_of(star))
    first, again = (sampler.draw(np.random.default_rng(7), 2000, 500, (0.002, 0.02)) for _ in range(2))
    np.testing.assert_array_equal(first.points, again.points)
    fine, coarse = np.abs(first.distance[:2000:2]), np.abs(first.distance[1:2000:2])
    assert np.median(fine) < 0.002 < np.median(coarse) < 0.02
    low, high = star.vertices.min(axis=0), star.vertices.max(axis=0)
    far = first.points[2000:]
    np.testing.assert_allclose(far.mean(axis=0), (low + high) / 2, atol=0.05)
    assert (far.min(axis=0) < low).all()


def test_points_on_the_surface_are_even(star):
    points = Sampler(shell_of(star)).on_surface(np.random.default_rng(0), 20000)
    np.testing.assert_allclose(points.mean(axis=0), np.average(star.triangles_center, axis=0, weights=star.area_faces), atol=0.01)
