"""The poses a rig is handed over in: T, A, and the photo's."""

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np

from ..core.errors import PhotoPoseMissing
from ..core.skeleton import JOINT, JOINT_NAMES
from .armature import apply_pose, photo_pose, rest_joints
from .frames import blender_to_body
from .ik import to_fk
from .mesh import dense_weights, vertex_places
from .person import parts

HANGING = np.radians(45)
"""How far an A pose's arms hang below a T pose's: half of the way, as Unreal's and most sculptors' do."""

FEET = ("left_ankle", "left_foot", "right_ankle", "right_foot")


def show_pose(person: bpy.types.Collection, name: str, frame: float | None = None) -> bpy.types.Action | None:
    """Put the person into the pose "T", "A" or "PHOTO", and key it where a frame is given. PhotoPoseMissing.

    T and A stand on the ground where the person stands in the photo, and look to the front. Without a frame an action would move the bones
    away again, so it is taken off the armature and kept in the file; it is what comes back. IK controls are switched off.
    """
    armature = parts(person)["armature"]
    pose, translation = POSES[name](person)
    animation, action = armature.animation_data, None
    if frame is None and animation and animation.action:
        action = animation.action
        action.use_fake_user = True
        animation.action = None
    apply_pose(armature, pose, translation, frame)
    to_fk(armature)
    return action


def _standing(person: bpy.types.Collection, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pose with the translation that puts its soles, as they are at rest, on the ground above the place in the photo."""
    rest = rest_joints(parts(person)["armature"])
    place, _ = standing_place(person)
    lowest = min(points[:, 1].min() for points in soles(person).values())
    return pose, np.array([place[0] - rest[0, 0], -lowest, place[2] - rest[0, 2]])


def _t_pose(person: bpy.types.Collection) -> tuple[np.ndarray, np.ndarray]:
    return _standing(person, np.zeros((len(JOINT_NAMES), 3)))


def _a_pose(person: bpy.types.Collection) -> tuple[np.ndarray, np.ndarray]:
    pose = np.zeros((len(JOINT_NAMES), 3))
    pose[JOINT["left_shoulder"], 2], pose[JOINT["right_shoulder"], 2] = -HANGING, HANGING
    return _standing(person, pose)


def _photo_pose(person: bpy.types.Collection) -> tuple[np.ndarray, np.ndarray]:
    kept = photo_pose(parts(person)["armature"])
    if kept is None:
        raise PhotoPoseMissing(f"{person.name} was made by a version that did not keep the photo's pose")
    return kept


POSES: dict[str, Callable[[bpy.types.Collection], tuple[np.ndarray, np.ndarray]]] = {"T": _t_pose, "A": _a_pose, "PHOTO": _photo_pose}
"""Pose (24, 3) and translation (3,) by name."""


def standing_place(person: bpy.types.Collection) -> tuple[np.ndarray, np.ndarray]:
    """Where the pelvis is in the photo (3,), metres, and its axis-angle vector (3,), body frame; zero where that was not kept."""
    armature = parts(person)["armature"]
    kept = photo_pose(armature)
    if kept is None:
        return np.zeros(3), np.zeros(3)
    pose, translation = kept
    return rest_joints(armature)[JOINT["pelvis"]] + translation, pose[JOINT["pelvis"]]


def soles(person: bpy.types.Collection) -> dict[str, np.ndarray]:
    """Points of the feet's surface at rest by the joint that moves them most, (N, 3), metres, body frame; never empty.

    A surface without feet is taken to end at its foot joints.
    """
    surface: Any = parts(person)["surface"]
    weights, points = dense_weights(surface), blender_to_body(vertex_places(surface.data))
    strongest = weights.argmax(axis=1)
    found = {name: points[(strongest == JOINT[name]) & (weights.max(axis=1) > 0)] for name in FEET}
    found = {name: feet for name, feet in found.items() if len(feet)}
    rest = rest_joints(parts(person)["armature"])
    return found or {name: rest[[JOINT[name]]] for name in FEET if name.endswith("foot")}
