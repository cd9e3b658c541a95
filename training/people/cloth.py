"""Cloth: its pieces, colours and prints. A garment's own picture gives seams, folds and shading; the colour and the print are new.

Prints are painted by where a pixel lies on the plain base mesh in T-pose, not by where it lies in the picture, so stripes run on across
seams and at the same width everywhere.
"""

import cv2
import numpy as np
from numpy.random import Generator

PALETTE = {  # sRGB, and how often it is worn
    (24, 24, 27): 10, (58, 60, 64): 6, (112, 114, 116): 5, (172, 172, 170): 4, (236, 234, 228): 10, (30, 38, 62): 8, (52, 78, 120): 6,
    (112, 150, 190): 4, (196, 180, 152): 5, (148, 118, 84): 4, (92, 66, 46): 4, (88, 92, 60): 3, (62, 72, 66): 2, (120, 30, 36): 4,
    (54, 84, 62): 3,
    (186, 52, 48): 4, (222, 178, 176): 3, (206, 118, 60): 2, (226, 190, 84): 2, (110, 70, 116): 2, (52, 128, 128): 2, (180, 200, 170): 2,
}  # fmt: skip
QUIET = 13
"""So many of the palette, from its beginning, are what trousers and shoes mostly are."""
MUTED = {"trousers": 0.85, "suit": 1.0, "skirt": 0.5}
PRINTS = ("plain", "stripes", "pinstripes", "checks", "dots", "blotches", "marl", "blocks")
SHARES = {"trousers": (0.8, 0, 0.05, 0.05, 0, 0.03, 0.07, 0)}
USUAL = (0.44, 0.14, 0.05, 0.1, 0.07, 0.07, 0.07, 0.06)


def repainted(rng: Generator, picture: np.ndarray, covered: np.ndarray, places: np.ndarray, role: str) -> tuple[np.ndarray, str]:
    """The picture (S, S, 4) in other colours, and what was done. covered (S, S): the garment's pixels; places (S, S, 3): metres."""
    if role in ("shoes", "glasses", "hat"):
        if rng.random() < 0.7:
            return toned(rng, picture, 0.05), "toned"
        return recoloured(picture, covered, random_colour(rng, 0.7)), "recoloured"
    if role == "suit" or rng.random() < 0.22:  # a suit of one piece is shirt and trousers at once: one print would make it overalls
        return toned(rng, picture, 0.05 if role in MUTED else 0.2), "toned"
    shares = np.array(SHARES.get(role, USUAL))
    kind = str(rng.choice(PRINTS, p=shares / shares.sum()))
    return recoloured(picture, covered, printed(rng, kind, places, MUTED.get(role, 0.2))), kind


