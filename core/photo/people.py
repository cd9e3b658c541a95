"""Who is in a photo, and where: BlazePose's two networks, and the mask brought to the photo's full resolution."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import NoPersonFound
from ..weights import find
from .detector import Detections, detect, tiles, whole
from .frame import Frame, box_frame
from .landmarks import LANDMARKS, Reading, crop_frame, read_person, upright_world
from .mask import person_mask
from .network import Network, load_network
from .person import Person, Photo

PERSON = 0.99
"""Least certainty of the landmark network that its crop shows a person: .9997 or more on real photos and renders of whole people, .995 on
a portrait; at most .985 on noise, 42 views of empty places, and animals."""

SEEN, PROBABLE = 0.85, 0.9
"""Whom the detector scores this well need only be a person with the second certainty: a dancer seen from the side, .94 and .93. On 84
views of empty places and 40 of noise the detector scored 376 things, none above .78."""

SAME = 0.5
"""Share of the smaller of two people's coarse masks that lies in the other's from which they are one person found twice."""

LOOK = 512
"""Longer side in pixels of the picture in which coarse masks are compared."""

TILES = (1 / 2, 1 / 3)
"""Sides of the tiles that show small people to the detector, over the photo's longer side."""


@dataclass(frozen=True, eq=False)
class Found:
    """One person before the mask: the detector's score, the landmarks read and their frame, and the box (4,) about the landmarks."""

    score: float
    reading: Reading
    frame: Frame
    box: np.ndarray

    @property
    def rank(self) -> float:
        return float((self.box[2:] - self.box[:2]).prod() * self.score)


def find_people(photo: Photo, weights_folder: Path | str | None = None, people: str = "largest") -> list[Person]:
    """The people in a photo, largest (area of the box × score) first; only the first with `people` = "largest", everyone with "all".

    The detector sees people who fill a good part of its picture, so for "all", and where the whole photo shows it nobody, it also looks
    at overlapping tiles. NoPersonFound, WeightsMissing, WeightsCorrupt.
    """
    detector, network = (load_network(find(name, weights_folder)) for name in ("pose_detection", "pose_landmark_full"))
    pixels = photo.pixels
    found = read_all(pixels, detect(pixels, whole(photo.size), detector), network)
    if people == "all" or not found:
        frames = whole(photo.size) + [frame for part in TILES for frame in tiles(photo.size, part)]
        found = read_all(pixels, detect(pixels, frames, detector), network)
    wanted = found[:1] if people == "largest" else found
    masked = [to_person(photo, one, [other for other in found if other is not one]) for one in wanted]
    seen = [person for person in masked if person is not None]
    if not seen:
        raise NoPersonFound(f"No person was found in {photo.name}")
    return seen


def read_all(pixels: np.ndarray, detections: Detections, network: Network) -> list[Found]:
    """Every detection whose landmarks say that it is a person, largest first, each person once."""
    look = box_frame(np.array([0, 0, *pixels.shape[1::-1]]), LOOK)
    found: list[Found] = []
    seen: list[np.ndarray] = []
    for score, keypoints in zip(detections.scores, detections.keypoints, strict=True):
        reading, frame = read_person(pixels, crop_frame(keypoints[0], keypoints[1]), network)
        mask = frame.give(np.float32(reading.mask), look) > 0.5
        if reading.person < (PERSON if score < SEEN else PROBABLE) or not mask.any() or any(covered(mask, other) > SAME for other in seen):
            continue
        points = frame.to_photo(reading.points[: len(LANDMARKS)])
        box = np.clip(np.concatenate([points.min(axis=0), points.max(axis=0)]), 0, np.tile(pixels.shape[1::-1], 2))
        found.append(Found(float(score), reading, frame, box))
        seen.append(mask)
    return sorted(found, key=lambda one: -one.rank)


def covered(one: np.ndarray, other: np.ndarray) -> float:
    """How much of the smaller of two masks lies in the larger, 0..1."""
    return float((one & other).sum() / min(one.sum(), other.sum()))


def to_person(photo: Photo, found: Found, others: list[Found]) -> Person | None:
    """The Person with their mask, and the box about it; None if the mask shows nothing."""
    reading, count = found.reading, len(LANDMARKS)
    mask, warnings = person_mask(photo, reading.mask, found.frame, [(other.reading.mask, other.frame) for other in others])
    rows, columns = np.nonzero(mask.max(axis=1) > 127)[0], np.nonzero(mask.max(axis=0) > 127)[0]
    if not len(rows):
        return None
    return Person(
        box=np.float64([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]),
        score=found.score,
        landmarks=found.frame.to_photo(reading.points[:count]),
        visibility=reading.visibility[:count],
        presence=reading.presence[:count],
        world_landmarks=upright_world(reading, found.frame),
        mask=mask,
        warnings=warnings,
    )
