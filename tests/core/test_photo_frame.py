"""Frames and crops: points and pixels go there and come back."""

import numpy as np
import pytest

from core.photo.crop import square_crop
from core.photo.frame import Frame, box_frame, square_frame
from core.photo.person import Person, Photo

UP_LEFT = np.array([-0.6, -0.8])


def smooth(width: int, height: int) -> np.ndarray:
    """A picture that is linear in its pixels' places: value = 2 x + y + 20 at the point (x, y)."""
    y, x = np.mgrid[:height, :width] + 0.5
    return np.float32(2 * x + y + 20)


def person(box, shape) -> Person:
    mask = np.zeros(shape, np.uint8)
    x0, y0, x1, y1 = np.int64(box)
    mask[max(y0, 0) : y1, max(x0, 0) : x1] = 255
    return Person(np.float64(box), 1.0, np.zeros((33, 2)), np.ones(33), np.ones(33), np.zeros((33, 3)), mask)


@pytest.mark.parametrize("frame", [square_frame(np.array([50, 40]), 30.0, 64, UP_LEFT), box_frame(np.array([3, 4, 90, 60]), 40)])
def test_points_round_trip(frame):
    points = np.random.default_rng(0).uniform(-20, 90, (40, 2))
    assert np.allclose(frame.from_photo(frame.to_photo(points)), points)
    assert np.allclose(frame.turn @ frame.turn.T, np.eye(2))
    assert np.linalg.det(frame.turn) == pytest.approx(1)


def test_square_frame_is_turned_as_told():
    """Its middle is the centre, its top lies in the direction of `up`, its right to the right of that."""
    frame = square_frame(np.array([50.0, 40.0]), 30.0, 60, UP_LEFT)
    middle, top, right = frame.to_photo(np.array([[30.0, 30], [30, 0], [60, 30]]))
    assert np.allclose(middle, [50, 40])
    assert np.allclose(top, middle + 15 * UP_LEFT)
    assert np.allclose(right, middle + 15 * np.array([0.8, -0.6]))


@pytest.mark.parametrize("side", [16.0, 40.0, 64.0, 97.3])
@pytest.mark.parametrize("up", [None, UP_LEFT])
def test_pixels_lie_where_the_points_say(side, up):
    """Whether it shrinks or enlarges: a frame's pixel shows what the photo shows at its middle, to a tenth of a pixel."""
    frame = square_frame(np.array([100.0, 90.0]), side, 32, up)
    taken = frame.take(smooth(200, 180))
    y, x = np.mgrid[:32, :32] + 0.5
    places = frame.to_photo(np.stack([x.ravel(), y.ravel()], axis=1))
    expected = (places @ [2, 1] + 20).reshape(32, 32)
    assert np.abs(taken - expected)[1:-1, 1:-1].max() < 0.1 * np.hypot(2, 1) * max(1, frame.step)


def test_shrinking_does_not_alias():
    stripes = np.tile(np.float32([0, 255]), (240, 120))
    taken = square_frame(np.array([120.0, 120.0]), 230.0, 23).take(stripes)
    assert np.abs(taken - 127.5).max() < 15


def test_give_brings_back_what_take_took():
    photo = smooth(120, 100)
    frame = square_frame(np.array([60.0, 50.0]), 60.0, 240, UP_LEFT)
    whole = Frame(np.zeros(2), np.eye(2), (120, 100))
    back = frame.give(frame.take(photo), whole)
    assert np.abs(back - photo)[35:65, 45:75].max() < 0.3
    assert back[0, 0] == 0


def test_crop_inside_the_photo():
    photo = Photo(np.dstack([smooth(120, 100).clip(0, 255).astype(np.uint8)] * 3), None, None, "made up")
    crop = square_crop(photo, person((30, 20, 60, 70), (100, 120)), 80, margin=0.1)
    assert crop.pixels.shape == (80, 80, 3)
    corners = crop.frame.from_photo(np.array([[30.0, 20.0], [60.0, 70.0]]))
    assert np.allclose(corners, [[40 - 20, 80 / 1.2 * 0.1], [40 + 20, 80 - 80 / 1.2 * 0.1]])
    inside = crop.mask[8:72, 22:58]
    assert inside.min() == 255
    assert crop.mask[:, :18].max() == 0


def test_crop_outside_the_photo_repeats_the_edge():
    photo = Photo(np.full((50, 50, 3), 200, np.uint8), None, None, "made up")
    crop = square_crop(photo, person((0, -10, 50, 90), (50, 50)), 40, margin=0.5)
    assert crop.pixels.min() == crop.pixels.max() == 200
    assert crop.mask[0].max() == crop.mask[-1].max() == 0
    assert crop.mask[18:22, 18:22].min() == 255


def test_box_frame_never_enlarges():
    assert box_frame(np.array([10, 20, 40, 60]), 900).size == (30, 40)
    large = box_frame(np.array([0, 0, 4000, 2000]), 900)
    assert large.size == (900, 450)
    assert large.step == pytest.approx(4000 / 900)
