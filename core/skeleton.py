"""SMPL's skeleton (Loper et al. 2015): 24 joints by name, parents first, and forward kinematics in numpy.

Everything here is standard library and numpy, so the Blender side names its bones from the same table.
"""

import numpy as np

PARENT_OF = {
    "pelvis": None,
    "left_hip": "pelvis",
    "right_hip": "pelvis",
    "spine1": "pelvis",
    "left_knee": "left_hip",
    "right_knee": "right_hip",
    "spine2": "spine1",
    "left_ankle": "left_knee",
    "right_ankle": "right_knee",
    "spine3": "spine2",
    "left_foot": "left_ankle",
    "right_foot": "right_ankle",
    "neck": "spine3",
    "left_collar": "spine3",
    "right_collar": "spine3",
    "head": "neck",
    "left_shoulder": "left_collar",
    "right_shoulder": "right_collar",
    "left_elbow": "left_shoulder",
    "right_elbow": "right_shoulder",
    "left_wrist": "left_elbow",
    "right_wrist": "right_elbow",
    "left_hand": "left_wrist",
    "right_hand": "right_wrist",
}

JOINT_NAMES = tuple(PARENT_OF)
"""The 24 names in SMPL's order; a parent always comes before its children."""

JOINT = {name: number for number, name in enumerate(JOINT_NAMES)}
"""Joint number by name."""

PARENTS = tuple(-1 if parent is None else JOINT[parent] for parent in PARENT_OF.values())
"""Parent's number of each joint, -1 for the pelvis."""


def mirrored(name: str) -> str:
    """The joint's name on the other side of the body; the name itself for those in the middle."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    return "left_" + name.removeprefix("right_") if name.startswith("right_") else name


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """Rotation matrices (…, 3, 3) of axis-angle vectors (…, 3) in radians (Rodrigues' formula)."""
    axis_angle = np.asarray(axis_angle, dtype=np.float64)
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    axis = axis_angle / np.maximum(angle, 1e-12)
    cross = np.zeros((*axis.shape[:-1], 3, 3))
    cross[..., 0, 1], cross[..., 0, 2] = -axis[..., 2], axis[..., 1]
    cross[..., 1, 0], cross[..., 1, 2] = axis[..., 2], -axis[..., 0]
    cross[..., 2, 0], cross[..., 2, 1] = -axis[..., 1], axis[..., 0]
    sine, cosine = np.sin(angle)[..., None], np.cos(angle)[..., None]
    return np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)


def joint_transforms(pose: np.ndarray, rest_joints: np.ndarray) -> np.ndarray:
    """Rest-to-posed transforms (24, 4, 4) of every joint's frame: multiply a rest point by its joint's to move it rigidly.

    pose: (24, 3) axis-angle, each relative to its parent. rest_joints: (24, 3) metres. No translation is added.
    """
    local = rotation_matrices(np.reshape(pose, (-1, 3)))
    world = np.tile(np.eye(4), (len(PARENTS), 1, 1))
    for joint, parent in enumerate(PARENTS):
        above = world[parent] if parent >= 0 else np.eye(4)
        world[joint, :3, :3] = above[:3, :3] @ local[joint]
        pivot = above[:3, :3] @ rest_joints[joint] + above[:3, 3]
        world[joint, :3, 3] = pivot - world[joint, :3, :3] @ rest_joints[joint]
    return world


def posed_joints(pose: np.ndarray, rest_joints: np.ndarray) -> np.ndarray:
    """Joint positions (24, 3) in the pose, metres, before any translation."""
    world = joint_transforms(pose, rest_joints)
    return np.einsum("jab,jb->ja", world[:, :3, :3], rest_joints) + world[:, :3, 3]
