"""A made-up person for tests: one smooth closed mesh around capsules along SMPL's bones, with weights, a camera and a painted photo."""

import numpy as np
from skimage.measure import marching_cubes

from core.body.fitted import FittedBody
from core.camera import UPRIGHT, Camera
from core.photo.person import Person, Photo
from core.skeleton import JOINT, PARENT_OF, joint_transforms, posed_joints
from core.surface.raster import rasterise

LEFT_AND_MIDDLE = {
    "pelvis": (0, 0.95, 0), "spine1": (0, 1.06, 0), "spine2": (0, 1.18, 0), "spine3": (0, 1.26, 0), "neck": (0, 1.46, 0),
    "head": (0, 1.55, 0.01), "left_hip": (0.09, 0.87, 0), "left_knee": (0.1, 0.48, 0), "left_ankle": (0.1, 0.09, -0.02),
    "left_foot": (0.11, 0.05, 0.1), "left_collar": (0.07, 1.38, 0), "left_shoulder": (0.17, 1.4, 0), "left_elbow": (0.43, 1.4, 0),
    "left_wrist": (0.68, 1.4, 0), "left_hand": (0.76, 1.4, 0),
}  # fmt: skip
RADIUS = {"head": 0.11, "pelvis": 0.13, "spine1": 0.13, "spine2": 0.13, "spine3": 0.13, "neck": 0.06}
REST_JOINTS = np.array(
    [
        LEFT_AND_MIDDLE[name] if name in LEFT_AND_MIDDLE else np.array(LEFT_AND_MIDDLE["left_" + name[6:]]) * (-1, 1, 1)
        for name in PARENT_OF
    ],
    dtype=float,
)

GROWN = 0.012
"""Metres by which the surface is fatter than the body: clothes."""


def segments() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start (24, 3), end (24, 3) and radius (24,) of each joint's own capsule: from it to its first child; the head's points up."""
    ends = REST_JOINTS.copy()
    for name, parent in reversed(PARENT_OF.items()):
        if parent is not None:
            ends[JOINT[parent]] = REST_JOINTS[JOINT[name]]
    ends[JOINT["pelvis"]] = REST_JOINTS[JOINT["pelvis"]]
    ends[JOINT["spine3"]] = REST_JOINTS[JOINT["neck"]]
    ends[JOINT["head"]] = REST_JOINTS[JOINT["head"]] + (0, 0.1, 0)
    return REST_JOINTS, ends, np.array([RADIUS.get(name, 0.055) for name in PARENT_OF])


def bone_distances(points: np.ndarray) -> np.ndarray:
    """Signed distance (N, 24) of points to each joint's capsule, metres."""
    starts, ends, radius = segments()
    along = ends - starts
    step = ((points[:, None] - starts) * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-12)
    return np.linalg.norm(points[:, None] - starts - np.clip(step, 0, 1)[..., None] * along, axis=-1) - radius


def make_body(pose: np.ndarray, camera: Camera, spacing: float = 0.025) -> FittedBody:
    """The made-up figure in a pose (24, 3), translated by (0.02, 0.01, -0.03)."""
    low, high = np.array([-0.9, -0.1, -0.25]), np.array([0.9, 1.85, 0.3])
    axes = [np.arange(a, b, spacing) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    field = bone_distances(grid.reshape(-1, 3)).min(axis=1).reshape(grid.shape[:3])
    rest, faces, _, _ = marching_cubes(field, 0.0, spacing=(spacing,) * 3, gradient_direction="descent")
    rest = rest.astype(float) + low
    weights = np.exp(-bone_distances(rest) / 0.02)
    np.put_along_axis(weights, np.argsort(weights, axis=1)[:, :-4], 0, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    transforms = joint_transforms(pose, REST_JOINTS)
    blend = np.einsum("vj,jab->vab", weights, transforms)
    translation = np.array([0.02, 0.01, -0.03])
    vertices = np.einsum("vab,vb->va", blend[:, :3, :3], rest) + blend[:, :3, 3] + translation
    joints = posed_joints(pose, REST_JOINTS) + translation
    return FittedBody(pose, np.zeros(10), translation, vertices, joints, rest, REST_JOINTS, faces.astype(np.int64), weights, camera)


def glued_surface(body: FittedBody, spacing: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One closed mesh round the posed figure's capsules, GROWN fatter, so that what touches is one; each vertex's distances to them."""
    low, high = body.vertices.min(axis=0) - 0.06, body.vertices.max(axis=0) + 0.06
    axes = [np.arange(a, b, spacing) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    field = bones_in_pose(body, grid.reshape(-1, 3)).min(axis=1).reshape(grid.shape[:3]) - GROWN
    vertices, faces, _, _ = marching_cubes(field, 0.0, spacing=(spacing,) * 3, gradient_direction="descent")
    vertices = vertices.astype(float) + low
    return vertices, faces.astype(np.int64), bones_in_pose(body, vertices)


def bones_in_pose(body: FittedBody, points: np.ndarray) -> np.ndarray:
    """Signed distance (N, 24) to each bone's capsule where the pose has put it."""
    found = np.zeros((len(points), 24))
    for joint, transform in enumerate(joint_transforms(body.pose, body.rest_joints)):
        rest = (points - body.translation - transform[:3, 3]) @ transform[:3, :3]
        found[:, joint] = bone_distances(rest)[:, joint]
    return found


def make_camera(size: tuple[int, int] = (400, 480)) -> Camera:
    """A level camera 3 m in front of the figure that sees all of it."""
    focal = 1.4 * size[1]
    return Camera(np.array([focal, focal, size[0] / 2, size[1] / 2]), UPRIGHT, np.array([0, 0.85, 3.0]), np.array(size))


def painted(body: FittedBody, colours: np.ndarray, background: tuple[int, int, int]) -> tuple[Photo, Person]:
    """A photo of the body with colours (V, 3) uint8 on its vertices before a plain background, and the person in it."""
    seen = rasterise(body.vertices, body.faces, body.camera)
    inside = seen.face >= 0
    pixels = np.full((*inside.shape, 3), background, dtype=np.uint8)
    pixels[inside] = seen.interpolate(body.faces, colours.astype(float))[inside].round().astype(np.uint8)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=float)
    landmarks, ones = np.tile(box[:2], (33, 1)), np.ones(33)
    person = Person(box, 1.0, landmarks, ones, ones, np.zeros((33, 3)), np.where(inside, 255, 0).astype(np.uint8))
    return Photo(pixels, None, None, "painted.png"), person
