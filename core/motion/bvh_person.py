"""A .bvh file's motion on a person's bones: which joint is which, told by its name; axes, size and spine, told by the rest pose.

Every program names joints in its own way, and the same name may mean different joints (a LeftShoulder is the collar bone to some and the
upper arm to others), so a file is read by the one naming of NAMINGS that all its limbs fit.
"""

import re
from pathlib import Path

import numpy as np

from ..skeleton import JOINT
from .bvh import Bvh, joint_places, read_bvh, rest_places, world_turns
from .clip import Clip
from .retarget import LIMB_CHILD, SourceMotion, smpl_rotations
from .text_file import fault

NAMINGS = (
    {  # Mixamo, Motion Builder, CMU's conversions, Rokoko, Perception Neuron
        "hip": ("upleg", "thigh"), "knee": ("leg", "shin"), "ankle": ("foot",), "foot": ("toebase", "toe"), "collar": ("shoulder",),
        "shoulder": ("arm", "upperarm"), "elbow": ("forearm", "lowerarm"), "wrist": ("hand",),
    },
    {  # Biovision's and Poser's own
        "hip": ("hip",), "knee": ("knee",), "ankle": ("ankle",), "foot": ("toe", "toebase"), "collar": ("collar",),
        "shoulder": ("shoulder",), "elbow": ("elbow",), "wrist": ("wrist",),
    },
    {  # SMPL's, as Blender exports it from our own armatures
        "hip": ("hip",), "knee": ("knee",), "ankle": ("ankle",), "foot": ("foot",), "collar": ("collar",),
        "shoulder": ("shoulder",), "elbow": ("elbow",), "wrist": ("wrist",), "hand": ("hand",),
    },
    {  # MakeHuman's default skeleton
        "hip": ("upperleg01",), "knee": ("lowerleg01",), "ankle": ("foot",), "foot": ("toe31",), "collar": ("shoulder01", "clavicle"),
        "shoulder": ("upperarm01",), "elbow": ("lowerarm01",), "wrist": ("wrist",),
    },
)  # fmt: skip
"""What is left of a joint's name without its side, for each of SMPL's joints that have a side."""

NEEDED = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
NO_PERSON = (
    "Joints named as Mixamo, CMU, Biovision, MakeHuman or SMPL name them are understood. Rename them, or retarget the motion in Blender."
)


def read_bvh_motion(path: Path, rest_joints: np.ndarray) -> Clip:
    """The file's motion for a person with these rest joints (24, 3). Raises MotionUnreadable.

    Limbs point where the file's do; lengths are scaled by the persons' legs, so the file's unit does not matter.
    """
    path = Path(path)
    found = read_bvh(path)
    bones = bones_of(found, path)
    rest = rest_places(found.joints)
    axes = _axes(rest, bones, path)
    places = {name: axes @ rest[number] for name, number in bones.items()}
    world = world_turns(found.joints, found.values)
    turns = axes @ world @ axes.T
    directions = {name: places[child] - places[name] for name, child in LIMB_CHILD.items() if child in places}
    roots = joint_places(found, world, bones["pelvis"]) @ axes.T
    motion = SourceMotion({name: turns[:, number] for name, number in bones.items()}, directions, roots)
    scale = _leg(rest_joints) / _leg(np.array([places.get(name, np.zeros(3)) for name in JOINT]))
    return Clip(path.stem, smpl_rotations(motion, rest_joints), scale * motion.roots, 1 / found.frame_time)


def bones_of(found: Bvh, path: Path) -> dict[str, int]:
    """The number of the file's joint for each of SMPL's that it has, in SMPL's order. Raises MotionUnreadable where limbs are missing."""
    sided = {_sided(joint.name): number for number, joint in reversed(list(enumerate(found.joints)))}
    fits = [_fit(naming, sided) for naming in NAMINGS]
    wanted = {f"{side}_{joint}" for side in ("left", "right") for joint in NEEDED}
    bones = max(fits, key=lambda bones: (len(wanted & bones.keys()), len(bones)))
    lacking = sorted(wanted - bones.keys())
    if lacking:
        raise fault(path, None, f"no joint is understood as {', '.join(lacking).replace('_', ' ')}", NO_PERSON)
    bones |= _trunk(found, bones, sided, path)
    return {name: bones[name] for name in JOINT if name in bones}


