"""Pictures of composed people for the landmark detector: what is seen has its own colour, seams have no edge."""

import numpy as np
import pytest

from core.camera import UPRIGHT, Camera
from training.lifter.composed_people import normals_of, picture_of
from training.people.character import BodyTruth, DressedPerson


@pytest.fixture
def person() -> DressedPerson:
    """A red square of two metres with a hole (a clear card) on its right, in two halves that meet at a texture seam, facing +Z."""
    x, y = np.array([-1, 0, 0, 1, -1, 0, 0, 1.0]), np.repeat([0, 2.0], 4)
    same_point = np.array([0, 1, 1, 2, 3, 4, 4, 5])
    texture = np.full((8, 8, 3), (200, 20, 20), np.uint8)
    alpha = np.full((8, 8), 255, np.uint8)
    alpha[:, 4:] = 0
    return DressedPerson(
        name="square",
        family="composed",
        vertices=np.stack([x, y, np.zeros(8)], axis=1),
        same_point=same_point,
        faces=np.array([[0, 1, 5], [0, 5, 4], [2, 3, 7], [2, 7, 6]]),
        cards=np.array([False, False, True, True]),
        label=np.zeros(4, int),
        uv=np.stack([(x + 1) / 2, y / 2], axis=1),
        texture=texture,
        alpha=alpha,
        trusted=None,
        joints=np.zeros((24, 3)),
        body=BodyTruth(np.zeros((24, 3)), np.zeros(10), np.zeros(3), 0.0, 0.0),
    )


def test_normals_are_the_same_on_both_sides_of_a_seam(person):
    normals = normals_of(person)
    assert np.allclose(normals, [0, 0, 1])


def test_the_picture_shows_the_person_and_not_what_is_clear(person):
    """Red hue where the square is opaque, and the background (random, another each time) where its card is clear."""
    camera = Camera(np.array([100.0, 100.0, 50.0, 50.0]), UPRIGHT, -UPRIGHT @ np.array([0.0, 1.0, 4.0]), np.array([100, 100]))
    pictures = [picture_of(np.random.default_rng(seed), person, normals_of(person), camera).astype(float) for seed in range(4)]
    left, right = (
        np.stack([picture[35:65, columns].mean(axis=(0, 1)) for picture in pictures]) for columns in (slice(30, 46), slice(54, 70))
    )
    assert (left[:, 0] > 2 * left[:, 1:].max(axis=1)).all()
    assert not (right[:, 0] > 2 * right[:, 1:].max(axis=1)).any()
