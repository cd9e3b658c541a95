"""Where each of BlazePose's 33 landmarks sits on the SMPL skeleton, and how far off the detector usually is.

A landmark is a point fixed to one joint: the joint itself plus an offset in the T pose's axes, in metres for the template's size (it grows
with the body, see `kinematics`). So it works on any SMPL-format body, whatever its vertices. The offsets are measured
(`python -m training.calibrate_landmarks` writes places.toml), apart for the landmarks in the picture and for the 3D ones, because the
detector's 3D has a bias of its own: it leans people forward.
"""

import tomllib
from pathlib import Path

import numpy as np

from ...photo.landmarks import LANDMARKS
from ...skeleton import JOINT, mirrored

_PLACES = tomllib.loads(Path(__file__).with_name("places.toml").read_text())
"""Landmarks of the left and the middle; right ones are their mirror images."""


def _offset(landmark: str, key: str) -> np.ndarray:
    if landmark in _PLACES:
        return np.array(_PLACES[landmark][key])
    return np.array(_PLACES[mirrored(landmark)][key]) * (-1, 1, 1)


def _joint(landmark: str) -> str:
    return _PLACES[landmark]["joint"] if landmark in _PLACES else mirrored(_PLACES[mirrored(landmark)]["joint"])


def _deviation(landmark: str, key: str) -> float:
    return _PLACES.get(landmark, _PLACES.get(mirrored(landmark)))[key]


LANDMARK = {name: number for number, name in enumerate(LANDMARKS)}
LANDMARK_JOINTS = np.array([JOINT[_joint(name)] for name in LANDMARKS])
PICTURE_OFFSETS = np.array([_offset(name, "picture") for name in LANDMARKS])
WORLD_OFFSETS = np.array([_offset(name, "world") for name in LANDMARKS])
"""(33, 3) metres: offsets of the landmarks in the picture, and of the 3D ones."""

ACROSS = np.array([_deviation(name, "across") for name in LANDMARKS])
DEPTH = np.array([_deviation(name, "depth") for name in LANDMARKS])
"""(33,) metres: the detector's standard deviations across the picture and in depth."""
