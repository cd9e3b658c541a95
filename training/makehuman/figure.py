"""Bodies for dressed people: hm08 whole, helpers included, with skin weights, fingers, the T-pose, and posing by SMPL rotations.

Clothes hang on hm08's helpers as well, so everything is kept, not only the body. Skin weights are MakeHuman's, merged into SMPL's 24
joints exactly as the open body has them; the finger bones bend the hand in the T-pose, before SMPL's skinning.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.skeleton import JOINT, joint_transforms, rotation_matrices
from training.makehuman.fingers import FINGERS, bend, finger_weights
from training.makehuman.mesh import BaseMesh, Person, person_of, read_base_mesh
from training.makehuman.rig import JointCubes, skin_weights
from training.makehuman.targets import Macro, MacroTargets
from training.makehuman.tpose import t_pose, t_pose_rotations


@dataclass(frozen=True, eq=False)
class Shaped:
    """A body in MakeHuman's rest pose at real size: rest (19158, 3) metres; scale: real metres per metre of MakeHuman's; joints (24, 3) and
    rotations (24, 3, 3) from rest to the T-pose; knuckles (2, 5, 3, 3): the finger bones' roots, T-pose, left hand first."""

    rest: np.ndarray
    scale: float
    joints: np.ndarray
    rotations: np.ndarray
    knuckles: np.ndarray

    def t_posed(self, rest: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Points (V, 3) of the rest pose, with skin weights (V, 24), in the T-pose: pelvis at the origin."""
        return t_pose(rest[None], self.joints[None], self.rotations[None], weights)[0][0]

    @property
    def t_joints(self) -> np.ndarray:
        """SMPL's joints (24, 3) in the T-pose, pelvis at the origin."""
        return t_pose(self.joints[None], self.joints[None], self.rotations[None], np.eye(len(JOINT)))[1][0]


class Figure:
    """The base mesh as a source of bodies. person: the visible body's triangles; weights (19158, 24); fingers (19158, 30)."""

    def __init__(self):
        mesh = read_base_mesh()
        self.base = mesh.vertices
        self.person = person_of(mesh)
        self.cubes = JointCubes(mesh)
        self.targets = MacroTargets(mesh.vertices, np.arange(len(mesh.vertices)))
        self.weights = _whole_weights(mesh, self.person, self.cubes)
        self.fingers = finger_weights(len(mesh.vertices))

    def shaped(self, macro: Macro, height: float, detail: np.ndarray | None = None) -> Shaped:
        """One person (macro of one) of this height in metres; detail (19158, 3): further offsets, MakeHuman's metres."""
        rest = self.targets.vertices(macro)[0].astype(np.float64)
        rest = rest if detail is None else rest + detail
        scale = height / np.ptp(rest[: self._body, 1])
        return self.placed(rest, scale)

    def placed(self, rest: np.ndarray, scale: float = 1.0) -> Shaped:
        """The body with these vertices (19158, 3), scaled."""
        rest = rest * scale
        centres = self.cubes.centres(rest[None, self.cubes.numbers])
        joints = self.cubes.joints(rest[None, self.cubes.numbers])
        rotations = t_pose_rotations(joints, centres)
        roots = np.stack([centres[f"{side}-finger-{finger}-{bone}"][0] for side in "lr" for finger in range(1, 6) for bone in range(1, 4)])
        carried = np.zeros((len(FINGERS), len(JOINT)))
        carried[np.arange(30), np.repeat([JOINT["left_wrist"], JOINT["right_wrist"]], 15)] = 1
        knuckles = t_pose(roots[None], joints, rotations, carried)[0][0].reshape(2, 5, 3, 3)
        return Shaped(rest, scale, joints[0], rotations[0], knuckles)

    @property
    def _body(self) -> int:
        return self.person.kept[self.person.kept < 13380].max() + 1


def posed(points: np.ndarray, weights: np.ndarray, pose: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Points (V, 3) of the T-pose, skin weights (V, 24), in an SMPL pose (24, 3): linear blend skinning about joints (24, 3)."""
    moves = weights @ joint_transforms(pose, joints)[:, :3].reshape(len(joints), 12)
    moves = moves.reshape(-1, 3, 4)
    return np.einsum("vab,vb->va", moves[..., :3], points) + moves[..., 3]


def with_bent_fingers(points: np.ndarray, weights: np.ndarray, knuckles: np.ndarray, hands: np.ndarray) -> np.ndarray:
    """Points (V, 3) of the T-pose with the fingers bent by hands (2, 5, 3, 3), axis-angle per bone. weights (V, 30): the finger bones'."""
    touched = np.flatnonzero(weights.any(axis=1))
    result = points.copy()
    moves = bend(knuckles, rotation_matrices(hands)).reshape(30, 12)
    moves = (weights[touched] @ moves).reshape(-1, 3, 4)
    still = 1 - weights[touched].sum(axis=1, keepdims=True)
    result[touched] = still * points[touched] + np.einsum("vab,vb->va", moves[..., :3], points[touched]) + moves[..., 3]
    return result


def _whole_weights(mesh: BaseMesh, person: Person, cubes: JointCubes) -> np.ndarray:
    """Skin weights (19158, 24) of all of hm08. The body's are those of the open body; helpers and cubes take the nearest skin's mean."""
    joints = cubes.joints(mesh.vertices[None, cubes.numbers])[0]
    body = skin_weights(person, mesh.vertices[person.kept], joints)
    distance, near = cKDTree(mesh.vertices[person.kept]).query(mesh.vertices, k=6)
    nearness = 1 / (distance + 1e-3) ** 2
    weights = np.einsum("vk,vkj->vj", nearness / nearness.sum(axis=1, keepdims=True), body[near])
    weights[person.kept] = body
    return weights
