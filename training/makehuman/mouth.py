"""The mouth of hm08 closed: a pocket as large as a fist behind the lips becomes a membrane between them.

To a field that follows the body the pocket is outside, and people lose their chins. The pocket's vertices stay, so that numbers, UVs and
weights are as they were; they are spread over the lips' ring by harmonic interpolation (each one the mean of its neighbours; Tutte 1963).
That is linear in the ring, so it holds for every shape and its principal components alike. The pocket is found as in mathematical
morphology (Serra 1982): the head's inside, closed with a ball, holds all that no ball of that size can enter from without.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt, map_coordinates
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from core.body.distance import BodyDistance
from core.skeleton import JOINT

STEP = 0.005
"""Metres between the nodes of the lattice on which the head is closed."""

BALL = 0.014
"""Metres: radius of a ball that comes into no mouth, but between chin and chest."""

DEEP = 0.004
"""Metres under the closed head from which on a vertex belongs to a pocket."""


@dataclass(frozen=True, eq=False)
class Mouth:
    """inner (P,): vertices of the pocket; ring (R,): those round it; spread (P, R): each inner one as a mean of the ring."""

    inner: np.ndarray
    ring: np.ndarray
    spread: np.ndarray

    def close(self, values: np.ndarray) -> None:
        """Changes the inner rows of values (V, …), which may be places or their derivatives by a shape."""
        values[self.inner] = np.tensordot(self.spread, values[self.ring], axes=1)


def mouth_of(vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, mirror: np.ndarray) -> Mouth:
    """The largest pocket in the head of a body (V, 3) with weights (V, 24); mirror (V,): their twins. Raises ValueError: no pocket."""
    head = weights[:, JOINT["head"]] > 0.9
    low, high = vertices[head].min(axis=0) - 2 * BALL, vertices[head].max(axis=0) + 2 * BALL
    counts = np.ceil((high - low) / STEP).astype(int) + 1
    nodes = np.stack(np.meshgrid(*(np.arange(count) for count in counts), indexing="ij"), axis=-1).reshape(-1, 3)
    depth = depth_in(closed(BodyDistance(vertices, faces).inside(low + nodes * STEP).reshape(counts)))
    deep = head & (map_coordinates(depth, ((vertices - low) / STEP).T, order=1, cval=-1.0) > DEEP)
    deep &= deep[mirror]
    if not deep.any():
        raise ValueError("no mouth was found in the head")
    matrix, found = _neighbours(faces, len(vertices)), np.flatnonzero(deep)
    _, part = connected_components(matrix[found][:, found], directed=False)
    inner = found[part == np.bincount(part).argmax()]
    ring = np.setdiff1d(matrix[inner].indices, inner)
    around = np.asarray(matrix[inner].sum(axis=1)).ravel()
    laplacian = splu((diags_array(around) - matrix[inner][:, inner]).tocsc())
    return Mouth(inner, ring, laplacian.solve(matrix[inner][:, ring].toarray()))


def closed(solid: np.ndarray) -> np.ndarray:
    """The solid (X, Y, Z) of bool and all that no ball can enter from without, however wide it is inside."""
    if not solid.any():
        return solid
    swollen = distance_transform_edt(~solid) * STEP < BALL
    deep = distance_transform_edt(swollen) * STEP
    plugged = solid | (deep > BALL - STEP)  # a node too thick, or lips that are thinner than two nodes would leak
    cavity = binary_fill_holes(plugged) & ~plugged
    whole = solid | (deep > BALL)
    return whole | (distance_transform_edt(~cavity) < 1.5) if cavity.any() else whole


def depth_in(solid: np.ndarray) -> np.ndarray:
    """Metres (X, Y, Z) from each node to the border of the solid, positive inside."""
    return STEP * (distance_transform_edt(solid) - distance_transform_edt(~solid))


def _neighbours(faces: np.ndarray, count: int) -> csr_array:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    both = np.concatenate([edges, edges[:, ::-1]])
    matrix = csr_array((np.ones(len(both)), both.T), shape=(count, count))
    matrix.data[:] = 1
    return matrix
