"""The lifter's trainer: modelled errors, a loss that the truth minimises, and landmarks calibrated from pairs."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from core.body.files import load_body
from core.body.fit.correspondence import LANDMARK_JOINTS, PICTURE_OFFSETS, WORLD_OFFSETS
from core.body.lifter import FEATURES, LIFTED, Lifter, Said
from core.body.model import rotation_matrices
from core.skeleton import JOINT
from training.calibrate_landmarks import Truth, both_sides, picture_equations, solve, world_equations
from training.lifter import train as trainer
from training.lifter.losses import ROWS, THINNED, built_off, carried_off, losses
from training.lifter.noise import HIPS, Errors, landmark_points, modelled_pairs, observed_errors, world_turns
from training.lifter.pairs import Pairs, joined, load_pairs, turned_to_camera, write_pairs
from training.lifter.refit import degrees_off, refit
from training.lifter.train import split_by_person, tensors


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
    return modelled_pairs(no_errors(10), poses, np.zeros((1, 10)), model, count=30, seed=2)


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
    made = modelled_pairs(known, np.zeros((1, 24, 3)), np.zeros((1, 10)), model, count=15, seed=3)
    found = observed_errors(made, model)
    assert torch.allclose(found.across, torch.full_like(found.across, 0.02), atol=1e-4)
    assert torch.allclose(found.space, torch.full_like(found.space, -0.03), atol=1e-4)


def test_landmark_points_grow_with_the_body():
    joints, turns = torch.zeros(1, 24, 3), torch.eye(3).expand(1, 24, 3, 3)
    one, two = (landmark_points(joints, turns, torch.tensor([size])) for size in (1.0, 2.0))
    assert torch.allclose(two, 2 * one)


def test_truth_has_a_lower_loss_than_anything_near(model, pairs):
    data = tensors(pairs)

    class Says(torch.nn.Module):
        def __init__(self, turn, more):
            super().__init__()
            self.turn, self.more = turn, more

        def forward(self, features):
            spread, betas_spread = torch.full((len(features), len(LIFTED)), -2.0), torch.full((len(features), 10), -1.0)
            return Said(data.rotations[:, ROWS] @ rotation_matrices(self.turn), spread, data.betas + self.more, betas_spread)

    right = losses(Says(torch.zeros(3), 0), model, data)
    for axis in torch.eye(3):
        assert losses(Says(0.1 * axis, 0), model, data) > right
    assert losses(Says(torch.zeros(3), 0.1), model, data) > right


def test_the_skin_in_the_loss_is_the_bodys_own(model, pairs):
    """The whole body model, posed twice, gives the same mean distance; a turned wrist moves more skin than joints."""
    data, turned = tensors(pairs), pairs.pose.copy()
    turned[:, JOINT["left_wrist"]] += 0.3
    reach, skin = carried_off(model, rotation_matrices(torch.as_tensor(turned)), data._replace(rotations=rotation_matrices(pose_of(pairs))))
    one, other = (model(data.betas, pose).vertices[:, ::THINNED] for pose in (torch.as_tensor(turned), pose_of(pairs)))
    one, other = (points - points.mean(dim=1, keepdim=True) for points in (one, other))
    assert skin == pytest.approx(float((one - other).norm(dim=-1).mean()), rel=1e-3)
    assert skin > 2 * reach > 0


def pose_of(pairs: Pairs) -> torch.Tensor:
    return torch.as_tensor(pairs.pose)


def test_the_build_in_the_loss_knows_no_size(model):
    """A body whose first beta is size alone: only the other betas count."""
    sized, betas = deepcopy(model), torch.zeros(3, 10)
    sized.shapedirs[..., 0] = sized.v_template
    larger, stouter = betas.clone(), betas.clone()
    larger[:, 0], stouter[:, 1] = 0.2, 1.0
    assert built_off(sized, larger, betas) < 1e-6
    assert built_off(sized, stouter, betas) > 1e-3


@pytest.mark.parametrize("last", [False, True])
def test_training_ends_with_the_best_weights_or_the_last(model, pairs, monkeypatch, last):
    """People kept apart on whom every look is worse than the one before: the first is the best."""
    data, looks = tensors(pairs), []

    def worse_and_worse(lifter, model, batch):
        if torch.is_grad_enabled():
            return losses(lifter, model, batch)
        looks.append(lifter.leave.weight.clone())
        return torch.tensor(float(len(looks)))

    monkeypatch.setattr(trainer, "losses", worse_and_worse)
    monkeypatch.setattr(trainer, "CHECKED", 1)
    torch.manual_seed(0)
    lifter = Lifter()
    figures = trainer.train(lifter, data, None, data, minutes=0.02, rate=1e-3, last=last)
    assert len(looks) > 1
    assert figures["step"] == (len(looks) if last else 1)
    assert torch.equal(lifter.leave.weight, looks[-1 if last else 0])


def test_halfway_is_the_mean_of_all_weights():
    """Buffers too: features' means and scales."""
    one, other = Lifter(), Lifter()
    other.mean += 2.0
    before = {key: tensor.clone() for key, tensor in one.state_dict().items()}
    trainer.halfway(one, other)
    for key, tensor in one.state_dict().items():
        assert torch.allclose(tensor, (before[key] + other.state_dict()[key]) / 2)
    assert torch.equal(one.mean, torch.ones(FEATURES))


