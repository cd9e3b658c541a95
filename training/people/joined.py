"""One texture for a whole person: every piece's picture in a square of its own, and the pieces joined to one mesh split at its seams."""

from dataclasses import dataclass

import cv2
import numpy as np

from training.people.character import LABELS
from training.people.piece import Piece

SIDE = 2048
"""Pixels of the atlas at the most; smaller where the pieces need less."""


@dataclass(frozen=True, eq=False)
class Joined:
    """All pieces as one mesh: the arrays of character.DressedPerson by the same names."""

    vertices: np.ndarray
    same_point: np.ndarray
    faces: np.ndarray
    cards: np.ndarray
    label: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    alpha: np.ndarray


def joined(pieces: list[Piece]) -> Joined:
    """The pieces as one mesh with one texture. Raises ValueError where their squares do not fit into the atlas."""
    corners, side = squares([piece.side for piece in pieces])
    texture, alpha = np.full((side, side, 3), 128, np.uint8), np.full((side, side), 255, np.uint8)
    parts, points, vertices = [], 0, 0
    for piece, (x, y) in zip(pieces, corners, strict=True):
        picture = _sized(piece.picture, piece.side)
        texture[y : y + piece.side, x : x + piece.side] = picture[..., :3]
        if piece.cards:
            alpha[y : y + piece.side, x : x + piece.side] = picture[..., 3]
        ends, faces = _split_at_seams(piece)
        inner = np.clip(piece.uv[ends[:, 1]], 0.5 / piece.side, 1 - 0.5 / piece.side) * piece.side
        uv = np.column_stack([x + inner[:, 0], side - y - piece.side + inner[:, 1]]) / side
        label = np.full(len(faces), LABELS.index(piece.label))
        parts.append((piece.vertices[ends[:, 0]], points + ends[:, 0], vertices + faces, np.full(len(faces), piece.cards), label, uv))
        points, vertices = points + len(piece.vertices), vertices + len(ends)
    return Joined(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)), texture, alpha)


def squares(sides: list[int]) -> tuple[list[tuple[int, int]], int]:
    """Where (x, y) each square of 2^n pixels goes, and the atlas' side: largest first along a Z-curve, so they never overlap."""
    area = sum(side * side for side in sides)
    whole = next((side for side in (512, 1024, SIDE) if side * side >= area), None)
    if whole is None:
        raise ValueError(f"pieces of {area} pixels do not fit into an atlas of {SIDE} by {SIDE}")
    corners, used = [(0, 0)] * len(sides), 0
    for number in sorted(range(len(sides)), key=lambda number: -sides[number]):
        corners[number] = (_every_other_bit(used), _every_other_bit(used >> 1))
        used += sides[number] ** 2
    return corners, whole


def _every_other_bit(place: int) -> int:
    return sum(((place >> (2 * bit)) & 1) << bit for bit in range(SIDE.bit_length()))


def _sized(picture: np.ndarray, side: int) -> np.ndarray:
    if len(picture) == side:
        return picture
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if len(picture) > side else cv2.INTER_LINEAR)


def _split_at_seams(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (N, 2) of vertex and UV numbers that occur, and the faces (F, 3) in numbers of pairs."""
    key = piece.faces.astype(np.int64) * len(piece.uv) + piece.uv_faces
    pairs, faces = np.unique(key, return_inverse=True)
    return np.column_stack(np.divmod(pairs, len(piece.uv))), faces.reshape(-1, 3)
