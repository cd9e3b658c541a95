"""Regions of a body, whatever its mesh: which way its limbs run, what mirrors what, where hair grows, where skin is bare.

All from the rest pose, the joints and the skin weights, so that any SMPL-like body has them.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.spatial import cKDTree

from ..body.fitted import FittedBody
from ..skeleton import JOINT, PARENT_OF

TOWARDS = {parent: name for name, parent in reversed(PARENT_OF.items())} | {"pelvis": "spine1", "spine3": "neck"}
"""The joint a limb runs towards from each joint: its child, and up the spine where there are several."""

FACE_AXIS = np.array([0, -np.sin(np.radians(20)), np.cos(np.radians(20))])
"""Where a face looks from the head's centre, rest pose: forwards and 20° down."""

FACE_ANGLE = np.radians(68)
"""Directions nearer than this to FACE_AXIS are face: up to the hairline, 48° above the horizon, and to the front of the ears."""

TWIN = 0.02
"""Metres. Nearest mirrored vertices farther apart than this are no twins."""


def limb_axes(body: FittedBody) -> Float[ndarray, "V 3 3"]:
    """d dᵀ of the unit direction d in the rest pose of the limb each vertex belongs to, blended by its skin weights.

    As a product it has no sign, so that thighs (downwards) and pelvis (upwards) agree.
    """
    bones = np.zeros((len(PARENT_OF), 3))
    for name, parent in PARENT_OF.items():
        target = TOWARDS.get(name)
        start, end = (name, target) if target else (parent, name)
        bones[JOINT[name]] = body.rest_joints[JOINT[end]] - body.rest_joints[JOINT[start]]
    bones /= np.maximum(np.linalg.norm(bones, axis=1, keepdims=True), 1e-9)
    return (body.skin_weights @ (bones[:, :, None] * bones[:, None, :]).reshape(-1, 9)).reshape(-1, 3, 3)


def twins(body: FittedBody) -> tuple[Int[ndarray, " V"], Bool[ndarray, " V"]]:
    """The vertex nearest to each one's mirror image in the rest pose, and whether it is near enough to be its twin."""
    middle = body.rest_joints[JOINT["pelvis"], 0]
    mirrored = body.rest_vertices * (-1, 1, 1) + (2 * middle, 0, 0)
    distance, twin = cKDTree(body.rest_vertices).query(mirrored)
    return twin, distance < TWIN


def share_of(body: FittedBody, *joints: str) -> Float[ndarray, " V"]:
    """How much of each vertex moves with these joints, 0..1."""
    return body.skin_weights[:, [JOINT[name] for name in joints]].sum(axis=1)


def head_directions(body: FittedBody) -> Float[ndarray, "V 3"]:
    """Unit direction of each vertex from the middle of the head, rest pose."""
    head = share_of(body, "head") > 0.5
    outward = body.rest_vertices - (body.rest_vertices[head].min(axis=0) + body.rest_vertices[head].max(axis=0)) / 2
    return outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)


def face(body: FittedBody) -> Bool[ndarray, " V"]:
    """The head's vertices that look out of the face: below the hairline, before the ears."""
    return (share_of(body, "head") > 0.5) & (head_directions(body) @ FACE_AXIS > np.cos(FACE_ANGLE))


def scalp(body: FittedBody) -> Bool[ndarray, " V"]:
    """The head's vertices where hair grows: all that are not face, down to 30° below the head's middle."""
    return (share_of(body, "head") > 0.5) & ~face(body) & (head_directions(body)[:, 1] > -0.5)


def crown(body: FittedBody) -> Bool[ndarray, " V"]:
    """The top and upper back of the head, where whatever is seen is hair and neither forehead nor ear."""
    outward = head_directions(body)
    return scalp(body) & (outward[:, 1] > 0.5) & (outward @ FACE_AXIS < np.cos(np.radians(88)))


def hands(body: FittedBody) -> Bool[ndarray, " V"]:
    """The vertices beyond the wrists: those that move with wrist (the palm) or hand (the fingers)."""
    return share_of(body, "left_wrist", "right_wrist", "left_hand", "right_hand") > 0.8
