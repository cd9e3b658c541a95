"""Acclaim files as the CMU Graphics Lab Motion Capture Database has them: a skeleton (.asf) and its motions (.amc).

A bone has a rest direction, a length, an axis frame C and the angles it may turn by. In a frame of motion it turns by C L C^-1 in its
parent's frame, L the angles' rotation; `XYZ` means about the fixed x first. The subject faces +Z with +Y up: the body frame.

The database asks to be named so: "The data used in this project was obtained from mocap.cs.cmu.edu. The database was created with funding
from NSF EIA-0196217."
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from core.motion.retarget import LIMB_CHILD, SourceMotion
from core.motion.text_file import fault, numbers, read_text

INCH = 0.0254
"""Metres; a length in the file, divided by the file's unit, is in inches."""

BONE_OF = {
    "pelvis": "root",
    "spine1": "lowerback",
    "spine2": "upperback",
    "spine3": "thorax",
    "neck": "lowerneck",
    "head": "head",
    "left_hip": "lfemur",
    "left_knee": "ltibia",
    "left_ankle": "lfoot",
    "left_foot": "ltoes",
    "left_collar": "lclavicle",
    "left_shoulder": "lhumerus",
    "left_elbow": "lradius",
    "left_wrist": "lhand",
    "right_hip": "rfemur",
    "right_knee": "rtibia",
    "right_ankle": "rfoot",
    "right_foot": "rtoes",
    "right_collar": "rclavicle",
    "right_shoulder": "rhumerus",
    "right_elbow": "rradius",
    "right_wrist": "rhand",
}
"""CMU's bone that begins at each of SMPL's joints, and so turns with it."""


@dataclass
class Bone:
    """direction (3,) and axis (3, 3) in the subject's frame at rest; length in metres; freedom: the angles in an .amc line, as rx ry rz."""

    direction: np.ndarray = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: np.ndarray = field(default_factory=lambda: np.eye(3))
    freedom: tuple[str, ...] = ()


@dataclass
class Skeleton:
    """Bones by name, each one's parent by name (parents first), and metres per unit of length."""

    bones: dict[str, Bone]
    parent_of: dict[str, str]
    unit: float


def read_asf(path: Path) -> Skeleton:
    """An .asf file's skeleton. Raises MotionUnreadable."""
    sections = _sections(path)
    skeleton = Skeleton({"root": Bone()}, {}, INCH)
    for line, words in sections.get(":units", []):
        if words[0] == "length":
            skeleton.unit = INCH / numbers(words[1:], 1, path, line)[0]
    for _, words in sections.get(":root", []):
        if words[0] == "order":
            skeleton.bones["root"].freedom = tuple(word.lower() for word in words[1:])
    _read_bones(skeleton, sections.get(":bonedata", []), path)
    for line, words in sections.get(":hierarchy", []):
        if words[0] not in ("begin", "end"):
            _hierarchy_line(skeleton, words, path, line)
    missing = sorted(set(BONE_OF.values()) - {"root"} - skeleton.parent_of.keys())
    if missing or sorted(skeleton.bones["root"].freedom) != ["rx", "ry", "rz", "tx", "ty", "tz"]:
        raise fault(path, None, f"bones are missing: {', '.join(missing)}" if missing else "the root has no six-way order")
    return skeleton


def _sections(path: Path) -> dict[str, list[tuple[int, list[str]]]]:
    """The file's numbered, worded lines by the section (`:units`, `:bonedata`, ...) they stand in."""
    sections, name = {}, ""
    for line, words in _worded_lines(path):
        if words[0].startswith(":"):
            name = words[0].lower()
        else:
            sections.setdefault(name, []).append((line, words))
    return sections


def _read_bones(skeleton: Skeleton, lines: list[tuple[int, list[str]]], path: Path) -> None:
    bone, name = None, ""
    for line, words in lines:
        if words[0] == "begin":
            bone, name = Bone(), ""
        elif bone is None or (words[0] == "end" and not name):
            raise fault(path, line, "a bone's line that has no beginning, or a bone that ends without a name")
        elif words[0] == "end":
            skeleton.bones[name], bone = bone, None
        elif words[0] == "name":
            name = words[-1]
        else:
            _bone_line(bone, words, skeleton.unit, path, line)


