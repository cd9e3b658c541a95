"""Biovision's format (.bvh): a tree of joints, and for every frame its channels' values, joint after joint.

A joint turns in its parent's frame by its channels in their order: `Xrotation Yrotation Zrotation` is Rx Ry Rz. Positions of joints below
the pelvis are left aside: bones keep their length. Lengths have whatever unit and axes the file's maker took.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..skeleton import rotation_matrices
from .text_file import fault, numbers, read_text


@dataclass(eq=False)
class BvhJoint:
    """One joint: its parent's number (-1: none), its place (3,) from the parent's at rest, file units, and its channels' names."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Bvh:
    """A whole file. joints: parents first; values (T, C): the channels' values; frame_time: seconds from frame to frame."""

    joints: list[BvhJoint]
    values: np.ndarray
    frame_time: float


def read_bvh(path: Path) -> Bvh:
    """The file. Raises MotionUnreadable naming the line."""
    lines = [(number, text.split()) for number, text in enumerate(read_text(path).splitlines(), start=1) if text.split()]
    starts = [at for at, (_, words) in enumerate(lines) if words[0] == "MOTION"]
    if not starts:
        raise fault(path, None, "has no line MOTION")
    joints = read_hierarchy(lines[: starts[0]], path)
    seconds, frames = _frame_lines(lines[starts[0] :], path)
    count = sum(len(joint.channels) for joint in joints)
    return Bvh(joints, np.array([numbers(words, count, path, number) for number, words in frames]), seconds)


def read_hierarchy(lines: list[tuple[int, list[str]]], path: Path) -> list[BvhJoint]:
    """The joints, parents first. Raises MotionUnreadable."""
    joints: list[BvhJoint] = []
    stack: list[BvhJoint] = []
    opened = None
    for line, words in lines:
        if words[0] in ("ROOT", "JOINT") and len(words) > 1:
            opened = BvhJoint(" ".join(words[1:]), next((joints.index(at) for at in reversed(stack) if at in joints), -1))
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
        raise fault(path, lines[-1][0] if lines else None, "the hierarchy has no joint, or a bracket too few")
    return joints


def _joint_line(joint: BvhJoint | None, words: list[str], path: Path, line: int) -> None:
    if joint is None or words[0] not in ("OFFSET", "CHANNELS"):
        raise fault(path, line, f"`{words[0]}` is not expected here")
    if words[0] == "OFFSET":
        joint.offset = np.array(numbers(words[1:], 3, path, line))
    else:
        joint.channels = _channels(words, path, line)


def _channels(words: list[str], path: Path, line: int) -> tuple[str, ...]:
    known = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}
    if len(words) < 2 or words[1] != str(len(words) - 2) or not known.issuperset(words[2:]):
        raise fault(path, line, "channels that are not as many as said, or of no known name")
    return tuple(words[2:])


def _frame_lines(lines: list[tuple[int, list[str]]], path: Path) -> tuple[float, list[tuple[int, list[str]]]]:
    """Seconds from frame to frame, and the lines of numbers after `Frames: N` and `Frame Time: S`."""
    if len(lines) < 3 or lines[1][1][0] != "Frames:" or lines[2][1][:2] != ["Frame", "Time:"]:
        raise fault(path, lines[0][0], "`Frames:` and `Frame Time:` do not follow")
    number, words = lines[1]
    if words[1:] != [str(len(lines) - 3)] or len(lines) == 3:
        raise fault(path, number, f"{' '.join(words[1:])} frames are said, {len(lines) - 3} are there")
    (seconds,) = numbers(lines[2][1][2:], 1, path, lines[2][0])
    if seconds <= 0:
        raise fault(path, lines[2][0], "frames that take no time")
    return seconds, lines[3:]


def rest_places(joints: list[BvhJoint]) -> np.ndarray:
    """Where the joints are at rest (J, 3), file units and axes."""
    places = np.zeros((len(joints), 3))
    for number, joint in enumerate(joints):
        places[number] = joint.offset + (places[joint.parent] if joint.parent >= 0 else 0)
    return places


def world_turns(joints: list[BvhJoint], values: np.ndarray) -> np.ndarray:
    """Rotations (T, J, 3, 3) of every joint from its rest pose, file axes. values (T, C): the channels, joint after joint."""
    world, at = np.zeros((len(values), len(joints), 3, 3)), 0
    for number, joint in enumerate(joints):
        turn = world[:, joint.parent] if joint.parent >= 0 else np.eye(3)
        for name, degrees in zip(joint.channels, values[:, at : at + len(joint.channels)].T, strict=True):
            if name.endswith("rotation"):
                turn = turn @ rotation_matrices(np.radians(degrees)[:, None] * np.eye(3)["XYZ".index(name[0])])
        world[:, number] = turn
        at += len(joint.channels)
    return world


def joint_places(bvh: Bvh, turns: np.ndarray, number: int) -> np.ndarray:
    """Where a joint is in every frame (T, 3), file units and axes. turns: the file's world_turns.

    Position channels take the place of the offset, as Blender and MotionBuilder write them.
    """
    chain = [number]
    while bvh.joints[chain[-1]].parent >= 0:
        chain.append(bvh.joints[chain[-1]].parent)
    starts = np.cumsum([0, *(len(joint.channels) for joint in bvh.joints)])
    place = np.zeros((len(bvh.values), 3))
    for each in reversed(chain):
        joint = bvh.joints[each]
        named = dict(zip(joint.channels, bvh.values[:, starts[each] : starts[each + 1]].T, strict=True))
        own = [named.get(f"{axis}position", np.full(len(place), joint.offset["XYZ".index(axis)])) for axis in "XYZ"]
        above = turns[:, joint.parent] if joint.parent >= 0 else np.eye(3)
        place = place + (above @ np.stack(own, axis=1)[..., None])[..., 0]
    return place
