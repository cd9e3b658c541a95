"""Which pixels flat triangles cover, for a camera's picture and for a texture alike. Numpy only, without a loop over triangles."""

from collections.abc import Iterator

import numpy as np
from numpy import ndarray

CHUNK = 1_000_000
"""Candidate pixels tested at once; bounds the memory to about 150 MB."""


def covered(corners: ndarray, width: int, height: int) -> Iterator[tuple[ndarray, ndarray, ndarray]]:
    """Which pixel centres triangles (F, 3, 2), in pixels, cover: in chunks triangle number (N,), pixel number (N,), barycentric (N, 3)."""
    last = np.array([width, height]) - 1
    low = np.clip(np.ceil(corners.min(axis=1) - 0.5), 0, last + 1).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=1) - 0.5), -1, last).astype(np.int64)
    extent = np.maximum(high - low + 1, 0)
    edges = corners[:, 1:] - corners[:, :1]
    twice_area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    count = extent.prod(axis=1) * (np.abs(twice_area) > 1e-12)
    busy = np.flatnonzero(count)
    for part in np.split(busy, np.flatnonzero(np.diff(np.cumsum(count[busy]) // CHUNK)) + 1):
        number = np.repeat(part, count[part])
        within = np.arange(len(number)) - np.repeat(np.cumsum(count[part]) - count[part], count[part])
        row, column = np.divmod(within, extent[number, 0])
        x, y = low[number, 0] + column, low[number, 1] + row
        dx, dy = x + 0.5 - corners[number, 0, 0], y + 0.5 - corners[number, 0, 1]
        inverse = 1 / twice_area[number]
        second = (dx * edges[number, 1, 1] - dy * edges[number, 1, 0]) * inverse
        third = (dy * edges[number, 0, 0] - dx * edges[number, 0, 1]) * inverse
        flat = np.stack([1 - second - third, second, third], axis=1)
        inside = (flat >= -1e-9).all(axis=1)  # edges belong to both neighbours: no cracks, and equal depth decides nothing visible
        yield number[inside], (y * width + x)[inside], flat[inside]
