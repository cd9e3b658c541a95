"""Skirts sewn to measure: pencil, straight, flared, circle and mermaid, short to floor-length, smooth, pleated or in deep folds, hanging,
blown aside or held out at the hem.

The asset folders know half a dozen skirts, all near the legs, and a field that learned from those makes trousers of any other. Each is
rings round the body: never inside the convex hull of hips and thighs, and from where it is free as wide as its cut says.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from scipy.spatial import ConvexHull, QhullError, cKDTree

from core.skeleton import JOINT
from training.makehuman.figure import Shaped
from training.people.cloth import random_colour
from training.people.piece import Piece
from training.people.wardrobe import Wardrobe, uv_raster

CUTS = {"pencil": 0.2, "straight": 0.2, "flared": 0.3, "circle": 0.18, "mermaid": 0.12}
"""How often each is made."""
SLOPES = {"pencil": (-0.12, 0.02), "straight": (0.02, 0.15), "flared": (0.15, 0.4), "circle": (0.4, 0.8), "mermaid": (-0.12, 0.0)}
"""By how much each grows wider a metre down, to every side, in metres."""
TAIL = (0.3, 0.9)
"""The same of a mermaid's skirt from above the knee down."""
RINGS, AROUND = 56, 144
"""Rows of vertices from waist to hem, and vertices of each."""
GAP = 0.008
"""Metres between the hull of the legs and the cloth."""
BODY = 13380
"""Vertices of the base mesh before its helpers."""
ARMS = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "wrist", "hand")]
PICTURE = 256


@dataclass(frozen=True)
class Cut:
    """How a skirt is made. kind: of CUTS; waist: metres above the joint of the lower spine; length: from waist to hem, 1 at the ankles;
    slope, tail: see SLOPES; folds, depth: how many round the hem, and how deep, metres; warp (4,): phases that make them uneven; tilt:
    metres by which the hem is lower on one side; blown: metres by which the hem is moved aside; held: metres by which it would be held out
    if it did not rise by half of that; towards (3,): angles of those three, from +X to +Z."""

    kind: str
    waist: float
    length: float
    slope: float
    tail: float
    folds: int
    depth: float
    warp: tuple[float, ...]
    tilt: float
    blown: float
    held: float
    towards: tuple[float, ...]


def sample_cut(rng: Generator) -> Cut:
    """Any skirt."""
    kind = str(rng.choice(list(CUTS), p=list(CUTS.values())))
    length = (
        rng.uniform(0.6, 1.02)
        if kind == "mermaid"
        else rng.choice([rng.uniform(0.28, 0.45), rng.uniform(0.45, 0.75), rng.uniform(0.75, 1.02)])
    )
    free = kind in ("flared", "circle", "mermaid")
    folds, depth = (int(rng.integers(4, 13)), rng.uniform(0.0, 0.07)) if free else (0, 0.0)
    if kind in ("straight", "flared") and rng.random() < 0.2:
        folds, depth = int(rng.integers(20, 34)), rng.uniform(0.006, 0.012)
    return Cut(
        kind=kind,
        waist=rng.uniform(-0.05, 0.07),
        length=float(length),
        slope=rng.uniform(*SLOPES[kind]),
        tail=rng.uniform(*TAIL),
        folds=folds,
        depth=float(depth),
        warp=tuple(rng.uniform(0, 2 * np.pi, 4)),
        tilt=float(rng.choice([0.0, rng.uniform(0.02, 0.14)], p=[0.75, 0.25])),
        blown=float(rng.choice([0.0, rng.uniform(0.02, 0.2)], p=[0.6, 0.4])) if free else 0.0,
        held=float(rng.choice([0.0, rng.uniform(0.08, 0.4)], p=[0.85, 0.15])) if free else 0.0,
        towards=tuple(rng.uniform(0, 2 * np.pi, 3)),
    )


@dataclass(frozen=True, eq=False)
class Sewn:
    """A skirt of that cut, to be worn as a `wardrobe.Wearable` is. picture (S, S, 4): its cloth; places (V, 3): on the plain base mesh in
    T-pose, metres; hides (19158,): the base vertices that it surely covers."""

    cut: Cut
    wardrobe: Wardrobe
    picture: np.ndarray
    role: str = "skirt"

    @property
    def name(self) -> str:
        return f"sewn {self.cut.kind}"

    @cached_property
    def places(self) -> np.ndarray:
        plain = self.wardrobe.plain
        vertices, weights = sewn(self.cut, self.wardrobe, plain)
        return plain.t_posed(vertices, weights)

    @cached_property
    def hides(self) -> np.ndarray:
        plain, weights = self.wardrobe.plain, self.wardrobe.figure.weights
        top, hem = _ends(self.cut, plain)
        covered = (plain.rest[:, 1] < top - 0.03) & (plain.rest[:, 1] > hem + self.cut.tilt + 0.5 * self.cut.held + 0.06)
        return covered & (weights[:, ARMS].sum(axis=1) < 0.05) & (np.arange(len(covered)) < BODY)

    @cached_property
    def pixel_places(self) -> tuple[np.ndarray, np.ndarray]:
        """As a Wearable's: which pixels it covers, and where each lies."""
        raster = uv_raster(UV, UV_FACES, len(self.picture))
        return raster.face >= 0, raster.interpolate(FACES, self.places.astype(np.float32))

    def on(self, shaped: Shaped) -> Piece:
        """The skirt on a body in the rest pose, sewn to its measure."""
        vertices, weights = sewn(self.cut, self.wardrobe, shaped)
        return Piece(self.name, "cloth", vertices, weights, self.places, FACES, UV, UV_FACES, self.picture, False, 512)


