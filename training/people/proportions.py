"""Other proportions for a pack person: bones made longer or shorter, limbs and trunk thicker or thinner, the whole taller or smaller.

Every joint gets a stretch along and across its bone; children hang where their parent's stretch puts them, and the surface follows by
its skin weights, as it does when posed: x -> sum_j w_j (place_j + S_j (x - old place_j)).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.motion.retarget import LIMB_CHILD
from core.skeleton import JOINT_NAMES
from training.rocketbox import RocketboxPerson


@dataclass(frozen=True)
class Proportions:
    """Factors about 1. size: of everything; head, hand, foot: of those alone; thigh, shank, upper_arm, forearm: lengths; trunk: its length;
    leg, arm: girths; breadth, depth: of the trunk."""

    size: float = 1.0
    head: float = 1.0
    hand: float = 1.0
    foot: float = 1.0
    thigh: float = 1.0
    shank: float = 1.0
    upper_arm: float = 1.0
    forearm: float = 1.0
    trunk: float = 1.0
    leg: float = 1.0
    arm: float = 1.0
    breadth: float = 1.0
    depth: float = 1.0


def sample_proportions(rng: Generator) -> Proportions:
    """What people differ by: whole limbs more than their halves, girth more than length, thin or stout all over more than in one place."""
    girth, legs, arms = rng.normal(0, 0.045), rng.normal(0, 0.025), rng.normal(0, 0.02)
    spread = {
        "size": (0, 0.03), "head": (-0.2 * girth, 0.015), "hand": (arms, 0.02), "foot": (0, 0.02),
        "thigh": (legs, 0.012), "shank": (legs, 0.012), "upper_arm": (arms, 0.012), "forearm": (arms, 0.012), "trunk": (-0.5 * legs, 0.015),
        "leg": (girth, 0.02), "arm": (girth, 0.02), "breadth": (0.7 * girth, 0.015), "depth": (1.3 * girth, 0.025),
    }  # fmt: skip
    return Proportions(**{name: float(np.exp(np.clip(rng.normal(mean, wide), -0.16, 0.16))) for name, (mean, wide) in spread.items()})


def proportioned(person: RocketboxPerson, proportions: Proportions) -> RocketboxPerson:
    """The person with these proportions, lowest point at y = 0. The rig's directions, and so its poses, stay the same."""
    stretch = stretches(person, proportions)
    old = person.bind[:, :3, 3]
    new = np.array(old)
    for joint, parent in enumerate(person.parents):
        if parent >= 0:
            new[joint] = new[parent] + stretch[parent] @ (old[joint] - old[parent])
    shift = new - np.einsum("jab,jb->ja", stretch, old)
    moves = np.einsum("vk,vkab->vab", person.skin_weights, np.concatenate([stretch, shift[..., None]], axis=2)[person.skin_joints])
    vertices = np.einsum("vab,vb->va", moves[..., :3], person.vertices) + moves[..., 3]
    bind = np.array(person.bind)
    bind[:, :3, 3] = new
    down = np.array([0.0, vertices[:, 1].min(), 0.0])
    bind[:, :3, 3] -= down
    bind[:, :3, 3] *= proportions.size
    return replace(person, vertices=proportions.size * (vertices - down), bind=bind)


def stretches(person: RocketboxPerson, proportions: Proportions) -> ndarray:
    """Symmetric matrices (80, 3, 3) that stretch what each of the rig's joints moves, size apart; what hangs on a joint shares its stretch
    unless it has its own (eyes and jaw the head's, fingers the hand's)."""
    p = proportions
    along = {"hip": (p.thigh, p.leg), "knee": (p.shank, p.leg), "shoulder": (p.upper_arm, p.arm), "elbow": (p.forearm, p.arm)}
    alike = {"head": p.head, "wrist": p.hand, "hand": p.hand, "ankle": p.foot, "foot": p.foot}
    joints = dict(zip(JOINT_NAMES, person.bind[person.smpl_rows, :3, 3], strict=True))
    own = dict(zip(person.smpl_rows, JOINT_NAMES, strict=True))
    made = np.zeros((len(person.parents), 3, 3))
    for joint, parent in enumerate(person.parents):
        name = own.get(joint, "")
        kind = name.split("_")[-1]
        if kind in along:
            length, girth = along[kind]
            bone = joints[LIMB_CHILD[name]] - joints[name]
            made[joint] = girth * np.eye(3) + (length - girth) * np.outer(bone, bone) / (bone @ bone)
        elif kind in alike:
            made[joint] = alike[kind] * np.eye(3)
        elif name or parent < 0:
            made[joint] = np.diag([p.breadth, p.trunk, p.depth])
        else:
            made[joint] = made[parent]
    return made
