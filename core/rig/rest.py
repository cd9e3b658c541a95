"""The rest pose: a posed surface taken back to the T pose by inverting linear blend skinning vertex by vertex."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from ..skeleton import joint_transforms

COLLAPSED = 0.1
"""A blend squeezes space in a direction where its singular value is below this: two joints of equal weight, more than 168° apart."""


def blended_transforms(
    skin_joints: Int[ndarray, "V 4"], skin_weights: Float[ndarray, "V 4"], transforms: Float[ndarray, "24 4 4"]
) -> Float[ndarray, "V 3 4"]:
    """Rest-to-posed transform of every vertex, without translation of the whole body: the weighted sum of its joints'."""
    return np.einsum("vk,vkab->vab", skin_weights.astype(np.float64), transforms[skin_joints, :3])


def posed(
    rest_vertices: Float[ndarray, "V 3"],
    skin_joints: Int[ndarray, "V 4"],
    skin_weights: Float[ndarray, "V 4"],
    pose: Float[ndarray, "24 3"],
    rest_joints: Float[ndarray, "24 3"],
    translation: Float[ndarray, "3"],
) -> Float[ndarray, "V 3"]:
    """The rest surface in a pose, metres, body frame: linear blend skinning (Loper et al. 2015, equation 7, without correctives)."""
    blend = blended_transforms(skin_joints, skin_weights, joint_transforms(pose, rest_joints))
    return np.einsum("vab,vb->va", blend[:, :, :3], rest_vertices) + blend[:, :, 3] + translation


def rest_pose(
    vertices: Float[ndarray, "V 3"],
    skin_joints: Int[ndarray, "V 4"],
    skin_weights: Float[ndarray, "V 4"],
    pose: Float[ndarray, "24 3"],
    rest_joints: Float[ndarray, "24 3"],
    translation: Float[ndarray, "3"],
) -> Float[ndarray, "V 3"]:
    """The surface in the skeleton's T pose, metres: `posed` brings it back to `vertices`.

    Where a blend collapses a direction (see COLLAPSED) no rest point can be told from another along it; there the strongest joint alone
    says where the vertex rests.
    """
    transforms = joint_transforms(pose, rest_joints)
    blend = blended_transforms(skin_joints, skin_weights, transforms)
    target = vertices - translation - blend[:, :, 3]
    # a rotation blend's singular values are at most 1, so the determinant is at most the smallest: a cheap sieve before the SVD
    weak = np.abs(np.linalg.det(blend[:, :, :3])) < COLLAPSED
    rest = np.empty_like(target)
    rest[~weak] = np.linalg.solve(blend[~weak, :, :3], target[~weak, :, None])[..., 0]
    strongest = skin_joints[np.arange(len(vertices)), skin_weights.argmax(axis=1)][weak]
    rigid = transforms[strongest]
    start = np.einsum("vba,vb->va", rigid[:, :3, :3], vertices[weak] - translation - rigid[:, :3, 3])
    rest[weak] = start + _solve_firm(blend[weak, :, :3], target[weak] - np.einsum("vab,vb->va", blend[weak, :, :3], start))
    return rest


def _solve_firm(matrices: ndarray, target: ndarray) -> ndarray:
    """Solutions (N, 3) of matrices (N, 3, 3) in the directions they do not collapse, zero along the others."""
    left, stretch, right = np.linalg.svd(matrices)
    inverse = np.where(stretch > COLLAPSED, 1 / np.maximum(stretch, COLLAPSED), 0)
    return np.einsum("vba,vb,vcb,vc->va", right, inverse, left, target, optimize=True)
