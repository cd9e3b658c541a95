"""The open body fitted inside a person, on bodies made by the open body itself, so that the answer is known."""

import numpy as np
import pytest

from core.motion.retarget import T_POSE, world_rotations
from core.skeleton import JOINT, PARENTS, rotation_matrices
from training.people import body_truth
from training.people.body_truth import Dressed, OpenBody, fit_open_body, fit_pose, fit_shape, joints_of, offset_targets, retargeted, size_of


@pytest.fixture(scope="module")
def body():
    """A small body: 12 points on a ring about every bone; betas lengthen (first) and thicken (second) it, and others change little."""
    rng = np.random.default_rng(0)
    joints = np.zeros((24, 3, 11))
    joints[..., 0] = T_POSE - T_POSE[0]
    joints[..., 1] = 0.05 * joints[..., 0]
    joints[..., 3:] = rng.normal(0, 0.004, (24, 3, 8))
    rest, normals, weights = [], [], []
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            continue
        start, end = joints[parent, :, 0], joints[joint, :, 0]
        along = (end - start) / np.linalg.norm(end - start)
        across = np.cross(along, [0.3, 0.5, 0.8])
        across /= np.linalg.norm(across)
        for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            out = np.cos(turn) * across + np.sin(turn) * np.cross(along, across)
            share = rng.uniform(0.2, 0.8)
            point = np.zeros((3, 11))
            point[:, :] = (1 - share) * joints[parent] + share * joints[joint]
            point[:, 0] += 0.05 * out
            point[:, 2] += 0.01 * out
            rest.append(point), normals.append(out), weights.append(np.eye(24)[parent])
    weights = np.array(weights)
    return OpenBody(np.array(rest), np.array(normals), weights, weights.argmax(1), joints)


BETAS = np.array([0.6, 1.2, 0.4, -0.3, 0, 0, 0, 0, 0, 0])


def posed(body, pose, betas=BETAS):
    vertices, places, normals = body.linear(pose)
    return vertices @ np.r_[1, betas], places @ np.r_[1, betas], normals


def surface(body, pose, betas=BETAS, skin=True, thick=0.0):
    vertices, _, normals = posed(body, pose, betas)
    return Dressed(vertices + thick * normals, normals, body.part, np.full(len(vertices), skin))


def some_pose(spread=0.3):
    return np.random.default_rng(3).normal(0, spread, (24, 3))


def test_the_linear_body_is_the_skinned_one(body):
    pose = some_pose()
    vertices, places, _ = posed(body, pose)
    world, rest = world_rotations(rotation_matrices(pose)), body.rest_joints(BETAS)
    want = places[body.part] + np.einsum("sab,sb->sa", world[body.part], body.rest @ np.r_[1, BETAS] - rest[body.part])
    np.testing.assert_allclose(vertices, want, atol=1e-12)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            np.testing.assert_allclose(places[joint] - places[parent], world[parent] @ (rest[joint] - rest[parent]), atol=1e-12)


def test_shape_comes_back_from_bare_skin_and_joints(body, monkeypatch):
    monkeypatch.setattr(body_truth, "SHAPE_SPREAD", 100.0)
    pose = some_pose()
    _, places, _ = posed(body, pose)
    betas, move = fit_shape(
        body, places + np.array([0.1, 0.2, 0.3]), pose, _moved(surface(body, pose), [0.1, 0.2, 0.3]), np.zeros(10), np.zeros(3)
    )
    np.testing.assert_allclose(betas[:2], BETAS[:2], atol=0.03)
    np.testing.assert_allclose(move, [0.1, 0.2, 0.3], atol=2e-3)


def _moved(dressed, shift):
    return Dressed(dressed.points + shift, dressed.normals, dressed.part, dressed.skin)


def test_the_body_stays_inside_clothes_and_skin_pulls_harder(body):
    pose = np.zeros((24, 3))
    _, places, _ = posed(body, pose)
    thickness = {}
    for name, dressed in {"skin": surface(body, pose), "cloth": surface(body, pose, skin=False)}.items():
        betas, move = fit_shape(body, places, pose, dressed, BETAS + np.eye(10)[1], np.zeros(3))
        now, _, normals = posed(body, pose, betas)
        assert body_truth.outside(body, dressed, now + move, normals) < 0.01
        thickness[name] = betas[1]
    assert thickness["cloth"] < thickness["skin"] - 0.1


def test_pose_is_mended_until_the_joints_agree(body):
    true = some_pose()
    _, places, _ = posed(body, true)
    start = true + np.random.default_rng(5).normal(0, 0.05, true.shape)
    off = np.linalg.norm(_placed(body, start) - places, axis=1).mean()
    pose, move = fit_pose(body, places + 1.0, start, BETAS)
    left = np.linalg.norm(_placed(body, pose) + move - places - 1.0, axis=1).mean()
    assert left < 0.25 * off


def _placed(body, pose):
    return posed(body, pose)[1]


def test_offsets_turn_with_the_joints_and_grow_with_the_person():
    joints, offsets = T_POSE, np.zeros((24, 3))
    offsets[JOINT["left_elbow"]] = [0.0, 0.0, 0.1]
    pose = np.zeros((24, 3))
    pose[JOINT["pelvis"]] = [0, np.pi / 2, 0]
    moved = offset_targets(2 * joints, pose, offsets) - 2 * joints
    np.testing.assert_allclose(moved[JOINT["left_elbow"]], [0.1 * 2 * size_of(joints), 0, 0], atol=1e-9)
    assert np.abs(np.delete(moved, JOINT["left_elbow"], 0)).max() == 0


def test_retargeted_limbs_point_where_the_persons_do(body):
    pose, rest = some_pose(), np.array(T_POSE)
    rest[JOINT["left_elbow"]] += [0, -0.15, 0.05]
    skeleton = OpenBody(body.rest, body.normals, body.weights, body.part, rest[..., None] * np.eye(1, 11))
    world = world_rotations(rotation_matrices(retargeted(pose, T_POSE, skeleton)))[JOINT["left_shoulder"]]
    want = world_rotations(rotation_matrices(pose))[JOINT["left_shoulder"]] @ [1, 0, 0]
    bone = world @ (rest[JOINT["left_elbow"]] - rest[JOINT["left_shoulder"]])
    np.testing.assert_allclose(bone / np.linalg.norm(bone), want, atol=1e-9)


def test_a_person_with_that_very_body_leaves_nothing_and_known_betas_are_kept(body):
    pose = some_pose(0.2)
    dressed, (_, places, _) = surface(body, pose), posed(body, pose)
    rest = body.joints[..., 0]
    truth = fit_open_body(places, pose, dressed, rest_joints=rest, body=body)
    assert truth.joint_residual_cm < 0.4
    assert truth.skin_residual_cm < 0.4
    np.testing.assert_allclose(np.linalg.norm(joints_of(truth, body) - places, axis=1).mean() * 100, truth.joint_residual_cm, atol=1e-6)
    kept = fit_open_body(places, pose, None, betas=BETAS, rest_joints=rest, body=body)
    np.testing.assert_array_equal(kept.betas, BETAS)
    assert np.isnan(kept.skin_residual_cm)
    assert kept.joint_residual_cm < 0.1
