"""What of a person the photo does not show, in words: whatever is fitted there is a guess."""

import numpy as np

from ...photo.person import Person
from .correspondence import LANDMARK

SEEN = 0.5
"""Visibility below which the detector itself calls a landmark hidden or outside."""

SHARE = 0.75
"""Of a part's landmarks that must be missing for the part to count as not shown: one hidden knee is no missing leg."""


def _rows(*names: str) -> list[int]:
    return [LANDMARK[f"{side}_{name}"] for name in names for side in ("left", "right")]


PARTS = {
    "The legs are not in the picture, so how they are posed is a guess.": _rows("knee", "ankle", "heel", "toe"),
    "The hips are not in the picture, so how the person stands or sits is a guess.": _rows("hip"),
    "The arms are not in the picture, so how they are posed is a guess.": _rows("elbow", "wrist"),
}
"""The sentence for each part of the body, and its landmarks."""


def inside(person: Person) -> np.ndarray:
    """Which landmarks (33,) lie within the photo."""
    height, width = person.mask.shape
    return ((person.landmarks >= 0) & (person.landmarks <= [width, height])).all(axis=1)


def guessed(person: Person) -> tuple[str, ...]:
    """A sentence for every part of the body that is out of the photo or that the detector does not see."""
    missing = ~inside(person) | (np.asarray(person.visibility) < SEEN)
    return tuple(sentence for sentence, rows in PARTS.items() if missing[rows].mean() >= SHARE)
