"""The lifter: mirror symmetry, rotations that are rotations, features that know nothing of place and size."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.spatial.transform import Rotation

from core.body.aim import TRUNK, aimed, shortest_to_axis
from core.body.lifter import (
    FEATURES,
    LIFTED,
    Lifter,
    landmark_features,
    lift,
    load_lifter,
    mirrored_features,
    six_to_rotation,
)
from core.camera import UPRIGHT
from core.errors import WeightsCorrupt
from core.photo.landmarks import LANDMARKS, TWINS
from core.photo.person import Person
from core.skeleton import JOINT, mirrored

MIRROR = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))


@pytest.fixture
def lifter() -> Lifter:
    torch.manual_seed(0)
    return Lifter().eval()


def random_points(seed: int, batch: int = 3):
    rng = np.random.default_rng(seed)
    shapes = ((batch, 33, 2), (batch, 33, 2), (batch, 33, 3))
    return tuple(torch.as_tensor(np.float32(rng.normal(size=shape))) for shape in shapes)


def test_the_mirror_image_gives_the_mirrored_body(lifter):
    landmarks, seen, world = random_points(1)
    twins = torch.tensor(TWINS[: len(LANDMARKS)])
    rotations, spread, betas, betas_spread = lifter(landmark_features(landmarks, seen, world))
    other = landmark_features(1 - landmarks[:, twins] * torch.tensor([1, -1.0]), seen[:, twins], (world @ MIRROR)[:, twins])
    other_rotations, other_spread, other_betas, other_betas_spread = lifter(other)
    order = [LIFTED.index(mirrored(name)) for name in LIFTED]
    assert torch.allclose(other_rotations, MIRROR @ rotations[:, order] @ MIRROR, atol=1e-5)
    assert torch.allclose(other_spread, spread[:, order], atol=1e-5)
    assert torch.allclose(other_betas, betas, atol=1e-5)
    assert torch.allclose(other_betas_spread, betas_spread, atol=1e-5)


def test_mirroring_twice_changes_nothing():
    features = torch.randn(4, FEATURES)
    assert torch.equal(mirrored_features(mirrored_features(features)), features)


def test_place_and_size_in_the_picture_do_not_matter():
    landmarks, seen, world = random_points(2)
    assert torch.allclose(landmark_features(landmarks, seen, world), landmark_features(7 * landmarks + 300, seen, world), atol=1e-4)


def test_six_numbers_give_a_rotation():
    rotations = six_to_rotation(torch.randn(50, 6, dtype=torch.float64))
    assert torch.allclose(rotations @ rotations.mT, torch.eye(3, dtype=torch.float64).expand(50, 3, 3), atol=1e-12)
    assert torch.allclose(torch.linalg.det(rotations), torch.ones(50, dtype=torch.float64))
    turn = six_to_rotation(torch.randn(6, dtype=torch.float64))
    assert torch.allclose(six_to_rotation(torch.cat([turn[:, 0], turn[:, 1]])), turn)


INTRINSICS = np.array([900.0, 900.0, 320.0, 240.0])


def person_seen(seed: int) -> Person:
    """Someone upright about the middle of the picture, landmarks at random."""
    landmarks, seen, world = (np.float64(array[0].numpy()) for array in random_points(seed))
    landmarks = 320 + 30 * landmarks
    landmarks[[LANDMARKS.index(f"{side}_shoulder") for side in ("left", "right")], 1] -= 200
    landmarks[[LANDMARKS.index(f"{side}_ankle") for side in ("left", "right")], 1] += 300
    return Person(np.zeros(4), 1.0, landmarks, seen[:, 0], seen[:, 1], world, np.zeros((2, 2), np.uint8))


def test_lift_gives_every_joint_a_rotation_and_a_deviation(lifter):
    lifted = lift(lifter, person_seen(3), INTRINSICS)
    assert lifted.pose.shape == (24, 3)
    assert (lifted.deviation > 0).all()
    assert (lifted.betas_deviation > 0).all()
    assert (lifted.pose[[JOINT["left_hand"], JOINT["right_hand"]]] == 0).all()


def test_a_camera_turned_aside_turns_the_pelvis_and_nothing_else(lifter):
    """The same person seen by a camera that points elsewhere: the lines of sight are the same, so is everything but the pelvis' rotation,
    which turns with the camera. The 3D landmarks are along the line of sight and stay."""
    person = person_seen(4)
    turn = Rotation.from_rotvec((0.2, -0.3, 0)).as_matrix()
    rays = np.concatenate([(person.landmarks - INTRINSICS[2:]) / INTRINSICS[:2], np.ones((33, 1))], axis=1)
    straight = shortest_to_axis(rays[TRUNK].mean(axis=0)[None])[0]
    aside = rays @ straight.T @ turn.T
    pixels = aside[:, :2] / aside[:, 2:] * INTRINSICS[:2] + INTRINSICS[2:]
    at_first = rays @ straight.T
    middle = at_first[:, :2] / at_first[:, 2:] * INTRINSICS[:2] + INTRINSICS[2:]
    one, other = (lift(lifter, replace(person, landmarks=points), INTRINSICS) for points in (middle, pixels))
    back = shortest_to_axis(aside[TRUNK].mean(axis=0)[None])[0] @ turn  # what is left of the roll between the two
    assert np.abs(back - np.eye(3)).max() < 0.1
    difference = Rotation.from_rotvec(other.pose[0]) * Rotation.from_rotvec(one.pose[0]).inv()
    assert np.degrees((difference * Rotation.from_matrix(UPRIGHT @ turn @ UPRIGHT).inv()).magnitude()) < 5
    assert np.abs(one.betas - other.betas).max() < 0.1


def test_someone_upside_down_is_lifted_as_if_upright(lifter):
    """Half a turn of the photo about the person turns the pelvis by half a turn about the line of sight, and changes nothing else."""
    person, half = person_seen(5), np.array([-1.0, -1.0, 1.0])
    person.landmarks[:] += INTRINSICS[2:] - person.landmarks[TRUNK].mean(axis=0)
    turned = replace(person, landmarks=2 * INTRINSICS[2:] - person.landmarks, world_landmarks=person.world_landmarks * half)
    one, other = lift(lifter, person, INTRINSICS), lift(lifter, turned, INTRINSICS)
    assert np.allclose(one.pose[1:], other.pose[1:], atol=1e-4)
    expected = np.diag(half) @ Rotation.from_rotvec(one.pose[0]).as_matrix()
    assert np.allclose(Rotation.from_rotvec(other.pose[0]).as_matrix(), expected, atol=1e-4)


def test_aiming_puts_the_trunk_in_the_middle():
    rng = np.random.default_rng(0)
    landmarks = rng.normal(0, 40, (5, 33, 2)) + rng.uniform(0, 600, (5, 1, 2))
    view = aimed(landmarks, rng.normal(size=(5, 33, 3)), np.tile(INTRINSICS, (5, 1)))
    assert np.allclose(np.linalg.det(view.turn), 1)
    assert np.abs(view.landmarks[:, TRUNK].mean(axis=1)).max() < 0.02


def test_weights_of_another_network_are_refused(tmp_path, lifter):
    save_file({key: value.half() for key, value in lifter.state_dict().items()}, tmp_path / "good.safetensors")
    load_lifter(tmp_path / "good.safetensors")
    save_file({"enter.0.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("other", "text"):
        with pytest.raises(WeightsCorrupt):
            load_lifter(tmp_path / f"{name}.safetensors")
