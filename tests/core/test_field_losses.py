"""The field's losses against the truth, and ray-traced patches against an analytic ball."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.field.encoder import HAIR, LABELS, SKIN
from core.field.network import Answer
from training.field.batch import Patches
from training.field.losses import HAIR_COUNTS, gradient_of, label_loss, light_losses, masked, normal_loss
from training.field.patches import DEPTHS, REACH, SIDE, body_along, detail_loss, traced


class Ball:
    """A field that is a ball: what the network would answer, were it perfect; its colour says where it was asked."""

    shading = staticmethod(lambda normals, light: torch.zeros_like(normals))

    def __init__(self, middle=(0.05, -0.1, 3.0), radius=0.4):
        self.middle, self.radius = torch.tensor(middle), radius

    def ask(self, encoded, points, nearest):
        away = points - self.middle
        colour = 0.5 + away
        return Answer(away.norm(dim=-1) - self.radius, colour, colour, colour, torch.zeros(*points.shape[:2], 5))


def test_the_gradient_of_a_ball_points_outwards():
    points = torch.tensor([[[0.05, -0.1, 2.5], [0.5, -0.1, 3.0]]])
    found = gradient_of(Ball(), None, points, torch.zeros(1, 2, 10), Ball().ask(None, points, None).distance)
    np.testing.assert_allclose(found, [[[0, 0, -1], [1, 0, 0]]], atol=5e-3)


def test_the_gradient_follows_the_body():
    """A network that answers with the body's distance has its direction as gradient: the body's answer is continued linearly."""
    body = SimpleNamespace(ask=lambda encoded, points, nearest: SimpleNamespace(distance=nearest[..., 0]))
    nearest = torch.randn(1, 4, 10)
    np.testing.assert_allclose(gradient_of(body, None, torch.randn(1, 4, 3), nearest, nearest[..., 0]), nearest[..., 1:4], atol=1e-3)


def test_losses_of_the_truth_are_nothing():
    normals = torch.nn.functional.normalize(torch.randn(2, 3, 4, 4), dim=1)
    assert normal_loss(normals, normals, torch.ones(2, 1, 4, 4)) < 1e-5
    assert normal_loss(normals, -normals, torch.ones(2, 1, 4, 4)) > 2
    assert masked(torch.ones(1, 3, 2, 2), torch.tensor([[[[1.0, 0], [0, 0]]]])) == 1
    light = torch.randn(2, 9, 3)
    batch = SimpleNamespace(light=light, normal=torch.randn(2, 3, 8, 8), log_shading=torch.zeros(2, 3, 8, 8), alpha=torch.ones(2, 1, 8, 8))
    found = light_losses(Ball(), SimpleNamespace(light=light), batch)
    assert found["light"] < 1e-6
    assert found["shading"] == 0


def test_hair_counts_more_among_the_labels_and_unknown_pixels_not_at_all():
    """Two pixels, one of hair and one of skin, both told to be skin: the loss is the mean of both with hair counted HAIR_COUNTS times."""
    told = torch.zeros(1, LABELS, 1, 3)
    told[:, SKIN] = 2.0
    wrong, right = (-torch.log_softmax(told[0, :, 0, 0], dim=0)[kind] for kind in (HAIR, SKIN))
    truth = torch.tensor([[[HAIR, SKIN, 255]]])
    assert label_loss(told, truth) == pytest.approx(float((HAIR_COUNTS * wrong + right) / (HAIR_COUNTS + 1)))
    assert label_loss(told[..., 0].flatten(1), truth[0, :, 0]) == pytest.approx(float(wrong))


def test_too_dark_a_light_is_as_wrong_as_one_too_bright():
    """Half and twice the true brightness cost the same, so that doubt of it pulls to neither side; another shape costs too."""
    rng = torch.Generator().manual_seed(0)
    light = torch.randn(1, 9, 3, generator=rng) * 0.3 + torch.eye(9)[None, :, :1] * 3
    maps = torch.zeros(1, 3, 8, 8)
    batch = SimpleNamespace(light=light, normal=maps, log_shading=maps, alpha=maps[:, :1])
    dark, bright, turned = (
        float(light_losses(Ball(), SimpleNamespace(light=other), batch)["light"]) for other in (light / 2, light * 2, light.flip(2))
    )
    assert dark == pytest.approx(bright, rel=1e-4)
    assert dark == pytest.approx(np.log(2), rel=1e-4)
    assert turned > 0.02


@pytest.fixture
def rays():
    """Two patches of rays at a ball: to its front, and through it to its back."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE * 0.08 - 0.04
    directions = np.stack([x + 0.05 / 3, y - 0.1 / 3, np.ones_like(x)], -1).reshape(-1, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    middle = np.array([0.05, -0.1, 3.0])
    along = directions @ middle
    root = np.sqrt(0.16 - (middle @ middle - along**2))
    t = np.concatenate([along - root, along + root])
    rng = np.random.default_rng(0)
    back = np.repeat([False, True], SIDE * SIDE)
    hits = np.tile(directions, (2, 1)) * t[:, None]
    tensors = [np.tile(directions, (2, 1)), t - REACH + rng.uniform(-0.02, 0.02, len(t)), np.zeros((len(t), DEPTHS, 10)), back,
               np.ones(len(t), bool), np.ones(len(t), bool), 0.5 + hits - middle, np.zeros((len(t), 3))]  # fmt: skip
    return Patches(*(torch.tensor(part if part.dtype == bool else np.float32(part))[None] for part in tensors)), torch.tensor(
        t, dtype=torch.float32
    )


def test_traced_rays_meet_the_ball(rays):
    """To a tenth of a millimetre, in front and behind."""
    patches, truth = rays
    t, distance = traced(Ball(), None, patches)
    np.testing.assert_allclose(t[0], truth, atol=1e-4)
    assert distance.abs().max() < 1e-3


def test_the_body_along_a_ray_is_linear_between_its_places():
    body = torch.arange(DEPTHS, dtype=torch.float32)[None, None, :, None].expand(1, 1, -1, 10)
    patches = SimpleNamespace(near=torch.tensor([[2.0]]), body=body)
    for place in (0.0, 2.25, 6.5):
        t = torch.tensor([[2.0 + place / (DEPTHS - 1) * 2 * REACH]])
        assert body_along(patches, t)[0, 0, 0].item() == pytest.approx(place, abs=1e-3)


def test_rendered_colours_are_those_of_the_hit(rays):
    from training.field.patches import patch_losses

    patches, _ = rays
    batch = SimpleNamespace(patches=patches)
    parts = patch_losses(Ball(), SimpleNamespace(light=None), batch)
    assert parts["patch_albedo"] < 1e-4
    smaller = patch_losses(Ball(radius=0.39), SimpleNamespace(light=None), batch)
    assert smaller["patch_albedo"] > 10 * parts["patch_albedo"]
    assert patch_losses(Ball(), None, SimpleNamespace(patches=None)) == {}


def test_rays_past_the_person_keep_their_distance(rays):
    from training.field.patches import patch_losses

    patches, _ = rays
    missed = replace(patches, hit=torch.zeros_like(patches.hit))
    assert patch_losses(Ball(), SimpleNamespace(light=None), SimpleNamespace(patches=missed))["patch_miss"] > 0.5
    far = Ball(middle=(2.0, 2.0, 3.0))
    assert patch_losses(far, SimpleNamespace(light=None), SimpleNamespace(patches=missed))["patch_miss"] == 0


def test_detail_sees_what_colour_does_not():
    """A pattern shifted in brightness has the same detail; another pattern has not."""
    rng = torch.Generator().manual_seed(0)
    picture, where = torch.rand(1, 2 * SIDE * SIDE, 3, generator=rng), torch.ones(1, 2 * SIDE * SIDE, 1)
    assert detail_loss(picture + 0.2, picture, where) < 1e-5
    assert detail_loss(picture.flip(1), picture, where) > 0.1
