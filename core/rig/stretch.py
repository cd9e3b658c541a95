"""How much a rig tears its surface: edges in another pose against the same edges in the photo's."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from ..skeleton import JOINT
from ..surface.subdivision import mesh_edges
from .rest import posed

FACTOR = 3.0
"""An edge is stretched from this many times its length in the photo. Skin over a joint that bends by 90° stays below 2 in good rigs."""

SHORT = 0.002
"""Metres: edges shorter than this in the photo count as this long, because a sliver's tiny edge may triple and nobody sees it."""

ANGLES = {
    "T": {},
    "A": {"left_shoulder": (0, 0, -0.785), "right_shoulder": (0, 0, 0.785)},
    "walk": {
        "left_hip": (-0.5, 0, 0), "left_knee": (0.25, 0, 0), "right_hip": (0.4, 0, 0), "right_knee": (0.6, 0, 0), "spine2": (0, 0.15, 0),
        "left_shoulder": (0, 0.4, -1.2), "right_shoulder": (0, 0.4, 1.2), "left_elbow": (0, -0.3, 0), "right_elbow": (0, 0.5, 0),
    },
}  # fmt: skip
"""The poses a rig is tried in, axis-angle by joint: T, A, and a stride with swinging arms."""


class Stretch(NamedTuple):
    """Of all edges in one pose: the share that is stretched, how many that are, and the longest edge in metres."""

    share: float
    count: int
    longest: float


def poses() -> dict[str, Float[ndarray, "24 3"]]:
    """The poses to try, by name."""
    made = {name: np.zeros((len(JOINT), 3)) for name in ANGLES}
    for name, angles in ANGLES.items():
        for joint, angle in angles.items():
            made[name][JOINT[joint]] = angle
    return made


def stretches(
    vertices: Float[ndarray, "V 3"],
    faces: Int[ndarray, "F 3"],
    rest_vertices: Float[ndarray, "V 3"],
    skin_joints: Int[ndarray, "V 4"],
    skin_weights: Float[ndarray, "V 4"],
    rest_joints: Float[ndarray, "24 3"],
) -> dict[str, Stretch]:
    """What every pose of `poses` does to the edges. vertices: in the photo's pose; rest_vertices: the same at rest; metres."""
    edges, _ = mesh_edges(faces)
    own = np.maximum(_lengths(vertices, edges), SHORT)
    found = {}
    for name, pose in poses().items():
        length = _lengths(posed(rest_vertices, skin_joints, skin_weights, pose, rest_joints, np.zeros(3)), edges)
        torn = length > FACTOR * own
        found[name] = Stretch(float(torn.mean()), int(torn.sum()), float(length.max()))
    return found


def _lengths(vertices: ndarray, edges: ndarray) -> ndarray:
    return np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
