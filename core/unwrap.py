"""Unwrapping: a place in a texture for every corner of a mesh's triangles. Numpy only.

The mesh falls into charts: patches that hang together and look roughly the same way out of six, each laid flat as it is seen from there,
upright, to one scale. A person in the T pose becomes its front, its back and its sides, which a painter can read. No triangle is turned
over, and what would lie below another part of its own chart becomes a chart of its own, so no two surfaces share a texel. Charts that
sprawl are cut. All are packed by their outlines, with a free cell between any two.

It takes a second where a general method takes minutes (xatlas 0.0.11 on the open body: 8 s for 27,000 triangles, 88 s for 108,000),
because it looks for no better charts than a body needs.
"""

import numpy as np
from numpy import ndarray

from .coverage import covered

AXES = np.array([(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)], dtype=np.float64)
"""The six ways a chart may look: front, back, left, right, up, down in the body frame."""

RIGHT = np.array([(1, 0, 0), (-1, 0, 0), (0, 0, -1), (0, 0, 1), (1, 0, 0), (1, 0, 0)], dtype=np.float64)
"""Each way's direction to the right in the texture; AXES × RIGHT is up."""

SMOOTHING, ROUNDS = 20, 30
"""Times that normals are averaged with their neighbours' before a way is chosen, and that neighbours then vote on it, at most."""

STEEP = 0.15
"""Least cosine between a triangle and its chart's way: anything steeper takes its own best way instead."""

WORTH, SAVING = 0.01, 0.2
"""A chart whose box is this share of all boxes is cut where that saves this share of its box: arms come off a chest, leg from leg."""

FINE = 1400
"""Cells along the side of a square as large as the whole surface, in which overlaps are looked for: about a millimetre on a person."""

GRID = 256
"""Cells along a texture's side that charts are packed in. One is free between any two: 4 texels at 1k, 8 at 2k, 16 at 4k."""


def unwrap(vertices: ndarray, faces: ndarray, polygon: ndarray | None = None) -> ndarray:
    """Texture coordinates (F, 3, 2), 0..1 with v upwards, of each triangle's corners.

    vertices (V, 3) in the body frame's axes, best at rest; faces (F, 3); polygon (F,): the number of the polygon each triangle is a part
    of, which stays in one piece.
    """
    node = np.arange(len(faces)) if polygon is None else np.unique(polygon, return_inverse=True)[1]
    corners = np.asarray(vertices, dtype=np.float64)[faces]
    way, chart = charts(corners, faces, node)
    return _packed(_flat(corners, way), chart)


def charts(corners: ndarray, faces: ndarray, node: ndarray) -> tuple[ndarray, ndarray]:
    """Each triangle's way (F,), an index of AXES, and chart (F,)."""
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    pairs = node[neighbours(faces)]
    way = _ways(_sums(normals, node), pairs)
    chart = _connected(way, pairs)
    before = 0
    while chart.max() >= before:  # as long as there are more charts than before
        before = chart.max() + 1
        layer = np.zeros(len(way), dtype=np.int64)
        layer[node[_below(corners, way[node], chart[node])]] = 1
        chart = _connected(2 * chart + layer, pairs)
    size = np.bincount(node)
    flat = _flat(_sums(corners.mean(axis=1), node)[:, None] / size[:, None, None], way)[:, 0]
    while (beyond := _beyond_cut(flat, chart)).any():
        chart = _connected(2 * chart + beyond, pairs)
    return way[node], chart[node]


def _flat(corners: ndarray, way: ndarray) -> ndarray:
    """Points (F, K, 3) as each triangle's way shows them (F, K, 2): to the right, and up."""
    up = np.cross(AXES, RIGHT)
    return np.stack([np.einsum("fkc,fc->fk", corners, RIGHT[way]), np.einsum("fkc,fc->fk", corners, up[way])], axis=-1)


def _connected(label: ndarray, pairs: ndarray) -> ndarray:
    """Numbers (N,) of the patches of equal label that hang together."""
    return components(len(label), pairs[label[pairs[:, 0]] == label[pairs[:, 1]]])


