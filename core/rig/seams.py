"""Where parts touch in the photo (a hand at the belly, a chin on a hand) the surface is one piece: here it is cut, and both sides closed.

The weld is found by what it does: skin between bones that do not meet in a joint, drawn out to several times its length from the photo's
pose to rest. (Between bones that do meet it stretches, too, inside a bent elbow; but into an elbow, and cut there it would be flat.) Its
triangles go, and each ring of edges that this opens gets a fan about a new vertex in its middle, which has the ring's mean of everything.
So a surface that was closed is closed again: each of its edges belongs to two triangles.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..skeleton import PARENTS
from ..surface.subdivision import mesh_edges
from .stretch import SHORT

FACTOR = 4.0
"""How many times as long as in the photo an edge is at rest to be a weld's. Skin over a joint bent by 90° stays below 2 in good rigs."""

CRUMB = 100
"""Pieces of fewer triangles that a cut would leave between two welds go with them."""


class Cut(NamedTuple):
    """The triangles after the cut, the rings of vertices it closed, and how many triangles were removed.

    The middle of ring k is vertex V + k: `with_middles` gives it its values.
    """

    faces: ndarray
    rings: list[ndarray]
    removed: int


def cut_seams(
    vertices: Float[ndarray, "V 3"], rest_vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], owner: Int[ndarray, " V"]
) -> Cut:
    """The surface cut where it is welded. vertices: in the photo's pose, metres; rest_vertices: the same at rest; owner: the joint that
    moves each most.
    """
    torn = torn_faces(vertices, rest_vertices, faces, owner)
    if not torn.any():
        return Cut(faces, [], 0)
    torn |= _crumbs(faces, torn)
    kept = faces[~torn]
    found = rings(kept, faces[torn])
    caps = [
        np.column_stack([ring, np.roll(ring, -1), np.full(len(ring), len(vertices) + number)]).astype(faces.dtype)
        for number, ring in enumerate(found)
    ]
    return Cut(np.concatenate([kept, *caps]), found, int(torn.sum()))


def with_middles(values: Float[ndarray, "V *C"], rings: list[ndarray]) -> Float[ndarray, "W *C"]:
    """Values of all vertices, those of each ring's middle (their mean) last."""
    return np.concatenate([values, *(values[ring].mean(axis=0, keepdims=True) for ring in rings)])


def torn_faces(
    vertices: Float[ndarray, "V 3"], rest_vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], owner: Int[ndarray, " V"]
) -> Bool[ndarray, " F"]:
    """Which triangles have an edge between two bones that do not meet, FACTOR times as long at rest as in the photo."""
    edges, number = mesh_edges(faces)
    own, resting = (np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1) for places in (vertices, rest_vertices))
    drawn = resting > FACTOR * np.maximum(own, SHORT)
    return (drawn & ~_meet()[tuple(owner[edges].T)])[number].any(axis=1)


def _meet() -> ndarray:
    """Which bones (24, 24) are one, or one the other's parent."""
    meet = np.eye(len(PARENTS), dtype=bool)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            meet[joint, parent] = meet[parent, joint] = True
    return meet


def open_edges(faces: Int[ndarray, "F 3"]) -> int:
    """How many edges belong to another number of triangles than two."""
    _, number = mesh_edges(faces)
    return int((np.bincount(number.ravel()) != 2).sum())


def rings(kept: Int[ndarray, "F 3"], removed: Int[ndarray, "G 3"]) -> list[Int[ndarray, " R"]]:
    """The rings of vertices along which triangles were removed, in the order in which a new face has to run through them.

    Where two rings meet in a vertex they are parted there. What does not close (at a surface's own edge) is left out, and stays open.
    """
    stride = int(max(kept.max(initial=0), removed.max(initial=0))) + 1
    sides = _sides(removed)
    mine = np.isin(sides[:, 1] * stride + sides[:, 0], _keys(kept, stride))
    onward: dict[int, list[int]] = {}
    for start, end in sides[mine].tolist():  # a removed triangle ran the way a new one will
        onward.setdefault(start, []).append(end)
    found = []
    for first in list(onward):
        path, at = [first], {first: 0}
        while onward.get(path[-1]):
            vertex = onward[path[-1]].pop()
            if vertex in at:
                ring = path[at[vertex] :]
                if len(ring) > 2:  # two edges between the same vertices close each other
                    found.append(np.array(ring))
                for gone in ring[1:]:
                    del at[gone]
                path = path[: at[vertex] + 1]
            else:
                at[vertex] = len(path)
                path.append(vertex)
    return found


def _sides(faces: ndarray) -> ndarray:
    """Every triangle's three sides (3 F, 2), as it runs."""
    return np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2).astype(np.int64)


def _keys(faces: ndarray, stride: int) -> ndarray:
    sides = _sides(faces)
    return sides[:, 0] * stride + sides[:, 1]


def _crumbs(faces: ndarray, torn: ndarray) -> ndarray:
    """Which of the other triangles belong to a piece of fewer than CRUMB that the torn ones have cut off."""
    count = int(faces.max()) + 1
    sides = _sides(faces[~torn])
    links = coo_array((np.ones(len(sides)), (sides[:, 0], sides[:, 1])), shape=(count, count))
    _, piece = connected_components(links, directed=False)
    cut = np.isin(np.arange(count), faces[torn])
    size = np.bincount(piece[faces[~torn, 0]], minlength=piece.max() + 1)
    touched = np.zeros(piece.max() + 1, dtype=bool)
    touched[piece[cut]] = True
    small = touched & (size < CRUMB)
    return ~torn & small[piece[faces[:, 0]]]
