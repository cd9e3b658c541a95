"""Two meshes brought together: points spread over a surface, the nearest point of another, and the inside of a closed one.

Plain numpy and a k-d tree, so that a surface of a hundred thousand faces is measured in about a second.
"""

from typing import NamedTuple

import numpy as np
from numpy import ndarray
from scipy.spatial import cKDTree

from core.surface.surface import vertex_normals

CANDIDATES = 10
"""Triangles tried for each point: those whose marks (their centroids, more on large ones) are nearest. The true nearest is missed now and
then, for one a few micrometres farther."""

LARGE, MOST = 4e-4, 100_000
"""Square metres from which a triangle gets marks beside its centroid, one for each quarter of this; and how many in all at most."""

CROSSINGS = 2_000_000
"""Triangle-column pairs tested at once; bounds the memory to about 300 MB."""


class Mesh(NamedTuple):
    """A triangle mesh: vertices (V, 3) metres, faces (F, 3) counter-clockwise from outside."""

    vertices: ndarray
    faces: ndarray


class Places(NamedTuple):
    """Points on a mesh: where (N, 3), on which face (N,), and the weights (N, 3) of that face's corners."""

    points: ndarray
    face: ndarray
    weights: ndarray

    def interpolate(self, faces: ndarray, values: ndarray) -> ndarray:
        """Vertex values (V, C) at the places, (N, C)."""
        return np.einsum("nk,nkc->nc", self.weights, values[faces[self.face]])


def areas(mesh: Mesh) -> ndarray:
    """The faces' areas (F,), square metres."""
    corners = mesh.vertices[mesh.faces]
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2


def spread(mesh: Mesh, number: int, seed: int = 0) -> Places:
    """Points evenly by area: one at random in each of `number` equal parts of the surface, so the same seed gives the same points."""
    rng = np.random.default_rng(seed)
    corners, area = mesh.vertices[mesh.faces], areas(mesh)
    upto = np.cumsum(area) / area.sum()
    face = np.minimum(np.searchsorted(upto, (np.arange(number) + rng.random(number)) / number), len(area) - 1)
    root, along = np.sqrt(rng.random(number)), rng.random(number)
    weights = np.stack([1 - root, root * (1 - along), root * along], axis=1)
    return Places(np.einsum("nk,nkc->nc", weights, corners[face]), face, weights)


def nearest(points: ndarray, mesh: Mesh) -> Places:
    """The mesh's nearest place to each point (N, 3)."""
    tree, owner = _marks(mesh)
    _, found = tree.query(points, k=min(CANDIDATES, len(owner)))
    face = owner[found]
    weights = _on_triangles(points[:, None], mesh.vertices[mesh.faces[face]])
    places = np.einsum("nkc,nkcd->nkd", weights, mesh.vertices[mesh.faces[face]])
    best = np.linalg.norm(places - points[:, None], axis=2).argmin(axis=1)
    rows = np.arange(len(points))
    return Places(places[rows, best], face[rows, best], weights[rows, best])


def _marks(mesh: Mesh) -> tuple[cKDTree, ndarray]:
    """A tree of points on the triangles, and the triangle (N,) each is on."""
    large = np.flatnonzero(areas(mesh) > LARGE)
    points, owner = mesh.vertices[mesh.faces].mean(axis=1), np.arange(len(mesh.faces))
    if len(large):
        part = Mesh(mesh.vertices, mesh.faces[large])
        more = spread(part, int(min(np.ceil(4 * areas(part).sum() / LARGE), MOST)))
        points, owner = np.concatenate([points, more.points]), np.concatenate([owner, large[more.face]])
    return cKDTree(points), owner


