"""Poses as people take them before a camera: standing, walking, sitting, hands on hips, arms folded; and frames of motion clips.

Arms are placed by where the wrist is to be, from the shoulder, in the chest's frame, left arm, metres of the nominal adult; the elbow
follows by two-bone reach. Angles are degrees about the body's axes; a leg swings forward about -x, a knee bends about +x.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy.spatial.transform import Rotation

from core.motion.retarget import T_POSE
from core.skeleton import JOINT, posed_joints
from training.footing import footed
from training.motion import motion_files, read_clip

ARM_HOLDS = {  # wrist from the shoulder, its spread, where the elbow points
    "hanging": ((0.12, -0.47, 0.06), (0.06, 0.01, 0.05), (0.2, 0.0, -1.0)),
    "hip": ((0.05, -0.36, 0.05), (0.02, 0.02, 0.02), (1.0, 0.0, -0.4)),
    "lap": ((-0.03, -0.36, 0.30), (0.04, 0.02, 0.04), (0.7, -0.2, -0.5)),
    "clasped": ((-0.13, -0.40, 0.19), (0.01, 0.02, 0.02), (0.8, 0.0, -0.6)),
    "behind": ((-0.08, -0.39, -0.17), (0.03, 0.02, 0.02), (0.8, 0.0, -0.6)),
    "gesture": ((0.05, -0.20, 0.30), (0.08, 0.08, 0.06), (0.5, -1.0, -0.3)),
    "telephone": ((-0.05, 0.11, 0.13), (0.01, 0.02, 0.02), (0.6, -1.0, 0.3)),
    "wave": ((0.22, 0.22, 0.12), (0.06, 0.08, 0.06), (0.6, -1.0, -0.2)),
    "pointing": ((0.30, -0.05, 0.32), (0.10, 0.10, 0.08), (0.3, -1.0, -0.2)),
    "folded_over": ((-0.26, -0.15, 0.24), (0.01, 0.01, 0.01), (0.7, -1.0, 0.1)),
    "folded_under": ((-0.24, -0.25, 0.155), (0.01, 0.01, 0.005), (0.7, -1.0, 0.1)),
}
KINDS = {  # how often, legs, left arm, right arm; arms are swapped half the time
    "relaxed": (0.22, "standing", "hanging", "hanging"),
    "strolling": (0.14, "walking", "hanging", "hanging"),
    "hands_on_hips": (0.08, "standing", "hip", "hip"),
    "hand_on_hip": (0.06, "standing", "hip", "hanging"),
    "arms_folded": (0.06, "standing", "folded_over", "folded_under"),
    "clasped": (0.05, "standing", "clasped", "clasped"),
    "behind_back": (0.04, "standing", "behind", "behind"),
    "telephoning": (0.05, "standing", "telephone", "hanging"),
    "waving": (0.05, "standing", "wave", "hanging"),
    "talking": (0.08, "standing", "gesture", "gesture"),
    "pointing": (0.04, "walking", "pointing", "hanging"),
    "sitting": (0.08, "sitting", "lap", "lap"),
    "sitting_talking": (0.05, "sitting", "gesture", "lap"),
}
MORE_HOLDS = {
    "pocket": ((0.03, -0.45, 0.03), (0.015, 0.015, 0.02), (0.7, 0.0, -1.0)),
    "chin": ((-0.14, 0.0, 0.17), (0.02, 0.02, 0.01), (0.4, -1.0, 0.1)),
    "cheek": ((-0.08, 0.05, 0.16), (0.02, 0.02, 0.01), (0.5, -1.0, 0.1)),
    "hair": ((-0.01, 0.25, 0.03), (0.02, 0.02, 0.03), (1.0, 0.3, -0.1)),
    "brow": ((-0.03, 0.17, 0.18), (0.02, 0.01, 0.01), (1.0, -0.1, 0.1)),
    "nape": ((-0.03, 0.16, -0.08), (0.02, 0.02, 0.01), (1.0, 0.1, 0.2)),
    "up": ((0.08, 0.44, 0.08), (0.08, 0.06, 0.08), (0.8, -0.3, -0.3)),
    "ahead": ((-0.02, -0.03, 0.46), (0.08, 0.12, 0.03), (0.3, -1.0, -0.2)),
    "out": ((0.46, 0.0, 0.05), (0.03, 0.10, 0.08), (0.0, -1.0, -0.4)),
    "holding": ((-0.04, -0.22, 0.30), (0.03, 0.06, 0.04), (0.6, -1.0, -0.3)),
    "screen": ((-0.08, -0.12, 0.29), (0.02, 0.03, 0.02), (0.4, -1.0, 0.0)),
}
MORE_KINDS = {
    "hands_in_pockets": (0.08, "standing", "pocket", "pocket"),
    "hand_in_pocket": (0.06, "standing", "pocket", "hanging"),
    "thinking": (0.03, "standing", "chin", "folded_under"),
    "hand_at_cheek": (0.03, "standing", "cheek", "hanging"),
    "hand_at_hair": (0.03, "standing", "hair", "hanging"),
    "shading_eyes": (0.02, "standing", "brow", "hip"),
    "hands_behind_head": (0.02, "standing", "nape", "nape"),
    "arms_up": (0.03, "standing", "up", "up"),
    "reaching_up": (0.03, "standing", "up", "hanging"),
    "reaching_out": (0.04, "walking", "ahead", "hanging"),
    "arms_out": (0.03, "standing", "out", "out"),
    "carrying": (0.04, "standing", "holding", "holding"),
    "looking_at_screen": (0.04, "standing", "screen", "hanging"),
    "leaning": (0.06, "leaning", "hanging", "hanging"),
    "leaning_arms_folded": (0.03, "leaning", "folded_over", "folded_under"),
    "leaning_hand_in_pocket": (0.03, "leaning", "pocket", "hanging"),
    "crouching": (0.03, "crouching", "screen", "holding"),
    "sitting_wide": (0.03, "sitting_wide", "lap", "lap"),
    "sitting_thinking": (0.02, "sitting", "chin", "lap"),
}
"""What photographs show beyond KINDS, which the held-out photographs are drawn from and which therefore stay as they are."""
EVERY_KIND = KINDS | MORE_KINDS
MOCAP_SHARE = 0.25
UPPER_ARM, FOREARM = 0.27, 0.25  # metres, of retarget.T_POSE


@dataclass(frozen=True)
class SampledPose:
    """pose (24, 3), facing +Z; kind: a name of KINDS or `mocap`; source: the clip and frame, or empty."""

    pose: np.ndarray
    kind: str
    source: str = ""


def sample_everyday_pose(rng: Generator, clips: dict[str, np.ndarray], mocap_share: float = MOCAP_SHARE) -> SampledPose:
    """A random pose of EVERY_KIND or a clip's, the feet of whoever stands or walks on the ground. clips: see `load_clips`."""
    sampled = sample_pose(rng, clips, mocap_share if clips else 0.0, kinds=EVERY_KIND)
    legs = EVERY_KIND[sampled.kind][1] if sampled.kind in EVERY_KIND else ""
    if legs not in ("standing", "leaning", "walking"):
        return sampled
    return replace(sampled, pose=footed(sampled.pose, flat=legs != "walking"))


