"""Where each of BlazePose's 33 landmarks sits on the SMPL skeleton, and how far off the detector usually is.

A landmark is a point fixed to one joint: the joint itself plus an offset in the T pose's axes, in metres for the template's size (it grows
with the body, see `kinematics`). So it works on any SMPL-format body, whatever its vertices. Landmarks are not joint centres: the
offsets of the shoulders, hips and limbs are measured (`python -m training.calibrate_landmarks`), the others lie on the open body's surface.
"""

from dataclasses import dataclass

import numpy as np

from ...photo.landmarks import LANDMARKS
from ...skeleton import JOINT, mirrored


@dataclass(frozen=True)
class Place:
    """A landmark's joint and offset (metres), and the detector's usual error across the picture and in depth (deviations, metres)."""

    joint: str
    offset: tuple[float, float, float]
    across: float
    depth: float


_LEFT_OR_MIDDLE = {
    "nose": Place("head", (0.000, 0.008, 0.113), 0.025, 0.12),
    "left_eye_inner": Place("head", (0.016, 0.046, 0.086), 0.025, 0.12),
    "left_eye": Place("head", (0.031, 0.046, 0.086), 0.025, 0.12),
    "left_eye_outer": Place("head", (0.044, 0.046, 0.076), 0.025, 0.12),
    "left_ear": Place("head", (0.082, 0.030, -0.015), 0.025, 0.12),
    "left_mouth": Place("head", (0.022, -0.028, 0.092), 0.025, 0.12),
    "left_shoulder": Place("left_shoulder", (0.0, 0.0, 0.0), 0.033, 0.09),
    "left_elbow": Place("left_elbow", (0.0, 0.0, 0.0), 0.044, 0.12),
    "left_wrist": Place("left_wrist", (0.0, 0.0, 0.0), 0.056, 0.17),
    "left_pinky": Place("left_wrist", (0.085, -0.015, -0.045), 0.063, 0.19),
    "left_index": Place("left_wrist", (0.090, -0.008, 0.025), 0.063, 0.19),
    "left_thumb": Place("left_wrist", (0.060, -0.035, 0.055), 0.063, 0.19),
    "left_hip": Place("left_hip", (0.0, 0.0, 0.0), 0.033, 0.06),
    "left_knee": Place("left_knee", (0.0, 0.0, 0.0), 0.044, 0.11),
    "left_ankle": Place("left_ankle", (0.0, 0.0, 0.0), 0.044, 0.15),
    "left_heel": Place("left_ankle", (0.000, -0.040, -0.050), 0.056, 0.16),
    "left_toe": Place("left_foot", (0.000, -0.012, 0.065), 0.056, 0.16),
}


def _place(landmark: str) -> Place:
    """The landmark's own place, or its left twin's mirrored."""
    if landmark in _LEFT_OR_MIDDLE:
        return _LEFT_OR_MIDDLE[landmark]
    twin = _LEFT_OR_MIDDLE[mirrored(landmark)]
    x, y, z = twin.offset
    return Place(mirrored(twin.joint), (-x, y, z), twin.across, twin.depth)


PLACES = tuple(_place(landmark) for landmark in LANDMARKS)
LANDMARK = {name: number for number, name in enumerate(LANDMARKS)}
LANDMARK_JOINTS = np.array([JOINT[place.joint] for place in PLACES])
LANDMARK_OFFSETS = np.array([place.offset for place in PLACES])
ACROSS = np.array([place.across for place in PLACES])
DEPTH = np.array([place.depth for place in PLACES])
