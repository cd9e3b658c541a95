"""A closed surface with fewer triangles, still closed.

Edges are collapsed by quadric error (Garland and Heckbert 1997, by fast-simplification). Now and then that leaves two sheets that touch
along an edge, so that four faces meet there. They are taken apart: each sheet gets vertices of its own, and where it is one sheet that
comes back to its own edge, one of the two passes goes by a vertex beside the edge's middle.
"""

import fast_simplification
import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .parts import largest_part

APART = 0.1
"""Share of the way from a shared edge to its faces' third corners by which that vertex stands off."""


def decimated(
    vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], triangles: int
) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "G 3"]]:
    """The closed surface with about so many triangles: a few more where sheets had to be taken apart. As it is where it has no more."""
    if len(faces) <= triangles:
        return vertices, faces
    fewer, kept = fast_simplification.simplify(vertices.astype(np.float64), faces, target_count=triangles)
    return largest_part(*passed_twice(*separated(fewer, kept.astype(np.int64))))


def separated(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "F 3"]]:
    """The same faces, sheets that only touch along an edge or at a corner taken apart: each gets vertices of its own.

    Every face is joined to one neighbour along each edge; corners that such joints connect are one vertex. The faces must be closed.
    """
    up, down = _joints(faces)
    after = np.roll(np.arange(faces.size).reshape(-1, 3), -1, axis=1).ravel()
    same = np.concatenate([up, after[up]]), np.concatenate([after[down], down])
    _, vertex = connected_components(coo_array((np.ones(len(same[0]), bool), same), shape=(faces.size,) * 2), directed=False)
    _, first = np.unique(vertex, return_index=True)
    return vertices[faces.ravel()[first]], vertex.reshape(-1, 3)


def passed_twice(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "G 3"]]:
    """The surface with each edge that four faces share left to two of them; the others' two become four, round a new vertex beside it."""
    while True:
        up, down = _joints(faces)
        edges = np.sort(np.stack([faces.ravel()[up], np.roll(faces, -1, axis=1).ravel()[up]], axis=1), axis=1)
        shared = np.flatnonzero((edges[1:] == edges[:-1]).all(axis=1))
        if not len(shared):
            return vertices, faces
        pair = np.array([up[shared[0]], down[shared[0]]])
        rings = np.stack([np.roll(faces[corner // 3], -(corner % 3)) for corner in pair])  # start, end, third corner
        middle = (1 - APART) * vertices[rings[0, :2]].mean(axis=0) + APART * vertices[rings[:, 2]].mean(axis=0)
        new = np.full(2, len(vertices))
        halves = np.concatenate([np.stack([rings[:, 0], new, rings[:, 2]], axis=1), np.stack([new, rings[:, 1], rings[:, 2]], axis=1)])
        vertices, faces = np.concatenate([vertices, middle[None]]), np.concatenate([np.delete(faces, pair // 3, axis=0), halves])


def _joints(faces: ndarray) -> tuple[ndarray, ndarray]:
    """Pairs of half-edges (each the number of the corner it starts at) that run along the same edge, up and down in vertex numbers."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    ways = [np.flatnonzero(start < end), np.flatnonzero(start > end)]
    return tuple(way[np.lexsort((np.maximum(start, end)[way], np.minimum(start, end)[way]))] for way in ways)


def is_closed(faces: Int[ndarray, "F 3"]) -> bool:
    """Whether every edge has two faces that run along it in opposite directions."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    stride = int(faces.max(initial=0)) + 1
    there, back = np.sort(start * stride + end), np.sort(end * stride + start)
    return bool(len(np.unique(there)) == len(there) and np.array_equal(there, back))
