"""The detector's errors, modelled: more pairs than pictures, with the errors seen on the pictures.

A made-up body gets, at every landmark at once, the errors that one real pair of a similar pose had (one of its nearest neighbours): so
errors keep their whole covariance, along limbs and between 2D and 3D, and go with the pose that caused them. Errors are in units of the
body's size, the 2D ones as metres across the line of sight.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from core.body.fit.correspondence import LANDMARK_JOINTS, PICTURE_OFFSETS
from core.body.fit.kinematics import STATURE, stature
from core.body.model import BodyModel, joint_transforms, rotation_matrices
from core.camera import UPRIGHT
from core.photo.landmarks import LANDMARKS
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, mirrored
from training.lifter.pairs import Pairs
from training.poses import facing_front

NEIGHBOURS = 6
HIPS = [LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]
UPPER = [JOINT[name] for name in JOINT_NAMES if not any(word in name for word in ("pelvis", "hip", "knee", "ankle", "foot"))]
BUILT = 0.15
"""Standard deviation added to each beta of the pairs' people: nobody is made up twice."""


@dataclass(frozen=True)
class Errors:
    """Of N real pairs: points (N, 33, 3) true landmarks about the hips' middle over the body's size; across (N, 33, 2) and space (N, 33, 3)
    their errors; seen (N, 33, 2)."""

    points: Tensor
    across: Tensor
    space: Tensor
    seen: Tensor


def landmark_points(joints: Tensor, turns: Tensor, size: Tensor) -> Tensor:
    """True landmarks (N, 33, 3) from joints (N, 24, 3) and world rotations (N, 24, 3, 3) in the camera frame, and sizes (N,)."""
    offsets = torch.as_tensor(PICTURE_OFFSETS, dtype=joints.dtype)
    return joints[:, LANDMARK_JOINTS] + size[:, None, None] * torch.einsum("nkab,kb->nka", turns[:, LANDMARK_JOINTS], offsets)


def sizes(joints: Tensor, model: BodyModel) -> Tensor:
    """How large bodies (N, 24, 3) are beside the template, whatever the pose."""
    bones = sum((joints[:, j] - joints[:, PARENTS[j]]).norm(dim=-1) for j in (JOINT[name] for name in STATURE))
    return bones / stature(model.joint_template)


def observed_errors(pairs: Pairs, model: BodyModel) -> Errors:
    """What the detector got wrong in every pair."""
    joints, intrinsics = torch.as_tensor(pairs.joints), torch.as_tensor(pairs.intrinsics)[:, None]
    size = sizes(joints, model)
    points = landmark_points(joints, world_turns(torch.as_tensor(pairs.pose), model), size)
    flat = points[..., :2] / points[..., 2:] * intrinsics[..., :2] + intrinsics[..., 2:]
    metres = points[..., 2:] / intrinsics[..., :2] / size[:, None, None]
    centred = (points - points[:, HIPS].mean(1, keepdim=True)) / size[:, None, None]
    across, space = (torch.as_tensor(pairs.landmarks) - flat) * metres, torch.as_tensor(pairs.world) - centred
    return Errors(centred, across, space, torch.as_tensor(pairs.seen))


def world_turns(pose: Tensor, model: BodyModel) -> Tensor:
    """World rotations (N, 24, 3, 3) in the camera frame of poses (N, 24, 3) in the upright one."""
    rest = model._joint_template.expand(len(pose), -1, -1)
    upright = torch.as_tensor(UPRIGHT, dtype=pose.dtype)
    return upright @ joint_transforms(rotation_matrices(pose), rest)[:, :, :3, :3]


def pose_pool(pairs: Pairs, count: int, seed: int) -> np.ndarray:
    """Poses (count, 24, 3) that face +Z: those of pairs with the upper body of another, jittered by three degrees, every other mirrored."""
    rng = np.random.default_rng(seed)
    lower, upper = rng.integers(len(pairs), size=(2, count))
    mixed = np.stack([facing_front(pose) for pose in np.float64(pairs.pose[lower])])
    mixed[::3, UPPER] = pairs.pose[upper[::3]][:, UPPER]
    mixed += rng.normal(0, np.radians(3), mixed.shape)
    mixed[::2] = mixed[::2][:, [JOINT[mirrored(name)] for name in JOINT_NAMES]] * (1, -1, -1)
    return mixed


