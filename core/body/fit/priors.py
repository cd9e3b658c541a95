"""What bodies are like, as residuals in standard deviations: how far joints turn, how people usually stand, how they are usually built.

Angles are degrees in the tables and radians in the terms, about the T pose's axes: x to the person's left, y up, z forward. So bending a
knee is +x, a hip -x; bending the left elbow is -y; lowering the left arm is -z. Right-hand joints take y and z negated.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from ...skeleton import JOINT, JOINT_NAMES, mirrored, rotation_matrices
from .kinematics import BETAS, POSE, SIZE, J, cross_matrix, left_jacobian

Range = tuple[int, int]

_RANGES: dict[str, tuple[Range, Range, Range]] = {
    "spine1": ((-15, 40), (-20, 20), (-20, 20)),
    "spine2": ((-15, 30), (-20, 20), (-15, 15)),
    "spine3": ((-15, 30), (-20, 20), (-15, 15)),
    "neck": ((-35, 40), (-45, 45), (-25, 25)),
    "head": ((-35, 35), (-45, 45), (-25, 25)),
    "left_hip": ((-130, 40), (-50, 50), (-30, 65)),
    "left_knee": ((-12, 155), (-14, 14), (-14, 14)),
    "left_ankle": ((-40, 50), (-25, 25), (-25, 25)),
    "left_foot": ((-35, 35), (-5, 5), (-5, 5)),
    "left_collar": ((-15, 15), (-25, 20), (-15, 35)),
    "left_shoulder": ((-90, 90), (-130, 60), (-100, 95)),
    "left_elbow": ((-80, 80), (-155, 0), (-12, 12)),
    "left_wrist": ((-60, 60), (-40, 40), (-70, 70)),
    "left_hand": ((-10, 10), (-10, 10), (-60, 10)),
}

"""A straight knee is not 0: at rest the open body's shank is turned 5° back and 9° inwards from its thigh, other bodies' by less."""

_USUAL: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "spine1": ((3, 0, 0), (12, 8, 8)),
    "spine2": ((1, 0, 0), (8, 8, 7)),
    "spine3": ((0, 0, 0), (8, 8, 7)),
    "neck": ((4, 0, 0), (14, 18, 10)),
    "head": ((0, 0, 0), (14, 18, 10)),
    "left_hip": ((-8, 3, 4), (35, 18, 14)),
    "left_knee": ((5, 0, 0), (40, 4, 4)),
    "left_ankle": ((-2, 5, 0), (16, 10, 8)),
    "left_foot": ((0, 0, 0), (8, 2, 2)),
    "left_collar": ((0, 0, -3), (6, 10, 10)),
    "left_shoulder": ((5, -8, -55), (30, 35, 35)),
    "left_elbow": ((0, -30, 0), (25, 45, 5)),
    "left_wrist": ((0, 0, 0), (20, 14, 18)),
    "left_hand": ((0, 0, -8), (4, 4, 8)),
}
"""Mean and standard deviation of each angle of people in photographs."""


def _all_joints(table: dict, flip) -> list:
    """The table's rows for SMPL's 23 joints below the pelvis, right ones made from left ones by `flip`."""
    return [table[name] if name in table else flip(table[mirrored(name)]) for name in JOINT_NAMES[1:]]


def _flip_ranges(ranges: tuple[Range, Range, Range]) -> tuple[Range, Range, Range]:
    x, (y0, y1), (z0, z1) = ranges
    return x, (-y1, -y0), (-z1, -z0)


def _flip_usual(row: tuple) -> tuple:
    (x, y, z), deviations = row
    return (x, -y, -z), deviations


RANGES = np.radians(np.array(_all_joints(_RANGES, _flip_ranges))).reshape(69, 2)
"""Lowest and highest angle (69, 2), radians."""

_usual = np.radians(np.array(_all_joints(_USUAL, _flip_usual)))
USUAL_MEAN, USUAL_DEVIATION = _usual[:, 0].ravel(), _usual[:, 1].ravel()

BELOW_PELVIS = slice(POSE.start + 3 * (JOINT["pelvis"] + 1), POSE.stop)


@dataclass(frozen=True)
class JointLimits:
    """Radians beyond each joint's range, over `softness`. Nothing inside the range."""

    softness: float = np.radians(3.0)

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        angles = unknowns[BELOW_PELVIS]
        beyond = np.minimum(angles - RANGES[:, 0], 0) + np.maximum(angles - RANGES[:, 1], 0)
        jacobian = np.zeros((len(angles), SIZE))
        jacobian[:, BELOW_PELVIS] = np.diag((beyond != 0) / self.softness)
        return beyond / self.softness, jacobian


