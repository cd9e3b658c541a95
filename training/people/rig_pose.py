"""A pack person in their bind pose as SMPL would say it, their surface for the body's fit, and their fingers."""

import numpy as np
from numpy import ndarray
from scipy.spatial.transform import Rotation

from core.motion.retarget import LIMB_CHILD, limb_alignment, local_rotations
from core.skeleton import JOINT, rotation_matrices
from training.makehuman.fingers import sample_hands
from training.people.atlas import LABEL, Atlas
from training.people.body_truth import Dressed, with_hands
from training.rocketbox import RocketboxPerson


def bind_pose(person: RocketboxPerson) -> tuple[ndarray, ndarray]:
    """The bind pose as SMPL rotations (24, 3) relative to `retarget.T_POSE`, and the rig's joints (24, 3) in it."""
    joints = person.bind[person.smpl_rows, :3, 3]
    directions = {name: joints[JOINT[child]] - joints[JOINT[name]] for name, child in LIMB_CHILD.items()}
    world = with_hands(limb_alignment(directions))
    return Rotation.from_matrix(local_rotations(world)).as_rotvec(), joints


def dressed_surface(atlas: Atlas, vertices: ndarray) -> Dressed:
    """The person's surface with these vertices (V, 3) as `fit_open_body` wants it: a point in each face, props and hair cards left out."""
    kept = ~atlas.person.cards & (atlas.label != LABEL["other"])
    corners = vertices[atlas.person.faces[kept]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    whole = area > 1e-10
    return Dressed(
        points=corners.mean(axis=1)[whole],
        normals=normals[whole] / area[whole, None],
        part=atlas.part[kept][whole],
        skin=(atlas.label[kept] == LABEL["skin"])[whole],
    )


# --- fingers ----------------------------------------------------------------------------------------------------------------------


def hand_frame(person: RocketboxPerson, side: str) -> ndarray:
    """The T pose's axes (3, 3) as this hand, palm down, has them in the bind pose: columns along X, away from the palm, across it.

    A finger's three bones bend about one axis, the third of their own; which way they bend in the bind pose tells palm from back.
    """
    letter, sign = {"left": ("L", 1.0), "right": ("R", -1.0)}[side]
    row = {name: number for number, name in enumerate(person.joint_names)}
    chains = [[row[f"Bip01 {letter} Finger{finger}{bone}"] for bone in ("", "1", "2")] for finger in (1, 2, 3, 4)]
    bones = person.bind[chains][..., :3, :3]
    axis = bones[..., 2].mean(axis=(0, 1))
    curl = np.cross(bones[:, 0, :, 0], bones[:, 2, :, 0]).sum(axis=0) @ axis
    axis = -sign * axis * np.sign(curl)  # in the T pose left fingers curl about -Z, right ones about +Z
    along = sign * (person.bind[row[f"Bip01 {letter} Finger2"], :3, 3] - person.bind[row[f"Bip01 {letter} Hand"], :3, 3])
    axis = axis / np.linalg.norm(axis)
    along = along - (along @ axis) * axis
    along = along / np.linalg.norm(along)
    return np.stack([along, np.cross(axis, along), axis], axis=1)


def finger_turns(rng: np.random.Generator, person: RocketboxPerson) -> tuple[dict[int, ndarray], tuple[str, str]]:
    """Rotations (3, 3) by the rig's joint number, in the bind pose's frame, that put the hands into a random hold; and what both do."""
    hands, kinds = sample_hands(rng)
    turns = {}
    for side, letter, hand in (("left", "L", hands[0]), ("right", "R", hands[1])):
        frame = hand_frame(person, side)
        for finger in range(5):
            for bone, ending in enumerate(("", "1", "2")):
                number = person.joint_names.index(f"Bip01 {letter} Finger{finger}{ending}")
                turns[number] = frame @ rotation_matrices(hand[finger, bone]) @ frame.T
    return turns, kinds
