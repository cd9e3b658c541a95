"""Where people are: BlazePose's detector (Bazarevsky et al. 2020), a single-shot detector over 2254 anchors.

Its box is the head's; what matters are its keypoints: the middle of the hips, and a point on the circle about the whole body.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from .frame import Frame, square_frame
from .network import Network

SIZE = 224
STRIDES = {8: 2, 16: 2, 32: 6}
"""Anchors per cell of each stride: all centred in the cell, all of size one, so an anchor is only a centre."""

CANDIDATE = 0.5
"""Score from which a detection is looked at: the detector's own published threshold. The landmarks then say whether it is a person."""

SAME = 0.3
"""Overlap (intersection over union) from which two head boxes are one person's."""


@dataclass(frozen=True, eq=False)
class Detections:
    """What the detector sees, best first: head boxes (N, 4) x0 y0 x1 y1 and keypoints (N, 4, 2) in pixels, scores (N,) 0..1."""

    boxes: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> "Detections":
        return Detections(self.boxes[chosen], self.keypoints[chosen], self.scores[chosen])


def anchors() -> Float[np.ndarray, "A 2"]:
    """Centres of the anchors, in the order of the network's outputs, in units of the picture's side."""
    cells = []
    for stride, count in STRIDES.items():
        across = (np.arange(SIZE // stride) + 0.5) * stride / SIZE
        y, x = np.meshgrid(across, across, indexing="ij")
        cells.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(cells)


ANCHORS = anchors()


def decode(raw: Float[np.ndarray, "A 12"], logits: Float[np.ndarray, "A 1"], frame: Frame) -> Detections:
    """The detections above CANDIDATE, best first, in photo pixels. raw: centre, extent and four keypoints, in 224ths about the anchor."""
    scores = 1 / (1 + np.exp(-np.clip(np.float64(logits[:, 0]), -100, 100)))
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= CANDIDATE]
    points = raw[order].reshape(-1, 6, 2) + np.where(np.arange(6) == 1, 0, 1)[:, None] * ANCHORS[order][:, None] * SIZE
    points = points.astype(np.float64)
    centre, half = points[:, 0], points[:, 1] / 2
    boxes = np.concatenate([frame.to_photo(centre - half), frame.to_photo(centre + half)], axis=1)
    keypoints = frame.to_photo(points[:, 2:].reshape(-1, 2)).reshape(-1, 4, 2)
    return Detections(boxes, keypoints, scores[order])


def overlap(box: Float[np.ndarray, "4"], boxes: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N"]:
    """Intersection over union of one box with each of the others."""
    shared = np.maximum(0, np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])).prod(axis=1)
    area = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return shared / np.maximum(area - shared, 1e-12)


def suppress(found: Detections) -> Detections:
    """One detection per person, best first: non-maximum suppression, each the score-weighted mean of those it absorbs, as in BlazeFace
    (Bazarevsky et al. 2019), which is steadier than the best one alone."""
    left = np.argsort(-found.scores, kind="stable")
    people = []
    while len(left):
        same = overlap(found.boxes[left[0]], found.boxes[left]) > SAME
        same[0] = True
        group = found[left[same]]
        weights = group.scores / group.scores.sum()
        people.append((weights @ group.boxes, np.einsum("n,nkc->kc", weights, group.keypoints), group.scores[0]))
        left = left[~same]
    boxes, keypoints, scores = (np.array([person[part] for person in people]) for part in range(3))
    return Detections(boxes.reshape(-1, 4), keypoints.reshape(-1, 4, 2), scores.reshape(-1))


def detect(pixels: UInt8[np.ndarray, "H W 3"], frames: list[Frame], network: Network) -> Detections:
    """Everyone the detector sees in these square frames of the photo, best first; people seen in several are merged."""
    found = []
    for frame in frames:
        picture = np.float32(frame.take(pixels)) / 127.5 - 1
        raw, logits = network(picture, (1, len(ANCHORS), 12), (1, len(ANCHORS), 1))
        found.append(decode(raw, logits, frame))
    return suppress(
        Detections(*(np.concatenate([getattr(part, name) for part in found]) for name in ("boxes", "keypoints", "scores"))),
    )


def whole(size: tuple[int, int]) -> list[Frame]:
    """The one square frame about a whole photo of this size (width, height)."""
    return [square_frame(np.array(size) / 2, float(max(size)), SIZE)]


def tiles(size: tuple[int, int], part: float) -> list[Frame]:
    """Square frames whose side is `part` of the photo's longer side, covering it with half a side's overlap: they show small people."""
    side = part * max(size)
    counts = [max(1, int(np.ceil((length - side) / (side / 2) - 1e-9)) + 1) for length in size]
    xs, ys = (
        np.linspace(side / 2, length - side / 2, count) if count > 1 else np.array([length / 2])
        for length, count in zip(size, counts, strict=True)
    )
    return [square_frame(np.array([x, y]), side, SIZE) for y in ys for x in xs]