def _on_triangles(points: ndarray, corners: ndarray) -> ndarray:
    """Barycentric weights (…, 3) of the points of triangles (…, 3, 3) nearest to points (…, 3): inside, else on the nearest edge."""
    first, second, offset = corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :], points - corners[..., 0, :]
    aa, ab, bb = (first * first).sum(-1), (first * second).sum(-1), (second * second).sum(-1)
    ap, bp = (first * offset).sum(-1), (second * offset).sum(-1)
    area = np.maximum(aa * bb - ab * ab, 1e-30)
    v, w = (bb * ap - ab * bp) / area, (aa * bp - ab * ap) / area
    best = np.stack([1 - v - w, v, w], axis=-1)
    distance = np.where((best >= 0).all(-1), 0.0, np.inf)
    for here, there in ((0, 1), (1, 2), (2, 0)):
        edge = corners[..., there, :] - corners[..., here, :]
        along = ((points - corners[..., here, :]) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-30)
        along = np.clip(along, 0, 1)
        apart = np.linalg.norm(corners[..., here, :] + along[..., None] * edge - points, axis=-1)
        weights = np.zeros_like(best)
        weights[..., here], weights[..., there] = 1 - along, along
        nearer = apart < distance
        best[nearer], distance[nearer] = weights[nearer], apart[nearer]
    return best


def normals_at(places: Places, mesh: Mesh) -> ndarray:
    """Unit normals (N, 3) at places of the mesh: those of the vertices (by area of their faces), interpolated."""
    normals = places.interpolate(mesh.faces, vertex_normals(mesh.vertices, mesh.faces))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def occupancy(mesh: Mesh, low: ndarray, counts: tuple[int, int, int], step: float) -> ndarray:
    """True (X, Y, Z) where the centre of a cube of side `step` lies inside the closed mesh; the first cube's corner is at `low`.

    Inside is where the winding number, counted along columns in z, is positive: parts that overlap make one solid, and a mesh turned
    inside out has no inside.
    """
    corners = (mesh.vertices[mesh.faces] - low) / step - 0.5
    corners[..., :2] += np.array([2.3e-5, 3.7e-5])  # so that no column meets an edge exactly
    change = np.zeros((counts[0], counts[1], counts[2] + 1), dtype=np.int32)
    for face, column, row in _columns(corners, counts):
        triangle = corners[face]
        first, second = triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0]
        offset = np.stack([column, row], axis=1) - triangle[:, 0, :2]
        area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        inverse = 1 / np.where(area == 0, np.inf, area)  # a face seen on edge is hit nowhere
        v = (offset[:, 0] * second[:, 1] - offset[:, 1] * second[:, 0]) * inverse
        w = (first[:, 0] * offset[:, 1] - first[:, 1] * offset[:, 0]) * inverse
        hit = (v > 0) & (w > 0) & (v + w < 1)
        height = (triangle[:, 0, 2] + v * first[:, 2] + w * second[:, 2])[hit]
        layer = np.clip(np.ceil(height), 0, counts[2]).astype(int)
        np.add.at(change, (column[hit], row[hit], layer), -np.sign(area[hit]).astype(np.int32))
    return change.cumsum(axis=2)[..., :-1] > 0


def _columns(corners: ndarray, counts: tuple[int, int, int]):
    """In chunks: face (N,) and the column's x and y (N,) of every column a face's bounds cover. Faces on edge are left out."""
    low = np.clip(np.ceil(corners[..., :2].min(axis=1)), 0, None).astype(int)
    high = np.clip(np.floor(corners[..., :2].max(axis=1)), None, np.array(counts[:2]) - 1).astype(int)
    extent = np.maximum(high - low + 1, 0)
    number = extent.prod(axis=1)
    busy = np.flatnonzero(number)
    for part in np.split(busy, np.flatnonzero(np.diff(np.cumsum(number[busy]) // CROSSINGS)) + 1):
        face = np.repeat(part, number[part])
        within = np.arange(len(face)) - np.repeat(np.cumsum(number[part]) - number[part], number[part])
        across, up = np.divmod(within, extent[face, 1])
        yield face, low[face, 0] + across, low[face, 1] + up
