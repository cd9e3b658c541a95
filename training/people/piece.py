"""A piece: one mesh of a person in the making (skin, a garment, hair, an eye), with its skin weights and its own picture."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Piece:
    """vertices (V, 3) metres, in the pose its maker has reached; weights (V, 24); places (V, 3): where they lie on the plain base mesh in
    T-pose; faces, uv_faces (F, 3); uv (T, 2); picture (S, S, 4) RGBA uint8; label: of character.LABELS; cards: alpha-tested sheets;
    side: pixels of its square in the atlas."""

    name: str
    label: str
    vertices: np.ndarray
    weights: np.ndarray
    places: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    picture: np.ndarray
    cards: bool
    side: int

    def with_faces(self, kept: np.ndarray) -> "Piece":
        """The piece with only the faces chosen (F,)."""
        return replace(self, faces=self.faces[kept], uv_faces=self.uv_faces[kept])

    def compacted(self) -> "Piece":
        """The piece without the vertices and UVs that no face uses."""
        kept, corners = np.unique(self.faces, return_inverse=True)
        kept_uv, uv_corners = np.unique(self.uv_faces, return_inverse=True)
        arrays = {name: getattr(self, name)[kept] for name in ("vertices", "weights", "places")}
        return replace(self, **arrays, faces=corners.reshape(-1, 3), uv=self.uv[kept_uv], uv_faces=uv_corners.reshape(-1, 3))


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3), weighted by the faces' areas; zero where a vertex has no face."""
    corners = vertices[faces]
    across = np.repeat(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), 3, axis=0)
    summed = np.stack([np.bincount(faces.ravel(), across[:, axis], len(vertices)) for axis in range(3)], axis=1)
    return summed / (np.linalg.norm(summed, axis=1, keepdims=True) + 1e-12)


def subdivided(piece: Piece) -> Piece:
    """The piece with every face cut in four at its edges' middles; vertices, weights, places and UVs halfway between."""
    faces, (vertices, weights, places) = _halved(piece.faces, piece.vertices, piece.weights, piece.places)
    uv_faces, (uv,) = _halved(piece.uv_faces, piece.uv)
    return replace(piece, faces=faces, vertices=vertices, weights=weights, places=places, uv_faces=uv_faces, uv=uv)


def _halved(faces: np.ndarray, *arrays: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    key, place = np.unique(ends[:, 0] * len(arrays[0]) + ends[:, 1], return_inverse=True)
    first, second = np.divmod(key, len(arrays[0]))
    middle = (len(arrays[0]) + place).reshape(3, -1).T
    a, b, c = faces.T
    ab, bc, ca = middle.T
    smaller = np.stack([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]).transpose(2, 0, 1).reshape(-1, 3)
    return smaller, [np.concatenate([array, 0.5 * (array[first] + array[second])]) for array in arrays]


def trimmed(piece: Piece, level: np.ndarray) -> Piece:
    """The piece where level (V,) is positive, with a clean hem where it is zero: vertices just beyond slide back along their edges."""
    inside = level > 0
    uv_level = np.zeros(len(piece.uv))
    uv_level[piece.uv_faces] = level[piece.faces]
    kept = inside[piece.faces].any(axis=1)
    vertices, weights, places = _slid(piece.faces[kept], level, piece.vertices, piece.weights, piece.places)
    (uv,) = _slid(piece.uv_faces[kept], uv_level, piece.uv)
    return replace(piece, vertices=vertices, weights=weights, places=places, uv=uv).with_faces(kept)


def _slid(faces: np.ndarray, level: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
    """The arrays with every row at negative level that has a neighbour at positive level moved to the zero level between them."""
    ends = np.concatenate([faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0], [1, 0], [2, 1], [0, 2])])
    ends = ends[(level[ends[:, 0]] > 0) & (level[ends[:, 1]] <= 0)]
    share = level[ends[:, 0]] / (level[ends[:, 0]] - level[ends[:, 1]])
    count = np.bincount(ends[:, 1], minlength=len(level))
    moved = []
    for array in arrays:
        on_edge = array[ends[:, 0]] + share[:, None] * (array[ends[:, 1]] - array[ends[:, 0]])
        mean = np.stack([np.bincount(ends[:, 1], column, len(level)) for column in on_edge.T], axis=1) / np.maximum(count, 1)[:, None]
        moved.append(np.where(count[:, None] > 0, mean, array))
    return moved


def rim(faces: np.ndarray) -> np.ndarray:
    """Numbers of the vertices on the mesh's open edges, hems for instance."""
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, count = np.unique(ends, axis=0, return_counts=True)
    return np.unique(edges[count == 1])