def neighbours(faces: ndarray) -> ndarray:
    """Pairs (N, 2) of triangles that share an edge."""
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1).astype(np.int64)
    key = sides[:, 0] * (int(faces.max()) + 1) + sides[:, 1]
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1) // 3


def components(count: int, pairs: ndarray) -> ndarray:
    """The number (count,) of the group each thing is in, when pairs (N, 2) of them are joined."""
    group = np.arange(count)
    while True:
        ends = group[pairs]
        low = ends.min(axis=1)
        joined = group.copy()
        for end in ends.T:
            np.minimum.at(joined, end, low)
        while (joined[joined] != joined).any():
            joined = joined[joined]
        if (joined == group).all():
            return np.unique(group, return_inverse=True)[1]
        group = joined


def _sums(values: ndarray, node: ndarray) -> ndarray:
    """Values (N, C) summed over each node."""
    return np.stack([np.bincount(node, column, node.max() + 1) for column in values.T], axis=1)


def _ways(normals: ndarray, pairs: ndarray) -> ndarray:
    """An index of AXES for each normal (N, 3), whose length is an area: its smoothed neighbourhood's, then what its neighbours vote for."""
    first, second = pairs.T
    unit = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)

    def around(values: ndarray) -> ndarray:
        here, there = np.concatenate([first, second]), np.concatenate([second, first])
        return np.stack([np.bincount(here, column[there], len(values)) for column in values.T], axis=1)

    smooth = normals
    for _ in range(SMOOTHING):
        smooth = (smooth + around(smooth)) / 4
    way, own = (smooth @ AXES.T).argmax(axis=1), unit @ AXES.T
    for _ in range(ROUNDS):
        votes = np.eye(6)[way]
        best = np.where(own < STEEP, -np.inf, around(votes) + votes + own).argmax(axis=1)
        if (best == way).all():
            break
        way = best
    return np.where(own[np.arange(len(own)), way] < STEEP, own.argmax(axis=1), way)


def _below(corners: ndarray, way: ndarray, chart: ndarray) -> ndarray:
    """True for triangles that lie below another part of their own chart, seen from where the chart looks.

    Compared in cells: each triangle's own (its centre's) and all whose centres it covers. The tolerance is what a triangle's own slope
    makes of a cell, and a little.
    """
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.maximum(np.linalg.norm(normals, axis=1), 1e-30)
    cell = max(np.sqrt(length.sum() / 2) / FINE, 1e-12)
    slope = 1 / np.maximum((normals * AXES[way]).sum(axis=1) / length, STEEP)
    flat, depth = _flat(corners, way) / cell, np.einsum("fkc,fc->fk", corners, AXES[way])
    flat -= flat.min(axis=(0, 1))
    width, height = (int(side) + 2 for side in flat.max(axis=(0, 1)))
    centre = flat.mean(axis=1).astype(np.int64)
    hits = [(np.arange(len(corners)), centre[:, 1] * width + centre[:, 0], depth.mean(axis=1))]
    hits += [(number, pixel, (share * depth[number]).sum(axis=1)) for number, pixel, share in covered(flat, width, height)]
    number, pixel, deep = (np.concatenate(column) for column in zip(*hits, strict=True))
    _, place = np.unique(chart[number] * (width * height) + pixel, return_inverse=True)
    top = np.full(place.max() + 1, -np.inf)
    np.maximum.at(top, place, deep)
    below = np.zeros(len(corners), dtype=bool)
    below[number[deep < top[place] - 2 * cell * slope[number]]] = True
    return below


def _beyond_cut(flat: ndarray, chart: ndarray) -> ndarray:
    """True for what lies beyond a straight cut (upright or level) through its chart, where one makes two much smaller boxes of its box."""
    beyond = np.zeros(len(flat), dtype=bool)
    order = np.argsort(chart, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(chart[order])) + 1)
    whole = sum(np.ptp(flat[part], axis=0).prod() for part in parts)
    for part in parts:
        box = np.ptp(flat[part], axis=0).prod()
        if len(part) < 2 or box < WORTH * whole:
            continue
        saved, rest = max((_best_cut(flat[part], axis) for axis in (0, 1)), key=lambda cut: cut[0])
        if saved > SAVING * box:
            beyond[part[rest]] = True
    return beyond


