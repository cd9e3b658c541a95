"""Points round a shell with their signed distance, normal and colour, drawn anew at every step of training.

The distance is to the nearest of all triangles at the three nearest vertices; of triangles that share the nearest edge or corner the one
that faces the point most squarely tells inside from outside, because any other may have it on its wrong side. The triangles of a shell are
all about as large as a lattice cell, so the nearest one is hardly ever missed: see the tests for by how much.
"""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import cKDTree

from training.people.character import Shell

NEAREST = 3
"""Vertices whose triangles are tried."""
TIE = 1e-6
"""Metres within which two triangles are equally near: they share the edge or corner that is nearest."""


@dataclass(frozen=True, eq=False)
class Samples:
    """points (N, 3) metres, body frame; distance (N,) metres, negative inside; normal (N, 3): outward, of the surface's nearest place;
    albedo (N, 3) uint8 sRGB, trusted, label (N,) uint8: of that place. All float32 but the bytes."""

    points: ndarray
    distance: ndarray
    normal: ndarray
    albedo: ndarray
    trusted: ndarray
    label: ndarray


class Sampler:
    """A shell made ready for samples: a tree of its vertices and the triangles at each; a tenth of a second to build."""

    def __init__(self, shell: Shell):
        self.shell = shell
        self.vertices = shell.vertices.astype(np.float64)
        self.tree = cKDTree(self.vertices, balanced_tree=False, compact_nodes=False)
        corners = self.vertices[shell.faces]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(cross, axis=1)
        self.face_normals = cross / np.maximum(area, 1e-18)[:, None]
        self.area_so_far = np.cumsum(area)
        self.around = _faces_around(shell.faces, len(self.vertices))

    def draw(self, rng: Generator, near: int, far: int, spreads: tuple[float, ...] = (0.005, 0.03), margin: float = 0.1) -> Samples:
        """near points off the surface by normal distances of these spreads (metres, equal shares), far ones evenly in its box + margin."""
        surface = self.on_surface(rng, near)
        spread = np.resize(spreads, near)
        box = self.vertices.min(axis=0) - margin, self.vertices.max(axis=0) + margin
        return self.at(np.concatenate([surface + rng.normal(0, 1, (near, 3)) * spread[:, None], rng.uniform(*box, (far, 3))]))

    def on_surface(self, rng: Generator, count: int) -> ndarray:
        """Points (N, 3) evenly on the shell."""
        face = np.searchsorted(self.area_so_far, rng.random(count) * self.area_so_far[-1])
        first, second = np.sqrt(rng.random(count)), rng.random(count)
        weights = np.stack([1 - first, first * (1 - second), first * second], axis=1)
        return np.einsum("nk,nkc->nc", weights, self.vertices[self.shell.faces[np.minimum(face, len(self.shell.faces) - 1)]])

    def at(self, points: ndarray) -> Samples:
        """What the shell is at the points (N, 3)."""
        shell = self.shell
        face, weights, offset = self.nearest(points)
        corners = shell.faces[face]
        inside = np.einsum("nc,nc->n", offset, self.face_normals[face]) < 0
        distance = np.linalg.norm(offset, axis=1) * np.where(inside, -1, 1)
        normal = np.einsum("nk,nkc->nc", weights, shell.normals[corners])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        albedo = np.einsum("nk,nkc->nc", weights, shell.albedo[corners].astype(np.float32))
        most = np.take_along_axis(corners, np.argmax(weights, axis=1)[:, None], axis=1)[:, 0]
        return Samples(
            points.astype(np.float32),
            distance.astype(np.float32),
            normal.astype(np.float32),
            np.round(albedo).astype(np.uint8),
            shell.trusted[corners].min(axis=1),
            shell.label[most],
        )

    def nearest(self, points: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        """The nearest triangle (N,), the place on it by barycentric weights (N, 3), and the way from there to the point (N, 3)."""
        _, vertex = self.tree.query(points, k=min(NEAREST, len(self.vertices)))
        candidates = self.around[vertex.reshape(len(points), -1)].reshape(len(points), -1)
        rows, columns = np.nonzero(candidates >= 0)
        faces = candidates[rows, columns]
        weights = closest_weights(points[rows], self.vertices[self.shell.faces[faces]])
        offset = points[rows] - np.einsum("nk,nkc->nc", weights, self.vertices[self.shell.faces[faces]])
        distance = np.linalg.norm(offset, axis=1)
        starts = np.searchsorted(rows, np.arange(len(points)))
        least = np.minimum.reduceat(distance, starts)[rows]
        square = np.abs(np.einsum("nc,nc->n", offset, self.face_normals[faces]))
        rank = np.where(distance <= least + TIE, square, -1)
        order = np.lexsort((rank, rows))
        best = order[np.append(starts[1:], len(rows)) - 1]
        return faces[best], weights[best], offset[best]


def _faces_around(faces: ndarray, count: int) -> ndarray:
    """The triangles at each vertex (V, most), -1 where there are fewer."""
    owner = faces.ravel()
    order = np.argsort(owner, kind="stable")
    number = np.bincount(owner, minlength=count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    table = np.full((count, number.max()), -1, np.int32)
    table[owner[order], place] = order // 3
    return table


def closest_weights(points: ndarray, corners: ndarray) -> ndarray:
    """Barycentric weights (N, 3) of the nearest place to each point (N, 3) on its own triangle (N, 3, 3).

    Ericson 2004, "Real-Time Collision Detection", 5.1.5: inside the triangle, else on the nearest of its edges, corners included.
    """
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = second - first, third - first, points - first
    d00, d01, d11 = _dot(ab, ab), _dot(ab, ac), _dot(ac, ac)
    d20, d21 = _dot(ap, ab), _dot(ap, ac)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-24)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    weights = np.stack([1 - v - w, v, w], axis=1)
    beyond = np.flatnonzero((weights < 0).any(axis=1))
    if len(beyond):
        weights[beyond] = _closest_on_edges(points[beyond], corners[beyond])
    return weights


def _closest_on_edges(points: ndarray, corners: ndarray) -> ndarray:
    """The same on the triangle's outline."""
    edges = np.roll(corners, -1, axis=1) - corners
    along = np.einsum("nkc,nkc->nk", points[:, None] - corners, edges) / np.maximum(np.einsum("nkc,nkc->nk", edges, edges), 1e-24)
    along = np.clip(along, 0, 1)
    off = points[:, None] - (corners + along[..., None] * edges)
    best = np.argmin(np.einsum("nkc,nkc->nk", off, off), axis=1)
    share, rows = along[np.arange(len(points)), best], np.arange(len(points))
    weights = np.zeros((len(points), 3))
    weights[rows, best] = 1 - share
    weights[rows, (best + 1) % 3] = share
    return weights


def _dot(first: ndarray, second: ndarray) -> ndarray:
    return np.einsum("nc,nc->n", first, second)
