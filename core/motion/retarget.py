"""Bones of another skeleton turned into SMPL rotations, by joint name.

The idea: a rotation that carries a whole limb is the same for every skeleton, once both agree on the rest pose. So every limb joint gets
the shortest turn from the one rest bone to the other; torso, head and feet, whose bones are drawn differently by everybody, agree as is.
"""

from dataclasses import dataclass

import numpy as np

from ..rotations import axis_angles
from ..skeleton import JOINT, JOINT_NAMES, PARENTS

LIMB_CHILD = {
    f"{side}_{joint}": f"{side}_{child}"
    for side in ("left", "right")
    for joint, child in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"))
}
"""Joints whose bone has one clear direction, and the joint at its other end."""

_LEFT_AND_MIDDLE = {
    "pelvis": (0.0, 0.95, 0.0),
    "left_hip": (0.09, 0.87, 0.0),
    "spine1": (0.0, 1.06, 0.0),
    "left_knee": (0.09, 0.47, 0.0),
    "spine2": (0.0, 1.19, 0.0),
    "left_ankle": (0.09, 0.08, 0.0),
    "spine3": (0.0, 1.25, 0.0),
    "left_foot": (0.09, 0.02, 0.13),
    "neck": (0.0, 1.46, 0.0),
    "left_collar": (0.08, 1.38, 0.0),
    "head": (0.0, 1.55, 0.02),
    "left_shoulder": (0.18, 1.40, 0.0),
    "left_elbow": (0.45, 1.40, 0.0),
    "left_wrist": (0.70, 1.40, 0.0),
    "left_hand": (0.78, 1.40, 0.0),
}


def _nominal_joints() -> np.ndarray:
    joints = np.zeros((len(JOINT_NAMES), 3))
    for name, number in JOINT.items():
        here = _LEFT_AND_MIDDLE.get(name) or _LEFT_AND_MIDDLE[name.replace("right_", "left_")]
        joints[number] = np.array(here) * ([-1, 1, 1] if name.startswith("right_") else [1, 1, 1])
    return joints


T_POSE = _nominal_joints()
"""Joints (24, 3) of a nominal adult in SMPL's T pose, metres, body frame: legs straight down, arms straight out, palms down."""


def rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotation (3, 3) that takes the direction start (3,) to the direction end (3,); lengths do not matter."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    cross, cosine = np.cross(a, b), float(a @ b)
    if cosine < -1 + 1e-9:  # opposite: half a turn about any axis across
        across = np.cross(a, np.eye(3)[np.argmin(np.abs(a))])
        across /= np.linalg.norm(across)
        return 2 * np.outer(across, across) - np.eye(3)
    skew = np.array([[0, -cross[2], cross[1]], [cross[2], 0, -cross[0]], [-cross[1], cross[0], 0]])
    return np.eye(3) + skew + skew @ skew / (1 + cosine)


def limb_alignment(directions: dict[str, np.ndarray], rest_joints: np.ndarray = T_POSE) -> np.ndarray:
    """Rotations (24, 3, 3) from SMPL's rest bones to another rest pose's bone directions, given by joint name; identity elsewhere."""
    turns = np.tile(np.eye(3), (len(JOINT_NAMES), 1, 1))
    for name, direction in directions.items():
        turns[JOINT[name]] = rotation_between(rest_joints[JOINT[LIMB_CHILD[name]]] - rest_joints[JOINT[name]], direction)
    return turns


def local_rotations(world: np.ndarray) -> np.ndarray:
    """Rotations (…, 24, 3, 3) relative to the parents, of rotations (…, 24, 3, 3) in the body frame."""
    parents = np.maximum(PARENTS, 0)
    local = np.swapaxes(world[..., parents, :, :], -1, -2) @ world
    local[..., 0, :, :] = world[..., 0, :, :]
    return local


def world_rotations(local: np.ndarray) -> np.ndarray:
    """Rotations (…, 24, 3, 3) in the body frame, of rotations (…, 24, 3, 3) relative to the parents."""
    world = np.array(local, dtype=np.float64)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            world[..., joint, :, :] = world[..., parent, :, :] @ local[..., joint, :, :]
    return world


def fill_from_parents(known: dict[str, np.ndarray]) -> np.ndarray:
    """World rotations (…, 24, 3, 3) from those of some joints: a joint the other skeleton lacks moves rigidly with its parent."""
    world: list[np.ndarray] = []
    for joint, name in enumerate(JOINT_NAMES):
        world.append(known[name] if name in known else world[PARENTS[joint]])
    return np.stack(world, axis=-3)


@dataclass(frozen=True)
class SourceMotion:
    """Another skeleton's motion in SMPL's joint names: what a reader hands to `smpl_rotations`.

    rotations: per joint (T, 3, 3), from that skeleton's rest pose, in the body frame; joints it lacks are left out, the pelvis is not.
    rest_directions: per limb joint (3,), where its bone points in the rest pose, body frame. roots: (T, 3) pelvis, metres.
    """

    rotations: dict[str, np.ndarray]
    rest_directions: dict[str, np.ndarray]
    roots: np.ndarray


def smpl_rotations(motion: SourceMotion, rest_joints: np.ndarray = T_POSE) -> np.ndarray:
    """Rotations (T, 24, 3, 3), relative to the parents, that point every limb bone where the source's points."""
    to_source = limb_alignment(motion.rest_directions, rest_joints)
    known = {name: turns @ to_source[JOINT[name]] for name, turns in motion.rotations.items()}
    return local_rotations(fill_from_parents(known))


def smpl_poses(motion: SourceMotion, rest_joints: np.ndarray = T_POSE) -> np.ndarray:
    """The same as poses (T, 24, 3), axis-angle."""
    return axis_angles(smpl_rotations(motion, rest_joints))
