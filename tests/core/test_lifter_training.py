"""The lifter's trainer: shapes from bones, modelled errors, and a loss that the truth minimises."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.body.files import load_body
from core.body.fit.correspondence import LANDMARK_JOINTS, PICTURE_OFFSETS
from core.body.lifter import FEATURES, LIFTED, Lifter
from core.body.model import rotation_matrices
from training.lifter.noise import HIPS, Errors, landmark_points, modelled_pairs, observed_errors, world_turns
from training.lifter.pairs import Pairs, load_pairs, turned_to_camera
from training.lifter.train import ROWS, bone_betas, losses, tensors


@pytest.fixture(scope="module")
def model():
    return load_body(Path(__file__).resolve().parents[2] / "weights")


def no_errors(count: int) -> Errors:
    rng = np.random.default_rng(0)
    points, seen = (torch.as_tensor(np.float32(rng.normal(size=(count, 33, width)))) for width in (3, 2))
    return Errors(points, torch.zeros(count, 33, 2), torch.zeros(count, 33, 3), seen)


@pytest.fixture
def pairs(model) -> Pairs:
    poses = np.random.default_rng(1).normal(0, 0.3, (20, 24, 3))
    return modelled_pairs(no_errors(10), poses, model, count=30, seed=2)


def test_modelled_pairs_without_errors_are_exact(model, pairs):
    turns = world_turns(torch.as_tensor(pairs.pose), model)
    expected = pairs.joints[:, LANDMARK_JOINTS] + np.einsum("nkab,kb->nka", turns[:, LANDMARK_JOINTS].numpy(), PICTURE_OFFSETS)
    flat = pairs.joints[:, [0], :2] / pairs.joints[:, [0], 2:] * 1000
    assert np.abs(pairs.landmarks - flat).max() < 800
    assert np.abs(np.median(pairs.landmarks - expected[..., :2] / expected[..., 2:] * 1000, axis=0)).max() < 5
    assert np.abs(pairs.world[:, HIPS].mean(axis=1)).max() < 1e-5


def test_the_detectors_errors_are_read_back(model, pairs):
    """Pairs made with known errors: observed_errors finds them again."""
    known = no_errors(10)
    known = Errors(known.points, known.across + 0.02, known.space - 0.03, known.seen)
    made = modelled_pairs(known, np.zeros((1, 24, 3)), model, count=15, seed=3)
    found = observed_errors(made, model)
    assert torch.allclose(found.across, torch.full_like(found.across, 0.02), atol=1e-4)
    assert torch.allclose(found.space, torch.full_like(found.space, -0.03), atol=1e-4)


def test_landmark_points_grow_with_the_body():
    joints, turns = torch.zeros(1, 24, 3), torch.eye(3).expand(1, 24, 3, 3)
    one, two = (landmark_points(joints, turns, torch.tensor([size])) for size in (1.0, 2.0))
    assert torch.allclose(two, 2 * one)


def test_betas_come_back_from_bones(model):
    betas = torch.zeros(2, 10)
    betas[1, 0] = 1.5
    joints = model.rest(betas).joints.numpy()
    found = bone_betas(model, joints)
    assert np.abs(found[0]).max() < 0.05
    assert abs(found[1, 0] - 1.5) < 0.3


def test_truth_has_a_lower_loss_than_anything_near(model, pairs):
    features, rotations, betas = tensors(pairs, model)

    class Says(torch.nn.Module):
        def __init__(self, turn):
            super().__init__()
            self.turn = turn

        def forward(self, features):
            return rotations[:, ROWS] @ rotation_matrices(self.turn), torch.full((len(features), len(LIFTED)), -2.0), betas

    right = losses(Says(torch.zeros(3)), model, (features, rotations, betas))
    for axis in torch.eye(3):
        assert losses(Says(0.1 * axis), model, (features, rotations, betas)) > right


def test_the_loss_reaches_every_weight(model, pairs):
    lifter = Lifter()
    losses(lifter, model, tensors(pairs, model)).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in lifter.parameters())
    assert tensors(pairs, model)[0].shape == (30, FEATURES)


def test_a_camera_from_the_left_sees_the_left():
    """A camera turned round to the person's left: in its frame the person turns to their own right, so their left side comes forward."""
    yaw = np.radians(60)
    round_person = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    turned = turned_to_camera(np.zeros((24, 3)), np.diag([1.0, -1.0, -1.0]) @ round_person)
    left = rotation_matrices(torch.as_tensor(turned[:1]))[0] @ torch.tensor([1.0, 0, 0], dtype=torch.float64)
    assert left[2] > 0.8


def test_no_pairs_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training\.lifter\.pairs"):
        load_pairs(tmp_path)
