"""SMPL's body model in torch (Loper et al. 2015): shape and pose in, a mesh and 24 joints out.

    rest:    T(beta) = template + shapedirs . beta                       (eq. 8)
    joints:  J(beta) = joint_regressor . T(beta)                         (eq. 10)
    posed:   v_i = sum_j w_ij G_j(pose, J) (T_i + pose blend shape)      (eq. 2-4, 9)

Any file in SMPL's layout fits, whatever its vertex count: our open bodies (no pose blend shapes) and the official ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..skeleton import PARENTS

BETAS = 10
"""Shape numbers in use; files that hold more are cut to these, the largest components."""


@dataclass(frozen=True)
class BodyArrays:
    """What a body file holds, in SMPL's terms, checked by `core.body.files`. Metres; uv in 0..1; posedirs, uv, uv_faces may be absent."""

    template: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    shapedirs: Float[np.ndarray, "V 3 10"]
    joint_regressor: Float[np.ndarray, "24 V"]
    skin_weights: Float[np.ndarray, "V 24"]
    posedirs: Float[np.ndarray, "V 3 207"] | None = None
    uv: Float[np.ndarray, "T 2"] | None = None
    uv_faces: Int[np.ndarray, "F 3"] | None = None


class RestBody(NamedTuple):
    """A shape at zero pose: vertices (B, V, 3) and joints (B, 24, 3), body frame, metres."""

    vertices: Tensor
    joints: Tensor


class BodyOutput(NamedTuple):
    """A posed body, body frame, metres: vertices (B, V, 3), joints (B, 24, 3), the rest joints (B, 24, 3) they were posed from, and
    transforms (B, 24, 4, 4) that carry a rest point with its joint, translation included."""

    vertices: Tensor
    joints: Tensor
    rest_joints: Tensor
    transforms: Tensor


class BodyModel(nn.Module):
    """A body with shape and pose. `.to(device or dtype)` moves it; every output is differentiable in betas, pose and translation.

    Attributes: faces (F, 3) and uv_faces (F, 3) int64, v_template (V, 3), shapedirs (V, 3, 10), joint_regressor (24, V), skin_weights
    (V, 24), posedirs (V, 3, 207) or None, uv (T, 2) or None. In numpy, float64, for solvers that need joints only: joint_template
    (24, 3) and joint_shapedirs (24, 3, 10), so that rest joints = joint_template + joint_shapedirs @ betas.
    """

    def __init__(self, arrays: BodyArrays, dtype: torch.dtype = torch.float32):
        super().__init__()
        regressor = arrays.joint_regressor.astype(np.float64)
        self.joint_template = regressor @ arrays.template.astype(np.float64)
        self.joint_shapedirs = np.einsum("jv,vak->jak", regressor, arrays.shapedirs.astype(np.float64), optimize=True)
        for name, array in {
            "v_template": arrays.template,
            "shapedirs": arrays.shapedirs,
            "joint_regressor": arrays.joint_regressor,
            "skin_weights": arrays.skin_weights,
            "posedirs": arrays.posedirs,
            "uv": arrays.uv,
            "_joint_template": self.joint_template,
            "_joint_shapedirs": self.joint_shapedirs,
        }.items():
            self.register_buffer(name, None if array is None else torch.tensor(array, dtype=dtype))
        for name, array in {"faces": arrays.faces, "uv_faces": arrays.uv_faces}.items():
            self.register_buffer(name, None if array is None else torch.tensor(array.astype(np.int64)))

    def rest(self, betas: Float[Tensor, "B 10"]) -> RestBody:
        """The shape at zero pose."""
        vertices = self.v_template + torch.einsum("vak,bk->bva", self.shapedirs, betas)
        joints = self._joint_template + torch.einsum("jak,bk->bja", self._joint_shapedirs, betas)
        return RestBody(vertices, joints)

    def forward(
        self, betas: Float[Tensor, "B 10"], pose: Float[Tensor, "B 24 3"], translation: Float[Tensor, "B 3"] | None = None
    ) -> BodyOutput:
        """The posed body. pose: axis-angle in radians, each joint relative to its parent, the pelvis to the body frame, about itself;
        translation: metres, zero where None."""
        rest = self.rest(betas)
        rotations = rotation_matrices(pose)
        vertices = rest.vertices
        if self.posedirs is not None:
            bent = (rotations[:, 1:] - torch.eye(3, dtype=pose.dtype, device=pose.device)).flatten(1)
            vertices = vertices + torch.einsum("vap,bp->bva", self.posedirs, bent)
        transforms = joint_transforms(rotations, rest.joints)
        if translation is not None:
            transforms = transforms + nn.functional.pad(translation[:, None, :, None], (3, 0, 0, 1))
        posed = transformed(transforms[:, :, :3], rest.joints)
        return BodyOutput(self.skinned(vertices, transforms), posed, rest.joints, transforms)

    def skinned(self, vertices: Float[Tensor, "B V 3"], transforms: Float[Tensor, "B 24 4 4"]) -> Float[Tensor, "B V 3"]:
        """Linear blend skinning: every rest vertex moved by the weighted mean of its joints' transforms."""
        blended = self.skin_weights @ transforms[:, :, :3].flatten(2)
        return transformed(blended.unflatten(2, (3, 4)), vertices)


def transformed(matrices: Float[Tensor, "B N 3 4"], points: Float[Tensor, "B N 3"]) -> Float[Tensor, "B N 3"]:
    """Each point under its own affine matrix."""
    return (matrices[..., :3] * points[..., None, :]).sum(-1) + matrices[..., 3]


def rotation_matrices(axis_angle: Float[Tensor, "*B 3"]) -> Float[Tensor, "*B 3 3"]:
    """Rotation matrices of axis-angle vectors in radians (Rodrigues), with exact derivatives at zero as well.

    sin(t)/t and (1 - cos t)/t^2 = (sin(t/2)/(t/2))^2 / 2 are written with sinc, which is smooth where t is zero.
    """
    angle = torch.linalg.vector_norm(axis_angle, dim=-1)[..., None, None]
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    eye = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    return eye + torch.sinc(angle / torch.pi) * cross + 0.5 * torch.sinc(angle / (2 * torch.pi)) ** 2 * (cross @ cross)


def joint_transforms(rotations: Float[Tensor, "B 24 3 3"], rest_joints: Float[Tensor, "B 24 3"]) -> Float[Tensor, "B 24 4 4"]:
    """Rest-to-posed transforms of every joint's frame, before translation; the torch twin of `core.skeleton.joint_transforms`."""
    turns, shifts = [], []
    for joint, parent in enumerate(PARENTS):
        pivot = rest_joints[:, joint, :, None]
        if parent < 0:
            turn, place = rotations[:, joint], pivot
        else:
            turn, place = turns[parent] @ rotations[:, joint], turns[parent] @ pivot + shifts[parent]
        turns.append(turn)
        shifts.append(place - turn @ pivot)
    upper = torch.cat([torch.stack(turns, 1), torch.stack(shifts, 1)], -1)
    last = upper.new_tensor([0, 0, 0, 1]).expand(*upper.shape[:2], 1, 4)
    return torch.cat([upper, last], 2)
