"""Where the people pack's joints lie beside SMPL's: the nose that holds the head, and what the table may say."""

import numpy as np

from core.skeleton import JOINT, JOINT_NAMES
from training.people.joint_offsets import LIMBS, _table, body_nose, nose, symmetric


def skull(tip):
    """Points of a ball of 9 cm round the head's joint, a nose of 3 cm at the tip's height, and the brim of a cap above it."""
    rng = np.random.default_rng(0)
    ball = rng.normal(size=(20000, 3))
    ball *= 0.09 / np.linalg.norm(ball, axis=1, keepdims=True)
    brim = np.stack([rng.uniform(-0.05, 0.05, 500), np.full(500, 0.18), rng.uniform(0, 0.2, 500)], axis=1)
    cheek = np.stack([np.full(50, 0.03), np.linspace(-0.05, 0.1, 50), np.full(50, 0.15)], axis=1)
    return np.concatenate([ball, brim, cheek, [tip]])


def test_the_nose_is_the_foremost_of_the_middle_of_the_face():
    tip = np.array([0.001, 0.02, 0.12])
    np.testing.assert_array_equal(nose(skull(tip)), tip)
    assert np.isnan(nose(np.array([[0.1, 0.0, 0.1]]))).all()


def test_the_open_body_has_its_nose_before_its_head_joint():
    tip = body_nose(np.zeros(10))
    assert abs(tip[0]) < 0.002
    assert -0.02 < tip[1] < 0.03
    assert 0.1 < tip[2] < 0.14
    larger = body_nose(np.eye(10)[0] * 2)
    assert not np.allclose(larger, tip, atol=1e-4)


def test_limbs_have_no_offset_and_both_sides_are_alike():
    for kind in _table()["kinds"].values():
        offsets = np.array([kind["offsets"][name] for name in JOINT_NAMES])
        limb = np.array([name.split("_")[-1] in LIMBS for name in JOINT_NAMES])
        assert (offsets[limb] == 0).all()
        assert (offsets[~limb] != 0).any(axis=1).all()
        np.testing.assert_allclose(symmetric(offsets), offsets, atol=1e-9)
        assert np.abs(offsets[JOINT["head"]]).max() < 0.06
