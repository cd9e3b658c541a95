"""A motion clip as an action of a person's armature, at the scene's frame rate."""

import bpy
import numpy as np

from ..core.motion.clip import Clip, in_place, moved_to, on_ground, resampled
from ..core.rotations import quaternions, yaw
from ..core.skeleton import JOINT, rotation_matrices
from .action import Channels, build_action, unbroken
from .armature import rest_axes, rest_joints
from .frames import body_to_blender, rotations_to_bones
from .ik import to_fk
from .person import parts
from .poses import soles, standing_place

ROOTS = ("HERE", "IN_PLACE", "FILE")
"""Where a motion takes place: from where the person stands in the photo; above that place all the time; where the file says."""


def apply_motion(person: bpy.types.Collection, clip: Clip, start: int, root: str = "HERE", ground: bool = True) -> bpy.types.Action:
    """A new action of the person's armature with a key on each of the scene's frames from `start`; an older action stays in the file.

    root: one of ROOTS. ground: the soles meet the height on which the person was built; not for "FILE", which is told by the file alone.
    Where there are IK controls the limbs follow their bones (FK) from then on.
    """
    armature, scene = parts(person)["armature"], bpy.context.scene
    clip = resampled(clip, scene.render.fps / scene.render.fps_base)
    if root != "FILE":
        place, turn = standing_place(person)
        clip = moved_to(clip, place, yaw(rotation_matrices(turn)))
        clip = in_place(clip) if root == "IN_PLACE" else clip
        clip = on_ground(clip, rest_joints(armature), soles(person)) if ground else clip
    action = build_action(armature, clip.name, start, _channels(armature, clip))
    to_fk(armature)
    return action


def lies_down(clip: Clip) -> bool:
    """True where the pelvis' up points nowhere near up on average: a motion of lying, or a file with another axis up."""
    return bool(clip.rotations[:, 0, 1, 1].mean() < 0.3)


def _channels(armature: bpy.types.Object, clip: Clip) -> Channels:
    rest = rest_axes(armature)
    values = {}
    for name, turns in rotations_to_bones(clip.rotations, rest).items():
        for component, column in enumerate(unbroken(quaternions(turns)).T):
            values[name, "rotation_quaternion", component] = column
    moved = body_to_blender(clip.roots - rest_joints(armature)[JOINT["pelvis"]]) @ np.linalg.inv(rest["pelvis"]).T
    for component, column in enumerate(moved.T):
        values["pelvis", "location", component] = column
    return values
