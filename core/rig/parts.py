"""Which part of the person every vertex of a surface belongs to: the torso, an arm or a leg.

In a photo's pose an arm touches the hip and the legs each other, so the nearest body point alone changes its part from one vertex to the
next. What belongs to a part is a region of the surface: the cost of every part is averaged over the surface before the cheapest is taken,
and what is left of small islands goes to the part that surrounds it.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ..body.fitted import FittedBody
from ..skeleton import JOINT, JOINT_NAMES

LIMBS = {"arm": ("shoulder", "elbow", "wrist", "hand"), "leg": ("hip", "knee", "ankle", "foot")}
PARTS = ("torso", *(f"{side}_{limb}" for limb in LIMBS for side in ("left", "right")))
"""The parts by number; the torso has the collars, the neck and the head as well."""

PART_OF_JOINT = np.zeros(len(JOINT_NAMES), dtype=np.int64)
for _limb, _names in LIMBS.items():
    for _side in ("left", "right"):
        PART_OF_JOINT[[JOINT[f"{_side}_{_name}"] for _name in _names]] = PARTS.index(f"{_side}_{_limb}")

TURN = 0.03
"""Metres that a unit of difference between normals counts for: a body point that faces the other way is as good as one 6 cm farther."""

FARTHEST = 0.15
"""Metres from which on a part is no nearer to a vertex than any other that far: bounds the search."""

AVERAGED = 12
"""Steps of averaging the costs over the surface: about 2 cm each way."""

ISLAND = 0.01
"""Share of the surface's vertices under which a region that its part holds elsewhere is an island. A forearm with its hand has 4 %."""


def body_parts(body: FittedBody) -> Int[ndarray, " F"]:
    """The part of each of the body's faces, by the joints that move it most."""
    shares = np.zeros((len(body.skin_weights), len(PARTS)))
    for part in range(len(PARTS)):
        shares[:, part] = body.skin_weights[:, part == PART_OF_JOINT].sum(axis=1)
    return shares[body.faces].sum(axis=1).argmax(axis=1)


def surface_parts(
    vertices: Float[ndarray, "V 3"], normals: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], body: FittedBody
) -> Int[ndarray, " V"]:
    """The part (V,) of each vertex of a surface over the body, both in the photo's pose."""
    costs, around = _costs(vertices, normals, body), _averaging(faces, len(vertices))
    for _ in range(AVERAGED):
        costs = (costs + around @ costs) / 2
    return _without_islands(costs.argmin(axis=1), around)


def places_facing(body: FittedBody) -> Float[ndarray, "F 6"]:
    """The centre of each body face and its normal times TURN: what is near in this space is near and faces alike."""
    corners = body.vertices[body.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.hstack([corners.mean(axis=1), TURN * facing / np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-20)])


def _costs(vertices: ndarray, normals: ndarray, body: FittedBody) -> ndarray:
    """How far (V, P) the nearest face of each part is, in position and direction together; at most FARTHEST."""
    places, part = places_facing(body), body_parts(body)
    wanted = np.hstack([vertices, TURN * normals])
    costs = np.full((len(vertices), len(PARTS)), FARTHEST)
    for number in np.unique(part):
        distance, _ = cKDTree(places[part == number]).query(wanted, distance_upper_bound=FARTHEST)
        costs[:, number] = np.minimum(distance, FARTHEST)
    return costs


def _averaging(faces: ndarray, count: int) -> csr_array:
    """The matrix (V, V) that takes the mean of each vertex's neighbours; a vertex without neighbours keeps its own value."""
    here = np.concatenate([faces.ravel(), np.roll(faces, 1, axis=1).ravel()])
    there = np.concatenate([np.roll(faces, 1, axis=1).ravel(), faces.ravel()])
    lonely = np.setdiff1d(np.arange(count), here)
    here, there = np.concatenate([here, lonely]), np.concatenate([there, lonely])
    return csr_array((1 / np.bincount(here, minlength=count)[here], (here, there)), shape=(count, count))


def _without_islands(part: ndarray, around: csr_array) -> ndarray:
    """The parts with every island given to the part that most of its rim belongs to; loose pieces of the surface stay as they are."""
    part, (here, there) = part.copy(), around.nonzero()
    alike = part[here] == part[there]
    same = csr_array((np.ones(alike.sum()), (here[alike], there[alike])), shape=around.shape)
    _, region = connected_components(same, directed=False)
    size, owner = np.bincount(region), np.zeros(region.max() + 1, dtype=np.int64)
    owner[region] = part
    largest = np.array([size[owner == number].max(initial=0) for number in range(len(PARTS))])
    rim = np.flatnonzero(region[here] != region[there])
    votes = np.zeros((len(size), len(PARTS)))
    np.add.at(votes, (region[here[rim]], part[there[rim]]), 1)
    island = (size < ISLAND * len(part)) & (size < largest[owner]) & (votes.sum(axis=1) > 0)
    owner[island] = votes[island].argmax(axis=1)
    return owner[region]
