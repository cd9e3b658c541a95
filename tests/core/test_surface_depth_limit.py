"""Shoes and hands end where the body's feet and hands do, along the line of sight; hems, shins and arms are left as they are."""

import numpy as np
import pytest

from core.body.distance import BodyDistance
from core.field.encoder import CLOTH, LABELS, SHOE
from core.skeleton import JOINT
from core.surface.depth_limit import AHEAD, OUTSIDE, ROUND, both, depth_limited
from core.surface.regions import share_of

ENDS = {"foot": "ankle", "hand": "wrist"}


@pytest.fixture(scope="module")
def distance(bent_body):
    return BodyDistance(bent_body.camera.to_camera(bent_body.vertices), bent_body.faces)


def limit(body, distance, label=SHOE):
    return depth_limited(body, distance.query, lambda points: np.eye(LABELS)[np.full(len(points), label)])


def along_the_ray(body, side, end="foot"):
    """Points on the line of sight through the middle of a foot or a hand, every centimetre; how far they are beyond its depths."""
    foot = body.camera.to_camera(body.vertices[share_of(body, f"{side}_{ENDS[end]}", f"{side}_{end}") > 0.5])
    middle, low, high = foot.mean(axis=0), foot[:, 2].min(), foot[:, 2].max()
    points = middle * (np.arange(low - 0.2, high + 0.2, 0.01) / middle[2])[:, None]
    return points, np.maximum(low - points[:, 2], points[:, 2] - high)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_what_runs_on_along_the_ray_is_cut(bent_body, distance, side, end):
    """A field that is inside all along the ray comes out AHEAD of the part, and is then the distance in depth: as far as it is the part."""
    points, beyond = along_the_ray(bent_body, side, end)
    higher = [points + np.array([0, step, 0]) for step in (0, -0.04, -0.08, -0.12)]  # to where it is more and more shin or arm
    points = np.concatenate(higher)
    beyond, inside = np.tile(beyond, 4), np.full(len(points), -0.02)
    found, share = limit(bent_body, distance)(points, inside), share_on(bent_body, distance, points, side, end)
    assert ((share > 0.9) & (beyond > AHEAD + 0.05)).any()
    assert ((share > 0.05) & (share < 0.8) & (beyond > AHEAD)).any()
    np.testing.assert_allclose(found, inside + share * (both(inside, beyond - AHEAD) - inside), atol=1e-6)
    np.testing.assert_array_equal(found[beyond < AHEAD - 0.02 - ROUND], np.float32(-0.02))


def share_on(body, distance, points, side, end="foot"):
    near = distance.query(points)
    return (near.barycentric * share_of(body, f"{side}_{ENDS[end]}", f"{side}_{end}")[body.faces[near.face]]).sum(axis=1)


def test_cloth_about_a_foot_is_left(bent_body, distance):
    points, _ = along_the_ray(bent_body, "left")
    field = np.full(len(points), -0.02)
    np.testing.assert_array_equal(limit(bent_body, distance, CLOTH)(points, field), np.float32(field))


def test_elsewhere_and_outside_nothing_changes(bent_body, distance):
    rng = np.random.default_rng(0)
    for joint in ("head", "left_knee", "right_shoulder"):
        points = bent_body.camera.to_camera(bent_body.joints[[JOINT[joint]]]) + rng.normal(0, 0.03, (500, 3))
        no_foot = sum(share_on(bent_body, distance, points, side, end) for side in ("left", "right") for end in ENDS) == 0
        assert no_foot.sum() > 100
        field = rng.uniform(-0.05, 0.05, 500).astype(np.float32)
        np.testing.assert_array_equal(limit(bent_body, distance)(points, field)[no_foot], field[no_foot])
    points, _ = along_the_ray(bent_body, "left")
    field = np.full(len(points), OUTSIDE, np.float32)
    np.testing.assert_array_equal(limit(bent_body, distance)(points, field), field)


def test_two_distances_join_roundly():
    values = np.linspace(-0.05, 0.05, 101)
    found = both(values, -values)
    assert (found >= np.abs(values) - 1e-12).all()
    np.testing.assert_allclose(found[np.abs(values) > ROUND], np.abs(values)[np.abs(values) > ROUND])
    assert found[50] == pytest.approx(ROUND / 4)