def of_one_cloth(rng: Generator, garments: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[list[np.ndarray], str]:
    """Several garments' pictures in one cloth, each given with its pixels and places as `repainted` takes them, and what was painted."""
    kind, seed = str(rng.choice(PRINTS, p=np.array(USUAL) / sum(USUAL))), int(rng.integers(2**32))
    cloth = [printed(np.random.default_rng(seed), kind, places, MUTED["skirt"]) for _, _, places in garments]
    return [recoloured(picture, covered, colour) for (picture, covered, _), colour in zip(garments, cloth, strict=True)], kind


def random_colour(rng: Generator, muted: float = 0.0) -> np.ndarray:
    """One of the colours people wear (3,), sRGB 0..1, a little off; with the chance `muted` one of the quiet ones."""
    number = QUIET if rng.random() < muted else len(PALETTE)
    share = np.array(list(PALETTE.values())[:number], float)
    colour = np.array(list(PALETTE)[rng.choice(number, p=share / share.sum())]) / 255
    return np.clip(colour * rng.uniform(0.85, 1.15) + rng.normal(0, 0.02, 3), 0.03, 0.95)


def toned(rng: Generator, picture: np.ndarray, strange: float) -> np.ndarray:
    """The picture a little lighter, darker or of a near hue, or, with the chance `strange`, of any; saturation kept within reason."""
    hsv = cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (
        hsv[..., 0] + rng.choice([0.0, rng.uniform(-12, 12), rng.uniform(0, 180)], p=[0.5 - strange / 2, 0.5 - strange / 2, strange])
    ) % 180
    hsv[..., 1] *= rng.uniform(0.5, 1.1)
    hsv[..., 2] = 255 * (hsv[..., 2] / 255) ** rng.uniform(0.7, 1.3)
    return np.dstack([cv2.cvtColor(np.uint8(np.clip(hsv, 0, 255)), cv2.COLOR_HSV2RGB), picture[..., 3]])


def recoloured(picture: np.ndarray, covered: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """The picture's light and shade in another colour: (3,), or one for every pixel (S, S, 3); sRGB 0..1."""
    light = cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)
    middle = float(np.median(light[covered])) if covered.any() else 128.0
    shade = np.clip(1 + 0.8 * (light - middle) / max(middle, 60), 0.5, 1.35)
    return np.dstack([np.uint8(np.clip(255 * shade[..., None] * colour, 0, 255)), picture[..., 3]])


def printed(rng: Generator, kind: str, places: np.ndarray, muted: float) -> np.ndarray:
    """Colours (S, S, 3), sRGB 0..1, of a print at those places."""
    first, second = random_colour(rng, muted), random_colour(rng, muted)
    if kind == "plain":
        return np.broadcast_to(first, places.shape)
    return first + (second - first) * _amount(rng, kind, places)[..., None]


def _amount(rng: Generator, kind: str, places: np.ndarray) -> np.ndarray:
    """How much (S, S) of a print's second colour stands at each place, 0..1."""
    up, around = places[..., 1], places[..., 0] + places[..., 2]
    if kind == "stripes":
        level = up if rng.random() < 0.75 else around
        return _bands(level / rng.uniform(0.02, 0.12), rng.uniform(0.2, 0.6))
    if kind == "pinstripes":
        return 0.8 * _bands(around / rng.uniform(0.02, 0.045), 0.22)
    if kind == "checks":
        side, share = rng.uniform(0.02, 0.09), rng.uniform(0.25, 0.5)
        return 0.5 * (_bands(up / side, share) + _bands(around / side, share))
    if kind == "dots":
        side = rng.uniform(0.02, 0.06)
        row = np.floor(up / side)
        x, y = around / side + 0.5 * (row % 2), up / side
        return (np.hypot(x - np.floor(x) - 0.5, y - row - 0.5) < rng.uniform(0.15, 0.33)).astype(np.float32)
    if kind == "blotches":
        return np.clip(4 * waves(rng, places, rng.uniform(0.06, 0.2), 8) + rng.uniform(-1, 1.5), 0, 1)
    if kind == "marl":
        return np.clip(0.3 + 0.25 * rng.normal(size=places.shape[:2]), 0, 0.6)
    return (up > rng.uniform(0.1, 0.35)).astype(np.float32)  # blocks


def _bands(level: np.ndarray, share: float) -> np.ndarray:
    """Bands of this share of each whole step, with soft edges, because a pixel is some millimetres wide."""
    return np.clip((share / 2 - np.abs(level - np.floor(level) - 0.5)) / 0.12 + 0.5, 0, 1)


def waves(rng: Generator, places: np.ndarray, length: float, number: int) -> np.ndarray:
    """Smooth noise about zero, mostly within one, at places (…, 3): sine waves of about this length (metres) in all directions."""
    ways = rng.normal(size=(number, 3))
    ways *= 2 * np.pi / length / np.linalg.norm(ways, axis=1, keepdims=True) * rng.uniform(0.6, 1.6, (number, 1))
    phases = rng.uniform(0, 2 * np.pi, number)
    total = np.zeros(places.shape[:-1], np.float32)
    for way, phase in zip(ways.astype(np.float32), phases, strict=True):
        total += np.sin(places @ way + np.float32(phase) + 0.7 * total)
    return total / np.sqrt(number / 2)
