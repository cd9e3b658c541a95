"""What other programs call SMPL's joints: Unity's human bones, Unreal's mannequin, Mixamo's rig."""

from collections.abc import Callable

from ..core.skeleton import JOINT_NAMES

_TRUNK = {
    "pelvis": ("Hips", "pelvis", "Hips"),
    "spine1": ("Spine", "spine_01", "Spine"),
    "spine2": ("Chest", "spine_02", "Spine1"),
    "spine3": ("UpperChest", "spine_03", "Spine2"),
    "neck": ("Neck", "neck_01", "Neck"),
    "head": ("Head", "head", "Head"),
}
_LIMBS = {
    "hip": ("UpperLeg", "thigh", "UpLeg"),
    "knee": ("LowerLeg", "calf", "Leg"),
    "ankle": ("Foot", "foot", "Foot"),
    "foot": ("Toes", "ball", "ToeBase"),
    "collar": ("Shoulder", "clavicle", "Shoulder"),
    "shoulder": ("UpperArm", "upperarm", "Arm"),
    "elbow": ("LowerArm", "lowerarm", "ForeArm"),
    "wrist": ("Hand", "hand", "Hand"),
    "hand": ("MiddleProximal", "middle_01", "HandMiddle1"),
}
"""SMPL's last joint of an arm sits where the fingers begin, so it is the root of the middle finger there."""


def _names(column: int, side: Callable[[str, str], str], trunk: Callable[[str], str] = lambda name: name) -> dict[str, str]:
    """One program's names by SMPL's. side: puts the side to a limb's name."""
    found = {joint: trunk(names[column]) for joint, names in _TRUNK.items()}
    found |= {f"{which}_{joint}": side(which, names[column]) for joint, names in _LIMBS.items() for which in ("left", "right")}
    return {joint: found[joint] for joint in JOINT_NAMES}


UNITY = _names(0, lambda side, name: side.capitalize() + name)
UNREAL = _names(1, lambda side, name: f"{name}_{side[0]}")
MIXAMO = _names(2, lambda side, name: f"mixamorig:{side.capitalize()}{name}", lambda name: f"mixamorig:{name}")
