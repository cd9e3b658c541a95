"""Layers kept apart: garments pushed off the skin and each other, and what lies well under another garment left out."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from training.people.piece import Piece, rim, vertex_normals

SKIN_GAP, LAYER_GAP = 0.003, 0.005  # metres between a garment and the skin, and the garment below
UNDER = 0.03  # metres from its hem inwards an outer garment still shows what is below
APART = 5  # layers from here on (glasses, hats) neither push nor are pushed


def layered(pieces: list[Piece], layers: list[int], skin: np.ndarray, skin_faces: np.ndarray, most: float = 0.05) -> list[Piece]:
    """The garments, inside first, each pushed out of the skin and of those below it, by `most` metres at the most."""
    below = [(skin, vertex_normals(skin, skin_faces), SKIN_GAP)]
    done: list[Piece] = []
    for piece, layer in zip(pieces, layers, strict=True):
        vertices = piece.vertices
        for points, normals, gap in below if layer < APART else ():
            vertices = pushed_out(vertices, points, normals, gap, most)
        done.append(replace(piece, vertices=vertices))
        if layer < APART:
            below.append((vertices, vertex_normals(vertices, piece.faces), LAYER_GAP))
    return done


def pushed_out(vertices: np.ndarray, points: np.ndarray, normals: np.ndarray, gap: float, most: float) -> np.ndarray:
    """Vertices (V, 3), each at least `gap` metres in front of the surface (points and normals (N, 3)) where that is within reach."""
    distance, near = cKDTree(points).query(vertices, k=3, distance_upper_bound=most)
    found = np.isfinite(distance[:, 0])
    here = np.where(np.isfinite(distance[found]), near[found], near[found, :1])
    closeness = 1 / (np.where(np.isfinite(distance[found]), distance[found], most) + 1e-3)
    closeness /= closeness.sum(axis=1, keepdims=True)
    normal = np.einsum("nk,nkc->nc", closeness, normals[here])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    ahead = np.einsum("nc,nc->n", vertices[found] - np.einsum("nk,nkc->nc", closeness, points[here]), normal)
    moved = vertices.copy()
    moved[found] += np.clip(gap - ahead, 0, most)[:, None] * normal
    return moved


def without_hidden(pieces: list[Piece], layers: list[int]) -> list[Piece]:
    """The garments without the faces that lie well under a garment farther out."""
    shown = []
    for piece, layer in zip(pieces, layers, strict=True):
        hidden = np.zeros(len(piece.vertices), bool)
        for outer, outer_layer in zip(pieces, layers, strict=True):
            if layer < outer_layer < APART and piece.label != "other":
                hidden |= _under(piece.vertices, outer)
        shown.append(piece.with_faces(~hidden[piece.faces].all(axis=1)).compacted())
    return shown


def _under(vertices: np.ndarray, outer: Piece) -> np.ndarray:
    """True for the vertices (V,) behind the outer garment, near it and away from its hems."""
    distance, near = cKDTree(outer.vertices).query(vertices, distance_upper_bound=0.06)
    found = np.isfinite(distance)
    near = np.where(found, near, 0)
    behind = np.einsum("vc,vc->v", vertices - outer.vertices[near], vertex_normals(outer.vertices, outer.faces)[near]) < 0
    to_hem = cKDTree(outer.vertices[rim(outer.faces)]).query(outer.vertices[near])[0]
    return found & behind & (to_hem > UNDER)
