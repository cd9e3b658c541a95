"""The camera turned straight at a person, head up: what a crop shows, and so what the lifter is trained on.

A person at the photo's edge is seen from another side than the camera's axis says, and the crop that the landmarks were read in knows
nothing of the rest of the photo: its 3D is along the line of sight. So the 2D landmarks are seen through a camera turned at the person,
and what is said there is turned back. A lying or upside-down person is turned by quarters until the shoulders are above the feet.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from ..camera import UPRIGHT
from ..photo.landmarks import LANDMARKS
from ..skeleton import rotation_matrices


def _both(*names: str) -> list[int]:
    return [LANDMARKS.index(f"{side}_{name}") for name in names for side in ("left", "right")]


SHOULDERS, ANKLES, TRUNK = _both("shoulder"), _both("ankle"), _both("shoulder", "hip")

NEAR = 0.1
"""Least cosine between a landmark's line of sight and the person's: what is farther off is drawn in, lest it project behind the camera."""


class Aimed(NamedTuple):
    """Landmarks (B, 33, 2) in the turned camera's plane at distance 1; 3D landmarks (B, 33, 3) along its axes; turn (B, 3, 3) from the
    photo's camera frame to the turned camera's."""

    landmarks: np.ndarray
    world: np.ndarray
    turn: np.ndarray


def aimed(landmarks: Float[np.ndarray, "B 33 2"], world: Float[np.ndarray, "B 33 3"], intrinsics: Float[np.ndarray, "B 4"]) -> Aimed:
    """Landmarks in pixels and 3D ones (metres, photo's axes) as the camera aimed at the person's trunk has them."""
    rays = (landmarks - intrinsics[:, None, 2:]) / intrinsics[:, None, :2]
    rays = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)
    turn = shortest_to_axis(rays[:, TRUNK].mean(axis=1))
    seen = _projected(rays @ turn.transpose(0, 2, 1))
    roll = quarter_turns(seen)
    return Aimed(seen @ roll[:, :2, :2].transpose(0, 2, 1), world @ roll.transpose(0, 2, 1), roll @ turn)


def shortest_to_axis(rays: Float[np.ndarray, "B 3"]) -> Float[np.ndarray, "B 3 3"]:
    """Rotations that take lines of sight (any length) to the camera's axis without rolling."""
    x, y, z = (rays / np.linalg.norm(rays, axis=1, keepdims=True)).T
    share = 1 / (1 + z)
    return np.stack(
        [np.stack([1 - x * x * share, -x * y * share, -x]), np.stack([-x * y * share, 1 - y * y * share, -y]), np.stack([x, y, z])]
    ).transpose(2, 0, 1)


def _projected(rays: np.ndarray) -> np.ndarray:
    depth = np.maximum(rays[..., 2:], NEAR * np.linalg.norm(rays, axis=-1, keepdims=True))
    return rays[..., :2] / depth


def quarter_turns(seen: Float[np.ndarray, "B 33 2"]) -> Float[np.ndarray, "B 3 3"]:
    """Rolls by quarters of a turn after which the shoulders are nearer to straight above the ankles than to any other side."""
    right, down = (seen[:, ANKLES].mean(axis=1) - seen[:, SHOULDERS].mean(axis=1)).T
    angle = np.pi / 2 * np.round(np.arctan2(right, down) / (np.pi / 2))
    return Rotation.from_rotvec(angle[:, None] * [0.0, 0.0, 1.0]).as_matrix()


def turned_pelvis(pose: Float[np.ndarray, "B 24 3"], turn: Float[np.ndarray, "B 3 3"]) -> Float[np.ndarray, "B 24 3"]:
    """Poses, axis-angle, whose pelvis is turned along with the camera frame; before and after in upright axes (core.camera.UPRIGHT)."""
    moved = np.array(pose, dtype=np.float64)
    moved[:, 0] = Rotation.from_matrix(UPRIGHT @ turn @ UPRIGHT @ rotation_matrices(moved[:, 0])).as_rotvec()
    return moved
