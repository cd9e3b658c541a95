"""A closed surface with fewer triangles, still closed.

Edges are collapsed by quadric error (Garland and Heckbert 1997, by fast-simplification). Now and then that leaves two sheets that touch
along an edge, so that four faces meet there; they are taken apart, and where that does not help another pace of collapsing is tried.
"""

import fast_simplification
import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .parts import largest_part

PACES = (7, 5, 4, 3)
"""How eagerly edges are collapsed, in fast-simplification's measure; its own first."""


def decimated(
    vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], triangles: int
) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "G 3"]]:
    """The closed surface with about so many triangles at most (one in a hundred more where a part of it had to be left finer), every edge
    with two faces. The surface as it is where it has no more, or where none of the PACES keeps it closed."""
    if len(faces) <= triangles:
        return vertices, faces
    for pace in PACES:
        fewer = fast_simplification.simplify(vertices.astype(np.float64), faces, target_count=triangles, agg=pace)
        parted = separated(fewer[0], fewer[1].astype(np.int64))
        if len(parted[1]) <= 1.01 * triangles and is_closed(parted[1]):
            return largest_part(*parted)
    return vertices, faces


def separated(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "F 3"]]:
    """The same faces, sheets that only touch along an edge or at a corner taken apart: each gets vertices of its own.

    Every face is joined to one neighbour along each edge; corners that such joints connect are one vertex. The faces must be closed.
    """
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    corner = np.arange(len(start))
    after = np.roll(corner.reshape(-1, 3), -1, axis=1).ravel()
    ways = [np.flatnonzero(start < end), np.flatnonzero(start > end)]
    ways = [way[np.lexsort((np.maximum(start, end)[way], np.minimum(start, end)[way]))] for way in ways]
    up, down = ways
    joints = np.concatenate([corner[up], after[up]]), np.concatenate([after[down], corner[down]])
    _, vertex = connected_components(coo_array((np.ones(len(joints[0]), bool), joints), shape=(len(start),) * 2), directed=False)
    _, first = np.unique(vertex, return_index=True)
    return vertices[start[first]], vertex.reshape(-1, 3)


def is_closed(faces: Int[ndarray, "F 3"]) -> bool:
    """Whether every edge has two faces that run along it in opposite directions."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    stride = int(faces.max(initial=0)) + 1
    there, back = np.sort(start * stride + end), np.sort(end * stride + start)
    return bool(len(np.unique(there)) == len(there) and np.array_equal(there, back))