def _sided(name: str) -> tuple[str, str]:
    """A joint's side (left, right or none) and the rest of its name, in small letters and digits: mixamorig:LeftUpLeg, upleg.L, L_Hip."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name.split(":")[-1])
    parts = [part for part in re.split(r"[^a-z0-9]+", words.lower()) if part]
    for side in ("left", "right"):
        for mark in (side, side[0]):
            if mark in parts:
                parts.remove(mark)
                return side, "".join(parts)
    whole = "".join(parts)
    side = next((side for side in ("left", "right") if whole.startswith(side)), "")
    return side, whole.removeprefix(side)


def _fit(naming: dict[str, tuple[str, ...]], sided: dict[tuple[str, str], int]) -> dict[str, int]:
    found = {
        f"{side}_{joint}": [sided[side, word] for word in words if (side, word) in sided]
        for side in ("left", "right")
        for joint, words in naming.items()
    }
    return {name: numbers[0] for name, numbers in found.items() if numbers}


def _trunk(found: Bvh, bones: dict[str, int], sided: dict[tuple[str, str], int], path: Path) -> dict[str, int]:
    """Pelvis, spine, neck and head from the tree: the pelvis carries the legs, the chest carries the arms, the spine is between."""

    def way_up(number: int) -> list[int]:
        way = [number]
        while found.joints[way[-1]].parent >= 0:
            way.append(found.joints[way[-1]].parent)
        return way

    arms = [way_up(bones.get(f"{side}_collar", bones[f"{side}_shoulder"]))[1:] for side in ("left", "right")]
    legs = [way_up(bones[f"{side}_hip"])[1:] for side in ("left", "right")]
    chest = next((number for number in arms[0] if number in arms[1]), None)
    pelvis = next((number for number in legs[0] if number in legs[1]), None)
    if chest is None or pelvis is None or pelvis not in way_up(chest):
        raise fault(path, None, "its arms and legs do not hang on one spine", NO_PERSON)
    spine = way_up(chest)[: way_up(chest).index(pelvis)][::-1]
    trunk = {"pelvis": pelvis}
    if spine:  # its lowest bone, its middle one, and the one with the arms
        trunk |= {"spine1": spine[0], "spine2": spine[len(spine) // 2], "spine3": chest}
    head = next((number for (side, word), number in sided.items() if word == "head" and not side), None)
    if head is not None:
        trunk |= {"head": head}
        neck = way_up(head)[1]
        trunk |= {} if neck == chest else {"neck": neck}
    return trunk


def _axes(rest: np.ndarray, bones: dict[str, int], path: Path) -> np.ndarray:
    """From the file's axes to the body frame's, quarter turns (3, 3): up is from the feet to the hips, left from hip to hip."""
    at = {name: rest[number] for name, number in bones.items()}
    up = at["left_hip"] + at["right_hip"] - at["left_ankle"] - at["right_ankle"]
    left = at["left_hip"] - at["right_hip"] + at["left_shoulder"] - at["right_shoulder"]
    top = at["left_shoulder"] + at["right_shoulder"] - at["left_hip"] - at["right_hip"]
    up_axis, left_axis = _nearest_axis(up), _nearest_axis(left)
    if not up.any() or not left.any() or up_axis @ left_axis or up_axis @ _nearest_axis(top) < 1:
        raise fault(
            path, None, "its rest pose is no standing figure", "Give the file a T or an A pose as rest pose, and bake the motion anew."
        )
    return np.stack([left_axis, up_axis, np.cross(left_axis, up_axis)])


def _nearest_axis(direction: np.ndarray) -> np.ndarray:
    axis = int(np.argmax(np.abs(direction)))
    return np.sign(direction[axis]) * np.eye(3)[axis]


def _leg(joints: np.ndarray) -> float:
    """Length of both legs of joints (24, 3) from hip to ankle."""
    chain = [[JOINT[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle")] for side in ("left", "right")]
    return float(sum(np.linalg.norm(np.diff(joints[leg], axis=0), axis=1).sum() for leg in chain))
