"""Actions of a person's armature: what its bones do over a range of frames, written as keys and read from whatever moves them."""

from itertools import pairwise
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..core.skeleton import JOINT_NAMES
from .cleanup import all_or_nothing

LINEAR = 1
"""Blender's number of the interpolation between keys that are a frame apart anyway."""

Channels = dict[tuple[str, str, int], np.ndarray]
"""A value for every frame (T,) by bone, channel and the channel's component."""


def build_action(armature: bpy.types.Object, name: str, start: int, values: Channels) -> bpy.types.Action:
    """A new action of the armature with a key on every frame from `start`; an older action stays in the file."""
    animation: Any = armature.animation_data or armature.animation_data_create()
    before = animation.action
    with all_or_nothing():
        if before:
            before.use_fake_user = True
        animation.action = action = bpy.data.actions.new(name)
        action.use_fake_user = True
        try:
            for bone, channel in {(bone, channel) for bone, channel, _ in values}:
                if channel == "rotation_quaternion":
                    armature.pose.bones[bone].rotation_mode = "QUATERNION"
                armature.pose.bones[bone].keyframe_insert(channel, frame=start)
            for curve in curves_of(armature):
                _write_curve(curve, start, values)
        except BaseException:
            animation.action = before
            raise
    return action


def curves_of(armature: bpy.types.Object) -> Any:
    """The F-curves of the armature's action. From Blender 4.4 on an action holds them by layer, strip and slot."""
    animation: Any = armature.animation_data
    if bpy.app.version < (4, 4, 0):
        return animation.action.fcurves
    return animation.action.layers[0].strips[0].channelbag(animation.action_slot).fcurves


def _write_curve(curve: Any, start: int, values: Channels) -> None:
    path, channel = curve.data_path.rsplit(".", 1)
    column = next(values[key] for key in values if f'["{key[0]}"]' in path and key[1:] == (channel, curve.array_index))
    frames = np.arange(start, start + len(column))
    curve.keyframe_points.add(len(frames) - len(curve.keyframe_points))
    curve.keyframe_points.foreach_set("co", np.stack([frames, column], axis=1).astype(np.float32).ravel())
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), LINEAR, dtype=np.int32))
    curve.update()


def unbroken(turns: np.ndarray) -> np.ndarray:
    """The same rotations (T, 4) with signs such that no two that follow each other are far apart: no turn the long way round."""
    signs = [1.0]
    for before, after in pairwise(turns):
        signs.append(signs[-1] * (-1 if before @ after < 0 else 1))
    return turns * np.array(signs)[:, None]


def action_of(armature: bpy.types.Object) -> bpy.types.Action | None:
    """The action that moves the armature; None where there is none."""
    return armature.animation_data.action if armature.animation_data else None


def action_frames(action: bpy.types.Action) -> range:
    """The whole frames of an action, the last included."""
    span: Any = action.frame_range
    return range(int(np.floor(span[0])), int(np.ceil(span[1])) + 1)


def local_matrices(armature: bpy.types.Object) -> dict[str, Matrix]:
    """How each of SMPL's bones is turned and moved from its rest against its parent, whatever does it: keys, constraints, hands."""
    posed: Any = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    found = {}
    for name in JOINT_NAMES:
        bone, parent = posed[name], posed[name].parent
        above = {"parent_matrix": parent.matrix, "parent_matrix_local": parent.bone.matrix_local} if parent else {}
        found[name] = bone.bone.convert_local_to_pose(bone.matrix, bone.bone.matrix_local, invert=True, **above)
    return found


def sampled(armature: bpy.types.Object, frames: range) -> Channels:
    """What SMPL's bones do on these frames of the scene, as keys for `build_action`; the scene's frame is the same afterwards."""
    scene = bpy.context.scene
    kept, kept_part = scene.frame_current, scene.frame_subframe
    poses = []
    try:
        for frame in frames:
            scene.frame_set(frame)
            poses.append(local_matrices(armature))
    finally:
        scene.frame_set(kept, subframe=kept_part)
    return _channels(poses)


def _channels(poses: list[dict[str, Matrix]]) -> Channels:
    values: Channels = {}
    for name in JOINT_NAMES:
        turns = unbroken(np.array([pose[name].to_quaternion() for pose in poses]))
        values |= {(name, "rotation_quaternion", component): column for component, column in enumerate(turns.T)}
    places = np.array([pose["pelvis"].to_translation() for pose in poses])
    return values | {("pelvis", "location", component): column for component, column in enumerate(places.T)}
