"""Clips of the DeepMimic repository (Peng et al. 2018): one JSON file, a row of 44 numbers per frame.

A row is duration, root place (m), then a quaternion w x y z for every joint but knees and elbows, which have one angle about the lateral
axis. The figure stands along +X with +Y up and its right side along +Z, arms hanging at rest.
"""

import json
import re
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from core.motion.retarget import LIMB_CHILD, SourceMotion
from core.motion.text_file import fault, numbers, read_text

TO_BODY = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""DeepMimic's axes to the body frame's: its +X (forward) is +Z, its -Z (left) is +X."""

LAYOUT = (
    *(("root", 4), ("chest", 4), ("neck", 4)),
    *(("right_hip", 4), ("right_knee", 1), ("right_ankle", 4), ("right_shoulder", 4), ("right_elbow", 1)),
    *(("left_hip", 4), ("left_knee", 1), ("left_ankle", 4), ("left_shoulder", 4), ("left_elbow", 1)),
)
"""Joints in a row's order, and how many numbers each has."""

PARENT_OF = {
    "chest": "root",
    "neck": "chest",
    "left_shoulder": "chest",
    "right_shoulder": "chest",
    "left_hip": "root",
    "right_hip": "root",
} | {
    f"{side}_{joint}": f"{side}_{parent}"
    for side in ("left", "right")
    for joint, parent in (("knee", "hip"), ("ankle", "knee"), ("elbow", "shoulder"))
}
ROW = 4 + sum(count for _, count in LAYOUT)
DOWN = np.array([0.0, -1.0, 0.0])


def read_clip(path: Path) -> SourceMotion:
    """The motion of one clip. Raises MotionUnreadable."""
    rows = _rows(path)
    local, world, start = {}, {}, 4
    for joint, count in LAYOUT:
        local[joint] = TO_BODY @ _matrices(rows[:, start : start + count], path) @ TO_BODY.T
        start += count
    for joint, _ in LAYOUT:
        world[joint] = local[joint] if joint == "root" else world[PARENT_OF[joint]] @ local[joint]
    known = {joint: turns for joint, turns in world.items() if joint not in ("root", "chest")}
    known["pelvis"] = world["root"]
    bend = Rotation.from_matrix(local["chest"]).as_rotvec()
    for share, name in ((1 / 3, "spine1"), (2 / 3, "spine2"), (1.0, "spine3")):  # one chest joint, spread over SMPL's three
        known[name] = world["root"] @ Rotation.from_rotvec(share * bend).as_matrix()
    directions = {name: DOWN for name in LIMB_CHILD if name in known}
    return SourceMotion(known, directions, rows[:, 1:4] @ TO_BODY.T)


def _rows(path: Path) -> np.ndarray:
    """The frames (T, 44), every one checked."""
    text = read_text(path)
    try:
        frames = json.loads(text)["Frames"]
    except json.JSONDecodeError as error:
        raise fault(path, error.lineno, f"not JSON ({error.msg})") from error
    except (KeyError, TypeError) as error:
        raise fault(path, None, "has no `Frames`") from error
    if not isinstance(frames, list) or not frames:
        raise fault(path, None, "has no frames")
    rows = re.finditer(r"\[[^\[\]]*\]", text[text.index('"Frames"') :])
    lines = [text.count("\n", 0, text.index('"Frames"') + row.start()) + 1 for row in rows]
    return np.array([numbers(list(map(str, row)), ROW, path, lines[i]) for i, row in enumerate(frames)])


def _matrices(values: np.ndarray, path: Path) -> np.ndarray:
    if values.shape[1] == 1:
        return Rotation.from_rotvec(values * [0.0, 0.0, 1.0]).as_matrix()
    if (np.linalg.norm(values, axis=1) < 0.5).any():
        raise fault(path, None, f"frame {int(np.linalg.norm(values, axis=1).argmin())} has a quaternion of no length")
    return Rotation.from_quat(values[:, [1, 2, 3, 0]]).as_matrix()
