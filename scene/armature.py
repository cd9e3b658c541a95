"""SMPL's skeleton as an armature: rest in the T pose, posed by its pose bones."""

import bpy
import numpy as np
from mathutils import Matrix

from ..core.skeleton import JOINT_NAMES, PARENT_OF
from .frames import blender_to_body, body_to_blender, pose_to_bones

TAIL_AT = {
    "spine1": "spine2",
    "spine2": "spine3",
    "spine3": "neck",
    "neck": "head",
} | {
    f"{side}_{bone}": f"{side}_{tail}"
    for side in ("left", "right")
    for bone, tail in (
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "foot"),
        ("collar", "shoulder"),
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("wrist", "hand"),
    )
}
"""The joint at which a bone ends. The pelvis and the ends of the chains have none."""

END_LENGTH = 0.6
"""Length of a bone that ends nowhere, as a share of its parent's: a head, the fingers, the toes."""


PHOTO_POSE = "doppel_photo_pose"
"""Custom property of the armature: the pose of its photo, 24 axis-angle vectors and the translation, 75 numbers, body frame."""

COLLECTION_OF = {
    "Torso": ("pelvis", "spine1", "spine2", "spine3", "neck", "head"),
    "Left Arm": ("left_collar", "left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    "Right Arm": ("right_collar", "right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    "Left Leg": ("left_hip", "left_knee", "left_ankle", "left_foot"),
    "Right Leg": ("right_hip", "right_knee", "right_ankle", "right_foot"),
}
"""The bones of each bone collection, which shows, hides and selects them together."""


def build_armature(name: str, rest_joints: np.ndarray, collection: bpy.types.Collection) -> bpy.types.Object:
    """An armature object in the collection (which the scene must show), its bones at rest_joints (24, 3), metres, body frame.

    Makes it the active object: Blender can only make bones in the edit mode of the active armature, so another mode is left first.
    """
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    collection.objects.link(armature)
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        _add_bones(data, dict(zip(JOINT_NAMES, body_to_blender(rest_joints), strict=True)))
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    for collection_name, names in COLLECTION_OF.items():
        bones = data.collections.new(collection_name)
        for bone_name in names:
            bones.assign(data.bones[bone_name])
    armature.show_in_front = True
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature


def _add_bones(data: bpy.types.Armature, heads: dict[str, np.ndarray]) -> None:
    tails: dict[str, np.ndarray] = {}
    for name, parent in PARENT_OF.items():
        bone = data.edit_bones.new(name)
        tails[name] = _tail(name, heads, tails)
        bone.head, bone.tail = heads[name].tolist(), tails[name].tolist()
        bone.align_roll((0, -1, 0))  # bones roll about themselves so that their Z looks out of the chest
        if parent:
            bone.parent = data.edit_bones[parent]
            bone.use_connect = TAIL_AT.get(parent) == name


def _tail(name: str, heads: dict[str, np.ndarray], tails: dict[str, np.ndarray]) -> np.ndarray:
    """Where a bone ends: at its child's head, else the pelvis halfway up to spine1 and the others onward in their parent's direction."""
    if name in TAIL_AT:
        return heads[TAIL_AT[name]]
    if name == "pelvis":
        return (heads["pelvis"] + heads["spine1"]) / 2
    parent = PARENT_OF[name]
    return heads[name] + END_LENGTH * (tails[parent] - heads[parent])


def rest_axes(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    """Each bone's axes at rest as columns (3, 3), in the armature's frame."""
    return {name: np.array(armature.data.bones[name].matrix_local)[:3, :3].astype(np.float64) for name in JOINT_NAMES}


def rest_joints(armature: bpy.types.Object) -> np.ndarray:
    """Where the joints are at rest (24, 3), metres, body frame."""
    return blender_to_body(np.array([armature.data.bones[name].head_local for name in JOINT_NAMES]))


def keep_photo_pose(armature: bpy.types.Object, pose: np.ndarray, translation: np.ndarray) -> None:
    """Write the pose (24, 3) and translation (3,) of the photo on the armature, where a saved file has them too."""
    armature[PHOTO_POSE] = [*np.ravel(pose).tolist(), *np.ravel(translation).tolist()]


def photo_pose(armature: bpy.types.Object) -> tuple[np.ndarray, np.ndarray] | None:
    """The pose (24, 3) and translation (3,) kept by `keep_photo_pose`; None where there is none."""
    if PHOTO_POSE not in armature.keys():  # noqa: SIM118 - an ID has no `in`
        return None
    kept = np.array(armature[PHOTO_POSE], dtype=np.float64)
    return kept[:72].reshape(24, 3), kept[72:]


def apply_pose(armature: bpy.types.Object, pose: np.ndarray, translation: np.ndarray, frame: float | None = None) -> None:
    """Put the armature into an SMPL pose: pose (24, 3) axis-angle and translation (3,) metres, both in the body frame.

    The translation is carried by the pelvis. frame: where given, the pose is also keyed there.
    """
    bones = armature.pose.bones
    rest = rest_axes(armature)
    for name, rotation in pose_to_bones(pose, rest).items():
        quaternion = Matrix(rotation.tolist()).to_quaternion()
        quaternion.make_compatible(bones[name].rotation_quaternion)  # no turn the long way round between two keys
        bones[name].rotation_mode = "QUATERNION"
        bones[name].rotation_quaternion = quaternion
    pelvis = bones["pelvis"]
    pelvis.location = (np.linalg.inv(rest["pelvis"]) @ body_to_blender(translation)).tolist()
    if frame is not None:
        pelvis.keyframe_insert("location", frame=frame)
        for name in JOINT_NAMES:
            bones[name].keyframe_insert("rotation_quaternion", frame=frame)
