"""A skirt between two legs is one piece; trousers, and what stands beside it, are left alone.

The picture is 128 pixels a side, a pixel of the feature map 2 cm at the pelvis' depth. The body is two upright legs; the skirt hangs from
the top row of the legs to a hem, its front 10 cm before the pelvis and its back 10 cm behind, unless a test says otherwise.
"""

import numpy as np
import pytest
import torch

from core.field.encoder import CLOTH, LABELS, SKIN, Maps
from core.field.network import Encoded, Picture
from core.skeleton import JOINT
from core.surface.skirt import FOLDS, SLOPE, WITHIN, between_legs, lower_hull, run_up, skirt_help, skirt_in, spanned, upright

SIDE, HALF, DEPTH, FOCAL = 128, 64, 4.0, 400.0
TOP, HEM, FEET = 20, 45, 60
LEFT, RIGHT = slice(20, 25), slice(38, 43)
SKIRT = slice(18, 45)


def encoded(cloth=((TOP, HEM, SKIRT),), skin=((HEM, FEET, LEFT), (HEM, FEET, RIGHT)), legs=(LEFT, RIGHT), arm=None) -> Encoded:
    """A person of cloth and skin in those rows and columns of the feature map."""
    label, mask, body = torch.zeros(1, LABELS, HALF, HALF), torch.zeros(HALF, HALF), torch.zeros(1, 9, HALF, HALF)
    for kind, parts in ((CLOTH, cloth), (SKIN, skin)):
        for top, bottom, columns in parts:
            label[0, kind, top:bottom, columns] = 5.0
            mask[top:bottom, columns] = 1
    for columns in legs:
        body[0, 0, TOP:FEET, columns] = 1
        body[0, 7, TOP:FEET, columns] = -0.5
    if arm is not None:
        body[0, 0, TOP:HEM, arm] = 1
        body[0, 7, TOP:HEM, arm] = 0.4
    photo = torch.zeros(1, 4, SIDE, SIDE)
    photo[0, 3] = mask.repeat_interleave(2, 0).repeat_interleave(2, 1)
    none = torch.zeros(1, 3, HALF, HALF)
    depth = torch.tensor([-0.1, 0.1])[None, :, None, None].repeat(1, 1, HALF, HALF)
    maps = Maps(photo[:, :3], photo[:, :3], none, none, depth, label, torch.zeros_like(label))
    picture = Picture(photo, body, torch.tensor([[FOCAL, FOCAL, SIDE / 2, SIDE / 2]]), torch.tensor([[0.0, 0, DEPTH]]), torch.zeros(1, 1))
    return Encoded(none, maps, torch.zeros(1, 9, 3), photo[:, :3], picture, None)


def at(column: float, row: float, ahead: float) -> np.ndarray:
    """The point seen there in the feature map, so many metres before the pelvis."""
    depth = DEPTH - ahead
    return np.array([[(2 * column - SIDE / 2) / FOCAL * depth, (2 * row - SIDE / 2) / FOCAL * depth, depth]])


def test_cloth_from_leg_to_leg_is_a_skirt_as_far_as_its_hem():
    for beside in ((), ((HEM, HEM + 6, slice(18, 20)),)):
        found = skirt_in(encoded(cloth=((TOP, HEM, SKIRT), *beside)))
        assert found[TOP:HEM, SKIRT].all()
        assert found.sum() == (HEM - TOP) * 27


@pytest.mark.parametrize(
    "other",
    [
        {"cloth": ((TOP, FEET, LEFT), (TOP, FEET, RIGHT)), "skin": ()},
        {"cloth": ((TOP, HEM, SKIRT), (HEM, FEET, LEFT), (HEM, FEET, RIGHT)), "skin": ()},
        {"cloth": ((TOP, HEM, LEFT), (TOP, HEM, RIGHT), (HEM - 5, HEM, SKIRT))},
        {"cloth": (), "skin": ((TOP, HEM, SKIRT), (HEM, FEET, LEFT), (HEM, FEET, RIGHT))},
        {"cloth": ((TOP, TOP + 1, SKIRT),)},
        {"legs": ()},
        {"legs": (LEFT, slice(25, 29)), "cloth": ((TOP, HEM, slice(18, 31)),), "skin": ((HEM, FEET, slice(20, 29)),)},
    ],
    ids=[
        "one sees through",
        "trousers go on below",
        "one sees through above",
        "bare skin",
        "a row of cloth",
        "no legs",
        "legs side by side",
    ],
)
def test_what_is_no_skirt(other):
    assert not skirt_in(encoded(**other)).any()
    assert skirt_help(encoded(**other)) is None


