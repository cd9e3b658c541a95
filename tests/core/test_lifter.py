"""The lifter: mirror symmetry, rotations that are rotations, features that know nothing of place and size."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

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
    rotations, deviation, betas = lifter(landmark_features(landmarks, seen, world))
    other = landmark_features(1 - landmarks[:, twins] * torch.tensor([1, -1.0]), seen[:, twins], (world @ MIRROR)[:, twins])
    other_rotations, other_deviation, other_betas = lifter(other)
    order = [LIFTED.index(mirrored(name)) for name in LIFTED]
    assert torch.allclose(other_rotations, MIRROR @ rotations[:, order] @ MIRROR, atol=1e-5)
    assert torch.allclose(other_deviation, deviation[:, order], atol=1e-5)
    assert torch.allclose(other_betas, betas, atol=1e-5)


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


def test_lift_gives_every_joint_a_rotation_and_a_deviation(lifter):
    landmarks, seen, world = (array[0].numpy() for array in random_points(3))
    person = Person(np.zeros(4), 1.0, landmarks, seen[:, 0], seen[:, 1], world, np.zeros((2, 2), np.uint8))
    lifted = lift(lifter, person)
    assert lifted.pose.shape == (24, 3)
    assert (lifted.deviation > 0).all()
    assert (lifted.pose[[JOINT["left_hand"], JOINT["right_hand"]]] == 0).all()


def test_weights_of_another_network_are_refused(tmp_path, lifter):
    save_file({key: value.half() for key, value in lifter.state_dict().items()}, tmp_path / "good.safetensors")
    load_lifter(tmp_path / "good.safetensors")
    save_file({"enter.0.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("other", "text"):
        with pytest.raises(WeightsCorrupt):
            load_lifter(tmp_path / f"{name}.safetensors")
