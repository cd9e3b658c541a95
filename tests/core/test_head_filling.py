"""A head without its mouth: narrow hollows are filled, wide ones and the outside are not."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from core.skeleton import JOINT
from core.surface.head_filling import WITHIN, head_filling

RADIUS = 0.1


@pytest.fixture(scope="module")
def head(t_body):
    """The figure with a ball of 10 cm for a head, and nothing else."""
    ball = trimesh.creation.icosphere(3, RADIUS)
    weights = np.zeros((len(ball.vertices), 24))
    weights[:, JOINT["head"]] = 1
    return replace(t_body, vertices=np.array(ball.vertices), skin_weights=weights)


def with_mouth(width):
    """Inside of the ball, less a tunnel so wide from the front to the middle."""

    def inside(points):
        mouth = (np.hypot(points[:, 0], points[:, 1]) < width / 2) & (points[:, 2] > 0)
        return (np.linalg.norm(points, axis=1) < RADIUS) & ~mouth

    return inside


def test_a_mouth_is_no_hole(head):
    """All that lies a little under the skin is head, the mouth too; above it nothing is said that the field does not say itself."""
    points = np.random.default_rng(0).uniform(-0.12, 0.12, (4000, 3))
    radius = np.linalg.norm(points, axis=1)
    found = head_filling(head, with_mouth(0.02))(points)
    assert (found[radius < RADIUS - WITHIN - 0.009] < 0).all()
    assert (found[radius > RADIUS - WITHIN + 0.004] > 0).all()
    deep = radius < RADIUS - 0.04
    plain = head_filling(head, lambda places: np.linalg.norm(places, axis=1) < RADIUS)(points)
    np.testing.assert_allclose(plain[deep], (radius - RADIUS + WITHIN)[deep], atol=0.006)


def test_what_is_wide_stays_open(head):
    middle = np.array([[0, 0, 0.06]])
    assert head_filling(head, with_mouth(0.02))(middle) < 0
    assert head_filling(head, with_mouth(0.05))(middle) > 0


def test_a_wide_mouth_behind_narrow_lips_is_filled(head):
    def inside(points):
        radius = np.linalg.norm(points, axis=1)
        lips = (np.abs(points[:, 1]) < 0.006) & (np.abs(points[:, 0]) < 0.02) & (points[:, 2] > 0)
        return (radius < RADIUS) & (radius > 0.06) & ~lips

    assert (head_filling(head, inside)(np.array([[0, 0, 0.0], [0, 0, 0.05], [0.03, 0.02, 0.01]])) < 0).all()


def test_far_away_and_without_a_head_nothing_is_said(head, t_body):
    points = np.array([[0, 0, 0.3], [0, -0.5, 0.0]])
    assert np.isinf(head_filling(head, with_mouth(0.02))(points)).all()
    nobody = head_filling(replace(t_body, skin_weights=np.zeros_like(t_body.skin_weights)), with_mouth(0.02))
    assert np.isinf(nobody(np.zeros((3, 3)))).all()
