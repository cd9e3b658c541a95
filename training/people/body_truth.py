"""The open neutral body fitted inside a dressed person: the ground truth for body estimation.

Pose first: the person's SMPL rotations are known, only their rig's joints lie elsewhere than SMPL's, so the pose is mended by damped
least squares until the joints agree. Shape: with the pose held, every vertex of the body is linear in the ten betas, so betas are a small
least-squares problem, solved again as the closest points move (iterative closest points): bare skin pulls both ways, clothes only
keep the body inside. Where a rig's joint always lies beside SMPL's, `offsets` says by how much.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy import ndarray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from core.body.files import load_body
from core.body.fit.kinematics import IS_ABOVE, cross_matrix
from core.body.model import BETAS, BodyModel
from core.motion.retarget import LIMB_CHILD, T_POSE, limb_alignment, local_rotations, world_rotations
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, rotation_matrices
from core.surface.surface import vertex_normals
from core.weights import find
from training.people.character import BodyTruth

REGIONS = {
    "torso": ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "head": ("neck", "head"),
    **{f"{side}_{part}": tuple(f"{side}_{joint}" for joint in joints) for side in ("left", "right") for part, joints in {
        "upper_arm": ("shoulder",), "forearm": ("elbow",), "hand": ("wrist", "hand"), "thigh": ("hip",), "shank": ("knee",),
        "foot": ("ankle", "foot"),
    }.items()},
}  # fmt: skip
"""Parts of a body that may touch without being one: a body's point looks for its surface in its own part only."""
REGION = np.array([next(number for number, names in enumerate(REGIONS.values()) if name in names) for name in JOINT_NAMES])

SPREAD = {"hip": 0.012, "knee": 0.008, "ankle": 0.008, "shoulder": 0.012, "elbow": 0.008, "wrist": 0.008, "head": 0.004}
"""Metres that a joint's place is uncertain by, in the least squares; other joints 0.03. The head's is known by the face."""
SKIN, CLOTH, OUTSIDE = 0.008, 0.025, 0.004
"""Metres: spread of the body about bare skin, below clothes, and where it pokes out."""
UNDER_CLOTH = 0.012
"""Metres that the body is expected to lie below clothes."""
AT_MOST_OUT = -0.003
"""Metres: the body is to stay this far below clothes."""
POSE_SPREAD = np.radians(5)
"""Of a joint's rotation about what is known of it."""
SHAPE_SPREAD = 1.5
"""Of each beta about zero, in the components' standard deviations."""
HANDS = [JOINT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("wrist", "hand")]
FARTHEST = 0.15
"""Metres: a surface farther away than this says nothing about the body."""
SURFACE = 150.0
"""How many pulls the whole surface counts as."""
IS_BELOW = IS_ABOVE & ~np.eye(len(PARENTS), dtype=bool)
"""(24, 24): joint k hangs below joint j."""
THINNED = 0.03
"""Metres between the body's vertices that are compared: one in each cell of that size."""


@dataclass(frozen=True, eq=False)
class Dressed:
    """Points of a dressed surface: points, normals (N, 3) outward, body frame; part (N,): SMPL's joint that moves each; skin (N,): bare."""

    points: ndarray
    normals: ndarray
    part: ndarray
    skin: ndarray