def modelled_pairs(errors: Errors, poses: np.ndarray, built: np.ndarray, model: BodyModel, count: int, seed: int) -> Pairs:
    """Pairs of made-up open bodies in poses (P, 24, 3) of the pool, of betas like those of `built` (N, 10), seen by random cameras, with
    errors of real pairs like them."""
    rng = np.random.default_rng(seed)
    pose = torch.as_tensor(poses[rng.integers(len(poses), size=count)])
    pose[:, 0] = rotation_vectors(random_views(rng, count) @ rotation_matrices(pose[:, 0]))
    pose = pose.float()
    betas = torch.as_tensor(np.float32(built[rng.integers(len(built), size=count)] + rng.normal(0, BUILT, (count, 10))))
    with torch.no_grad():
        rest = model._joint_template + torch.einsum("jak,nk->nja", model._joint_shapedirs, betas)
        transforms = joint_transforms(rotation_matrices(pose), rest)
    joints = (transforms[:, :, :3, :3] @ rest[..., None])[..., 0] + transforms[:, :, :3, 3]
    upright = torch.as_tensor(UPRIGHT, dtype=torch.float32)
    distance = torch.as_tensor(np.float32(rng.uniform(1.8, 6.0, count)))
    joints = joints @ upright.T + torch.stack([torch.zeros(count), torch.zeros(count), distance], dim=1)[:, None]
    return with_errors(errors, joints, upright @ transforms[:, :, :3, :3], sizes(rest, model), pose, betas, rng)


def random_views(rng: np.random.Generator, count: int) -> Tensor:
    """Rotations (count, 3, 3) that show someone who faces +Z as cameras do: mostly near the front, a little from above."""
    yaw = np.where(rng.random(count) < 0.75, rng.normal(0, 35, count), rng.uniform(-180, 180, count))
    pitch = np.clip(rng.normal(4, 7, count), -12, 32)
    down, about = (torch.as_tensor(np.radians(angle)[:, None] * axis) for angle, axis in ((pitch, [1.0, 0, 0]), (yaw, [0, 1.0, 0])))
    return rotation_matrices(down) @ rotation_matrices(about)


def with_errors(
    errors: Errors, joints: Tensor, turns: Tensor, size: Tensor, pose: Tensor, betas: Tensor, rng: np.random.Generator
) -> Pairs:
    """Pairs of true bodies with the errors of a random one of each one's nearest real pairs."""
    points = landmark_points(joints, turns, size)
    centred = (points - points[:, HIPS].mean(1, keepdim=True)) / size[:, None, None]
    rows = torch.cat(
        [torch.cdist(part.flatten(1), errors.points.flatten(1)).topk(NEIGHBOURS, largest=False)[1] for part in centred.split(2000)]
    )
    chosen = rows[torch.arange(len(rows)), torch.as_tensor(rng.integers(NEIGHBOURS, size=len(rows)))]
    focal = 1000.0
    across = errors.across[chosen] * size[:, None, None] * focal / points[..., 2:]
    intrinsics = torch.tensor([focal, focal, 0.0, 0.0]).expand(len(points), -1)
    arrays = (
        points[..., :2] / points[..., 2:] * focal + across,
        errors.seen[chosen],
        centred + errors.space[chosen],
        pose,
        betas,
        joints,
        intrinsics,
    )
    return Pairs(*(np.float32(array.numpy()) for array in arrays), who=np.zeros(len(points), dtype=np.int64))


def rotation_vectors(rotations: Tensor) -> Tensor:
    """Axis-angle (N, 3) of rotation matrices."""
    return torch.as_tensor(Rotation.from_matrix(rotations.numpy()).as_rotvec())
