"""Hair grown to measure: loose, from the chin to the waist, straight or wavy, behind the ears or beside the face; or put up in a knot; with
a fringe or without.

The asset folders know a handful of styles, most of them short or bound, and a field that learned from those paints long hair on a bald
head. Here a cap over the scalp stands off it as thick hair does, a curtain hangs from it, as wide as the head down to the ears, then
falling by itself, and a fringe lies on the forehead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from core.skeleton import JOINT
from training.makehuman.figure import Shaped
from training.people.garments import smooth
from training.people.heads import above_hairline
from training.people.piece import Piece, vertex_normals
from training.people.sewn import ARMS, BODY, grid, hull_radius
from training.people.wardrobe import Wardrobe

ROWS, COLUMNS = 48, 96
"""Of the curtain's vertices, from above the ears down, and from one side of the face round the back to the other."""
KNOT = 24
"""Columns of a knot's vertices, half as many rows."""
BEHIND = 1.9
"""Radians from straight behind up to which hair falls down the back; the rest falls before the shoulders."""
FRINGED = 0.4
"""Share of heads with a fringe."""
FOREHEAD = 0.95
"""Radians from straight ahead to either end of a fringe."""
SIDE = 256
"""Pixels of the hair's picture."""


@dataclass(frozen=True)
class Style:
    """How hair is grown. thick: metres it stands off the scalp; length: metres from above the ears down, 0 where it is put up; opening:
    radians from straight ahead that it leaves free; narrows: share of its width lost over half a metre; locks, ridge: how many strands go
    round, and how far they stand out, metres; wave, step: metres of a wavy strand's swing, and from one to the next; uneven: metres by
    which the ends differ; phases (3,); knot: metres of the knot's radius, 0 for none; knot_at: how high on the back of the head it sits,
    0..1; fringe: metres above the eyes at which a fringe ends, none for no fringe; swept: by how much it ends higher on one side, metres;
    fringe_thick: metres it stands off the forehead."""

    thick: float
    length: float
    opening: float
    narrows: float
    locks: int
    ridge: float
    wave: float
    step: float
    uneven: float
    phases: tuple[float, ...]
    knot: float
    knot_at: float
    fringe: float | None = None
    swept: float = 0.0
    fringe_thick: float = 0.006


def sample_style(rng: Generator) -> Style:
    """Any long hair; one in four is put up."""
    up = rng.random() < 0.25
    return Style(
        thick=rng.uniform(0.004, 0.012) if up else rng.uniform(0.008, 0.038),
        length=0.0 if up else rng.uniform(0.16, 0.62),
        opening=rng.uniform(0.55, 1.65),
        narrows=rng.uniform(-0.35, 0.35),
        locks=int(rng.integers(8, 28)),
        ridge=rng.uniform(0.001, 0.006),
        wave=float(rng.choice([0.0, rng.uniform(0.003, 0.014)])),
        step=rng.uniform(0.06, 0.16),
        uneven=rng.uniform(0.0, 0.04),
        phases=tuple(rng.uniform(0, 2 * np.pi, 3)),
        knot=rng.uniform(0.03, 0.06) if up else 0.0,
        knot_at=rng.uniform(0.0, 1.0),
        fringe=rng.uniform(0.0, 0.04) if rng.random() < FRINGED else None,
        swept=float(rng.choice([0.0, rng.uniform(-0.035, 0.035)])),
        fringe_thick=rng.uniform(0.003, 0.01),
    )


