"""Poses in Biovision's format (.bvh) for MakeHuman's default skeleton, as bones turned from its rest pose.

Lengths are decimetres. Blender writes these files with Z up and the front at -Y; which axis is up is told from where the head lies in the
rest pose.
"""

from pathlib import Path

import numpy as np

from core.motion import bvh
from core.motion.retarget import LIMB_CHILD, SourceMotion
from core.motion.text_file import fault

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


def read_bvh(path: Path) -> SourceMotion:
    """A .bvh file's motion, body frame, metres. Raises MotionUnreadable naming the line, also where MakeHuman's bones are missing."""
    found = bvh.read_bvh(path)
    row = {joint.name: number for number, joint in enumerate(found.joints)}
    lacking = sorted(set(BONE_OF.values()) - row.keys())
    if lacking:
        raise fault(path, None, f"bones are missing: {', '.join(lacking)}")
    rest = bvh.rest_places(found.joints)
    axes = Z_UP if np.argmax(np.abs(rest[row["head"]] - rest[0])) == 2 else np.eye(3)
    turns = bvh.world_turns(found.joints, found.values)
    worlds = axes @ turns @ axes.T
    places = {name: axes @ rest[row[bone]] for name, bone in BONE_OF.items()}
    return SourceMotion(
        rotations={name: worlds[:, row[bone]] for name, bone in BONE_OF.items() if not name.endswith("_hand")},
        rest_directions={name: places[child] - places[name] for name, child in LIMB_CHILD.items()},
        roots=DECIMETRE * bvh.joint_places(found, turns, row[BONE_OF["pelvis"]]) @ axes.T,
    )
