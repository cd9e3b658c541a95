"""Poses in Biovision's format (.bvh) for MakeHuman's default skeleton, as bones turned from its rest pose.

A joint turns in its parent's frame by its channels in their order: `Xrotation Yrotation Zrotation` is Rx Ry Rz. Positions of joints other
than the root are left aside: bones keep their length. Lengths are decimetres. Blender writes these files with Z up and the front at
-Y; which axis is up is told from where the head lies in the rest pose.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from training.motion_file import MotionFileError, numbers, read_text
from training.retarget import LIMB_CHILD, SourceMotion

DECIMETRE = 0.1
Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From a file's axes with Z up to the body frame's."""

BONE_OF = {
    "pelvis": "root",
    "spine1": "spine04",
    "spine2": "spine03",
    "spine3": "spine01",
    "neck": "neck02",
    "head": "head",
} | {
    f"{side}_{joint}": f"{bone}.{side[0].upper()}"
    for side in ("left", "right")
    for joint, bone in {
        "hip": "upperleg01",
        "knee": "lowerleg01",
        "ankle": "foot",
        "foot": "toe3-1",
        "collar": "shoulder01",
        "shoulder": "upperarm01",
        "elbow": "lowerarm01",
        "wrist": "wrist",
        "hand": "finger3-1",
    }.items()
}
"""MakeHuman's bone that begins at each of SMPL's joints, or turns as it does; the hands turn with the wrists."""


@dataclass(eq=False)
class BvhJoint:
    """One joint: its parent's number (-1: none), its place (3,) from the parent's at rest, file units, and its channels' names."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()


def read_bvh(path: Path) -> SourceMotion:
    """A .bvh file's motion, body frame, metres. Raises MotionFileError naming the line, also where MakeHuman's bones are missing."""
    lines = [(number, text.split()) for number, text in enumerate(read_text(path).splitlines(), start=1) if text.split()]
    starts = [at for at, (_, words) in enumerate(lines) if words[0] == "MOTION"]
    if not starts:
        raise MotionFileError(path, None, "has no line MOTION")
    joints = read_hierarchy(lines[: starts[0]], path)
    row = {joint.name: number for number, joint in enumerate(joints)}
    lacking = sorted(set(BONE_OF.values()) - row.keys())
    if lacking:
        raise MotionFileError(path, None, f"bones are missing: {', '.join(lacking)}")
    rest = rest_places(joints)
    axes = Z_UP if np.argmax(np.abs(rest[row["head"]] - rest[0])) == 2 else np.eye(3)
    frames = np.array([_frame(line, joints, path) for line in _frame_lines(lines[starts[0] :], path)])
    worlds = [world_turns(joints, frame) for frame in frames]
    turns = {name: np.stack([axes @ world[row[bone]] @ axes.T for world in worlds]) for name, bone in BONE_OF.items()}
    places = {name: rest[row[bone]] @ axes.T for name, bone in BONE_OF.items()}
    return SourceMotion(
        rotations={name: turn for name, turn in turns.items() if not name.endswith("_hand")},
        rest_directions={name: places[child] - places[name] for name, child in LIMB_CHILD.items()},
        roots=DECIMETRE * np.array([_position(joints[0], frame) for frame in frames]) @ axes.T,
    )


def read_hierarchy(lines: list[tuple[int, list[str]]], path: Path) -> list[BvhJoint]:
    """The joints, parents first. Raises MotionFileError."""
    joints, stack, opened = [], [], None
    for line, words in lines:
        if words[0] in ("ROOT", "JOINT") and len(words) > 1:
            opened = BvhJoint(words[1], next((joints.index(at) for at in reversed(stack) if at in joints), -1))
            joints.append(opened)
        elif words[0] == "End":
            opened = BvhJoint("", -1)  # a bone's tip: its offset is read and forgotten
        elif words[0] == "{" and opened is not None:
            stack.append(opened)
        elif words[0] == "}" and stack:
            stack.pop()
        elif words[0] != "HIERARCHY":
            _joint_line(stack[-1] if stack else None, words, path, line)
    if stack or not joints:
        raise MotionFileError(path, lines[-1][0] if lines else None, "the hierarchy has no joint, or a bracket too few")
    return joints


def _joint_line(joint: BvhJoint | None, words: list[str], path: Path, line: int) -> None:
    if joint is None or words[0] not in ("OFFSET", "CHANNELS"):
        raise MotionFileError(path, line, f"`{words[0]}` is not expected here")
    if words[0] == "OFFSET":
        joint.offset = np.array(numbers(words[1:], 3, path, line))
    else:
        joint.channels = _channels(words, path, line)


def rest_places(joints: list[BvhJoint]) -> np.ndarray:
    """Where the joints are at rest (J, 3), file units and axes."""
    places = np.zeros((len(joints), 3))
    for number, joint in enumerate(joints):
        places[number] = joint.offset + (places[joint.parent] if joint.parent >= 0 else 0)
    return places


def world_turns(joints: list[BvhJoint], values: np.ndarray) -> np.ndarray:
    """Rotations (J, 3, 3) of every joint from its rest pose, file axes. values: one frame's channels, joint after joint."""
    world, at = np.zeros((len(joints), 3, 3)), 0
    for number, joint in enumerate(joints):
        mine = list(zip(joint.channels, values[at : at + len(joint.channels)], strict=True))
        at += len(joint.channels)
        turning = [(name[0], value) for name, value in mine if name.endswith("rotation")]
        order, degrees = "".join(axis for axis, _ in turning), [value for _, value in turning]
        local = Rotation.from_euler(order, degrees, degrees=True).as_matrix() if order else np.eye(3)
        world[number] = (world[joint.parent] if joint.parent >= 0 else np.eye(3)) @ local.reshape(3, 3)
    return world


def _channels(words: list[str], path: Path, line: int) -> tuple[str, ...]:
    known = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}
    if len(words) < 2 or words[1] != str(len(words) - 2) or not known.issuperset(words[2:]):
        raise MotionFileError(path, line, "channels that are not as many as said, or of no known name")
    return tuple(words[2:])


def _frame_lines(lines: list[tuple[int, list[str]]], path: Path) -> list[tuple[int, list[str]]]:
    """The lines of numbers after `Frames: N` and `Frame Time: S`."""
    if len(lines) < 3 or lines[1][1][0] != "Frames:" or lines[2][1][:2] != ["Frame", "Time:"]:
        raise MotionFileError(path, lines[0][0], "`Frames:` and `Frame Time:` do not follow")
    number, words = lines[1]
    if words[1:] != [str(len(lines) - 3)] or len(lines) == 3:
        raise MotionFileError(path, number, f"{' '.join(words[1:])} frames are said, {len(lines) - 3} are there")
    return lines[3:]


def _frame(line: tuple[int, list[str]], joints: list[BvhJoint], path: Path) -> list[float]:
    number, words = line
    return numbers(words, sum(len(joint.channels) for joint in joints), path, number)


def _position(root: BvhJoint, values: np.ndarray) -> np.ndarray:
    named = dict(zip(root.channels, values[: len(root.channels)], strict=True))
    return np.array([named.get(f"{axis}position", 0.0) for axis in "XYZ"])
