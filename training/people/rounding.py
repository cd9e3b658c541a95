"""A coarse mesh rounded: each triangle cut in four, the new corners lifted onto the surface that the smooth normals suggest.

Phong tessellation (Boubekeur & Alexa 2008): an edge's middle is drawn to where the planes through its ends, by their normals, expect
the surface. It depends on the edge alone, so neighbours stay joined; every old vertex stays where it is.
"""

from dataclasses import replace

import numpy as np
from numpy import ndarray

from training.people.character import DressedPerson
from training.people.subject import smooth_normals

STRENGTH = 0.75
"""Of the way to the suggested surface; Boubekeur & Alexa's own choice."""
CREASE = 0.5
"""Cosine between the normals at an edge's ends below which it is a crease (a collar, a cuff) and stays straight."""
COARSE = 0.012
"""Metres: persons whose solid faces have a longer median edge are rounded."""


def rounded(person: DressedPerson) -> DressedPerson:
    """The person with four times the faces; textures, joints and truth as they were."""
    normals = smooth_normals(person)
    edges = np.sort(person.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    pairs, number = np.unique(edges, axis=0, return_inverse=True)
    middle = len(person.vertices) + number.reshape(-1, 3)  # of the edges 01, 12, 20
    a, b, c = person.faces.T
    ab, bc, ca = middle.T
    faces = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)
    return replace(
        person,
        vertices=np.concatenate([person.vertices, _lifted(person.vertices, normals, pairs, _flat(person, pairs))]),
        same_point=np.concatenate([person.same_point, _same_middles(person.same_point, pairs)]),
        uv=np.concatenate([person.uv, person.uv[pairs].mean(axis=1)]),
        faces=faces.astype(person.faces.dtype),
        cards=np.repeat(person.cards, 4),
        label=np.repeat(person.label, 4),
    )


def is_coarse(person: DressedPerson) -> bool:
    """True where the solid faces' median edge is longer than COARSE."""
    corners = person.vertices[person.faces[~person.cards]]
    return bool(len(corners)) and float(np.median(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2))) > COARSE


def _lifted(vertices: ndarray, normals: ndarray, pairs: ndarray, flat: ndarray) -> ndarray:
    """The middles (E, 3) of the edges, those that are not flat drawn towards the planes of both ends."""
    first, second = vertices[pairs[:, 0]], vertices[pairs[:, 1]]
    middle, (n, m) = (first + second) / 2, (normals[pairs[:, 0]], normals[pairs[:, 1]])
    on_planes = [np.einsum("ec,ec->e", end - middle, normal)[:, None] * normal for end, normal in ((first, n), (second, m))]
    crease = np.einsum("ec,ec->e", n, m) < CREASE
    return middle + np.where((flat | crease)[:, None], 0, STRENGTH / 2) * (on_planes[0] + on_planes[1])


def _flat(person: DressedPerson, pairs: ndarray) -> ndarray:
    """True (E,) for edges of cards, which have no smooth surface round them."""
    on_card = np.zeros(len(person.vertices), bool)
    on_card[person.faces[person.cards].ravel()] = True
    return on_card[pairs].all(axis=1)


def _same_middles(same_point: ndarray, pairs: ndarray) -> ndarray:
    """Numbers (E,) above the old ones, equal where the edges join the same two points."""
    ends = np.sort(same_point[pairs], axis=1)
    return same_point.max() + 1 + np.unique(ends, axis=0, return_inverse=True)[1].ravel()
