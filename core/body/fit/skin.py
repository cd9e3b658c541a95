"""Points of the body's skin in the camera frame, and their derivatives by pose, shape and translation: linear blend skinning.

A change of a joint's axis-angle turns whatever hangs on it about the joint, each point as far as the weights say: with x_j where joint j
alone would carry the point, the turned part is S = sum_j w_j x_j over the joints j below, and its arm S - (sum_j w_j) p. Pose blend
shapes, millimetres where a file has them, are left out.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ...camera import UPRIGHT
from ...skeleton import rotation_matrices
from ..model import BodyModel
from .kinematics import BETAS, IS_ABOVE, MOVE, POSE, SIZE, J, LandmarkModel, Points, chain, cross_matrix, parent_turns


@dataclass(frozen=True, eq=False)
class Skin:
    """Points of the skin. skeleton: what they hang on; template (N, 3), shapedirs (N, 3, 10): metres at zero pose; weights (N, 24)."""

    skeleton: LandmarkModel
    template: np.ndarray
    shapedirs: np.ndarray
    weights: np.ndarray

    def on_faces(self, corners: np.ndarray, barycentric: Float[np.ndarray, "M 3"]) -> "Skin":
        """Points inside triangles with these corners (M, 3), numbers of our points."""

        def mixed(values: np.ndarray) -> np.ndarray:
            return np.einsum("mk,mk...->m...", barycentric, values[corners])

        return replace(self, template=mixed(self.template), shapedirs=mixed(self.shapedirs), weights=mixed(self.weights))

    def places(self, unknowns: Float[np.ndarray, "85"]) -> Float[np.ndarray, "N 3"]:
        """The points in the camera frame, metres."""
        betas = unknowns[BETAS]
        rest = self.skeleton.joint_template + self.skeleton.joint_shapedirs @ betas
        world, joints, _ = chain(rotation_matrices(unknowns[POSE].reshape(J, 3)), rest, self.skeleton.joint_shapedirs)
        shift = joints - np.einsum("jab,jb->ja", world, rest)
        turn = np.tensordot(self.weights, world, axes=1)
        points = np.einsum("nab,nb->na", turn, self.template + self.shapedirs @ betas) + self.weights @ shift
        return points @ UPRIGHT.T + unknowns[MOVE]

    def points(self, unknowns: Float[np.ndarray, "85"]) -> Points:
        """The points and their derivatives at these unknowns."""
        pose, betas = unknowns[POSE].reshape(J, 3), unknowns[BETAS]
        rest = self.skeleton.joint_template + self.skeleton.joint_shapedirs @ betas
        world, joints, by_beta = chain(rotation_matrices(pose), rest, self.skeleton.joint_shapedirs)
        arms = (self.template + self.shapedirs @ betas)[:, None] - rest
        carried = self.weights[..., None] * (np.einsum("jab,njb->nja", world, arms) + joints)
        below = IS_ABOVE.astype(np.float64)
        arm = np.einsum("nja,jk->nka", carried, below) - (self.weights @ below)[..., None] * joints
        jacobian = np.zeros((len(self.template), 3, SIZE))
        by_pose = -cross_matrix(arm) @ parent_turns(pose, world)
        jacobian[:, :, POSE] = by_pose.transpose(0, 2, 1, 3).reshape(len(self.template), 3, 3 * J)
        joint_part = by_beta - np.einsum("jab,jbk->jak", world, self.skeleton.joint_shapedirs)
        turn = np.tensordot(self.weights, world, axes=1)
        jacobian[:, :, BETAS] = np.einsum("nab,nbk->nak", turn, self.shapedirs) + np.tensordot(self.weights, joint_part, axes=1)
        jacobian = np.einsum("ab,nbp->nap", UPRIGHT, jacobian)
        jacobian[:, :, MOVE] = np.eye(3)
        return Points(carried.sum(axis=1) @ UPRIGHT.T + unknowns[MOVE], jacobian)


def skin_of(model: BodyModel, skeleton: LandmarkModel) -> Skin:
    """Every vertex of the body."""
    template, shapedirs, weights = (
        np.float64(array.numpy(force=True)) for array in (model.v_template, model.shapedirs, model.skin_weights)
    )
    return Skin(skeleton, template, shapedirs, weights)