def sample_pose(
    rng: Generator,
    clips: dict[str, np.ndarray],
    mocap_share: float = MOCAP_SHARE,
    tries: int = 50,
    kinds: dict[str, tuple[float, str, str, str]] = KINDS,
) -> SampledPose:
    """A random pose whose limbs do not run through the body. clips: see `load_clips`; without any, mocap_share must be 0."""
    shares = np.array([share for share, *_ in kinds.values()])
    kind = "mocap" if rng.random() < mocap_share else str(rng.choice(list(kinds), p=shares / shares.sum()))
    for _ in range(tries):
        sampled = mocap_frame(rng, clips) if kind == "mocap" else posed_by_hand(rng, kind)
        if self_penetration(posed_joints(sampled.pose, T_POSE)) < 0.03:
            return sampled
    raise ValueError(f"{tries} poses of the kind {kind} in a row run through themselves")


def load_clips(folder: Path) -> dict[str, np.ndarray]:
    """Poses (T, 24, 3) by clip, of every motion file in the folder. Raises MotionUnreadable."""
    return {path.stem: read_clip(path).poses for path in motion_files(folder)}


def mocap_frame(rng: Generator, clips: dict[str, np.ndarray]) -> SampledPose:
    """A frame of a random clip (each clip equally likely), turned to face +Z; only frames in which the chest is nearer up than down."""
    for _ in range(200):
        name = sorted(clips)[rng.integers(len(clips))]
        frame = int(rng.integers(len(clips[name])))
        pose = facing_front(clips[name][frame])
        joints = posed_joints(pose, T_POSE)
        spine = joints[JOINT["neck"]] - joints[JOINT["pelvis"]]
        if spine[1] > 0.5 * np.linalg.norm(spine):
            return SampledPose(pose, "mocap", f"{name}:{frame}")
    raise ValueError("no upright frame found in the clips")


