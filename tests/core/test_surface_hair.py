"""Hidden hair takes the colour of the hair that the photo shows, as far as it is hair, where there is enough of it."""

import numpy as np
import pytest
import torch

from core.field.encoder import HAIR, LABELS, Maps
from core.field.network import Answer, Encoded, Picture
from core.surface.hair import FEW, seen_hair, with_hair

HALF = 16
BROWN, RED = (0.3, 0.2, 0.1), (0.9, 0.1, 0.1)


def encoded(cells: int, logit: float = 5.0, inside: float = 1.0) -> Encoded:
    """A picture whose first cells of the feature map are labelled hair and brown; the rest is red cloth."""
    label = torch.zeros(1, LABELS, HALF, HALF)
    label[0, 2] = 5
    where = torch.zeros(HALF * HALF, dtype=torch.bool)
    where[:cells] = True
    where = where.unflatten(0, (HALF, HALF))
    label[0, 2][where], label[0, HAIR][where] = 0, logit
    colours = torch.where(where, torch.tensor(BROWN)[:, None, None], torch.tensor(RED)[:, None, None])[None]
    colours = colours.repeat_interleave(2, 2).repeat_interleave(2, 3)
    photo = torch.full((1, 4, 2 * HALF, 2 * HALF), inside)
    none = torch.zeros(1, 3, HALF, HALF)
    maps = Maps(photo[:, :3], photo[:, :3], none, none, none[:, :2], label, torch.zeros_like(label))
    picture = Picture(photo, torch.zeros(1, 9, HALF, HALF), torch.ones(1, 4), torch.zeros(1, 3), torch.zeros(1, 1))
    return Encoded(none, maps, torch.zeros(1, 9, 3), colours, picture, None)


def test_hair_is_seen_where_it_is_surely_hair_and_enough():
    assert seen_hair(encoded(FEW)) == pytest.approx(BROWN, abs=1e-6)
    assert seen_hair(encoded(FEW - 1)) is None
    assert seen_hair(encoded(FEW, logit=0.5)) is None, "it may be skin as well"
    assert seen_hair(encoded(FEW, inside=0.5)) is None, "the backdrop shines through"


def test_hidden_points_take_it_as_far_as_they_are_hair():
    green = torch.tensor([0.1, 0.8, 0.1]).expand(1, 3, 3)
    label = torch.full((1, 3, LABELS), -50.0)
    label[0, 0, 2] = label[0, 1, HAIR] = label[0, 2, HAIR] = label[0, 2, 0] = 50
    answer = Answer(torch.zeros(1, 3), green, green, green, label)
    found = with_hair(answer, np.array(BROWN))
    half = (np.array(BROWN) + green[0, 0].numpy()) / 2
    np.testing.assert_allclose(found, [green[0, 0].numpy(), BROWN, half], atol=1e-6)
    np.testing.assert_allclose(with_hair(answer, None), green[0].numpy())