def test_the_loss_reaches_every_weight(model, pairs):
    lifter = Lifter()
    losses(lifter, model, tensors(pairs)).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in lifter.parameters())
    assert tensors(pairs).features.shape == (30, FEATURES)


def test_a_refitted_layer_is_nearer_to_the_truth(model, pairs):
    """Random weights before it, so a linear fit of thirty people: nearer than before, still mirror-symmetric."""
    torch.manual_seed(1)
    lifter, data = Lifter().eval(), tensors(pairs)
    before, betas = degrees_off(lifter, data), (lifter(data.features).betas - data.betas).abs().mean()
    refit(lifter, data)
    assert degrees_off(lifter, data) < 0.7 * before
    assert (lifter(data.features).betas - data.betas).abs().mean() < 0.9 * betas + 1e-3


def test_calibration_finds_the_places_the_landmarks_were_made_at(model, pairs):
    """A round trip: landmarks put at the table's places, and calibrated again."""
    pairs.seen[:] = 1
    truth = Truth(pairs, model)
    picture = both_sides(solve(picture_equations(pairs, truth))[0])
    assert np.abs(picture - PICTURE_OFFSETS).max() < 1e-4
    exact = truth.places + np.einsum("nkab,kb->nka", truth.turns, WORLD_OFFSETS)
    pairs.world[:] = (exact - exact[:, HIPS].mean(axis=1, keepdims=True)) / truth.sizes[:, None, None]
    world = both_sides(solve(world_equations(pairs, truth, WORLD_OFFSETS))[0])
    assert np.abs(world - WORLD_OFFSETS).max() < 1e-4


def test_nobody_is_on_both_sides_of_the_split(pairs):
    who = np.arange(len(pairs)) // 3
    several = Pairs(**{**vars(pairs), "who": who})
    trained, held = split_by_person(several, kept=0.3, seed=0)
    assert len(trained) + len(held) == len(pairs)
    assert len(held) == 9
    assert not set(trained.who) & set(held.who)


def test_pairs_come_back_from_their_files(tmp_path, pairs):
    rows = [{name: values[number] for name, values in vars(pairs).items()} for number in range(len(pairs))]
    write_pairs(tmp_path / "a.npz", rows[:10])
    write_pairs(tmp_path / "b.npz", rows[10:])
    found = load_pairs(tmp_path)
    assert all(np.array_equal(getattr(found, name), values) for name, values in vars(joined([pairs])).items())
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".npz"] == []


def test_a_camera_from_the_left_sees_the_left():
    """A camera turned round to the person's left: in its frame the person turns to their own right, so their left side comes forward."""
    yaw = np.radians(60)
    round_person = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    turned = turned_to_camera(np.zeros((24, 3)), np.diag([1.0, -1.0, -1.0]) @ round_person)
    left = rotation_matrices(torch.as_tensor(turned[:1]))[0] @ torch.tensor([1.0, 0, 0], dtype=torch.float64)
    assert left[2] > 0.8


def test_no_pairs_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training\.lifter\.quick_people"):
        load_pairs(tmp_path)
