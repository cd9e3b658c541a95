"""Body frame (metres, +Y up, +Z out of the chest) to Blender's (metres, +Z up, chest towards -Y), and SMPL's poses to bones.

`body_to_blender` is the only place where the axes change; everything else here and in scene/ is built on it.
"""

import numpy as np

from ..core.skeleton import JOINT_NAMES, rotation_matrices


def body_to_blender(vectors: np.ndarray) -> np.ndarray:
    """Points, directions or axis-angle vectors (…, 3) of the body frame in Blender's frame: a quarter turn about X."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    return np.stack([x, -z, y], axis=-1)


def camera_to_world(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Matrix (4, 4) of a Blender camera object (looks along its own -Z, +Y up) for a body-to-camera rotation and translation."""
    matrix = np.eye(4)
    right, down, away = body_to_blender(rotation)
    matrix[:3, :3] = np.stack([right, -down, -away], axis=1)
    matrix[:3, 3] = body_to_blender(-np.asarray(rotation, dtype=np.float64).T @ translation)
    return matrix


def pose_to_bones(pose: np.ndarray, rest: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rotation matrix (3, 3) of each pose bone, in the bone's own axes, for SMPL's pose (24, 3), axis-angle in the body frame.

    rest: each bone's rest axes as columns (3, 3) in the armature's frame. SMPL turns joint j by R in the axes of the body, Blender by B
    in the axes M of the bone at rest; both pivot at the joint, where the bone has its head, so R M = M B and B = M^-1 R M.
    """
    rotations = rotation_matrices(body_to_blender(np.reshape(pose, (24, 3))))
    return {name: np.linalg.inv(rest[name]) @ turn @ rest[name] for name, turn in zip(JOINT_NAMES, rotations, strict=True)}
