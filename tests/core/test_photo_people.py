"""Finding people: pictures without any, and the networks' own consistency. Needs the two .tflite files that `make weights` brings."""

import numpy as np
import pytest

from core.errors import NoPersonFound, WeightsCorrupt, WeightsMissing
from core.photo.detector import ANCHORS, Detections, detect, whole
from core.photo.landmarks import POINTS, SIZE, crop_frame, read, read_person
from core.photo.network import Network, load_network
from core.photo.people import covered, find_people, read_all
from core.photo.person import Photo
from core.weights import find


def noise(seed: int, grain: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (120 // grain, 90 // grain, 3), dtype=np.uint8)
    return small.repeat(grain, axis=0).repeat(grain, axis=1)


@pytest.mark.parametrize("people", ["largest", "all"])
@pytest.mark.parametrize(
    "pixels",
    [np.full((120, 90, 3), 128, np.uint8), np.zeros((1, 1, 3), np.uint8), np.full((3, 400, 3), 255, np.uint8), noise(0, 1), noise(1, 10)],
    ids=["blank", "one pixel", "a line", "noise", "blocks"],
)
def test_nobody(pixels, people):
    with pytest.raises(NoPersonFound, match=r"walk\.jpg") as error:
        find_people(Photo(pixels, None, None, "walk.jpg"), people=people)
    assert error.value.hint


def test_weights_that_are_not_there_or_damaged(tmp_path):
    photo = Photo(noise(0, 1), None, None, "walk.jpg")
    with pytest.raises(WeightsMissing):
        find_people(photo, tmp_path)
    (tmp_path / "pose_detection.tflite").write_bytes(find("pose_detection").read_bytes()[:-1] + b"?")
    with pytest.raises(WeightsCorrupt):
        find_people(photo, tmp_path)


def test_networks_are_the_ones_described():
    raw, logits = load_network(find("pose_detection"))(np.zeros((224, 224, 3)), (1, len(ANCHORS), 12), (1, len(ANCHORS), 1))
    assert np.isfinite(raw).all()
    assert logits.max() < 0
    reading = read(np.zeros((SIZE, SIZE, 3), np.uint8), load_network(find("pose_landmark_full")))
    assert reading.points.shape == (POINTS, 2)
    assert reading.mask.shape == (SIZE, SIZE)
    assert reading.person < 0.5


def test_detection_of_nobody_is_empty():
    assert len(detect(noise(0, 1), whole((90, 120)), load_network(find("pose_detection"))).scores) == 0


def test_false_detections_are_thrown_out():
    """The detector may be wrong; a crop in which the landmark network sees a mask but no person is nobody."""
    pixels, network = noise(3, 3), load_network(find("pose_landmark_full"))
    keypoints = np.array([[[45.0, 60.0], [45.0, 5.0], [0, 0], [0, 0]]])
    reading, _ = read_person(pixels, crop_frame(*keypoints[0, :2]), network)
    assert (reading.mask > 0.5).any()
    assert read_all(pixels, Detections(np.array([[40.0, 5.0, 50.0, 15.0]]), keypoints, np.array([0.9])), network) == []


class Doubting(Network):
    """The landmark network, never surer than .93 that there is a person."""

    def __call__(self, picture, *shapes):
        parts = super().__call__(picture, *shapes)
        return [np.array([0.93], np.float32) if shape == (1, 1) else part for shape, part in zip(shapes, parts, strict=True)]


@pytest.mark.parametrize(("score", "people"), [(0.95, 1), (0.8, 0)])
def test_whom_the_detector_sees_clearly_the_landmarks_may_doubt_a_little(score, people):
    detections = Detections(np.array([[40.0, 5.0, 50.0, 15.0]]), np.array([[[45.0, 60.0], [45.0, 5.0], [0, 0], [0, 0]]]), np.array([score]))
    assert len(read_all(noise(3, 3), detections, Doubting(find("pose_landmark_full")))) == people


def test_covered():
    one, other = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    one[:, :8], other[:, 6:] = True, True
    assert covered(one, other) == covered(other, one) == 0.5