def facing_front(pose: np.ndarray) -> np.ndarray:
    """The pose turned about the vertical so that the pelvis faces +Z."""
    pelvis = Rotation.from_rotvec(pose[0])
    ahead = pelvis.apply([0.0, 0.0, 1.0])
    turned = np.array(pose, dtype=np.float64)
    turned[0] = (Rotation.from_euler("y", -np.arctan2(ahead[0], ahead[2])) * pelvis).as_rotvec()
    return turned


def posed_by_hand(rng: Generator, kind: str) -> SampledPose:
    """A pose of one of EVERY_KIND with everything in it varied, mirrored half the time, 2.5 degrees of noise on every joint."""
    _, legs, left, right = EVERY_KIND[kind]
    pose = np.zeros((24, 3))
    _pose_torso(pose, rng)
    LEGS[legs](pose, rng)
    _reach(pose, "left", left, rng)
    _reach(pose, "right", right, rng)
    pose += np.radians(rng.normal(0, 2.5, pose.shape)) * (rng.random((24, 1)) < 0.8)
    return SampledPose(mirrored_pose(pose) if rng.random() < 0.5 else pose, kind)


def mirrored_pose(pose: np.ndarray) -> np.ndarray:
    """The pose (24, 3) as in a mirror: left and right swapped."""
    swap = [JOINT[name.replace("left", "*").replace("right", "left").replace("*", "right")] for name in JOINT]
    return pose[swap] * [1.0, -1.0, -1.0]


def _pose_torso(pose: np.ndarray, rng: Generator) -> None:
    lean, bend, twist = rng.normal(0, 4), rng.normal(0, 3), rng.normal(0, 8)
    for name in ("spine1", "spine2", "spine3"):
        pose[JOINT[name]] = np.radians([lean / 3 + 1, twist / 3, bend / 3])
    look = rng.normal([4, 0, 0], [5, 15, 4])  # slightly down: cameras are seldom above the eyes
    for name in ("neck", "head"):
        pose[JOINT[name]] = np.radians(look / 2)


def _legs(pose: np.ndarray, side: str, hip, knee: float, ankle: float) -> None:
    """hip: degrees (forward swing, turned out, spread), knee and ankle bend; mirrored for the right."""
    sign = 1.0 if side == "left" else -1.0
    swing = Rotation.from_euler("ZYX", [sign * hip[2], sign * hip[1], -hip[0]], degrees=True)
    pose[JOINT[f"{side}_hip"]] = swing.as_rotvec()
    pose[JOINT[f"{side}_knee"], 0] = np.radians(knee)
    pose[JOINT[f"{side}_ankle"], 0] = np.radians(ankle)


def _stand(pose: np.ndarray, rng: Generator) -> None:
    """Weight on one leg or both; the other knee gives."""
    for side in ("left", "right"):
        knee = abs(rng.normal(0, 4)) + (rng.uniform(5, 25) if rng.random() < 0.25 else 0)
        forward = knee * rng.uniform(0.4, 0.7) + rng.normal(0, 2)
        _legs(pose, side, (forward, rng.uniform(0, 15), rng.uniform(1, 10)), knee, forward - knee)


def _walk(pose: np.ndarray, rng: Generator) -> None:
    """Heel strike: the left leg ahead, the right behind on its toes."""
    stride = rng.uniform(8, 24)
    _legs(pose, "left", (stride, rng.uniform(0, 8), rng.uniform(0, 4)), rng.uniform(2, 10), -rng.uniform(0, 10))
    _legs(pose, "right", (-0.7 * stride, rng.uniform(0, 8), rng.uniform(-2, 3)), rng.uniform(8, 30), rng.uniform(0, 15))


def _sit(pose: np.ndarray, rng: Generator) -> None:
    for side in ("left", "right"):
        hip = rng.uniform(78, 92)
        _legs(pose, side, (hip, rng.uniform(2, 18), 0.0), hip + rng.uniform(-18, 12), rng.uniform(-8, 8))


def _sit_wide(pose: np.ndarray, rng: Generator) -> None:
    """Knees apart, leaning forward or back, one foot drawn in."""
    for side in ("left", "right"):
        hip = rng.uniform(72, 95)
        _legs(pose, side, (hip, rng.uniform(10, 30), rng.uniform(4, 16)), hip + rng.uniform(-30, 30), rng.uniform(-10, 10))
    pose[JOINT["spine1"], 0] += np.radians(rng.uniform(-12, 25))