def grown(rng: Generator, wardrobe: Wardrobe, shaped: Shaped, colour: np.ndarray, style: Style | None = None) -> Piece:
    """Hair of that colour (3,), sRGB 0..1, on this head in the rest pose. style: any, where none is given."""
    style = style or sample_style(rng)
    parts = [cap, *([curtain] if style.length else []), *([knot] if style.knot else []), *([fringe] if style.fringe is not None else [])]
    vertices, weights, faces, uv = _together([part(style, wardrobe, shaped) for part in parts])
    plain, plain_weights, _, _ = _together([part(style, wardrobe, wardrobe.plain) for part in parts])
    places = wardrobe.plain.t_posed(plain, plain_weights)
    name = "grown, put up" if style.knot else "grown, loose"
    return Piece(name, "hair", vertices, weights, places, faces, uv, faces, strands(rng, colour), False, 512)


Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Vertices (V, 3), rest pose, metres; skin weights (V, 24); faces (F, 3); texture coordinates (V, 2)."""


def cap(style: Style, wardrobe: Wardrobe, shaped: Shaped) -> Part:
    """The scalp's own mesh, standing off it, thinner towards the line on which hair begins."""
    figure = wardrobe.figure
    kept = figure.person.kept
    above = above_hairline(wardrobe, wardrobe.plain_t[kept])
    scalp = (above > 0) & (figure.weights[kept, JOINT["head"]] > 0.6) & (kept < BODY)
    faces = figure.person.faces[scalp[figure.person.faces].all(axis=1)]
    used, corners = np.unique(faces, return_inverse=True)
    corners = corners.reshape(-1, 3)
    skin, normals = shaped.rest[kept[used]], vertex_normals(shaped.rest[kept], figure.person.faces)[used]
    off = 0.002 + style.thick * np.clip(above[used] / 0.05, 0, 1) ** 0.7
    around = np.arctan2(skin[:, 0] - skin[:, 0].mean(), -(skin[:, 2] - skin[:, 2].mean()))
    off += style.ridge * np.clip(above[used] / 0.05, 0, 1) * np.cos(style.locks * around + style.phases[0])
    flat = wardrobe.plain.rest[kept[used]][:, [0, 2]]
    uv = (flat - flat.min(axis=0)) / np.ptp(flat, axis=0)
    return skin + normals * off[:, None], figure.weights[kept[used]], corners, uv


def curtain(style: Style, wardrobe: Wardrobe, shaped: Shaped) -> Part:
    """What hangs: rows from above the ears down, as wide as the head and its hair, below the ears free."""
    head, eye = _head(wardrobe, shaped)
    middle = np.array([head[:, 0].mean(), (head[:, 2].min() + head[:, 2].max()) / 2])
    angle = np.linspace(-1, 1, COLUMNS) * (np.pi - style.opening)
    ways = np.column_stack([np.sin(angle), -np.cos(angle)])
    top = eye + 0.045
    ends = top - style.length + style.uneven * np.cos(5 * angle + style.phases[1]) * np.cos(2 * angle + style.phases[2])
    down = np.linspace(0, 1, ROWS)
    heights = top + down[:, None] * (ends - top)
    ears, jaw = eye - 0.03, eye - 0.11
    hanging = _as_wide_as_the_head(head, middle, ways, heights, np.linspace(top, ears, 12), 0.02)
    free = np.clip(ears - heights, 0, None)
    hanging = hanging * (1 - style.narrows * np.clip(free / 0.5, 0, 1)) - 0.25 * np.clip(free, 0, 0.12) * np.cos(angle).clip(0, 1)
    lift = 0.002 + style.thick * np.clip((top - heights) / 0.04, 0.3, 1)
    strand = style.ridge * np.cos(style.locks * angle + style.phases[0]) + style.wave * np.clip(free / 0.1, 0, 1) * np.sin(
        2 * np.pi * heights / style.step + style.phases[1] + 2 * np.sin(style.locks * angle / 3)
    )
    wide = hanging + lift + strand
    flat = middle + wide[..., None] * ways
    vertices = _over_shoulders(np.stack([flat[..., 0], heights, flat[..., 1]], axis=-1), np.abs(angle) < BEHIND, wardrobe, shaped)
    vertices = vertices.reshape(-1, 3)
    faces, uv = grid(ROWS, COLUMNS)
    return vertices, _hanging(vertices[:, 1], jaw, shaped), faces, uv


