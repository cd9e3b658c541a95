"""Distances, normals and volumes against spheres and boxes, whose answers are known in closed form."""

import numpy as np
import pytest
import trimesh

from training.evaluate.geometry import compare_surfaces, one_way, volume_iou
from training.evaluate.mesh import Mesh, nearest, normals_at, occupancy, spread


def ball(radius: float, centre=(0.0, 0.0, 0.0), rounds: int = 4) -> Mesh:
    made = trimesh.creation.icosphere(rounds, radius)
    return Mesh(np.array(made.vertices) + centre, np.array(made.faces))


def box(low, high) -> Mesh:
    made = trimesh.creation.box(bounds=[low, high])
    return Mesh(np.array(made.vertices), np.array(made.faces))


def test_a_surface_is_like_itself():
    found = compare_surfaces(ball(0.4), ball(0.4))
    assert found["chamfer_cm"] == pytest.approx(0, abs=1e-3)
    assert found["normal_consistency"] == pytest.approx(1, abs=1e-6)
    assert found["volume_iou"] == found["f_score"] == 1


def test_concentric_spheres_are_their_difference_apart():
    found = compare_surfaces(ball(0.5), ball(0.47))
    assert found["p2s_cm"] == pytest.approx(3, rel=5e-3)
    assert found["chamfer_cm"] == pytest.approx(3, rel=5e-3)
    assert found["chamfer_scaled"] == pytest.approx(100 * 3 / 94, rel=5e-3)
    assert found["normal_consistency"] == pytest.approx(1, abs=1e-3)
    assert found["volume_iou"] == pytest.approx((0.47 / 0.5) ** 3, rel=5e-3)
    assert found["f_score"] == 0


def test_equal_spheres_set_off_are_as_far_apart_as_the_integral_says():
    """From a point at angle a the other sphere, d away, is |sqrt(r² + d² - 2 r d cos a) - r| far; cos a is even over a sphere."""
    radius, away = 0.3, 0.12
    cosine = np.linspace(-1, 1, 200_001)
    expected = 100 * np.abs(np.sqrt(radius**2 + away**2 - 2 * radius * away * cosine) - radius).mean()
    found = compare_surfaces(ball(radius), ball(radius, (away, 0, 0)))
    assert found["p2s_cm"] == pytest.approx(expected, rel=1e-2)
    assert found["chamfer_cm"] == pytest.approx(expected, rel=1e-2)
    lens = np.pi * (4 * radius + away) * (2 * radius - away) ** 2 / 12
    assert found["volume_iou"] == pytest.approx(lens / (8 / 3 * np.pi * radius**3 - lens), rel=1e-2)


def test_p2s_goes_from_the_estimate_and_chamfer_both_ways():
    """A sphere and the same with a far one beside it: the small estimate misses it, which only the way back sees."""
    near, far = ball(0.2), ball(0.2, (2, 0, 0))
    both = Mesh(np.concatenate([near.vertices, far.vertices]), np.concatenate([near.faces, far.faces + len(near.vertices)]))
    missing = compare_surfaces(near, both)
    assert missing["p2s_cm"] == pytest.approx(0, abs=1e-3)
    assert missing["chamfer_cm"] > 40
    assert compare_surfaces(both, near)["p2s_cm"] > 80
    assert missing["f_score"] == pytest.approx(2 / 3, abs=0.01)
    assert missing["volume_iou"] == pytest.approx(0.5, abs=1e-6)


def test_the_nearest_point_is_the_nearest_of_all_triangles():
    """Against the slow way: every triangle of a small mesh, by dense barycentric search; large and small triangles mixed."""
    mesh = box((-0.5, -0.3, -0.1), (0.5, 0.3, 0.1))
    points = np.random.default_rng(0).uniform(-0.8, 0.8, (40, 3))
    inside = np.clip(points, mesh.vertices.min(0), mesh.vertices.max(0))
    beyond = (inside != points).any(axis=1)
    found = nearest(points[beyond], mesh)
    assert found.points == pytest.approx(inside[beyond], abs=1e-9)  # of a box the nearest point is the clamped one
    assert found.weights.sum(axis=1) == pytest.approx(1)
    assert (found.weights >= 0).all()


def test_points_are_spread_by_area():
    mesh = box((0, 0, 0), (1.0, 0.2, 0.2))
    places = spread(mesh, 4000)
    on_ends = (np.abs(places.points[:, 0] - 0.5) > 0.5 - 1e-9).mean()
    assert on_ends == pytest.approx(2 * 0.04 / (2 * 0.04 + 4 * 0.2), abs=0.002)
    assert places.interpolate(mesh.faces, mesh.vertices) == pytest.approx(places.points)


def test_normals_of_a_sphere_point_outwards():
    mesh = ball(0.3, (1, 2, 3))
    places = spread(mesh, 500)
    outward = (places.points - [1, 2, 3]) / 0.3
    assert (normals_at(places, mesh) * outward).sum(axis=1) == pytest.approx(1, abs=5e-3)


def test_crossed_normals_count_as_wrong():
    """A thin plate lying on the side of a box: everywhere near, and its normals at right angles to most of it."""
    _, agreement = one_way(box((0, 0, 0), (1, 0.001, 1)), ball(50, (0.5, 0.5, -50.2), rounds=5))
    assert agreement.mean() < 0.1


def test_a_box_fills_the_cubes_whose_centres_it_holds():
    inside = occupancy(box((0.2, 0.2, 0.2), (0.8, 0.6, 0.5)), np.zeros(3), (10, 10, 10), 0.1)
    expected = np.zeros((10, 10, 10), bool)
    expected[2:8, 2:6, 2:5] = True
    assert (inside == expected).all()


def test_parts_that_overlap_make_one_solid_and_inside_out_is_nothing():
    first, second = box((0, 0, 0), (0.6, 1, 1)), box((0.4, 0, 0), (1, 1, 1))
    union = Mesh(np.concatenate([first.vertices, second.vertices]), np.concatenate([first.faces, second.faces + 8]))
    whole = box((0, 0, 0), (1, 1, 1))
    assert volume_iou(union, whole, 0.04) == 1
    assert volume_iou(Mesh(whole.vertices, whole.faces[:, ::-1]), whole, 0.04) == 0
