"""A motion clip as an action of a person's armature, at the scene's frame rate."""

from itertools import pairwise
from typing import Any

import bpy
import numpy as np

from ..core.motion.clip import Clip, in_place, moved_to, on_ground, resampled
from ..core.rotations import quaternions, yaw
from ..core.skeleton import JOINT, JOINT_NAMES, rotation_matrices
from .armature import rest_axes, rest_joints
from .cleanup import all_or_nothing
from .frames import body_to_blender, rotations_to_bones
from .person import parts
from .poses import soles, standing_place

ROOTS = ("HERE", "IN_PLACE", "FILE")
"""Where a motion takes place: from where the person stands in the photo; above that place all the time; where the file says."""

LINEAR = 1
"""Blender's number of the interpolation between keys that are a frame apart anyway."""


def apply_motion(person: bpy.types.Collection, clip: Clip, start: int, root: str = "HERE", ground: bool = True) -> bpy.types.Action:
    """A new action of the person's armature with a key on each of the scene's frames from `start`; an older action stays in the file.

    root: one of ROOTS. ground: the soles meet the height on which the person was built; not for "FILE", which is told by the file alone.
    """
    armature, scene = parts(person)["armature"], bpy.context.scene
    clip = resampled(clip, scene.render.fps / scene.render.fps_base)
    if root != "FILE":
        place, turn = standing_place(person)
        clip = moved_to(clip, place, yaw(rotation_matrices(turn)))
        clip = in_place(clip) if root == "IN_PLACE" else clip
        clip = on_ground(clip, rest_joints(armature), soles(person)) if ground else clip
    with all_or_nothing():
        return _write_action(armature, clip, start)


def lies_down(clip: Clip) -> bool:
    """True where the pelvis' up points nowhere near up on average: a motion of lying, or a file with another axis up."""
    return bool(clip.rotations[:, 0, 1, 1].mean() < 0.3)


def _write_action(armature: bpy.types.Object, clip: Clip, start: int) -> bpy.types.Action:
    values = _channels(armature, clip)
    animation: Any = armature.animation_data or armature.animation_data_create()
    before = animation.action
    if before:
        before.use_fake_user = True
    animation.action = action = bpy.data.actions.new(clip.name)
    action.use_fake_user = True
    try:
        for bone, channel in {(bone, channel) for bone, channel, _ in values}:
            armature.pose.bones[bone].keyframe_insert(channel, frame=start)
        frames = np.arange(start, start + len(clip.roots))
        for curve in curves_of(armature):
            _write_curve(curve, frames, values)
    except BaseException:
        animation.action = before
        raise
    return action


def _channels(armature: bpy.types.Object, clip: Clip) -> dict[tuple[str, str, int], np.ndarray]:
    """A value for every frame (T,) by bone, channel and the channel's component."""
    rest = rest_axes(armature)
    values = {}
    for name, turns in rotations_to_bones(clip.rotations, rest).items():
        armature.pose.bones[name].rotation_mode = "QUATERNION"
        for component, column in enumerate(unbroken(quaternions(turns)).T):
            values[name, "rotation_quaternion", component] = column
    moved = body_to_blender(clip.roots - rest_joints(armature)[JOINT["pelvis"]]) @ np.linalg.inv(rest["pelvis"]).T
    for component, column in enumerate(moved.T):
        values["pelvis", "location", component] = column
    return values


def unbroken(turns: np.ndarray) -> np.ndarray:
    """The same rotations (T, 4) with signs such that no two that follow each other are far apart: no turn the long way round."""
    signs = [1.0]
    for before, after in pairwise(turns):
        signs.append(signs[-1] * (-1 if before @ after < 0 else 1))
    return turns * np.array(signs)[:, None]


def curves_of(armature: bpy.types.Object) -> Any:
    """The F-curves of the armature's action. From Blender 4.4 on an action holds them by layer, strip and slot."""
    animation: Any = armature.animation_data
    if bpy.app.version < (4, 4, 0):
        return animation.action.fcurves
    return animation.action.layers[0].strips[0].channelbag(animation.action_slot).fcurves


def _write_curve(curve: Any, frames: np.ndarray, values: dict[tuple[str, str, int], np.ndarray]) -> None:
    name = next(name for name in JOINT_NAMES if f'["{name}"]' in curve.data_path)
    column = values[name, curve.data_path.rsplit(".", 1)[1], curve.array_index]
    curve.keyframe_points.add(len(frames) - len(curve.keyframe_points))
    curve.keyframe_points.foreach_set("co", np.stack([frames, column], axis=1).astype(np.float32).ravel())
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), LINEAR, dtype=np.int32))
    curve.update()
