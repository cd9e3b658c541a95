"""Left and right as the detector may have exchanged them: folded arms, crossed legs, somebody seen from behind.

The lifter has seen such mistakes, and often says a body whose left hand lies where the detector has the right one. Then the landmarks are
exchanged before the refinement, which would else pull the body into the mistake. To lift the exchanged landmarks anew was measured as well
and not taken: on 3,300 pairs it made the bodies it was done for worse (root 10.6 to 12.2 cm).
"""

from dataclasses import replace

import numpy as np

from ...photo.person import Person
from .correspondence import LANDMARK
from .kinematics import BETAS, MOVE, LandmarkModel

_HAND, _FOOT = ("wrist", "pinky", "index", "thumb"), ("ankle", "heel", "toe")
LIMBS = {
    "hands": _HAND,
    "arms": ("elbow", *_HAND),
    "feet": _FOOT,
    "legs": ("knee", *_FOOT),
    "body": ("shoulder", "elbow", *_HAND, "hip", "knee", *_FOOT),
}
"""What detectors exchange together; the face keeps its sides, it is never the face alone that is taken for its mirror image."""

CLEARLY, NEARER = 0.7, 0.06
"""An exchange must leave less than this share of the distance between body and landmarks, and bring them nearer by this many metres for a
body of the template's size. On 3,300 pairs (most of the exchanged ones among 16,000, and 3,000 others) nineteen in twenty legs so exchanged
were truly so, and nearly eight in ten hands. Of 314 people with an exchange it finds 83, and brings those from 15.8 to 10.8 cm (root)."""


def with_sides_of(skeleton: LandmarkModel, person: Person, unknowns: np.ndarray, focal: float, centre: np.ndarray) -> Person:
    """The person with the landmarks of those limbs exchanged, left with right, that then lie clearly nearer to the body of these
    unknowns (85,): of LIMBS the one that brings the most nearer, or none."""
    points = skeleton.points(unknowns).values
    flat = points[:, :2] / np.maximum(points[:, 2:], 0.1)
    metres = unknowns[MOVE][2] / max(1 + skeleton.size_by_beta @ unknowns[BETAS], 0.1)
    found, most = person, 0.0
    for names in LIMBS.values():
        order = exchanged(names)
        rows = np.flatnonzero(order != np.arange(len(order)))
        off, other = (
            metres * np.linalg.norm(flat[rows] - (person.landmarks[which] - centre) / focal, axis=1).mean() for which in (rows, order[rows])
        )
        gain = (off - other) * len(rows)
        if other < CLEARLY * off and off - other > NEARER and gain > most:
            found, most = in_order(person, order), gain
    return found


def exchanged(names: tuple[str, ...]) -> np.ndarray:
    """The landmarks' numbers (33,) with those of these names exchanged, left with right."""
    order = np.arange(len(LANDMARK))
    for name in names:
        left, right = LANDMARK[f"left_{name}"], LANDMARK[f"right_{name}"]
        order[[left, right]] = right, left
    return order


def in_order(person: Person, order: np.ndarray) -> Person:
    """The person with every landmark, and what is known of it, replaced by the one of that number (33,)."""
    arrays = {name: np.asarray(getattr(person, name))[order] for name in ("landmarks", "visibility", "presence", "world_landmarks")}
    return replace(person, **arrays)
