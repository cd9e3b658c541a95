"""The signed distance to a posed body, and the body point nearest to any point of space.

The nearest triangle is looked for among those round the nearest of many marks on the surface: exact but where another sheet of surface is
hardly farther than the nearest one (see SPACING), in one point of two hundred near the body. The sign is exact everywhere: inside is where
the winding number (Jacobson et al. 2013) is above zero, counted along a ray. So the body is the union of its parts, and an arm pressed into
the belly does not turn the inside out: surface that another part buries counts for nothing, but for the buried part of triangles that are
half bare, and there the distance is too small by at most the triangle's size.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32
from numpy import ndarray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

SPACING = 0.012
"""Metres between marks on large triangles; each small one has a single mark in its middle. At distance d a place that is farther than the
nearest one is mistaken for it by less than √(d² + SPACING²) - d. On the open body, with small triangles in hands and face: 2 mm at most."""

BURIED = 1e-4
"""Metres outside of a mark at which another part makes it buried."""

BIN = 0.004
"""Metres; side of the columns that triangles are sorted into for counting along the axis."""

ORDER = 0.03
"""Metres; side of the cells that points are sorted by, since neighbours in turn are found in a quarter of the time."""

CHUNK = 16384
"""Points at a time: bounds the memory to about 50 MB for each worker."""


class Nearest(NamedTuple):
    """The body point nearest to each of N points: signed distance in metres (negative inside the body), its face, and its place there."""

    distance: Float32[ndarray, " N"]
    face: Int32[ndarray, " N"]
    barycentric: Float32[ndarray, "N 3"]


class BodyDistance:
    """A closed mesh made ready for queries; parts may overlap. A quarter of a second to make for 27,000 faces."""

    def __init__(self, vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], workers: int = 1):
        """vertices: metres, in the frame of the points to come; faces: counter-clockwise from outside; workers: threads of a query."""
        self.corners = vertices[faces].astype(np.float64)
        self.workers = workers
        self.columns = _Columns(self.corners)
        marks, owner = _marks(self.corners)
        bare = self.columns.winding(marks + BURIED * _unit_normals(self.corners)[owner]) <= 0
        self.tree = cKDTree(marks[bare], balanced_tree=False, compact_nodes=False)
        self.owner = owner[bare]
        shown = np.unique(self.owner)
        rows = _touching(faces, len(vertices))[:, shown]
        self.first, self.count, self.around = rows.indptr[:-1], np.diff(rows.indptr), shown[rows.indices]
        self.packed = _packed(self.corners)

    def query(self, points: Float[ndarray, "N 3"]) -> Nearest:
        """The nearest body point of each point and the signed distance to it."""
        order = np.lexsort(np.floor(points.T / ORDER))
        parts = np.split(order, range(CHUNK, len(points), CHUNK))
        with ThreadPoolExecutor(self.workers) as pool:  # numpy and the tree leave Python to the others while they compute
            found = list(pool.map(lambda part: self._query(points[part].astype(np.float64)), parts))
        back = np.argsort(order)
        return Nearest(*(np.concatenate([part[number] for part in found])[back] for number in range(3)))

    def inside(self, points: Float[ndarray, "N 3"]) -> Bool[ndarray, " N"]:
        """True for points in any part of the body."""
        return self.columns.winding(points.astype(np.float64)) > 0

    def _query(self, points: ndarray) -> Nearest:
        face = self._nearest_face(points)
        place = closest_on_triangles(points, self.corners[face])
        offset = points - np.einsum("nk,nkc->nc", place, self.corners[face])
        gap = np.linalg.norm(offset, axis=1)
        return Nearest(np.where(self.inside(points), -gap, gap).astype(np.float32), face, place.astype(np.float32))

    def _nearest_face(self, points: ndarray) -> ndarray:
        """Of the faces round the nearest mark the nearest (N,)."""
        _, mark = self.tree.query(points)
        centre = self.owner[mark]
        count = self.count[centre]
        ends = np.cumsum(count)
        number = np.repeat(np.arange(len(points)), count)
        candidate = self.around[np.arange(len(number)) + np.repeat(self.first[centre] - ends + count, count)]
        square = _square_distances(points.astype(np.float32)[number], self.packed, candidate)
        least = np.minimum.reduceat(square, ends - count) if len(points) else square
        hits = np.flatnonzero(square == np.repeat(least, count))
        face = np.zeros(len(points), np.int32)
        face[number[hits]] = candidate[hits]
        return face


class _Columns:
    """Triangles (F, 3, 3) sorted into columns along z, for the winding number of points."""

    def __init__(self, corners: ndarray):
        self.corners = corners
        self.least, self.most = corners.min(axis=1), corners.max(axis=1)
        self.low = self.least.min(axis=0)[:2]
        first = np.floor((self.least[:, :2] - self.low) / BIN).astype(np.int64)
        extent = np.floor((self.most[:, :2] - self.low) / BIN).astype(np.int64) - first + 1
        self.shape = (first + extent).max(axis=0)
        count = extent.prod(axis=1)
        face = np.repeat(np.arange(len(corners)), count)
        within = np.arange(len(face)) - np.repeat(np.cumsum(count) - count, count)
        row, column = np.divmod(within, extent[face, 1])
        key = (first[face, 0] + row) * self.shape[1] + first[face, 1] + column
        self.faces = face[np.argsort(key, kind="stable")]
        self.count = np.bincount(key, minlength=self.shape.prod())
        self.start = np.cumsum(self.count) - self.count

    def winding(self, points: ndarray) -> ndarray:
        """How many times the closed parts enclose each point (N,): 0 outside, 1 inside, more where parts overlap."""
        return np.concatenate([self._winding(part) for part in np.split(points, range(CHUNK, len(points), CHUNK))])

    def _winding(self, points: ndarray) -> ndarray:
        place = np.floor((points[:, :2] - self.low) / BIN).astype(np.int64)
        rows = np.flatnonzero(((place >= 0) & (place < self.shape)).all(axis=1))
        key = place[rows] @ np.array([self.shape[1], 1])
        count = self.count[key]
        number = np.repeat(rows, count)
        face = self.faces[np.arange(len(number)) + np.repeat(self.start[key] - np.cumsum(count) + count, count)]
        x, y, z = (np.ascontiguousarray(axis)[number] for axis in points.T)
        ahead = (y >= self.least[face, 1]) & (y < self.most[face, 1]) & (x < self.most[face, 0]) & (z < self.most[face, 2])
        number, face = number[ahead], face[ahead]
        return np.bincount(number, _crossings(points[number], self.corners[face]), len(points)).round().astype(np.int64)


def _crossings(points: ndarray, corners: ndarray) -> ndarray:
    """For a ray from each point (N, 3) up along z through its own triangle (N, 3, 3): 1 where it leaves, -1 where it enters, else 0.

    An edge is asked the same whichever triangle it is asked for, so a ray through a shared edge meets just one of the two.
    """
    turn = np.zeros(len(points), np.int64)  # how often the triangle's outline goes round the point, seen along z
    x, y, z = np.moveaxis(corners - points[:, None], -1, 0).transpose(0, 2, 1)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        upward = y[end] > y[start]
        spans = np.flatnonzero((y[start] <= 0) != (y[end] <= 0))
        up = upward[spans]
        lower, upper = np.where(up, start, end), np.where(up, end, start)
        passes = x[lower, spans] * y[upper, spans] > y[lower, spans] * x[upper, spans]  # to the point's right, along +x
        turn[spans] += passes * np.where(up, 1, -1)
    hit = np.flatnonzero(turn)
    a, b, c = np.stack([x[:, hit], y[:, hit], z[:, hit]], axis=-1)
    above = np.einsum("nc,nc->n", np.cross(b - a, c - a), a) * turn[hit] > 0
    turn[hit[~above]] = 0
    return turn


def _marks(corners: ndarray) -> tuple[ndarray, ndarray]:
    """Points (M, 3) all over the triangles (F, 3, 3), about SPACING apart, and the triangle (M,) each is on."""
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    parts = np.maximum(np.ceil(longest / SPACING), 1).astype(np.int64)
    marks, owner = [], []
    for number in np.unique(parts):
        faces = np.flatnonzero(parts == number)
        marks.append(np.einsum("mk,fkc->fmc", _grid(int(number)), corners[faces]).reshape(-1, 3))
        owner.append(np.repeat(faces, number * number))
    return np.concatenate(marks), np.concatenate(owner)


def _grid(number: int) -> ndarray:
    """Barycentric weights (number², 3) of the middles of a triangle's number² equal parts."""
    i, j, flipped = (axis.ravel() for axis in np.meshgrid(np.arange(number), np.arange(number), [0, 1], indexing="ij"))
    there = i + j + flipped < number
    first, second = (i + (1 + flipped) / 3)[there] / number, (j + (1 + flipped) / 3)[there] / number
    return np.stack([1 - first - second, first, second], axis=1)