def sew(rng: Generator, wardrobe: Wardrobe) -> Sewn:
    """Any skirt, in one colour with a waistband and a seam at the hem."""
    picture = np.full((PICTURE, PICTURE, 4), 255, np.uint8)
    picture[..., :3] = 255 * random_colour(rng, 0.5)
    shade = np.ones(PICTURE)
    shade[: int(rng.uniform(0, 14))] *= rng.uniform(0.75, 1.1)
    shade[-int(rng.uniform(2, 8)) :] *= rng.uniform(0.8, 1.05)
    picture[..., :3] = np.uint8(np.clip(picture[..., :3] * shade[:, None, None], 0, 255))
    return Sewn(sample_cut(rng), wardrobe, picture)


def sewn(cut: Cut, wardrobe: Wardrobe, shaped: Shaped) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (RINGS · AROUND, 3) in the rest pose, metres, ring by ring from the waist down, and their skin weights (V, 24), which those
    of the skin nearest to the waistband are all the way: what hangs is `garments.hung`."""
    weights = wardrobe.figure.weights
    trunk = np.flatnonzero((weights[:, ARMS].sum(axis=1) < 0.3) & (np.arange(len(weights)) < BODY))
    skin = shaped.rest[trunk]
    top, hem = _ends(cut, shaped)
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    ways = np.column_stack([np.cos(angle), np.sin(angle)])
    tilt, blown, held = cut.towards
    lift = np.exp(3 * (np.cos(angle - held) - 1))
    lowest = np.maximum(hem + cut.tilt * 0.5 * (1 - np.cos(angle - tilt)) + 0.5 * cut.held * lift, shaped.rest[:BODY, 1].min() + 0.015)
    middle = shaped.joints[JOINT["pelvis"], [0, 2]]
    heights = top + np.linspace(0, 1, RINGS)[:, None] * (lowest - top)
    levels = np.linspace(top, lowest.min(), RINGS)
    radius = _radii(cut, skin, middle, ways, levels, shaped)
    wide = np.stack([np.interp(heights[:, k], levels[::-1], radius[::-1, k]) for k in range(AROUND)], axis=1)
    free = np.clip((top - heights) / (top - hem), 0, 1)
    wide = wide + cut.depth * free * _wave(cut, angle) + cut.held * free**1.5 * lift
    aside = cut.blown * free[..., None] ** 2 * np.array([np.cos(blown), np.sin(blown)])
    flat = middle + wide[..., None] * ways + aside
    vertices = np.stack([flat[..., 0], heights, flat[..., 1]], axis=-1).reshape(-1, 3)
    band = vertices[:AROUND]
    near = cKDTree(skin).query(band)[1]
    return vertices, np.tile(weights[trunk[near]], (RINGS, 1))


def _ends(cut: Cut, shaped: Shaped) -> tuple[float, float]:
    """Heights of waistband and hem, rest pose."""
    top = shaped.joints[JOINT["spine1"], 1] + cut.waist
    ankle = shaped.joints[JOINT["left_ankle"], 1]
    return float(top), float(top - cut.length * (top - ankle))


def _radii(cut: Cut, skin: np.ndarray, middle: np.ndarray, ways: np.ndarray, levels: np.ndarray, shaped: Shaped) -> np.ndarray:
    """How far (RINGS, AROUND) from the middle the cloth lies at each level, before folds."""
    knee = shaped.joints[JOINT["left_knee"], 1]
    tail = knee + 0.12 * (shaped.joints[JOINT["left_hip"], 1] - knee) / 0.4
    rows, last = [], None
    for number, level in enumerate(levels):
        hull = hull_radius(skin[np.abs(skin[:, 1] - level) < 0.03][:, [0, 2]] - middle, ways) + GAP
        if last is not None:
            slope = cut.tail if cut.kind == "mermaid" and level < tail else cut.slope
            hull = np.maximum(hull, last + slope * (levels[number - 1] - level))
        last = hull
        rows.append(hull)
    return np.stack(rows)


def hull_radius(points: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """How far (A,) from the origin the convex hull of points (N, 2) and the origin reaches along unit ways (A, 2)."""
    try:
        hull = ConvexHull(np.concatenate([points, np.zeros((1, 2))]))
    except QhullError:
        return np.zeros(len(ways))
    towards = ways @ hull.equations[:, :2].T
    return np.where(towards > 1e-9, -hull.equations[:, 2] / np.maximum(towards, 1e-9), np.inf).min(axis=1)


def _wave(cut: Cut, angle: np.ndarray) -> np.ndarray:
    """Folds round the hem (A,), 0..1, uneven where they are few: round outside and narrow inside."""
    if not cut.folds:
        return np.zeros_like(angle)
    first, second, third, fourth = cut.warp
    uneven = 0.0 if cut.folds > 15 else 0.5
    bent = angle * cut.folds + first + uneven * (np.cos(angle + second) * 2 + np.cos(2 * angle + third) + np.cos(3 * angle + fourth))
    return np.abs(np.cos(bent / 2)) if cut.folds % 2 == 0 else 0.5 + 0.5 * np.cos(bent)


def grid(rows: int, columns: int, closed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Faces (F, 3) of rows of vertices, those of a closed grid also from the last column to the first, and texture coordinates
    (rows · columns, 2), v up."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    here, beside = row * columns + column, row * columns + (column + 1) % columns
    faces = np.stack([here, beside, beside + columns, here, beside + columns, here + columns], axis=-1).reshape(-1, 3)
    across, down = np.meshgrid(np.linspace(0, 1, columns), np.linspace(1, 0, rows))
    return faces, np.column_stack([across.ravel(), down.ravel()])


FACES = grid(RINGS, AROUND, closed=True)[0]
UV_FACES, UV = grid(RINGS, AROUND + 1)
"""The texture has one more column than there are vertices: where it closes."""
