"""The people pack: dressed, textured, rigged people of the Microsoft Rocketbox library (MIT), read from a folder and posed.

A folder holds `people/NAME.npz` (mesh, rig), `NAME.jpg` (texture) and, where there are hair cards, `NAME_alpha.png` (cut at 128). Their
bind pose has the arms halfway down and the elbows a little bent; poses here are SMPL's, from the T pose, so every limb bone is first
turned onto SMPL's. Body frame, metres.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.motion.retarget import LIMB_CHILD, T_POSE, limb_alignment, local_rotations, world_rotations
from core.skeleton import JOINT, JOINT_NAMES, rotation_matrices

BIPED_OF = {
    "pelvis": "Pelvis",
    "left_hip": "L Thigh",
    "right_hip": "R Thigh",
    "spine1": "Spine",
    "left_knee": "L Calf",
    "right_knee": "R Calf",
    "spine2": "Spine1",
    "left_ankle": "L Foot",
    "right_ankle": "R Foot",
    "spine3": "Spine2",
    "left_foot": "L Toe0",
    "right_foot": "R Toe0",
    "neck": "Neck",
    "left_collar": "L Clavicle",
    "right_collar": "R Clavicle",
    "head": "Head",
    "left_shoulder": "L UpperArm",
    "right_shoulder": "R UpperArm",
    "left_elbow": "L Forearm",
    "right_elbow": "R Forearm",
    "left_wrist": "L Hand",
    "right_wrist": "R Hand",
    "left_hand": "L Finger2",
    "right_hand": "R Finger2",
}
"""The rig's joint (after the prefix `Bip01 `) at each of SMPL's."""


@dataclass(frozen=True)
class RocketboxPerson:
    """One person of the pack in the bind pose, lowest point at y = 0.

    vertices (V, 3); faces (F, 3); uv (V, 2), v up; same_point (V,): equal numbers are one point split at a seam; cards (F,): true where
    the face is an alpha-tested card; bind (80, 4, 4), parents (80,), joint_names: the rig; skin_joints, skin_weights (V, 4);
    texture, alpha: picture files, alpha None where everything is opaque.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    same_point: np.ndarray
    cards: np.ndarray
    bind: np.ndarray
    parents: np.ndarray
    joint_names: tuple[str, ...]
    skin_joints: np.ndarray
    skin_weights: np.ndarray
    texture: Path
    alpha: Path | None

    @property
    def height(self) -> float:
        """Metres from the soles to the top, in the bind pose."""
        return float(np.ptp(self.vertices[:, 1]))

    @property
    def smpl_rows(self) -> list[int]:
        """The rig's joint number for each of SMPL's 24."""
        return [self.joint_names.index(f"Bip01 {BIPED_OF[name]}") for name in JOINT_NAMES]


@dataclass(frozen=True)
class PosedPerson:
    """A person in a pose: vertices (V, 3) and SMPL's joints (24, 3) in the body frame, lowest point at y = 0, pelvis at x = z = 0."""

    person: RocketboxPerson
    vertices: np.ndarray
    joints: np.ndarray


def people_names(folder: Path) -> list[str]:
    """Names of the people in a pack, sorted."""
    return sorted(path.stem for path in (Path(folder) / "people").glob("*.npz"))


def load_person(folder: Path, name: str) -> RocketboxPerson:
    """One person of the pack. Raises FileNotFoundError where the folder has no such person."""
    stem = Path(folder) / "people" / name
    alpha = stem.with_name(f"{name}_alpha.png")
    with np.load(stem.with_suffix(".npz")) as file:
        return RocketboxPerson(
            name=name,
            vertices=file["vertices"].astype(np.float64),
            faces=file["faces"],
            uv=file["uv"],
            same_point=file["vertex_to_position"],
            cards=file["face_alpha"] < 255,
            bind=file["joint_bind"].astype(np.float64),
            parents=file["joint_parents"],
            joint_names=tuple(str(joint) for joint in file["joint_names"]),
            skin_joints=file["skin_joints"],
            skin_weights=file["skin_weights"].astype(np.float64),
            texture=stem.with_suffix(".jpg"),
            alpha=alpha if alpha.exists() else None,
        )


def pose_person(
    person: RocketboxPerson, pose: np.ndarray, rest_joints: np.ndarray = T_POSE, turns: dict[int, np.ndarray] | None = None
) -> PosedPerson:
    """The person in an SMPL pose (24, 3), axis-angle relative to the T pose given by rest_joints (24, 3), standing on the ground.

    turns: further rotations (3, 3) by the rig's joint number, in the bind pose's frame, such as the fingers', in place of the pose's.
    """
    turns = dict(zip(person.smpl_rows, _bind_rotations(person, pose, rest_joints), strict=True)) | (turns or {})
    moves = np.zeros_like(person.bind)
    for joint, parent in enumerate(person.parents):
        local, pivot = np.eye(4), person.bind[joint, :3, 3]
        local[:3, :3] = turns.get(joint, np.eye(3))
        local[:3, 3] = pivot - local[:3, :3] @ pivot
        moves[joint] = (moves[parent] if parent >= 0 else np.eye(4)) @ local
    blended = np.einsum("vk,vkij->vij", person.skin_weights, moves[person.skin_joints])
    vertices = np.einsum("vij,vj->vi", blended[:, :3, :3], person.vertices) + blended[:, :3, 3]
    joints = (moves @ person.bind)[person.smpl_rows, :3, 3]
    ground = np.array([joints[JOINT["pelvis"], 0], vertices[:, 1].min(), joints[JOINT["pelvis"], 2]])
    return PosedPerson(person, vertices - ground, joints - ground)


def _bind_rotations(person: RocketboxPerson, pose: np.ndarray, rest_joints: np.ndarray) -> np.ndarray:
    """Rotations (24, 3, 3) about the joints in the body frame, relative to the bind pose and the parent, as skinning wants them."""
    bind = person.bind[person.smpl_rows, :3, 3]
    directions = {name: bind[JOINT[child]] - bind[JOINT[name]] for name, child in LIMB_CHILD.items()}
    to_bind = limb_alignment(directions, rest_joints)
    world = world_rotations(rotation_matrices(np.reshape(pose, (-1, 3))))
    return local_rotations(world @ to_bind.transpose(0, 2, 1))