def _touching(faces: ndarray, vertices: int) -> csr_array:
    """Positive (F, F) where two faces share a corner, each with itself included."""
    owner = np.repeat(np.arange(len(faces)), 3)
    touch = csr_array((np.ones(len(owner), np.int32), (owner, faces.ravel())), shape=(len(faces), vertices))
    return touch @ touch.T


def _unit_normals(corners: ndarray) -> ndarray:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)


def _packed(corners: ndarray) -> ndarray:
    """What `_square_distances` needs of triangles (F, 3, 3), (16, F) float32: a corner, two edges, the normal, four products."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    a, b, c = ((one * other).sum(axis=1) for one, other in ((first, first), (first, second), (second, second)))
    inverse = 1 / np.maximum(a * c - b * b, 1e-20)
    return np.vstack([corners[:, 0].T, first.T, second.T, _unit_normals(corners).T, a, b, c, inverse]).astype(np.float32)


def _square_distances(points: ndarray, packed: ndarray, face: ndarray) -> ndarray:
    """Squared distance (N,) of each point (N, 3) to its own triangle (N,)."""
    x, y, z, fx, fy, fz, sx, sy, sz, nx, ny, nz, a, b, c, inverse = np.take(packed, face, axis=1)
    x, y, z = points[:, 0] - x, points[:, 1] - y, points[:, 2] - z
    d, e, square = fx * x + fy * y + fz * z, sx * x + sy * y + sz * z, x * x + y * y + z * z
    u, v = (c * d - b * e) * inverse, (a * e - b * d) * inverse
    outside = np.flatnonzero((u < 0) | (v < 0) | (u + v > 1))
    result = (nx * x + ny * y + nz * z) ** 2
    a, b, c, d, e, square = (part[outside] for part in (a, b, c, d, e, square))
    ends = ((d, a, square), (e, c, square), (e - d - b + a, a - 2 * b + c, square - 2 * d + a))
    steps = [np.clip(along / np.maximum(length, 1e-20), 0, 1) for along, length, _ in ends]
    edges = [whole - step * (2 * along - step * length) for step, (along, length, whole) in zip(steps, ends, strict=True)]
    result[outside] = np.minimum(np.minimum(*edges[:2]), edges[2])
    return result


def closest_on_triangles(points: Float[ndarray, "N 3"], triangles: Float[ndarray, "N 3 3"]) -> Float[ndarray, "N 3"]:
    """Barycentric coordinates of each triangle's point closest to its own query point.

    The foot of the perpendicular where that lies inside, else the closest point of the three edges.
    """
    first, second = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    offset = points - triangles[:, 0]
    a, b, c = (first * first).sum(1), (first * second).sum(1), (second * second).sum(1)
    d, e = (first * offset).sum(1), (second * offset).sum(1)
    area = np.maximum(a * c - b * b, 1e-30)
    u, v = (c * d - b * e) / area, (a * e - b * d) / area
    barycentric = np.stack([1 - u - v, u, v], axis=1)
    outside = np.flatnonzero((barycentric < 0).any(axis=1))
    best = np.full(len(outside), np.inf)
    for corner in range(3):
        start, end = triangles[outside, corner], triangles[outside, (corner + 1) % 3]
        along = end - start
        step = np.clip(((points[outside] - start) * along).sum(1) / np.maximum((along * along).sum(1), 1e-30), 0, 1)
        gap = ((start + step[:, None] * along - points[outside]) ** 2).sum(1)
        closer = gap < best
        best[closer] = gap[closer]
        rows = outside[closer]
        barycentric[rows] = 0
        barycentric[rows, corner], barycentric[rows, (corner + 1) % 3] = 1 - step[closer], step[closer]
    return barycentric
