"""What is set up in front of Cycles' camera, held against the worlds' own convention, which was seen on renders."""

import numpy as np
import pytest

from training.people import worlds
from training.stage import paper_colour, to_blender

AXES = {"left": (1, 0, 0), "up": (0, 1, 0), "front": (0, 0, 1), "right": (-1, 0, 0), "down": (0, -1, 0), "back": (0, 0, -1)}


@pytest.mark.parametrize("name", AXES)
def test_paper_is_metered_by_the_light_that_falls_on_it(name):
    """White paper's colour is the sum of radiance x cosine x solid angle / pi over the world, wherever the paper faces."""
    world = np.random.default_rng(4).random((8, 16, 3)).repeat(16, axis=0).repeat(16, axis=1)
    rays = worlds.directions(128, 256)
    solid_angle = np.cos(np.arcsin(rays[..., 1])) * np.pi / 128 * 2 * np.pi / 256
    cosine = np.clip(rays @ np.array(AXES[name], dtype=float), 0, None)
    expected = np.einsum("hwc,hw->c", world, cosine * solid_angle) / np.pi
    assert np.allclose(paper_colour(world[::-1], to_blender(np.array(AXES[name], dtype=float)), 0.0), expected, rtol=1e-6)


def test_a_turned_world_is_metered_as_cycles_turns_it():
    """A quarter turn takes what was on the person's left (+X) to the person's front (+Z): Blender turns directions before the look-up."""
    world = np.zeros((64, 128, 3))
    world[28:36, 60:68] = 1.0  # the middle column is +X
    front, back = (paper_colour(world[::-1], to_blender(np.array([0.0, 0.0, z])), np.pi / 2).sum() for z in (1.0, -1.0))
    assert front > 0.01
    assert back == 0
