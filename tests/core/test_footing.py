"""Both feet on the ground, and the sampler's kinds of pose."""

import numpy as np
import pytest

from core.motion.retarget import T_POSE, world_rotations
from core.skeleton import JOINT, posed_joints, rotation_matrices
from training.footing import footed, sole_heights
from training.poses import EVERY_KIND, KINDS, posed_by_hand, sample_everyday_pose, sample_pose


def apart(pose):
    heights = sole_heights(world_rotations(rotation_matrices(pose)))
    return abs(heights["left"] - heights["right"])


def test_a_person_standing_straight_stays_as_they_are():
    np.testing.assert_allclose(footed(np.zeros((24, 3))), 0, atol=1e-9)


@pytest.mark.parametrize("kind", ["relaxed", "strolling", "leaning"])
def test_both_feet_come_down_and_the_upper_body_keeps_its_directions(kind):
    rng = np.random.default_rng(1)
    for _ in range(5):
        pose = posed_by_hand(rng, kind).pose
        feet = footed(pose, flat=kind != "strolling")
        assert apart(feet) < 2e-3
        before, after = (world_rotations(rotation_matrices(one)) for one in (pose, feet))
        upper = [JOINT[name] for name in ("spine1", "neck", "head", "left_elbow", "right_wrist")]
        np.testing.assert_allclose(after[upper], before[upper], atol=1e-9)


def test_flat_soles_are_level_and_point_where_they_pointed():
    pose = np.zeros((24, 3))
    pose[JOINT["left_ankle"]], pose[JOINT["pelvis"]] = [0.4, 0.3, 0.2], [0, 1.0, 0]
    foot = world_rotations(rotation_matrices(footed(pose)))[JOINT["left_ankle"]]
    np.testing.assert_allclose(foot @ [0, 1, 0], [0, 1, 0], atol=1e-9)
    want = world_rotations(rotation_matrices(pose))[JOINT["left_ankle"]] @ [0, 0, 1]
    assert np.arctan2(*(foot @ [0, 0, 1])[[0, 2]]) == pytest.approx(np.arctan2(*want[[0, 2]]))


def test_a_leg_that_is_bent_brings_the_pelvis_down_on_its_side():
    pose = np.zeros((24, 3))
    pose[JOINT["left_hip"], 0], pose[JOINT["left_knee"], 0], pose[JOINT["left_ankle"], 0] = -0.25, 0.5, -0.25
    joints = posed_joints(footed(pose), T_POSE)
    assert joints[JOINT["left_hip"], 1] < joints[JOINT["right_hip"], 1] - 0.01


def test_every_kind_of_pose_can_be_drawn_and_the_held_out_kinds_are_drawn_as_before():
    rng = np.random.default_rng(0)
    for kind in EVERY_KIND:
        assert sample_pose(rng, {}, 0.0, kinds={kind: EVERY_KIND[kind]}).kind == kind
    assert sample_pose(np.random.default_rng(5), {}, 0.0).kind in KINDS


def test_everyday_poses_stand_on_both_feet_and_take_clips_as_they_are():
    rng, clip = np.random.default_rng(0), np.zeros((1, 24, 3))
    for _ in range(8):
        sampled = sample_everyday_pose(rng, {})
        if EVERY_KIND[sampled.kind][1] in ("standing", "leaning"):
            assert apart(sampled.pose) < 2e-3
    assert sample_everyday_pose(rng, {"still": clip}, mocap_share=1.0).source == "still:0"