def _best_cut(points: ndarray, axis: int) -> tuple[float, ndarray]:
    """The area of the points' box that is saved by the best cut across the axis, and the points beyond it."""
    order = np.argsort(points[:, axis], kind="stable")
    along, across = points[order, axis], points[order, 1 - axis]

    def boxes(along: ndarray, across: ndarray) -> ndarray:
        return np.abs(along - along[0]) * (np.maximum.accumulate(across) - np.minimum.accumulate(across))

    before, after = boxes(along, across), boxes(along[::-1], across[::-1])[::-1]
    cut = int((before[:-1] + after[1:]).argmin())
    return float(before[-1] - before[cut] - after[cut + 1]), order[cut + 1 :]


def _packed(flat: ndarray, chart: ndarray) -> ndarray:
    """Flat triangles (F, 3, 2) of one scale, moved chart by chart and scaled together so that all fit the unit square."""
    count = chart.max() + 1
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, chart, flat.min(axis=1))
    np.maximum.at(high, chart, flat.max(axis=1))
    local, extent = flat - low[chart][:, None], (high - low).max()
    edges = local[:, 1:] - local[:, :1]
    area = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]).sum() / 2
    scale = min(0.9 * GRID / max(np.sqrt(area), 1e-12), (GRID - 2) / max(extent, 1e-12))
    while True:
        places = _places(local * scale, chart)
        if places is not None:
            return (local * scale + places[chart][:, None]) / GRID
        scale *= 0.95


def _places(flat: ndarray, chart: ndarray) -> ndarray | None:
    """Where (C, 2) in cells each chart's low corner goes on the grid, the largest first; None if they do not all fit."""
    taken, places = np.zeros((GRID, GRID)), np.zeros((chart.max() + 1, 2))
    outlines = _outlines(flat, chart)
    for number in sorted(outlines, key=lambda number: -outlines[number].size):
        own = outlines[number]
        roomy = np.zeros((own.shape[0] + 2, own.shape[1] + 2))
        for down in range(3):
            for across in range(3):
                roomy[down : down + own.shape[0], across : across + own.shape[1]] += own
        spot = _spot(taken, np.minimum(roomy, 1))
        if spot is None:
            return None
        row, column = spot
        taken[row + 1 : row + 1 + own.shape[0], column + 1 : column + 1 + own.shape[1]] += own
        places[number] = (column + 1, row + 1)
    return places


def _outlines(flat: ndarray, chart: ndarray) -> dict[int, ndarray]:
    """Which cells (rows, columns) each chart touches, its low corner in the first: from a grid four times as fine, and all corners."""
    fine = 4
    order = np.argsort(chart, kind="stable")
    outlines = {}
    for number, part in enumerate(np.split(flat[order], np.flatnonzero(np.diff(chart[order])) + 1)):
        columns, rows = (int(side) + 1 for side in part.max(axis=(0, 1)))
        touched = np.zeros((rows, columns))
        column, row = part.reshape(-1, 2).astype(np.int64).T
        touched[row, column] = 1
        for _, pixel, _ in covered(part * fine, columns * fine, rows * fine):
            row, column = np.divmod(pixel, columns * fine)
            touched[row // fine, column // fine] = 1
        outlines[number] = touched
    return outlines


def _spot(taken: ndarray, outline: ndarray) -> tuple[int, int] | None:
    """The lowest, then leftmost row and column at which the outline meets nothing that is taken; None if there is none."""
    rows, columns = GRID - outline.shape[0] + 1, GRID - outline.shape[1] + 1
    if rows <= 0 or columns <= 0:
        return None
    meets = np.fft.irfft2(np.fft.rfft2(taken) * np.conj(np.fft.rfft2(outline, (GRID, GRID))), (GRID, GRID))
    free = np.flatnonzero(meets[:rows, :columns].ravel() < 0.5)
    return (int(free[0]) // columns, int(free[0]) % columns) if len(free) else None
