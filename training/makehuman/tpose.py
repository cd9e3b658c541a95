"""From MakeHuman's rest pose (arms hanging out, elbows and legs bent a little) to SMPL's T-pose, by skinning both ways.

Skinning the rest mesh into a T loses volume at the shoulders; the T that skinning carries back onto the rest mesh, v_T =
(sum_j w_j G_j)^-1 v_rest, gains as much at the armpits. We take their mean: raised arms stay clean, and hanging arms come back
to within a few millimetres of the sculpted body.
"""

import numpy as np

from core.skeleton import JOINT, JOINT_NAMES, PARENT_OF, rotation_matrices

COLLAR_RAISE = np.radians(14)  # so that collar -> shoulder rises as in SMPL's T-pose
THIGH = np.array([0.112, -1.0, 0.0])  # directions of SMPL's mean skeleton at zero pose, left side
SHANK = np.array([-0.04, -1.0, -0.085])
TURN_OUT = {"hip": 0.0, "knee": np.radians(5), "ankle": np.radians(15)}  # SMPL's feet at zero pose point outwards
SIDES = (("left", 1.0), ("right", -1.0))


def t_pose_rotations(rest_joints: np.ndarray, cube: dict[str, np.ndarray]) -> np.ndarray:
    """World rotations (N, 24, 3, 3) that turn each part of MakeHuman's rest pose into the T-pose. rest_joints (N, 24, 3)."""
    rotations = np.tile(np.eye(3), (*rest_joints.shape[:2], 1, 1))
    at = {name: rest_joints[:, JOINT[name]] for name in JOINT_NAMES}
    for side, sign in SIDES:
        arm = arm_rotations(side, sign, at, cube)
        for joint, rotation in (arm | leg_rotations(side, sign, at)).items():
            rotations[:, JOINT[f"{side}_{joint}"]] = rotation
    return rotations


def arm_rotations(side: str, sign: float, at: dict[str, np.ndarray], cube: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Upper arm, forearm and hand along +-X; elbows bend forwards; palms down. The forearm takes half of the hand's twist."""
    out, front = np.array([sign, 0, 0]), np.array([0, 0, 1.0])
    upper, fore = at[f"{side}_elbow"] - at[f"{side}_shoulder"], at[f"{side}_wrist"] - at[f"{side}_elbow"]
    hinge = np.cross(upper, fore)
    knuckles = cube[f"{side[0]}-finger-2-1"] - cube[f"{side[0]}-finger-5-1"]
    hand = turning(at[f"{side}_hand"] - at[f"{side}_wrist"], knuckles, out, front)
    untwisted = turning(fore, np.cross(hinge, fore), out, front)
    with_hand = turning(fore, np.einsum("nba,b->na", hand, front), out, front)
    return {
        "collar": rotation_matrices(np.array([0, 0, sign * COLLAR_RAISE])),
        "shoulder": turning(upper, fore, out, front),
        "elbow": halfway(untwisted, with_hand),
        "wrist": hand,
        "hand": hand,
    }


def leg_rotations(side: str, sign: float, at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Thigh and shank along SMPL's directions, feet flat and a little turned out."""
    places = {"hip": at[f"{side}_knee"] - at[f"{side}_hip"], "knee": at[f"{side}_ankle"] - at[f"{side}_knee"]}
    aims = {"hip": THIGH, "knee": SHANK}
    ahead = np.array([0, 0, 1.0])
    turned = {name: np.array([sign * np.sin(turn), 0, np.cos(turn)]) for name, turn in TURN_OUT.items()}
    legs = {name: turning(places[name], ahead, aims[name] * [sign, 1, 1], turned[name]) for name in places}
    foot = rotation_matrices(np.array([0, sign * TURN_OUT["ankle"], 0]))
    return legs | {"ankle": foot, "foot": foot}


def frame(along: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Right-handed frames (N, 3, 3), columns: along, beside made square to it, and the third."""
    along = along / np.linalg.norm(along, axis=-1, keepdims=True)
    beside = beside - along * (along * beside).sum(-1, keepdims=True)
    beside = beside / np.linalg.norm(beside, axis=-1, keepdims=True)
    return np.stack([along, beside, np.cross(along, beside)], axis=-1)


def turning(along: np.ndarray, beside: np.ndarray, new_along: np.ndarray, new_beside: np.ndarray) -> np.ndarray:
    """Rotations (N, 3, 3) that lay `along` onto `new_along`, and `beside` as near `new_beside` as that allows."""
    return frame(new_along, new_beside) @ np.swapaxes(frame(along, np.broadcast_to(beside, along.shape)), -1, -2)


def halfway(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The rotations (N, 3, 3) midway between two: the polar part of their mean."""
    left, _, right = np.linalg.svd(first + second)
    return left @ right


def t_pose(rest: np.ndarray, rest_joints: np.ndarray, rotations: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, V, 3) and joints (N, 24, 3) in T-pose, pelvis at the origin. rotations (N, 24, 3, 3): world, rest to T."""
    joints = np.zeros_like(rest_joints)
    for number, parent in enumerate(PARENT_OF.values()):
        if parent is not None:
            bone = rest_joints[:, number] - rest_joints[:, JOINT[parent]]
            joints[:, number] = joints[:, JOINT[parent]] + np.einsum("nab,nb->na", rotations[:, JOINT[parent]], bone)
    shift = joints - np.einsum("njab,njb->nja", rotations, rest_joints)
    skinned = np.einsum("nvab,nvb->nva", blended(weights, rotations), rest) + blended(weights, shift)
    back = np.swapaxes(rotations, -1, -2)
    unskinned = np.linalg.solve(blended(weights, back), (rest + blended(weights, np.einsum("njab,njb->nja", back, shift)))[..., None])[
        ..., 0
    ]
    return 0.5 * (skinned + unskinned), joints


def blended(weights: np.ndarray, of_joints: np.ndarray) -> np.ndarray:
    """Per vertex (N, V, ...) the weighted sum of something per joint (N, 24, ...)."""
    return np.moveaxis(np.tensordot(weights, of_joints, axes=(1, 1)), 0, 1)
