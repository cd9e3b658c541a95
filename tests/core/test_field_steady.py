"""What the body says without jumps: between two parts it changes gradually, near one part it is nearly the nearest point's own."""

import numpy as np
import pytest
import trimesh

from core.field.conditioning import BodyInView
from core.field.steady import AROUND, SteadyBody


@pytest.fixture(scope="module")
def legs():
    """Two upright capsules 10 cm thick and 16 cm apart."""
    one = trimesh.creation.capsule(0.8, 0.05, [16, 16]).subdivide()
    one.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    vertices = np.concatenate([one.vertices + np.array([x, 0, 3]) for x in (-0.08, 0.08)])
    faces = np.concatenate([one.faces, one.faces + len(one.vertices)])
    return BodyInView(vertices, faces, vertices - [0, 0, 3], np.array([0, 0, 3.0]), 0.0)


@pytest.fixture(scope="module")
def steady(legs):
    return SteadyBody(legs)


def test_between_the_legs_nothing_leaps(legs, steady):
    """Across the middle, in front of the legs, the nearest point leaps by their distance; what is told in its stead moves gradually."""
    middle = legs.vertices[:, 1].mean()
    across = np.stack([np.linspace(-0.06, 0.06, 61), np.full(61, middle), np.full(61, 2.93)], axis=1)
    hard, soft = legs.nearest(across), steady.nearest(across)
    assert np.abs(np.diff(hard.rest[:, 0])).max() > 0.04
    assert np.abs(np.diff(soft.rest[:, 0])).max() < 0.01
    assert np.abs(np.diff(hard.direction, axis=0)).max() > 0.4
    assert np.abs(np.diff(soft.direction, axis=0)).max() < 0.1


def test_the_distance_is_exact_and_far_away_so_is_the_rest(legs, steady):
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.6, -0.8, 2.6], [0.6, 0.9, 3.4], (4000, 3))
    hard, soft = legs.nearest(points), steady.nearest(points)
    np.testing.assert_array_equal(soft.distance, hard.distance)
    far = hard.distance > AROUND + 0.06
    assert far.sum() > 500
    for name in ("direction", "normal", "rest"):
        np.testing.assert_allclose(getattr(soft, name)[far], getattr(hard, name)[far], atol=1e-6)


def test_on_the_outside_of_a_leg_it_is_nearly_the_nearest_points(legs, steady):
    outside = legs.vertices[legs.vertices[:, 0] > 0.1]
    hard, soft = legs.nearest(outside * [1.02, 1, 1]), steady.nearest(outside * [1.02, 1, 1])
    assert np.linalg.norm(soft.rest - hard.rest, axis=1).mean() < 0.02
    assert (soft.direction * hard.direction).sum(axis=1).mean() > 0.75
