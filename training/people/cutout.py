"""What a camera sees of a mesh with cards: sheets such as hair whose clear texels show what is behind them.

Solid faces go through the z-buffer as they are. Of the cards every pixel of every face is tested against the texture first, so that
any number of clear layers may lie before the one that is seen.
"""

import cv2
import numpy as np
from numpy import ndarray

from core.camera import Camera
from core.coverage import covered
from core.surface.raster import NEAR, Raster, rasterise
from training.people.character import DressedPerson
from training.people.subject import texels

OPAQUE = 128
"""Alpha from which a texel of a card is there."""


def rasterise_person(person: DressedPerson, camera: Camera) -> Raster:
    """What the camera sees of the person at `camera.size`; faces by their number in person.faces."""
    solid, cards = np.flatnonzero(~person.cards), np.flatnonzero(person.cards)
    seen = rasterise(person.vertices, person.faces[solid], camera)
    face = np.where(seen.face >= 0, solid[seen.face] if len(solid) else -1, -1).astype(np.int32)
    whole = Raster(seen.depth, face, seen.barycentric)
    return nearer(whole, rasterise_cards(person, cards, camera)) if len(cards) else whole


def nearer(first: Raster, second: Raster) -> Raster:
    """Of two pictures by the same camera, pixel by pixel the nearer thing."""
    wins = second.depth < first.depth
    return Raster(
        np.where(wins, second.depth, first.depth),
        np.where(wins, second.face, first.face),
        np.where(wins[..., None], second.barycentric, first.barycentric),
    )


def rasterise_cards(person: DressedPerson, cards: ndarray, camera: Camera) -> Raster:
    """The same for some faces (N,) alone, clear texels left out."""
    width, height = (int(side) for side in camera.size)
    depth = np.full(height * width, np.inf)
    face = np.full(height * width, -1, dtype=np.int32)
    barycentric = np.zeros((height * width, 3), dtype=np.float32)
    points, pixels = camera.to_camera(person.vertices), camera.project(person.vertices)
    ahead = cards[(points[:, 2] > NEAR)[person.faces[cards]].all(axis=1)]
    for number, pixel, flat in covered(pixels[person.faces[ahead]], width, height):
        perspective = flat / points[person.faces[ahead[number]], 2]
        inverse = perspective.sum(axis=1)
        corners = perspective / inverse[:, None]
        there = opaque(person, ahead[number], corners)
        number, pixel, corners, distance = ahead[number[there]], pixel[there], corners[there], 1 / inverse[there]
        np.minimum.at(depth, pixel, distance)
        won = distance <= depth[pixel]
        face[pixel[won]], barycentric[pixel[won]] = number[won], corners[won]
    return Raster(depth.reshape(height, width), face.reshape(height, width), barycentric.reshape(height, width, 3))


def opaque(person: DressedPerson, faces: ndarray, barycentric: ndarray) -> ndarray:
    """True (N,) where the texture is there, at places on faces (N,) given by barycentric weights (N, 3)."""
    if person.alpha is None:
        return np.ones(len(faces), dtype=bool)
    uv = np.einsum("nk,nkc->nc", barycentric, person.uv[person.faces[faces]])
    return texels(person.alpha, uv, cv2.INTER_LINEAR) >= OPAQUE
