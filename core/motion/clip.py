"""A motion clip in SMPL's terms, and the same at another frame rate, from another place, and with its feet on the ground."""

from dataclasses import dataclass, replace

import numpy as np

from ..rotations import matrices, quaternions, slerp, yaw
from ..skeleton import JOINT, PARENTS, rotation_matrices

LOWEST = 5
"""Percent of a clip's frames whose lowest point of the soles may be under the ground: a single bad frame must not make the rest float."""

ROUNDED = 0.02
"""Frames that a clip may be too short for its last one: files say 0.0333 s for a thirtieth of a second."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A motion, body frame, metres, radians.

    rotations (T, 24, 3, 3): each joint's relative to its parent, the pelvis' to the body frame; roots (T, 3): the pelvis; rate: frames
    per second.
    """

    name: str
    rotations: np.ndarray
    roots: np.ndarray
    rate: float

    @property
    def seconds(self) -> float:
        return (len(self.roots) - 1) / self.rate


def resampled(clip: Clip, rate: float) -> Clip:
    """The clip at `rate` frames per second: rotations by slerp, places on straight lines; no frame after the clip's last."""
    count = int(np.floor(clip.seconds * rate + ROUNDED)) + 1
    place = np.minimum(np.arange(count) * clip.rate / rate, len(clip.roots) - 1)
    before = np.minimum(place.astype(int), max(len(clip.roots) - 2, 0))
    after = np.minimum(before + 1, len(clip.roots) - 1)
    share = place - before
    turns = quaternions(clip.rotations)
    mixed = matrices(slerp(turns[before], turns[after], share[:, None]))
    roots = clip.roots[before] + share[:, None] * (clip.roots[after] - clip.roots[before])
    return replace(clip, rotations=mixed, roots=roots, rate=rate)


def moved_to(clip: Clip, place: np.ndarray, heading: float) -> Clip:
    """The clip turned about the vertical and moved along the ground, so that it begins above `place` (3,) turned by `heading`, radians
    about +Y. Heights stay as they are."""
    turn = rotation_matrices(np.array([0, heading - yaw(clip.rotations[0, 0]), 0]))
    roots = (clip.roots - clip.roots[0]) @ turn.T + np.array([place[0], 0, place[2]])
    roots[:, 1] = clip.roots[:, 1]
    rotations = clip.rotations.copy()
    rotations[:, 0] = turn @ clip.rotations[:, 0]
    return replace(clip, rotations=rotations, roots=roots)


def in_place(clip: Clip) -> Clip:
    """The clip without its way over the ground: the pelvis only rises and sinks above where it begins."""
    roots = clip.roots.copy()
    roots[:, [0, 2]] = clip.roots[0, [0, 2]]
    return replace(clip, roots=roots)


def on_ground(clip: Clip, rest_joints: np.ndarray, soles: dict[str, np.ndarray], ground: float = 0.0) -> Clip:
    """The clip raised or lowered as a whole until its feet meet the ground at height `ground`; LOWEST percent of the frames may sink in.

    soles: points (N, 3) under the feet by the joint that carries them, at rest like rest_joints (24, 3).
    """
    turns, places = joint_frames(clip, rest_joints)
    heights = [
        places[:, None, JOINT[name], 1] + turns[:, JOINT[name], 1, :] @ (points - rest_joints[JOINT[name]]).T
        for name, points in soles.items()
        if len(points)
    ]
    lowest = np.concatenate(heights, axis=1).min(axis=1)
    raised = np.array([0, ground - np.percentile(lowest, LOWEST), 0])
    return replace(clip, roots=clip.roots + raised)


def joint_frames(clip: Clip, rest_joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, 24, 3, 3) and places (T, 24, 3) of a skeleton's joints in the body frame."""
    turns, places = np.array(clip.rotations), np.zeros((len(clip.roots), len(PARENTS), 3))
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            places[:, joint] = clip.roots
        else:
            turns[:, joint] = turns[:, parent] @ clip.rotations[:, joint]
            places[:, joint] = places[:, parent] + turns[:, parent] @ (rest_joints[joint] - rest_joints[parent])
    return turns, places