@dataclass(frozen=True)
class UsualPose:
    """Angles about a mean pose (69,) in standard deviations (69,), radians: by default those of people in photographs."""

    mean: np.ndarray = field(default_factory=lambda: USUAL_MEAN)
    deviation: np.ndarray = field(default_factory=lambda: USUAL_DEVIATION)

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        jacobian = np.zeros((len(self.mean), SIZE))
        jacobian[:, BELOW_PELVIS] = np.diag(1 / self.deviation)
        return (unknowns[BELOW_PELVIS] - self.mean) / self.deviation, jacobian


@dataclass(frozen=True)
class UsualShape:
    """The betas themselves: they are in standard deviations. `strength` above 1 trusts a few landmarks less than the average body."""

    strength: float = 1.0

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        jacobian = np.zeros((10, SIZE))
        jacobian[:, BETAS] = self.strength * np.eye(10)
        return self.strength * unknowns[BETAS], jacobian


@dataclass(frozen=True)
class LiftedShape:
    """How far the betas are from the lifter's, in its own deviations. betas, deviation: (10,)."""

    betas: np.ndarray
    deviation: np.ndarray

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        jacobian = np.zeros((10, SIZE))
        jacobian[:, BETAS] = np.diag(1 / self.deviation)
        return (unknowns[BETAS] - self.betas) / self.deviation, jacobian


@dataclass(frozen=True)
class UprightPelvis:
    """Tilt of the pelvis' up axis from the camera's vertical, as sines over `deviation`: most people are photographed upright, level.

    Robust, so whoever clearly lies, bends or falls is left alone: beyond `robust` deviations the pull fades.
    """

    deviation: float = np.sin(np.radians(6.0))
    robust: float | None = 2.0

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turn = unknowns[POSE.start : POSE.start + 3]
        up = rotation_matrices(turn)[:, 1]
        jacobian = np.zeros((2, SIZE))
        jacobian[:, POSE.start : POSE.start + 3] = (-cross_matrix(up) @ left_jacobian(turn))[[0, 2]] / self.deviation
        return up[[0, 2]] / self.deviation, jacobian


@dataclass(frozen=True)
class LiftedPose:
    """How far each joint's rotation is turned from the lifter's, in its own deviations: the rotation vector of lifted^-1 · rotation.

    pose: (24, 3) axis-angle; deviation: (24,) radians. Its derivative is the inverse right Jacobian there times the right Jacobian of the
    unknowns (Sola et al. 2018, eq. 143-144); a right Jacobian is the left one of the negated vector.
    """

    pose: np.ndarray
    deviation: np.ndarray

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turns = unknowns[POSE].reshape(J, 3)
        away = (Rotation.from_rotvec(self.pose).inv() * Rotation.from_rotvec(turns)).as_rotvec()
        blocks = np.linalg.solve(left_jacobian(-away), left_jacobian(-turns)) / self.deviation[:, None, None]
        jacobian = np.zeros((J, 3, SIZE))
        for joint in range(J):
            jacobian[joint, :, POSE.start + 3 * joint : POSE.start + 3 * joint + 3] = blocks[joint]
        return (away / self.deviation[:, None]).ravel(), jacobian.reshape(-1, SIZE)
