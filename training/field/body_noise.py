"""Bodies that are wrong in the ways estimated ones are: turned joints, a lean, another shape; and put back where the picture shows them."""

import numpy as np
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial.transform import Rotation

from core.body.fit.start import best_move
from core.skeleton import JOINT

JOINT_SPREAD = np.radians(6.5)
"""Of each joint's rotation at level 1; errors add up along a limb."""
LEAN_SPREAD = np.radians(4.0)
"""Of the whole body's rotation at level 1."""
SHAPE_SPREAD = 0.5
"""Of each shape component at level 1."""
QUIET = ("left_hand", "right_hand", "left_wrist", "right_wrist", "left_foot", "right_foot", "spine1", "spine2", "spine3", "left_collar",
         "right_collar")  # fmt: skip
"""Joints that move half as much: what one moves here the next one moves too."""


def noisy(rng: Generator, pose: ndarray, betas: ndarray, level: float) -> tuple[ndarray, ndarray]:
    """Pose (24, 3) and betas (10,) with errors of this level: 0 none, 1 that of a poor estimate."""
    spread = np.full(24, JOINT_SPREAD)
    spread[[JOINT[name] for name in QUIET]] /= 2
    spread[JOINT["pelvis"]] = LEAN_SPREAD
    turned = Rotation.from_rotvec(rng.normal(0, 1, (24, 3)) * spread[:, None] * level) * Rotation.from_rotvec(pose)
    return turned.as_rotvec(), betas + rng.normal(0, SHAPE_SPREAD * level, len(betas))


def put_back(vertices: ndarray, joints: ndarray, true_joints: ndarray, intrinsics: ndarray) -> ndarray:
    """The body's vertices (V, 3) moved to where its joints (24, 3) look most like the true ones, scaled about the camera to their depth.

    All in the camera frame. One photo tells neither size nor distance, so the pelvis' true depth is taken, and with it the size.
    """
    pixels = true_joints[:, :2] / true_joints[:, 2:] * intrinsics[:2] + intrinsics[2:]
    pelvis = JOINT["pelvis"]
    centred = joints - joints[pelvis]
    move = best_move(
        centred, pixels / intrinsics[:2] * intrinsics[0], np.ones(24), intrinsics[0], intrinsics[2:] / intrinsics[:2] * intrinsics[0]
    )
    return (vertices - joints[pelvis] + move) * (true_joints[pelvis, 2] / move[2])