def _bone_line(bone: Bone, words: list[str], unit: float, path: Path, line: int) -> None:
    if words[0] == "direction":
        bone.direction = np.array(numbers(words[1:], 3, path, line))
    elif words[0] == "length":
        bone.length = numbers(words[1:], 1, path, line)[0] * unit
    elif words[0] == "axis":
        bone.axis = _turn(words[-1].lower(), numbers(words[1:-1], 3, path, line))
    elif words[0] == "dof":
        bone.freedom = tuple(word.lower() for word in words[1:])


def _hierarchy_line(skeleton: Skeleton, words: list[str], path: Path, line: int) -> None:
    for name in words:
        if name not in skeleton.bones:
            raise fault(path, line, f"the hierarchy names a bone `{name}` that is not described")
    for child in words[1:]:
        skeleton.parent_of[child] = words[0]


def read_amc(path: Path, skeleton: Skeleton) -> SourceMotion:
    """An .amc file's motion of that skeleton. Raises MotionUnreadable, also for a frame that lacks a bone."""
    frames = list(_frames(path, skeleton))
    if not frames:
        raise fault(path, None, "has no frames")
    turns = {name: [] for name in BONE_OF}
    for frame in frames:
        world = _world_rotations(skeleton, frame)
        for name, bone in BONE_OF.items():
            turns[name].append(world[bone])
    return SourceMotion(
        rotations={name: np.stack(matrices) for name, matrices in turns.items()},
        rest_directions={name: skeleton.bones[BONE_OF[name]].direction for name in LIMB_CHILD},
        roots=np.array([_root_place(skeleton, frame["root"]) for frame in frames]),
    )


def _frames(path: Path, skeleton: Skeleton):
    """Each frame's angles by bone name, in the bone's order of freedom."""
    frame, wanted, line = None, {name for name, bone in skeleton.bones.items() if bone.freedom}, 0

    def whole(done):
        if wanted - done.keys():
            raise fault(path, line, f"the frame that ends here lacks {', '.join(sorted(wanted - done.keys()))}")
        return done

    for line, words in _worded_lines(path):
        if words[0].startswith(":"):
            continue
        if len(words) == 1 and words[0].isdigit():
            if frame is not None:
                yield whole(frame)
            frame = {}
        elif frame is None:
            raise fault(path, line, "a bone's angles before the first frame's number")
        elif words[0] not in skeleton.bones:
            raise fault(path, line, f"the skeleton has no bone `{words[0]}`")
        else:
            frame[words[0]] = numbers(words[1:], len(skeleton.bones[words[0]].freedom), path, line)
    if frame is not None:
        yield whole(frame)


def _world_rotations(skeleton: Skeleton, frame: dict[str, list[float]]) -> dict[str, np.ndarray]:
    world = {"root": _local_rotation(skeleton.bones["root"], frame["root"])}
    for child, parent in skeleton.parent_of.items():
        world[child] = world[parent] @ _local_rotation(skeleton.bones[child], frame.get(child, []))
    return world


def _local_rotation(bone: Bone, values: list[float]) -> np.ndarray:
    angles = [(way, value) for way, value in zip(bone.freedom, values, strict=True) if way.startswith("r")] if values else []
    if not angles:
        return np.eye(3)
    return bone.axis @ _turn("".join(way[1] for way, _ in angles), [value for _, value in angles]) @ bone.axis.T


def _root_place(skeleton: Skeleton, values: list[float]) -> list[float]:
    by_way = dict(zip(skeleton.bones["root"].freedom, values, strict=True))
    return [by_way[way] * skeleton.unit for way in ("tx", "ty", "tz")]


def _turn(order: str, degrees: list[float]) -> np.ndarray:
    """The rotation about the fixed axes in that order: `xyz` is Rz Ry Rx."""
    return Rotation.from_euler(order, degrees, degrees=True).as_matrix()


def _worded_lines(path: Path):
    """(line number, words) of the lines that say something."""
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        words = text.split("#")[0].split()
        if words:
            yield line, words
