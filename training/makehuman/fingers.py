"""Hands: the default rig's thirty finger bones, and how people hold them when they do nothing with them.

In the T-pose palms face down, so a finger curls about the axis that takes its direction downwards; the thumb closes across the palm.
"""

import json

import numpy as np
from numpy.random import Generator

from training.makehuman.mesh import data_folder

FINGERS = tuple(f"finger{finger}-{bone}.{side}" for side in "LR" for finger in range(1, 6) for bone in range(1, 4))
HOLDS = {  # how often; curl of root, middle and tip in degrees for index and little finger; of the thumb; fan of the fingers
    "relaxed": (0.62, (12, 22, 12), (28, 34, 20), (8, 10, 12), 0.0),
    "half_closed": (0.16, (35, 45, 25), (50, 55, 30), (15, 20, 20), -2.0),
    "fist": (0.07, (75, 92, 55), (82, 92, 55), (25, 35, 45), -3.0),
    "flat": (0.08, (3, 4, 3), (3, 4, 3), (0, 3, 3), 0.0),
    "spread": (0.07, (4, 6, 4), (4, 6, 4), (-8, 0, 0), 9.0),
}


def finger_weights(number: int) -> np.ndarray:
    """Weights (number, 30) of the finger bones for hm08's vertices; what is left to one stays with the palm."""
    table = json.loads((data_folder() / "rigs" / "standard" / "weights.default.json").read_text())["weights"]
    weights = np.zeros((number, len(FINGERS)))
    for column, bone in enumerate(FINGERS):
        vertices, amounts = np.array(table[bone]).T
        weights[vertices.astype(int), column] = amounts
    return weights


def sample_hands(rng: Generator) -> tuple[np.ndarray, tuple[str, str]]:
    """Rotations (2, 5, 3, 3), axis-angle in the T-pose's axes, left hand first, and what the two hands do; often both do the same."""
    shares = np.array([share for share, *_ in HOLDS.values()])
    left, right = rng.choice(list(HOLDS), size=2, p=shares / shares.sum())
    kinds = (left, left if rng.random() < 0.6 else right)
    return np.stack([_hand(rng, kind, sign) for kind, sign in zip(kinds, (1.0, -1.0), strict=True)]), kinds


def _hand(rng: Generator, kind: str, sign: float) -> np.ndarray:
    _, index, little, thumb, fan = HOLDS[kind]
    turns = np.zeros((5, 3, 3))
    across = np.linspace(0, 1, 4)[:, None]
    curls = (1 - across) * index + across * little
    curls = curls * rng.uniform(0.75, 1.25) + rng.normal(0, 3, curls.shape)
    turns[1:, :, 2] = -sign * curls
    turns[1:, 0, 1] = sign * np.linspace(-1.5, 1.5, 4) * (fan + rng.normal(0, 1))
    close = np.array([0.75, -0.1 * sign, -0.65 * sign]) * sign  # towards the palm and a little towards the fingers
    turns[0] = (np.array(thumb) * rng.uniform(0.7, 1.3) + rng.normal(0, 3, 3))[:, None] * (close * [sign, 1, 1])
    return np.radians(turns)


def bend(knuckles: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Transforms (30, 3, 4) of the finger bones, each after the one before it. knuckles (2, 5, 3, 3): roots; turns (2, 5, 3, 3, 3)."""
    moves = np.zeros((2, 5, 3, 3, 4))
    turn, shift = np.tile(np.eye(3), (2, 5, 1, 1)), np.zeros((2, 5, 3))
    for bone in range(3):
        root = knuckles[:, :, bone]
        pivot = np.einsum("sfab,sfb->sfa", turn, root) + shift
        turn = turn @ turns[:, :, bone]
        shift = pivot - np.einsum("sfab,sfb->sfa", turn, root)
        moves[:, :, bone, :, :3], moves[:, :, bone, :, 3] = turn, shift
    return moves.reshape(30, 3, 4)
