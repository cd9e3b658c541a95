"""What is hidden takes the colours of what the photo shows of its kind, as far as it is of that kind, where there is enough of it."""

import numpy as np
import pytest
import torch

from core.field.encoder import CLOTH, HAIR, LABELS, SHOE, SKIN, Maps
from core.field.network import Encoded, Picture
from core.surface import tones as tones_of
from core.surface.neighbourhood import CELL, sharing
from core.surface.tones import FEW, common, seen_tones, toned

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


def alone(values, weights):
    """Nobody shares."""
    return values


def shares(*told: dict[int, float]) -> np.ndarray:
    """Label shares (N, LABELS) of points."""
    found = np.zeros((len(told), LABELS))
    for point, each in enumerate(told):
        for kind, share in each.items():
            found[point, kind] = share
    return found


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
    assert tones_of.CELL == 0.1


def test_hidden_points_take_the_tones_as_far_as_they_are_of_the_kind():
    green = np.array([[0.1, 0.8, 0.1]] * 3)
    labels = shares({CLOTH: 1}, {HAIR: 1}, {HAIR: 0.5, SKIN: 0.5})
    half = (np.array(BROWN) + green[0]) / 2
    np.testing.assert_allclose(toned(green, green, labels, {HAIR: np.array([BROWN])}, alone), [green[0], BROWN, half], atol=1e-9)
    np.testing.assert_allclose(toned(green, green, labels, {}, alone), green)


def test_cloth_takes_the_tone_that_is_most_like_its_own():
    purple = [0.5, 0.15, 0.45]
    told = np.array([[0.2, 0.2, 0.7], [0.8, 0.2, 0.1], purple])
    found = toned(told, told, shares(*[{CLOTH: 1}] * 3), {CLOTH: np.array([RED, BLUE])}, alone)
    np.testing.assert_allclose(found[:2], [BLUE, RED], atol=0.01)
    between = (np.array(purple) - RED) @ (np.array(BLUE) - RED) / ((np.array(BLUE) - RED) ** 2).sum()
    assert 0.4 < between < 0.6
    assert 0.1 < (found[2] - RED)[0] / (np.array(BLUE) - RED)[0] < 0.9, "a colour between the two leaps to neither"


def test_what_the_photo_half_shows_decides_cloths_tone_and_no_other_kinds():
    told, own = np.array([RED, RED]), np.array([BLUE, BLUE])
    tones = {CLOTH: np.array([RED, BLUE]), SHOE: np.array([RED, BLUE])}
    np.testing.assert_allclose(toned(told, own, shares({CLOTH: 1}, {SHOE: 1}), tones, alone), [BLUE, RED], atol=0.01)


def plane(height: float, up: float) -> tuple[np.ndarray, np.ndarray]:
    """Points half a centimetre apart on a square of 40 cm, and their normals."""
    flat = np.stack(np.meshgrid(np.arange(0, 0.4, 0.005), np.arange(0, 0.4, 0.005)), axis=-1).reshape(-1, 2)
    return np.column_stack([flat, np.full(len(flat), height)]), np.tile([0.0, 0.0, up], (len(flat), 1))


def test_a_ghost_of_a_print_is_settled_by_the_cloth_about_it_and_a_border_stays():
    """Of a white back a patch of 4 cm leans to pink; left of a line all is blue. The patch fades, the border stays where it is."""
    places, normals = plane(0, 1)
    white, pink = np.full(3, 0.9), np.array([0.9, 0.6, 0.6])
    told = np.tile(white, (len(places), 1))
    ghost, blue = np.abs(places[:, :2] - (0.3, 0.2)).max(axis=1) < 0.02, places[:, 0] < 0.15
    told[ghost], told[blue] = white + 0.4 * (pink - white), BLUE
    tones = {CLOTH: np.array([white, pink, BLUE])}
    labels = shares(*[{CLOTH: 1}] * len(places))
    before, after = (toned(told, told, labels, tones, how) for how in (alone, sharing(places, normals, told)))
    assert np.abs(after - white)[ghost].mean() < 0.5 * np.abs(before - white)[ghost].mean()
    across = np.array([after[np.abs(places[:, 0] - at) < 0.003, 0].mean() for at in (0.08, 0.15, 0.22)])
    np.testing.assert_allclose(across[[0, 2]], [BLUE[0], 0.9], atol=0.03)
    edge = (places[:, 0] > 0.11) & (places[:, 0] < 0.19)
    assert np.abs(after - told)[edge].mean() < 0.06, "a border that is clearly there is no ghost"


def test_front_and_back_of_a_shirt_share_nothing_and_who_has_no_weight_is_not_heard():
    (front, ahead), (back, behind) = plane(0, 1), plane(0.01, -1)
    values = np.repeat([[1.0, 0.0], [0.0, 1.0]], len(front), axis=0)
    places, normals = np.concatenate([front, back]), np.concatenate([ahead, behind])
    places[:, 2] += CELL * (np.arange(len(places)) >= len(front))  # in cells of their own
    shared = sharing(places, normals, np.full(places.shape, 0.5))
    np.testing.assert_allclose(shared(values, np.ones(len(places)))[: len(front)].mean(axis=0), [1, 0], atol=0.2)
    weights = np.where(front[:, 0] < 0.2, 1.0, 0.0)
    found = sharing(front, ahead, np.full(front.shape, 0.5))(np.where(weights[:, None] > 0, [[1.0, 0.0]], [[0.0, 1.0]]), weights)
    np.testing.assert_allclose(found[front[:, 0] < 0.2], [[1, 0]] * int(weights.sum()), atol=1e-9)
    assert not found[front[:, 0] > 0.3].any()
    assert sharing(*[np.zeros((0, 3))] * 3)(np.zeros((0, 2)), np.zeros(0)).shape == (0, 2)
