"""What is hidden takes the colours of what the photo shows of its kind, as far as it is of that kind, where there is enough of it."""

import numpy as np
import pytest
import torch

from core.field.encoder import CLOTH, HAIR, LABELS, SHOE, SKIN, Maps
from core.field.network import Answer, Encoded, Picture
from core.surface.tones import CELL, FEW, common, seen_tones, toned

HALF = 16
BROWN, RED, BLUE = (0.3, 0.2, 0.1), (0.9, 0.1, 0.1), (0.1, 0.2, 0.8)


def encoded(cells: int, logit: float = 5.0, inside: float = 1.0, kind: int = HAIR) -> Encoded:
    """A picture whose first cells of the feature map are of a kind and brown; the rest is red and of no kind in particular."""
    label = torch.zeros(1, LABELS, HALF, HALF)
    where = torch.zeros(HALF * HALF, dtype=torch.bool)
    where[:cells] = True
    where = where.unflatten(0, (HALF, HALF))
    label[0, kind][where] = logit
    colours = torch.where(where, torch.tensor(BROWN)[:, None, None], torch.tensor(RED)[:, None, None])[None]
    colours = colours.repeat_interleave(2, 2).repeat_interleave(2, 3)
    photo = torch.full((1, 4, 2 * HALF, 2 * HALF), inside)
    none = torch.zeros(1, 3, HALF, HALF)
    maps = Maps(photo[:, :3], photo[:, :3], none, none, none[:, :2], label, torch.zeros_like(label))
    picture = Picture(photo, torch.zeros(1, 9, HALF, HALF), torch.ones(1, 4), torch.zeros(1, 3), torch.zeros(1, 1))
    return Encoded(none, maps, torch.zeros(1, 9, 3), colours, picture, None)


def answered(albedo: list, labels: list[dict[int, float]]) -> Answer:
    """Points of these colours and label logits."""
    label = torch.full((1, len(labels), LABELS), -50.0)
    for point, told in enumerate(labels):
        for kind, logit in told.items():
            label[0, point, kind] = logit
    colours = torch.tensor([albedo])
    return Answer(torch.zeros(1, len(labels)), colours, colours, colours, label)


@pytest.mark.parametrize("kind", [HAIR, CLOTH, SHOE])
def test_a_kind_is_seen_where_it_is_surely_that_and_enough(kind):
    tones = seen_tones(encoded(FEW, kind=kind))
    assert list(tones) == [kind]
    np.testing.assert_allclose(tones[kind], [BROWN], atol=1e-6)
    for less in (encoded(FEW - 1, kind=kind), encoded(FEW, 0.5, kind=kind), encoded(FEW, inside=0.5, kind=kind), encoded(FEW, kind=SKIN)):
        assert not seen_tones(less), "too few, perhaps another kind, the backdrop shining through, or skin"


def test_common_colours_are_the_means_of_their_cells_without_rare_ones():
    rng = np.random.default_rng(0)
    colours = np.concatenate([np.tile(RED, (60, 1)), np.tile(BLUE, (38, 1)), np.full((2, 3), 0.55)]) + rng.uniform(0, 0.05, (100, 3))
    found = common(torch.tensor(np.repeat(colours, 2, axis=0)[:-3])).numpy()  # 197, a single grey one
    assert len(found) == 2
    np.testing.assert_allclose(sorted(found.tolist()), sorted([colours[60:98].mean(0).tolist(), colours[:60].mean(0).tolist()]), atol=1e-9)
    spread = torch.tensor(rng.uniform(0, 1, (5000, 3)))
    assert len(common(spread)) >= 1, "each cell has less than its share"
    assert CELL == 0.1


def test_hidden_points_take_the_tones_as_far_as_they_are_of_the_kind():
    green = [0.1, 0.8, 0.1]
    answer = answered([green] * 3, [{CLOTH: 50}, {HAIR: 50}, {HAIR: 50, SKIN: 50}])
    half = (np.array(BROWN) + green) / 2
    np.testing.assert_allclose(toned(answer, {HAIR: torch.tensor([BROWN])}), [green, BROWN, half], atol=1e-6)
    np.testing.assert_allclose(toned(answer, {}), [green] * 3, atol=1e-7)


def test_cloth_takes_the_tone_that_is_most_like_its_own():
    purple = [0.5, 0.15, 0.45]
    answer = answered([[0.2, 0.2, 0.7], [0.8, 0.2, 0.1], purple], [{CLOTH: 50}] * 3)
    tones = {CLOTH: torch.tensor([RED, BLUE])}
    found = toned(answer, tones).numpy()
    np.testing.assert_allclose(found[:2], [BLUE, RED], atol=0.01)
    between = (np.array(purple) - RED) @ (np.array(BLUE) - RED) / ((np.array(BLUE) - RED) ** 2).sum()
    assert 0.4 < between < 0.6
    assert 0.1 < (found[2] - RED)[0] / (np.array(BLUE) - RED)[0] < 0.9, "a colour between the two leaps to neither"
