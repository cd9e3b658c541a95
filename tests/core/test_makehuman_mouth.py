"""The mouth: its pocket is found, and closed by a membrane that keeps to the lips whatever the shape."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.body.distance import BodyDistance
from core.body.files import load_body
from core.skeleton import JOINT
from training.makehuman.mouth import mouth_of

AROUND = 32
WEIGHTS = Path(__file__).parents[2] / "weights"


def head_with_a_mouth() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A ball of 9 cm with a pocket of 3 cm behind a hole of 6 mm, +Z in front: vertices, faces, mirror twins, which lie in the pocket."""
    outer, inner = np.linspace(np.pi - 0.02, 0.07, 40), np.linspace(0.2, np.pi - 0.05, 14)
    shell = 0.09 * np.stack([np.sin(outer), np.cos(outer)], axis=1)
    bag = np.array([0, 0.055]) + 0.03 * np.stack([np.sin(inner), np.cos(inner)], axis=1)
    profile = np.concatenate([shell, bag])
    turn = np.arange(AROUND) / AROUND * 2 * np.pi
    rings = np.stack(
        [profile[:, None, 0] * np.cos(turn), profile[:, None, 0] * np.sin(turn), np.repeat(profile[:, 1:], AROUND, 1)], axis=-1
    )
    row, column = np.meshgrid(np.arange(len(profile) - 1) * AROUND, np.arange(AROUND), indexing="ij")
    corners = [row + column, row + (column + 1) % AROUND, row + AROUND + (column + 1) % AROUND, row + AROUND + column]
    a, b, c, d = (one.ravel() for one in corners)
    step, last = np.arange(AROUND), (len(profile) - 1) * AROUND
    pole = np.full(AROUND, len(profile) * AROUND)
    caps = [np.stack([pole, (step + 1) % AROUND, step], 1), np.stack([pole + 1, last + step, last + (step + 1) % AROUND], 1)]
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1), *caps])
    poles = np.array([[0, 0, profile[0, 1]], [0, 0, profile[-1, 1]]])
    vertices = np.concatenate([rings.reshape(-1, 3), poles])
    twin = (AROUND // 2 - np.arange(AROUND)) % AROUND
    mirror = np.concatenate([(np.arange(len(profile))[:, None] * AROUND + twin).ravel(), len(profile) * AROUND + np.arange(2)])
    pocket = np.concatenate([np.repeat(np.arange(len(profile)) >= len(shell), AROUND), [False, True]])
    return vertices, faces, mirror, pocket


def whole_head(count: int) -> np.ndarray:
    weights = np.zeros((count, 24))
    weights[:, JOINT["head"]] = 1
    return weights


def test_the_pocket_is_found_and_closed():
    vertices, faces, mirror, pocket = head_with_a_mouth()
    assert np.allclose(vertices[mirror], vertices * [-1, 1, 1], atol=1e-12)
    mouth = mouth_of(vertices, faces, whole_head(len(vertices)), mirror)
    assert set(mouth.inner) <= set(np.flatnonzero(pocket))
    assert len(mouth.inner) > 0.8 * pocket.sum()
    assert np.allclose(mouth.spread.sum(axis=1), 1)
    hollow = np.array([[0, 0, 0.055]])
    assert not BodyDistance(vertices, faces).inside(hollow)[0]
    mouth.close(vertices)
    assert BodyDistance(vertices, faces).inside(hollow)[0]


def test_closing_shapes_closes_every_body_made_of_them():
    vertices, faces, mirror, _ = head_with_a_mouth()
    mouth = mouth_of(vertices, faces, whole_head(len(vertices)), mirror)
    shapes = np.random.default_rng(0).normal(0, 0.003, (len(vertices), 3, 2))
    together = vertices + shapes @ [0.5, -1.0]
    for values in (vertices, shapes, together):
        mouth.close(values)
    assert np.allclose(together, vertices + shapes @ [0.5, -1.0])


def test_a_head_without_a_mouth_is_refused():
    vertices, faces, mirror, pocket = head_with_a_mouth()
    vertices[pocket] = vertices[pocket] * [1, 1, 0] + [0, 0, 0.09]
    with pytest.raises(ValueError, match="no mouth"):
        mouth_of(vertices, faces, whole_head(len(vertices)), mirror)


@pytest.mark.parametrize("sex", ["neutral", "female", "male"])
def test_the_open_bodies_have_no_hollow_behind_their_lips(sex):
    body = load_body(WEIGHTS / f"body_{sex}.npz")
    vertices, faces = (
        body(torch.zeros(1, 10), torch.zeros(1, 24, 3), torch.zeros(1, 3)).vertices[0].detach().numpy().astype(float),
        body.faces.numpy(),
    )
    head = vertices[body.skin_weights.numpy()[:, JOINT["head"]] > 0.9]
    middle = head[np.abs(head[:, 0]) < 0.01]
    lips = middle[(middle[:, 1] > head[:, 1].min() + 0.03) & (middle[:, 1] < head[:, 1].min() + 0.06)][:, [1, 2]].max(axis=0)
    behind = np.array([[0, lips[0] - 0.012, lips[1] - depth] for depth in (0.02, 0.03, 0.04, 0.05)])
    assert BodyDistance(vertices, faces).inside(behind).all()
