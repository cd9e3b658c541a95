"""The detector's anchors, its decoding, and non-maximum suppression."""

import numpy as np
import pytest

from core.photo.detector import ANCHORS, CANDIDATE, SAME, Detections, decode, overlap, suppress, tiles, whole
from core.photo.frame import square_frame


def test_anchors():
    assert ANCHORS.shape == (2254, 2)
    assert np.allclose(ANCHORS.mean(axis=0), 0.5)
    assert np.allclose(ANCHORS[0], ANCHORS[1])
    assert np.allclose(ANCHORS[2] - ANCHORS[0], [8 / 224, 0])  # along the row first
    assert np.allclose(ANCHORS[28 * 28 * 2], 8 / 224)  # the first of stride 16
    assert np.allclose(ANCHORS[-6:], 1 - 16 / 224)


def test_decode_puts_boxes_and_keypoints_into_the_photo():
    raw, logits = np.zeros((2254, 12), np.float32), np.full((2254, 1), -9.0, np.float32)
    raw[700] = [10, -5, 20, 40, 1, 2, 3, 4, 5, 6, 7, 8]
    logits[700] = 3.0
    frame = square_frame(np.array([300.0, 200.0]), 448.0, 224)
    found = decode(raw, logits, frame)
    anchor = ANCHORS[700] * 448 + (300 - 224, 200 - 224)
    assert found.scores == pytest.approx([1 / (1 + np.exp(-3))])
    assert np.allclose(found.boxes - np.tile(anchor, 2), [[20 - 20, -10 - 40, 20 + 20, -10 + 40]], atol=1e-3)
    assert np.allclose(found.keypoints[0], anchor + 2 * np.arange(1, 9).reshape(4, 2), atol=1e-3)


def test_decode_of_nothing():
    raw, logits = np.zeros((2254, 12), np.float32), np.full((2254, 1), -9.0, np.float32)
    found = suppress(decode(raw, logits, square_frame(np.array([5.0, 5.0]), 10.0, 224)))
    assert found.boxes.shape == (0, 4)
    assert found.keypoints.shape == (0, 4, 2)
    assert found.scores.shape == (0,)


def slow_overlap(one, other) -> float:
    """Intersection over union by counting a fine grid's points."""
    grid = np.stack(np.meshgrid(np.arange(0.25, 60, 0.5), np.arange(0.25, 60, 0.5)), axis=-1).reshape(-1, 2)
    in_one, in_other = (np.all((grid > box[:2]) & (grid < box[2:]), axis=1) for box in (one, other))
    return (in_one & in_other).sum() / (in_one | in_other).sum()


def random_detections(seed: int, count: int) -> Detections:
    rng = np.random.default_rng(seed)
    corner, extent = rng.integers(0, 30, (count, 2)), rng.integers(5, 25, (count, 2))
    boxes = np.concatenate([corner, corner + extent], axis=1).astype(np.float64)
    return Detections(boxes, rng.uniform(0, 60, (count, 4, 2)), rng.uniform(CANDIDATE, 1, count))


def test_overlap_against_counting():
    boxes = random_detections(0, 12).boxes
    fast = overlap(boxes[0], boxes)
    assert fast[0] == 1
    assert np.allclose(fast, [slow_overlap(boxes[0], box) for box in boxes])


@pytest.mark.parametrize("seed", range(8))
def test_suppression_against_the_slow_way(seed):
    found = random_detections(seed, 25)
    left, people = list(range(25)), []
    while left:
        best = max(left, key=lambda number: found.scores[number])
        group = [number for number in left if slow_overlap(found.boxes[best], found.boxes[number]) > SAME]
        total = sum(found.scores[number] for number in group)
        people.append((found.scores[best], sum(found.scores[number] * found.boxes[number] for number in group) / total))
        left = [number for number in left if number not in group]
    fast = suppress(found)
    assert len(people) > 1
    assert np.allclose(fast.scores, [score for score, _ in people])
    assert np.allclose(fast.boxes, [box for _, box in people])


@pytest.mark.parametrize("size", [(900, 600), (600, 900), (500, 500), (1000, 100)])
@pytest.mark.parametrize("part", [1 / 2, 1 / 3])
def test_tiles_cover_the_photo(size, part):
    seen = np.zeros(size[::-1], int)
    for frame in tiles(size, part):
        (x0, y0), (x1, y1) = np.round(frame.to_photo(np.array([[0.0, 0.0], [224.0, 224.0]]))).astype(int)
        assert x1 - x0 == pytest.approx(part * max(size), abs=1)
        seen[max(y0, 0) : y1, max(x0, 0) : x1] += 1
    assert seen.min() >= 1
    (x0, y0), (x1, y1) = whole(size)[0].to_photo(np.array([[0.0, 0.0], [224.0, 224.0]]))
    assert x0 <= 0
    assert y0 <= 0
    assert (x1, y1) >= size