def _lean(pose: np.ndarray, rng: Generator) -> None:
    """As against a wall or a bar: the whole body off the vertical, sideways or back."""
    _stand(pose, rng)
    sideways, back = (rng.choice([-1, 1]) * rng.uniform(4, 10), 0.0) if rng.random() < 0.6 else (0.0, -rng.uniform(4, 12))
    pose[JOINT["pelvis"]] = np.radians([back, 0.0, sideways])


def _crouch(pose: np.ndarray, rng: Generator) -> None:
    """Down on both feet, the back bent forward."""
    bend = rng.uniform(105, 130)
    for side in ("left", "right"):
        hip = bend - rng.uniform(0, 10)
        _legs(pose, side, (hip, rng.uniform(5, 25), rng.uniform(3, 12)), bend, hip - bend - rng.uniform(5, 15))
    for name in ("pelvis", "spine1", "spine2"):
        pose[JOINT[name], 0] += np.radians(rng.uniform(5, 16))


LEGS = {"standing": _stand, "walking": _walk, "sitting": _sit, "sitting_wide": _sit_wide, "leaning": _lean, "crouching": _crouch}


def _reach(pose: np.ndarray, side: str, hold: str, rng: Generator) -> None:
    wrist, spread, pole = (np.array(values) for values in (ARM_HOLDS | MORE_HOLDS)[hold])
    shoulder, elbow = reach(rng.normal(wrist, spread), pole)
    twist = np.array([np.radians(rng.normal(0, 15)), 0.0, 0.0])
    flip = np.array([1.0, 1.0, 1.0]) if side == "left" else np.array([1.0, -1.0, -1.0])
    for joint, turn in (("shoulder", shoulder), ("elbow", elbow), ("wrist", twist)):
        pose[JOINT[f"{side}_{joint}"]] = turn * flip


def reach(wrist: np.ndarray, pole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left shoulder's and elbow's rotations, axis-angle (3,) each, that put the wrist there (or as near as the arm is long).

    wrist: metres from the shoulder; pole: the side the elbow points to. The elbow bends about its own axis only.
    """
    distance = np.clip(np.linalg.norm(wrist), 0.12, UPPER_ARM + FOREARM - 0.005)
    ahead = wrist / np.linalg.norm(wrist)
    across = pole - (pole @ ahead) * ahead
    across /= np.linalg.norm(across)
    cosine = (UPPER_ARM**2 + distance**2 - FOREARM**2) / (2 * UPPER_ARM * distance)
    upper = cosine * ahead + np.sqrt(1 - cosine**2) * across
    fore = (ahead * distance - UPPER_ARM * upper) / FOREARM
    axis = np.cross(upper, fore) / np.linalg.norm(np.cross(upper, fore))  # at rest the elbow bends about -Y
    turn = np.stack([upper, -axis, np.cross(upper, -axis)], axis=1)
    return Rotation.from_matrix(turn).as_rotvec(), np.array([0.0, -np.arccos(np.clip(upper @ fore, -1, 1)), 0.0])


# --- limbs that run through the body ----------------------------------------------------------------------------------------------

_LIMBS = {  # from, to, radius in metres
    "left_forearm": ("left_elbow", "left_hand", 0.035),
    "right_forearm": ("right_elbow", "right_hand", 0.035),
    "torso": ("pelvis", "neck", 0.10),
    "head": ("neck", "head", 0.08),
    "left_thigh": ("left_hip", "left_knee", 0.07),
    "right_thigh": ("right_hip", "right_knee", 0.07),
    "left_shin": ("left_knee", "left_ankle", 0.05),
    "right_shin": ("right_knee", "right_ankle", 0.05),
}
_APART = [(f"{side}_forearm", other) for side in ("left", "right") for other in ("torso", "head", "left_thigh", "right_thigh")]
_APART += [("left_forearm", "right_forearm"), ("left_shin", "right_shin"), ("left_thigh", "right_shin"), ("right_thigh", "left_shin")]


def self_penetration(joints: np.ndarray) -> float:
    """How deep (m) the worst two limbs run into each other, as capsules round the bones between joints (24, 3); 0 if none does."""
    deepest = 0.0
    for first, second in _APART:
        (a, b, radius), (c, d, other) = _LIMBS[first], _LIMBS[second]
        gap = segment_distance(joints[JOINT[a]], joints[JOINT[b]], joints[JOINT[c]], joints[JOINT[d]])
        deepest = max(deepest, radius + other - gap)
    return deepest


def segment_distance(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> float:
    """The distance between the segments ab and cd, by 20 points on each: the error is far below a limb's thickness."""
    steps = np.linspace(0, 1, 20)[:, None]
    return float(np.linalg.norm((a + steps * (b - a))[:, None] - (c + steps * (d - c))[None], axis=-1).min())
