"""Body frame (metres, +Y up, +Z out of the chest) to Blender's (metres, +Z up, chest towards -Y), for points, cameras, poses and light.

`body_to_blender` is the only place where the axes change; everything else here and in scene/ is built on it.
"""

import numpy as np

from ..core.light import sh_basis
from ..core.skeleton import JOINT_NAMES, rotation_matrices


def body_to_blender(vectors: np.ndarray) -> np.ndarray:
    """Points, directions or axis-angle vectors (…, 3) of the body frame in Blender's frame: a quarter turn about X."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    return np.stack([x, -z, y], axis=-1)


def light_to_blender(light: np.ndarray) -> np.ndarray:
    """SH radiance (9, 3) of the body frame as the coefficients of the same light in Blender's axes, where z is up."""
    return _axes_change() @ light


def light_to_body(light: np.ndarray) -> np.ndarray:
    """SH radiance (9, 3) in Blender's axes as the coefficients of the same light in the body frame."""
    return _axes_change().T @ light  # the basis is orthonormal, so a turn of the axes is too


def _axes_change() -> np.ndarray:
    """The matrix (9, 9) that takes coefficients from the body frame to Blender's: found from what both say of the same directions.

    Order-2 series turn into one another exactly, and fifty directions determine nine numbers.
    """
    steps = np.linspace(-0.8, 0.8, 5)
    directions = np.stack([*np.meshgrid(steps, steps), np.full((5, 5), 0.7)], axis=-1).reshape(-1, 3)
    directions = np.concatenate([directions, -directions[:, [2, 0, 1]]])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.linalg.lstsq(sh_basis(body_to_blender(directions)), sh_basis(directions), rcond=None)[0]


def blender_to_body(vectors: np.ndarray) -> np.ndarray:
    """Points or directions (…, 3) of Blender's frame in the body frame: the way back of `body_to_blender`."""
    return np.asarray(vectors, dtype=np.float64) @ body_to_blender(np.eye(3)).T


def camera_to_world(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Matrix (4, 4) of a Blender camera object (looks along its own -Z, +Y up) for a body-to-camera rotation and translation."""
    matrix = np.eye(4)
    right, down, away = body_to_blender(rotation)
    matrix[:3, :3] = np.stack([right, -down, -away], axis=1)
    matrix[:3, 3] = body_to_blender(-np.asarray(rotation, dtype=np.float64).T @ translation)
    return matrix


def rotations_to_bones(rotations: np.ndarray, rest: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rotation matrices (…, 3, 3) of each pose bone, in the bone's own axes, for SMPL's local rotations (…, 24, 3, 3) in the body frame.

    rest: each bone's rest axes as columns (3, 3) in the armature's frame. SMPL turns joint j by R in the axes of the body, Blender by B
    in the axes M of the bone at rest; both pivot at the joint, where the bone has its head, so R M = M B and B = M^-1 R M.
    """
    axes = body_to_blender(np.eye(3)).T
    turns = np.moveaxis(axes @ rotations @ axes.T, -3, 0)
    return {name: np.linalg.inv(rest[name]) @ turn @ rest[name] for name, turn in zip(JOINT_NAMES, turns, strict=True)}


def pose_to_bones(pose: np.ndarray, rest: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rotation matrix (3, 3) of each pose bone for SMPL's pose (24, 3), axis-angle in the body frame; see `rotations_to_bones`."""
    return rotations_to_bones(rotation_matrices(np.reshape(pose, (24, 3))), rest)
