"""Landmark points of a posed skeleton in the camera frame, and their derivatives: everything the residuals need, in closed form.

The derivative of exp(ω) is the left Jacobian of SO(3) (Sola et al. 2018, "A micro Lie theory", eq. 145): a change dω of a joint's
axis-angle turns all that hangs on it about the joint by the rotation vector (parent's rotation) · J(ω) · dω.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ...camera import UPRIGHT
from ...skeleton import JOINT, PARENTS, rotation_matrices
from .correspondence import LANDMARK_JOINTS, PICTURE_OFFSETS

J = len(PARENTS)
POSE = slice(0, 3 * J)
BETAS = slice(3 * J, 3 * J + 10)
MOVE = slice(3 * J + 10, 3 * J + 13)
SIZE = 3 * J + 13
"""Length of the vector of unknowns and its three parts. MOVE is metres in the camera frame."""

_IS_ABOVE = np.eye(J, dtype=bool)
for _joint, _parent in enumerate(PARENTS):
    if _parent >= 0:
        _IS_ABOVE[_joint] |= _IS_ABOVE[_parent]
IS_ABOVE = _IS_ABOVE
"""(J, J): IS_ABOVE[j, k] says that joint k is j itself or one of its ancestors."""

STATURE = ("left_hip", "left_knee", "left_ankle", "spine1", "spine2", "spine3", "neck", "head")
"""Joints whose bones' lengths make up the size that landmark offsets grow with: leg, spine and neck."""


def cross_matrix(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3 3"]:
    """Matrices M with M @ u = v × u."""
    matrices = np.zeros((*vectors.shape, 3))
    matrices[..., 0, 1], matrices[..., 0, 2], matrices[..., 1, 2] = -vectors[..., 2], vectors[..., 1], -vectors[..., 0]
    return matrices - np.swapaxes(matrices, -1, -2)


def left_jacobian(rotations: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3 3"]:
    """The left Jacobian of SO(3) at axis-angle vectors (Sola et al. 2018, eq. 145)."""
    angle = np.linalg.norm(rotations, axis=-1)[..., None, None]
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    first = np.where(small, 0.5 - angle**2 / 24, (1 - np.cos(safe)) / safe**2)
    second = np.where(small, 1 / 6 - angle**2 / 120, (safe - np.sin(safe)) / safe**3)
    cross = cross_matrix(rotations)
    return np.eye(3) + first * cross + second * (cross @ cross)


def stature(joints: Float[np.ndarray, "24 3"]) -> float:
    """A body's size: the summed length of leg, spine and neck bones, in the joints' unit, whatever the pose."""
    return float(sum(np.linalg.norm(joints[JOINT[name]] - joints[PARENTS[JOINT[name]]]) for name in STATURE))


@dataclass(frozen=True)
class Points:
    """Landmark points (K, 3) in the camera frame, metres, and their derivative (K, 3, SIZE) by the unknowns."""

    values: np.ndarray
    jacobian: np.ndarray


@dataclass(frozen=True)
class LandmarkModel:
    """A body model's skeleton with the landmarks fixed to it.

    joint_template: (24, 3) rest joints at zero betas, metres; joint_shapedirs: (24, 3, 10) their change by each beta; offsets: (33, 3)
    metres from each landmark's joint, by default those of the landmarks in the picture.
    """

    joint_template: np.ndarray
    joint_shapedirs: np.ndarray
    offsets: np.ndarray = field(default_factory=lambda: PICTURE_OFFSETS)

    @cached_property
    def size_by_beta(self) -> np.ndarray:
        """Relative change (10,) of leg, spine and neck length by each beta, at the template."""
        change = np.zeros(10)
        for joint in (JOINT[name] for name in STATURE):
            bone = self.joint_template[joint] - self.joint_template[PARENTS[joint]]
            change += bone / np.linalg.norm(bone) @ (self.joint_shapedirs[joint] - self.joint_shapedirs[PARENTS[joint]])
        return change / stature(self.joint_template)

    def points(self, unknowns: Float[np.ndarray, "85"]) -> Points:
        """The landmarks and their derivatives at these unknowns."""
        pose, betas = unknowns[POSE].reshape(J, 3), unknowns[BETAS]
        rest = self.joint_template + self.joint_shapedirs @ betas
        world, joints, joints_by_beta = chain(rotation_matrices(pose), rest, self.joint_shapedirs)
        turned = np.einsum("kab,kb->ka", world[LANDMARK_JOINTS], self.offsets)
        values = joints[LANDMARK_JOINTS] + turned * (1 + self.size_by_beta @ betas)
        jacobian = np.zeros((len(values), 3, SIZE))
        jacobian[:, :, POSE] = _by_pose(pose, world, joints, values)
        jacobian[:, :, BETAS] = joints_by_beta[LANDMARK_JOINTS] + turned[:, :, None] * self.size_by_beta
        jacobian = np.einsum("ab,kbp->kap", UPRIGHT, jacobian)
        jacobian[:, :, MOVE] = np.eye(3)
        return Points(values @ UPRIGHT.T + unknowns[MOVE], jacobian)


def chain(local: np.ndarray, rest: np.ndarray, shapedirs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World rotations (J, 3, 3), joints (J, 3) and their derivative by the betas (J, 3, 10), parents first.

    local: (J, 3, 3) relative to the parents; rest: (J, 3) joints at zero pose; shapedirs: (J, 3, 10) their change by each beta.
    """
    world, joints, by_beta = local.copy(), rest.copy(), shapedirs.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            world[joint] = world[parent] @ local[joint]
            joints[joint] = joints[parent] + world[parent] @ (rest[joint] - rest[parent])
            by_beta[joint] = by_beta[parent] + world[parent] @ (shapedirs[joint] - shapedirs[parent])
    return world, joints, by_beta


def parent_turns(pose: np.ndarray, world: np.ndarray) -> np.ndarray:
    """What a change of each joint's axis-angle (J, 3) turns all below it by: (J, 3, 3), (parent's rotation) · J(ω)."""
    return np.concatenate([np.eye(3)[None], world[list(PARENTS[1:])]]) @ left_jacobian(pose)


def _by_pose(pose: np.ndarray, world: np.ndarray, joints: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Derivative (K, 3, 72) of body-frame points by every joint's axis-angle."""
    arms = points[:, None] - joints[None]
    moved = -cross_matrix(arms) @ parent_turns(pose, world)
    moved *= IS_ABOVE[LANDMARK_JOINTS][:, :, None, None]
    return moved.transpose(0, 2, 1, 3).reshape(len(points), 3, 3 * J)
