"""The outline as evidence: what the photo shows beyond the field's surface becomes a sheet joined on to it, as far as is likely.

The field is a ball of radius .1 at depth 3, beside the camera's axis; the body's map shows a smaller one, and the photo's person is a disc
about it.
"""

import numpy as np
import pytest
import torch

from core.field.network import Picture
from core.surface.outline import DEEP, MOST, THICK, lacking_in, outline_help, rays_through

SIDE, DEPTH, RADIUS, FOCAL, ASIDE = 128, 3.0, 0.1, 800.0, 0.04
METRE = FOCAL / DEPTH
"""Pixels that a metre at that depth takes; half as many of the feature map's."""


def ball(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - [ASIDE, 0, DEPTH], axis=1) - RADIUS


def picture(radius: float, body: float = 0.05) -> Picture:
    """A person who is a disc of this radius, metres, about a body that is one."""

    def disc(side: int, size: float) -> torch.Tensor:
        across = (torch.arange(side) + 0.5) / side - 0.5
        return (torch.hypot(across, across[:, None]) * SIDE / METRE < size).float()

    photo, maps = torch.zeros(1, 4, SIDE, SIDE), torch.zeros(1, 9, SIDE // 2, SIDE // 2)
    photo[0, 3], maps[0, 0] = disc(SIDE, radius), disc(SIDE // 2, body)
    maps[0, 4:6] = torch.tensor([-0.05, 0.05])[:, None, None] * maps[0, 0]
    intrinsics = torch.tensor([[FOCAL, FOCAL, SIDE / 2 - ASIDE * METRE, SIDE / 2]])
    return Picture(photo, maps, intrinsics, torch.tensor([[0.0, 0, DEPTH]]), torch.zeros(1, 1))


def beside(distance: float, depth: float = DEPTH) -> np.ndarray:
    """The point on the ray so many metres beside the middle at the ball's depth."""
    return np.array([[ASIDE + distance, 0.004, DEPTH]]) * depth / DEPTH


def test_what_is_lacking_is_the_fields_least_along_the_ray():
    """Beside the ball that is the distance from its rim; the sheet goes through its middle, and is no thicker than a few centimetres."""
    lowered = outline_help(picture(0.17), ball)
    for distance in (0.12, 0.14):
        assert lowered(beside(distance))[0] == pytest.approx(distance - RADIUS + THICK, abs=0.006)
        assert lowered(beside(distance, DEPTH + 0.1))[0] == 0
        after = [ball(beside(distance, DEPTH + step))[0] - lowered(beside(distance, DEPTH + step))[0] for step in (-0.04, 0, 0.04)]
        assert after[1] < 0 < min(after[0], after[2])


def test_rays_go_through_the_middles_of_their_pixels():
    ray = rays_through(picture(0.17), np.array([[10, 40]]))[0]
    assert ray[:2] * FOCAL + [SIDE / 2 - ASIDE * METRE, SIDE / 2] == pytest.approx([2 * 40.5, 2 * 10.5], abs=1e-4)


def test_beyond_the_outline_nothing_is_lowered():
    lowered = outline_help(picture(0.15), ball)
    assert lowered(beside(0.165))[0] == 0
    assert lowered(beside(5))[0] == 0, "far beside the picture"
    assert (outline_help(picture(0.095), ball)(beside(0.11)) == 0).all(), "the field shows all that the photo does"


def test_what_is_too_far_from_any_surface_is_no_part_of_it():
    lowered = outline_help(picture(0.235), ball)
    assert lowered(beside(RADIUS + MOST - 0.02))[0] > 0
    assert lowered(beside(RADIUS + MOST + 0.008))[0] == 0


def test_where_the_body_is_the_field_is_left_alone():
    lacking, _ = lacking_in(picture(0.15, body=0.16), ball)
    assert (lacking == 0).all()


def test_depths_are_those_of_the_rays_beside_where_the_field_is_vague():
    """Far from the ball a ghost a quarter of a metre nearer is by a hair the least: the sheet stays by the ball all the same."""

    def torn(points: np.ndarray) -> np.ndarray:
        beside = np.hypot(points[:, 0] * DEPTH / points[:, 2] - ASIDE, points[:, 1] * DEPTH / points[:, 2])
        ghost = np.where(beside > 0.15, np.abs(points[:, 2] - DEPTH + 0.8 * DEEP) + 0.045, 9)
        return np.minimum(ball(points), ghost)

    _, depth = lacking_in(picture(0.2), torn)
    row = np.argmin(np.abs((np.arange(SIDE // 2) + 0.5) * 2 - SIDE / 2 - 0.165 * METRE))
    assert abs(depth[SIDE // 4, row] - DEPTH) < 0.5 * DEEP