def test_a_sleeve_that_hangs_beside_a_skirt_is_none_of_it():
    found = skirt_in(encoded(cloth=((TOP, HEM, slice(18, 56)),), arm=slice(50, 54)))
    assert found[TOP:HEM, 18:47].all()
    assert not found[:, 49:].any()


def test_a_skirt_is_filled_from_its_front_to_its_back_and_no_farther():
    filling = skirt_help(encoded())
    for ahead, inside in ((0.0, 0.1), (0.08, 0.02), (0.12, -0.02), (-0.12, -0.02), (0.3, -0.2)):
        assert filling(at(31.5, 30.5, ahead)) == pytest.approx(SLOPE * (WITHIN - inside), abs=1e-3)
    assert filling(at(31.5, HEM + 3, 0.0)) > 0
    assert filling(at(12, 30.5, 0.0)) > 0.02
    assert filling(at(19.5, 30.5, 0.09)) > 0, "towards its sides it grows thin"


@pytest.mark.parametrize("side", [1, -1], ids=["before", "behind"])
def test_of_a_furrow_between_the_legs_no_more_than_a_folds_depth_is_left(side):
    there = encoded()
    there.maps.depth[0, 0 if side > 0 else 1, :, 27:36] = 0.05 * side
    filling = skirt_help(there)
    assert filling(at(31.5, 30.5, side * (0.1 - FOLDS - 0.002))) > 0
    assert filling(at(31.5, 30.5, side * (0.1 - FOLDS - WITHIN - 0.004))) < 0


@pytest.mark.parametrize(("bent", "stands"), [((0, 0), True), ((40, -30), True), ((80, 85), False), ((0, 75), False)])
def test_who_sits_is_not_upright(bent, stands):
    joints = np.zeros((24, 3))
    joints[JOINT["neck"]] = (0, 0.5, 0)
    for name, angle in zip(("left", "right"), np.radians(bent), strict=True):
        joints[JOINT[f"{name}_knee"]] = (0, -0.4 * np.cos(angle), 0.4 * np.sin(angle))
    assert upright(joints) == stands


def test_the_lower_hull_is_scipys():
    from scipy.spatial import ConvexHull

    rng = np.random.default_rng(0)
    for _ in range(20):
        place, value = np.sort(rng.uniform(0, 10, 12)), rng.normal(size=12)
        hull = ConvexHull(np.column_stack([place, value]))
        below = hull.equations[hull.equations[:, 1] < -1e-9]
        expected = (-(below[:, :1] * place + below[:, 2:]) / below[:, 1:2]).max(axis=0)
        np.testing.assert_allclose(lower_hull(place, value), expected, atol=1e-9)


def test_rows_of_a_skirt_are_spanned_each_for_itself():
    depth, skirt = np.zeros((3, 9)), np.zeros((3, 9), bool)
    depth[:, 4], skirt[1, 2:7] = 1.0, True
    found = spanned(depth, skirt)
    assert found[1, 4] == pytest.approx(FOLDS)
    assert (found[[0, 2], 4] == 1).all()


def test_runs_and_what_is_between_legs():
    np.testing.assert_allclose(run_up(np.array([[False, True, True, False, True]])), [[0, 0.5, 1.5, 0, 0.5]])
    legs = np.zeros((1, 11), bool)
    legs[0, [1, 9]] = True
    assert np.flatnonzero(between_legs(legs, legs, 2.5)[0]).tolist() == [4, 5, 6]