def fringe(style: Style, wardrobe: Wardrobe, shaped: Shaped) -> Part:
    """What lies on the forehead: rows from within the hair of the cap down, as the forehead is round, ends uneven by locks."""
    head, eye = _head(wardrobe, shaped)
    middle = np.array([head[:, 0].mean(), (head[:, 2].min() + head[:, 2].max()) / 2])
    angle = np.linspace(-1, 1, COLUMNS // 2) * FOREHEAD
    ways = np.column_stack([np.sin(angle), np.cos(angle)])
    across = angle / FOREHEAD
    top = eye + 0.1 - 0.02 * np.abs(across)
    ends = eye + style.fringe + style.swept * across + 0.2 * style.uneven * np.cos(style.locks * angle + style.phases[1])
    heights = top + np.linspace(0, 1, ROWS // 2)[:, None] * (np.minimum(ends, top - 0.02) - top)
    lying = _as_wide_as_the_head(head, middle, ways, heights, np.linspace(eye + 0.1, eye - 0.02, 12), 0.012)
    root = np.clip((heights - eye - 0.06) / 0.03, 0, 1)
    lift = 0.002 + style.fringe_thick + root * np.maximum(0.8 * style.thick - style.fringe_thick, 0)
    wide = lying + lift + 0.5 * style.ridge * np.cos(2 * style.locks * angle + style.phases[0])
    flat = middle + wide[..., None] * ways
    vertices = np.stack([flat[..., 0], heights, flat[..., 1]], axis=-1).reshape(-1, 3)
    faces, uv = grid(ROWS // 2, COLUMNS // 2)
    weights = np.zeros((len(vertices), len(JOINT)))
    weights[:, JOINT["head"]] = 1
    return vertices, weights, faces[:, ::-1], uv


def _as_wide_as_the_head(
    head: np.ndarray, middle: np.ndarray, ways: np.ndarray, heights: np.ndarray, levels: np.ndarray, half: float
) -> np.ndarray:
    """From the axis through `middle` (2,) to the hull of the head's skin (N, 3), at heights (R, C) in the ways (C, 2): measured at falling
    levels, in slabs of twice `half`; above and below them as at the last."""
    at_level = np.stack([hull_radius(head[np.abs(head[:, 1] - level) < half][:, [0, 2]] - middle, ways) for level in levels])
    return np.stack([np.interp(heights[:, k], levels[::-1], at_level[::-1, k]) for k in range(len(ways))], axis=1)


def _over_shoulders(hanging: np.ndarray, behind: np.ndarray, wardrobe: Wardrobe, shaped: Shaped) -> np.ndarray:
    """The curtain (ROWS, COLUMNS, 3) where it meets the trunk laid on it: before the chest, or (behind, per column) down the back."""
    weights = wardrobe.figure.weights
    trunk = shaped.rest[(weights[:, ARMS[1:]].sum(axis=1) < 0.3) & (weights[:, JOINT["head"]] < 0.3) & (np.arange(len(weights)) < BODY)]
    shoulder, half = shaped.joints[JOINT["left_shoulder"], 1], shaped.joints[JOINT["left_shoulder"], 0]
    share = smooth((shoulder + 0.09 - hanging[..., 1]) / 0.09)
    laid = hanging.copy()
    wide = np.abs(laid[..., 0])
    narrow = np.where(wide > 0.6 * half, 0.6 * half + 0.3 * (wide - 0.6 * half), wide)
    laid[..., 0] = np.sign(laid[..., 0]) * (wide + share * (narrow - wide))
    near = trunk[cKDTree(trunk[:, :2]).query(laid[..., :2], k=12)[1]]
    back, front = near[..., 2].min(axis=-1) - 0.014, near[..., 2].max(axis=-1) + 0.014
    ahead = np.where(behind, np.minimum(laid[..., 2], back), np.maximum(laid[..., 2], front)) - laid[..., 2]
    laid[..., 2] += gaussian_filter(share * ahead, (2, 1.5), mode="nearest")
    return laid


def knot(style: Style, wardrobe: Wardrobe, shaped: Shaped) -> Part:
    """A ball of hair on the back of the head, or on its top."""
    head, eye = _head(wardrobe, shaped)
    centre = np.array([head[:, 0].mean(), eye, (head[:, 2].min() + head[:, 2].max()) / 2])
    turn = -0.35 + 1.5 * style.knot_at
    way = np.array([0.0, np.sin(turn), -np.cos(turn)])
    off = ((head - centre) @ way).max() + 0.5 * style.knot
    polar, around = np.meshgrid(np.linspace(0.02, np.pi - 0.02, KNOT // 2), np.linspace(0, 2 * np.pi, KNOT), indexing="ij")
    ball = np.stack([np.sin(polar) * np.cos(around), 0.85 * np.cos(polar), np.sin(polar) * np.sin(around)], axis=-1).reshape(-1, 3)
    ball *= style.knot * (1 + 0.12 * np.cos(3 * around + 4 * polar + style.phases[0])).reshape(-1, 1)
    faces, uv = grid(KNOT // 2, KNOT)
    weights = np.zeros((len(ball), len(JOINT)))
    weights[:, JOINT["head"]] = 1
    return centre + off * way + ball, weights, faces[:, ::-1], uv


def strands(rng: Generator, colour: np.ndarray) -> np.ndarray:
    """A picture (S, S, 4) of hair: streaks from top to bottom, often lighter towards the ends, sometimes darker at the roots."""
    streaks = rng.normal(0, 0.1, SIDE) + np.interp(np.arange(SIDE), np.linspace(0, SIDE, 20), rng.normal(0, rng.uniform(0.08, 0.25), 20))
    fading = np.linspace(0, rng.uniform(-0.1, 0.35), SIDE)[:, None]
    roots = -rng.choice([0.0, rng.uniform(0.2, 0.8)], p=[0.6, 0.4]) * np.clip(1 - np.linspace(0, rng.uniform(2, 8), SIDE), 0, 1)[:, None]
    shade = np.exp(streaks[None] + fading + roots)
    picture = np.full((SIDE, SIDE, 4), 255, np.uint8)
    picture[..., :3] = np.uint8(np.clip(255 * shade[..., None] * colour, 0, 250))
    return picture


def _head(wardrobe: Wardrobe, shaped: Shaped) -> tuple[np.ndarray, float]:
    """The skin of head (N, 3), without the neck, rest pose, and the height of its eyes."""
    weights = wardrobe.figure.weights
    head = np.flatnonzero((weights[:, JOINT["head"]] > 0.6) & (np.arange(len(weights)) < BODY))
    kept = wardrobe.figure.person.kept
    return shaped.rest[head], float(shaped.rest[kept[kept >= BODY]][:, 1].mean())


def _hanging(heights: np.ndarray, jaw: float, shaped: Shaped) -> np.ndarray:
    """Skin weights (V, 24): the head's down to the jaw, then more and more the chest's."""
    shoulder = shaped.joints[JOINT["left_shoulder"], 1]
    neck = np.clip((jaw - heights) / max(jaw - shoulder, 0.03), 0, 1)
    weights = np.zeros((len(heights), len(JOINT)))
    weights[:, JOINT["head"]] = (1 - neck) ** 1.5
    weights[:, JOINT["spine3"]] = neck**1.5
    weights[:, JOINT["neck"]] = 1 - weights.sum(axis=1)
    return weights


def _together(parts: list[Part]) -> Part:
    """The parts as one mesh."""
    starts = np.cumsum([0, *(len(part[0]) for part in parts[:-1])])
    faces = np.concatenate([part[2] + start for part, start in zip(parts, starts, strict=True)])
    vertices, weights, uv = (np.concatenate([part[number] for part in parts]) for number in (0, 1, 3))
    return vertices, weights, faces, uv