@dataclass(frozen=True, eq=False)
class OpenBody:
    """The open body as the fit wants it. rest (S, 3, 11): thinned vertices, template and shape components; normals (S, 3); weights
    (S, 24); part (S,): the joint that moves each vertex most; joints (24, 3, 11): rest joints likewise."""

    rest: ndarray
    normals: ndarray
    weights: ndarray
    part: ndarray
    joints: ndarray

    def rest_joints(self, betas: ndarray) -> ndarray:
        """Joints (24, 3) at zero pose, metres."""
        return self.joints @ np.concatenate([[1.0], betas])

    def linear(self, pose: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        """Vertices (S, 3, 11) and joints (24, 3, 11) in the pose, as (value at zero betas, change by each beta), and normals (S, 3)."""
        world = world_rotations(rotation_matrices(pose))
        places = np.array(self.joints)
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                places[joint] = places[parent] + world[parent] @ (self.joints[joint] - self.joints[parent])
        turn = np.tensordot(self.weights, world, axes=1)
        shift = np.tensordot(self.weights, places - world @ self.joints, axes=1)
        return turn @ self.rest + shift, places, np.einsum("sab,sb->sa", turn, self.normals)


@lru_cache(maxsize=2)
def open_body() -> OpenBody:
    """Doppel's open neutral body, thinned."""
    return thinned(load_body(find("body_neutral")))


def thinned(model: BodyModel) -> OpenBody:
    """The body with one vertex in each cell of THINNED metres; vertices of no face (and eyeballs, which are apart) are left out."""
    template, faces = model.v_template.numpy().astype(np.float64), model.faces.numpy()
    body = _largest_part(len(template), faces)
    cells = np.floor(template / THINNED).astype(int)
    _, first = np.unique(cells[body], axis=0, return_index=True)
    kept = np.sort(body[first])
    shapes = model.shapedirs.numpy().astype(np.float64)
    weights = model.skin_weights.numpy().astype(np.float64)[kept]
    return OpenBody(
        rest=np.concatenate([template[kept, :, None], shapes[kept]], axis=2),
        normals=vertex_normals(template, faces)[kept],
        weights=weights,
        part=weights.argmax(axis=1),
        joints=np.concatenate([model.joint_template[..., None], model.joint_shapedirs], axis=2),
    )


def _largest_part(number: int, faces: ndarray) -> ndarray:
    """Numbers of the vertices in the largest connected part."""
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    _, part = connected_components(coo_matrix((np.ones(len(ends)), ends.T), shape=(number, number)), directed=False)
    return np.flatnonzero(part == np.bincount(part).argmax())


# --- the fit ----------------------------------------------------------------------------------------------------------------------


def fit_open_body(
    joints: ndarray,
    pose: ndarray,
    dressed: Dressed | None = None,
    betas: ndarray | None = None,
    offsets: ndarray | None = None,
    rest_joints: ndarray = T_POSE,
    body: OpenBody | None = None,
) -> BodyTruth:
    """The open body for a person whose joints (24, 3) lie there and whose SMPL pose (24, 3) relative to rest_joints (24, 3) is known.

    dressed: the person's surface in that pose; betas: the shape, where it is known already (it does not change with the pose), else it is
    fitted here; offsets: see `offset_targets`; body: the open neutral one where None.
    """
    body = body or open_body()
    known = betas is not None
    betas, pose = np.zeros(BETAS) if betas is None else np.asarray(betas), retargeted(pose, rest_joints, body)
    start = pose
    for _ in range(1 if known else 3):
        targets = joints if offsets is None else offset_targets(joints, start, offsets)
        pose, translation = fit_pose(body, targets, start, betas)
        if not known:
            betas, translation = fit_shape(body, targets, pose, dressed, betas, translation)
    if not known:
        pose, translation = fit_pose(body, targets, start, betas)
    vertices, places, normals = body.linear(pose)
    at = np.concatenate([[1.0], betas])
    miss = np.linalg.norm(places @ at + translation - targets, axis=1)
    skin = np.nan if dressed is None else skin_residual(body, dressed, vertices @ at + translation, normals)
    return BodyTruth(pose, betas, translation, float(100 * miss.mean()), 100 * skin)


def joints_of(truth: BodyTruth, body: OpenBody | None = None) -> ndarray:
    """The fitted body's joints (24, 3), metres."""
    rest = (body or open_body()).rest_joints(truth.betas)
    return _chained(world_rotations(rotation_matrices(truth.pose)), rest) + truth.translation


def retargeted(pose: ndarray, rest_joints: ndarray, body: OpenBody) -> ndarray:
    """The pose (24, 3) that points the open body's limbs where `pose` points those of a skeleton with rest_joints (24, 3)."""
    directions = {name: rest_joints[JOINT[child]] - rest_joints[JOINT[name]] for name, child in LIMB_CHILD.items()}
    turns = with_hands(limb_alignment(directions, body.joints[..., 0]))
    world = world_rotations(rotation_matrices(np.reshape(pose, (-1, 3)))) @ turns
    return Rotation.from_matrix(local_rotations(world)).as_rotvec()


def with_hands(turns: ndarray) -> ndarray:
    """The alignments (24, 3, 3) with the knuckles', which have no bone of their own, as the wrists'."""
    turns = np.array(turns)
    for side in ("left", "right"):
        turns[JOINT[f"{side}_hand"]] = turns[JOINT[f"{side}_wrist"]]
    return turns


def offset_targets(joints: ndarray, pose: ndarray, offsets: ndarray) -> ndarray:
    """Where SMPL's joints (24, 3) are to be for a rig whose joints lie beside them.

    offsets (24, 3): from the rig's joint to SMPL's in the joint's own turned frame, as shares of the person's size (`size_of`).
    """
    world = world_rotations(rotation_matrices(pose))
    return joints + size_of(joints) * np.einsum("jab,jb->ja", world, offsets)


def size_of(joints: ndarray) -> float:
    """A person's size in metres whatever the pose: the length of both legs' and arms' bones together, halved."""
    return 0.5 * sum(float(np.linalg.norm(joints[JOINT[child]] - joints[JOINT[name]])) for name, child in LIMB_CHILD.items())


def joint_spread() -> ndarray:
    """Uncertainty (24,) of each joint's place, metres."""
    return np.array([SPREAD.get(name.split("_")[-1], 0.03) for name in JOINT_NAMES])


def fit_pose(body: OpenBody, targets: ndarray, start: ndarray, betas: ndarray, steps: int = 4) -> tuple[ndarray, ndarray]:
    """Pose (24, 3) and translation (3,) that bring the joints to the targets (24, 3), near the start pose: Gauss-Newton.

    A turn w of joint j moves every joint k below it by w x (p_k - p_j).
    """
    rest, world = body.rest_joints(betas), world_rotations(rotation_matrices(start))
    spread, total = np.repeat(joint_spread(), 3), np.zeros(72)
    for _ in range(steps):
        places = _chained(world, rest)
        arm = places[:, None] - places[None]
        by_turn = (IS_BELOW[:, :, None, None] * cross_matrix(-arm)).transpose(0, 2, 1, 3).reshape(72, 72)
        system = np.concatenate([by_turn, np.tile(np.eye(3), (24, 1))], axis=1) / spread[:, None]
        prior = np.eye(72, 75) / POSE_SPREAD
        wanted = np.concatenate([(targets - places).ravel() / spread, -total / POSE_SPREAD])
        change = np.linalg.solve(system.T @ system + prior.T @ prior, np.concatenate([system, prior]).T @ wanted)[:72]
        total, world = total + change, _turned(world, change.reshape(24, 3))
    weight = 1 / joint_spread()[:, None] ** 2
    translation = ((targets - _chained(world, rest)) * weight).sum(axis=0) / weight.sum()
    return Rotation.from_matrix(local_rotations(world)).as_rotvec(), translation


def _chained(world: ndarray, rest: ndarray) -> ndarray:
    """Joints (24, 3) of a skeleton with rest joints (24, 3) whose bones have these world rotations (24, 3, 3)."""
    places = np.array(rest)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            places[joint] = places[parent] + world[parent] @ (rest[joint] - rest[parent])
    return places


def _turned(world: ndarray, turns: ndarray) -> ndarray:
    """World rotations after every joint has taken along all below it by its turn (24, 3), axis-angle in the body frame."""
    along = rotation_matrices(turns)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            along[joint] = along[parent] @ along[joint]
    return along @ world


def fit_shape(
    body: OpenBody, targets: ndarray, pose: ndarray, dressed: Dressed | None, betas: ndarray, translation: ndarray, rounds: int = 6
) -> tuple[ndarray, ndarray]:
    """Betas (10,) and translation (3,) in the held pose, by joints (24, 3) and, where there is one, the dressed surface."""
    vertices, places, normals = body.linear(pose)
    near = None if dressed is None else Closest(dressed)
    spread = np.repeat(joint_spread(), 3)
    by_joint = np.concatenate([places[..., 1:].reshape(72, BETAS), np.tile(np.eye(3), (24, 1))], axis=1) / spread[:, None]
    prior = np.eye(BETAS, BETAS + 3) / SHAPE_SPREAD
    for _ in range(rounds if near else 1):
        rows, wanted = [by_joint, prior], [(targets - places[..., 0]).ravel() / spread, np.zeros(BETAS)]
        if near is not None:
            now = vertices @ np.concatenate([[1.0], betas]) + translation
            which, normal, out, weight = near.pulls(now, normals, body.part)
            by_shape = np.einsum("sa,sak->sk", normal, vertices[which, :, 1:])
            rows.append(weight[:, None] * np.concatenate([by_shape, normal], axis=1))
            wanted.append(weight * (by_shape @ betas + normal @ translation - out))
        system = np.concatenate(rows)
        solved = np.linalg.solve(system.T @ system + 1e-9 * np.eye(BETAS + 3), system.T @ np.concatenate(wanted))
        betas, translation = solved[:BETAS], solved[BETAS:]
    return betas, translation


class Closest:
    """The dressed surface, ready to be asked for the point closest to a body's vertex within the same part of the body."""

    def __init__(self, dressed: Dressed):
        self.dressed = dressed
        regions = REGION[dressed.part]
        self.rows = {region: np.flatnonzero(regions == region) for region in np.unique(regions)}
        self.trees = {region: cKDTree(dressed.points[rows]) for region, rows in self.rows.items()}

    def __call__(self, points: ndarray, part: ndarray) -> ndarray:
        """Row of the closest dressed point (S,) of each body point, -1 where the person has nothing of that part."""
        found = np.full(len(points), -1)
        for region, tree in self.trees.items():
            mine = np.flatnonzero(REGION[part] == region)
            found[mine] = self.rows[region][tree.query(points[mine])[1]]
        return found

    def pulls(self, points: ndarray, normals: ndarray, part: ndarray) -> tuple[ndarray, ndarray, ndarray, ndarray]:
        """Which body points (N,) are pulled, the directions (N, 3) they count along, how far out they are of where they should be (N,), and
        the weight: one over the spread, and all together as heavy as SURFACE joints."""
        row = self(points, part)
        hand = np.isin(part, HANDS)
        good = (row >= 0) & ~hand & (np.einsum("sa,sa->s", normals, self.dressed.normals[row]) > 0.3)
        good &= np.linalg.norm(points - self.dressed.points[row], axis=1) < FARTHEST
        which, row = np.flatnonzero(good), row[good]
        normal = self.dressed.normals[row]
        out = np.einsum("sa,sa->s", points[which] - self.dressed.points[row], normal)
        skin = self.dressed.skin[row]
        goal = np.where(skin, 0.0, np.where(out > AT_MOST_OUT, AT_MOST_OUT, -UNDER_CLOTH))
        spread = np.where(skin, SKIN, np.where(out > AT_MOST_OUT, OUTSIDE, CLOTH))
        return which, normal, out - goal, np.sqrt(SURFACE / max(len(which), 1)) / spread


def skin_residual(body: OpenBody, dressed: Dressed, points: ndarray, normals: ndarray) -> float:
    """Mean distance (m) of the body from the bare skin that covers it, along the skin's normal; NaN where none shows. Hands, whose fingers
    the body cannot bend, are left out."""
    which, _, out, _ = Closest(dressed).pulls(points, normals, body.part)
    row = Closest(dressed)(points, body.part)[which]
    skin = dressed.skin[row]
    return float(np.abs(out[skin]).mean()) if skin.any() else float("nan")


def outside(body: OpenBody, dressed: Dressed, points: ndarray, normals: ndarray, by: float = 0.01) -> float:
    """Share of the body's points that poke out of the dressed surface by more than `by` metres; hands left out."""
    closest = Closest(dressed)
    which, normal, _, _ = closest.pulls(points, normals, body.part)
    row = closest(points, body.part)[which]
    return float((np.einsum("sa,sa->s", points[which] - dressed.points[row], normal) > by).mean())
