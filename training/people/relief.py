"""Folds: low waves all over a garment, and creases across arms and legs where elbows and knees bend."""

import numpy as np
from numpy.random import Generator

from core.skeleton import JOINT
from training.people.cloth import waves
from training.people.piece import Piece, vertex_normals

MOST = 0.012  # metres a fold stands up


def folded(rng: Generator, piece: Piece, pose: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Vertices (V, 3), T-pose, with folds, which only ever stand outwards. pose (24, 3); at (24, 3): the plain base mesh's T-pose."""
    places = piece.places
    height = rng.uniform(0.0005, 0.003) * (1 + waves(rng, places, rng.uniform(0.05, 0.14), 6))
    wobble = waves(rng, places, 0.1, 4)
    for joint in ("elbow", "knee"):
        for side, sign in (("left", 1), ("right", -1)):
            limb = "shoulder" if joint == "elbow" else "hip"
            share = piece.weights[:, [JOINT[f"{side}_{limb}"], JOINT[f"{side}_{joint}"]]].sum(axis=1)
            along = places[:, 0 if joint == "elbow" else 1] - at[JOINT[f"{side}_{joint}"], 0 if joint == "elbow" else 1]
            bent = min(float(np.linalg.norm(pose[JOINT[f"{side}_{joint}"]])), 1.6) / 1.6
            crease = 1 + np.sin(along * sign * 2 * np.pi / 0.05 + 2 * wobble)
            height += share * (0.001 + 0.004 * bent) * crease * np.exp(-((along / 0.09) ** 2))
    height = np.clip(height, 0, MOST)
    return piece.vertices + vertex_normals(piece.vertices, piece.faces) * height[:, None]
