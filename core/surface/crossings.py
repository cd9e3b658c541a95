"""The cells of a fine grid that a distance field's surface passes, found from coarse to fine.

Every node of the grid is either asked or certified. If the field changes by no more than LIPSCHITZ metres a metre, a node at distance r
from one whose value is v has the sign of v and at least |v| - LIPSCHITZ · r, wherever that is above zero; so bounds go down from each
stride to the next and the field is asked only near its surface. What is promised of the result, against asking all nodes (the dense grid):

- a field that keeps to LIPSCHITZ gives exactly the dense grid's cells and values;
- one that does not still gives whole surfaces: every cell with a change of sign has all its corners asked, and from there the surface is
  followed into cells that had been certified. Only a part that lies wholly among wrongly certified nodes can be missed.

Nodes on the box's border are outside, so surfaces close there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Num
from numpy import ndarray

from ..errors import FieldNotFinite

Distance = Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]]
"""Signed distance in metres, negative inside, at points in metres."""

LIPSCHITZ = 1.25
"""Metres that the field may change by along a metre: 1 for a distance, and room for a learned one."""

COARSEST = 16
"""Stride in cells of the first nodes that are asked."""

CHUNK = 262_144
"""Points asked at once."""

CORNERS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
"""A cell's corners (8, 3) in the order in which values come."""

_WITHIN = np.stack(np.meshgrid([0, 1, 2], [0, 1, 2], [0, 1, 2], indexing="ij"), axis=-1).reshape(-1, 3)
_CELLS_WITHIN = (CORNERS[:, None] + CORNERS) @ (9, 3, 1)
"""Of the 27 nodes of two cells a side, the corners (8, 8) of each of the eight cells."""

_FACES = [(axis, side, np.flatnonzero(CORNERS[:, axis] == side)) for axis in range(3) for side in (0, 1)]
"""A cell's six faces: axis, which side of it, their four corners."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Nodes at origin + cell · (i, j, k), metres; shape: cells along each axis, multiples of COARSEST."""

    origin: ndarray
    cell: float
    shape: ndarray

    def places(self, nodes: Num[ndarray, "*N 3"]) -> Float[ndarray, "*N 3"]:
        """Where nodes are, or what lies between them, metres."""
        return self.origin + self.cell * nodes

    def keys(self, nodes: Int[ndarray, "*N 3"]) -> Int[ndarray, "*N"]:
        """One number for each node."""
        return (nodes[..., 0] * (self.shape[1] + 1) + nodes[..., 1]) * (self.shape[2] + 1) + nodes[..., 2]

    def nodes(self, keys: Int[ndarray, " N"]) -> Int[ndarray, "N 3"]:
        return np.stack(np.unravel_index(keys, self.shape + 1), axis=1)


@dataclass(frozen=True, eq=False)
class Crossed:
    """The cells with both signs among their corners: lowest corner (M, 3) in nodes, field values (M, 8) at CORNERS."""

    cells: ndarray
    values: ndarray


def grid_over(low: Float[ndarray, "3"], high: Float[ndarray, "3"], cells: int) -> Grid:
    """A grid about the box's middle with so many cells along its longest side; it sticks out where a side is no multiple of COARSEST."""
    cell = float((high - low).max()) / cells
    shape = COARSEST * np.maximum(np.ceil((high - low) / cell / COARSEST - 1e-6).astype(np.int64), 1)
    return Grid((low + high - cell * shape) / 2, cell, shape)


def crossed_cells(distance: Distance, grid: Grid, lipschitz: float = LIPSCHITZ) -> Crossed:
    """The grid's cells that the field's zero passes. Raises FieldNotFinite."""
    asked = _Asked(distance, grid)
    bound, stride = _everywhere(asked, COARSEST), COARSEST
    known = np.ones(bound.shape, bool)
    while stride > 2:
        stride //= 2
        bound, known = _refined(bound, known, stride, asked, lipschitz)
    busy = np.flatnonzero(_busy(bound, np.sqrt(3) * grid.cell * lipschitz))
    return _finest(bound, known, busy, asked, lipschitz)


class _Asked:
    """The field on a grid's nodes, the border outside."""

    def __init__(self, distance: Distance, grid: Grid):
        self.distance, self.grid = distance, grid

    def __call__(self, nodes: Int[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        parts = np.split(self.grid.places(nodes), range(CHUNK, len(nodes), CHUNK))
        found = np.concatenate([np.asarray(self.distance(part), np.float32) for part in parts if len(part)] or [np.zeros(0, np.float32)])
        if not np.isfinite(found).all():
            raise FieldNotFinite("The field gave values that are no numbers")
        border = ((nodes == 0) | (nodes == self.grid.shape)).any(axis=1)
        return np.where(border, np.maximum(found, np.float32(self.grid.cell)), found)


def _everywhere(asked: _Asked, stride: int) -> Float[ndarray, "I J K"]:
    """The field on all nodes of this stride."""
    shape = asked.grid.shape // stride + 1
    return asked(stride * np.argwhere(np.ones(shape, bool))).reshape(shape)


def _refined(bound: ndarray, known: ndarray, stride: int, asked: _Asked, lipschitz: float) -> tuple[ndarray, ndarray]:
    """From twice the stride: at each node the value, or a certified bound of it; and which of them are values."""
    most, least = _between(bound, np.maximum), _between(bound, np.minimum)
    odd = sum(np.ix_(*(np.arange(count, dtype=np.float32) % 2 for count in most.shape)))
    certified = _certified(most, least, lipschitz * stride * asked.grid.cell * np.sqrt(odd))
    certified[::2, ::2, ::2] = bound
    there = np.zeros(certified.shape, bool)
    there[::2, ::2, ::2] = known
    near = np.abs(certified) < lipschitz * stride * asked.grid.cell * np.sqrt(3) / 2
    wanted = np.argwhere(near & ~there)
    certified[tuple(wanted.T)] = asked(stride * wanted)
    return certified, there | near


def _between(values: ndarray, pick: np.ufunc) -> ndarray:
    """Twice as fine: each new node has the greatest, or least, of those it lies between."""
    for axis in range(3):
        values = np.moveaxis(values, axis, 0)
        finer = np.empty((2 * len(values) - 1, *values.shape[1:]), values.dtype)
        finer[::2], finer[1::2] = values, pick(values[:-1], values[1:])
        values = np.moveaxis(finer, 0, axis)
    return values


def _certified(most: ndarray, least: ndarray, reach: ndarray) -> ndarray:
    """The bound that neighbours with these extremes give a node, so much (metres) less for the way; 0 where they leave the sign open."""
    sure = np.maximum(most - reach, 0) + np.minimum(least + reach, 0)
    sure[(most > 0) & (least < 0)] = 0
    return sure


def _busy(bound: ndarray, reach: float) -> Bool[ndarray, "I J K"]:
    """Cells in which a sign may change: their corners differ in it, or one is nearer to zero than reach."""
    least, most = bound, bound
    for axis in range(3):
        upper, lower = (tuple(part if other == axis else slice(None) for other in range(3)) for part in (slice(1, None), slice(-1)))
        least, most = np.minimum(least[upper], least[lower]), np.maximum(most[upper], most[lower])
    return (least < reach) & (most > -reach)


def _finest(bound: ndarray, known: ndarray, busy: ndarray, asked: _Asked, lipschitz: float) -> Crossed:
    """The crossed cells among the eight of each busy one (numbers in the grid of stride 2), and of those the surface goes on into."""
    grid, shape = asked.grid, asked.grid.shape // 2
    keys, values = np.zeros(0, np.int64), np.zeros(0, np.float32)
    while True:
        lowest = 2 * np.stack(np.unravel_index(busy, shape), axis=1)
        number, corner = np.unique(grid.keys(lowest[:, None] + _WITHIN), return_inverse=True)
        corner = corner.reshape(-1, 27)[:, _CELLS_WITHIN].reshape(-1, 8)
        value, sure = _sampled(grid.nodes(number), bound, known, lipschitz * grid.cell)
        here = np.searchsorted(number, keys)
        value[here], sure[here] = values, True
        _ask(value, sure, value == 0, grid.nodes(number), asked)
        while len(wanted := np.unique(corner[_changes(value[corner])])) and not sure[wanted].all():
            _ask(value, sure, np.isin(np.arange(len(sure)), wanted), grid.nodes(number), asked)
        cells = (lowest[:, None] + CORNERS).reshape(-1, 3)
        crossing = np.flatnonzero(_changes(value[corner]))
        crossed = Crossed(cells[crossing], value[corner[crossing]])
        beyond = np.setdiff1d(_next(crossed, shape), busy)
        if not len(beyond):
            return crossed
        busy, keys, values = np.union1d(busy, beyond), number[sure], value[sure]


def _sampled(nodes: ndarray, bound: ndarray, known: ndarray, reach: float) -> tuple[ndarray, ndarray]:
    """Value or bound (N,) of nodes (N, 3) of stride 1 from those of stride 2, and whether it is a value (N,)."""
    low, odd = nodes // 2, nodes % 2
    around = [bound[tuple((low + corner * odd).T)] for corner in CORNERS]
    value = _certified(np.maximum.reduce(around), np.minimum.reduce(around), reach * np.sqrt(odd.sum(axis=1, dtype=np.float32)))
    own = np.flatnonzero(~odd.any(axis=1))
    value[own] = bound[tuple(low[own].T)]
    sure = np.zeros(len(nodes), bool)
    sure[own] = known[tuple(low[own].T)]
    return value, sure


def _ask(value: ndarray, sure: ndarray, wanted: ndarray, nodes: ndarray, asked: _Asked) -> None:
    """Puts the field's values in place of bounds where wanted (N,)."""
    rows = np.flatnonzero(wanted & ~sure)
    value[rows], sure[rows] = asked(nodes[rows]), True


def _changes(values: Float[ndarray, "M C"]) -> Bool[ndarray, " M"]:
    """Where some corners are inside (below zero) and some are not."""
    inside = values < 0
    return inside.any(axis=1) & ~inside.all(axis=1)


def _next(crossed: Crossed, shape: ndarray) -> Int[ndarray, " N"]:
    """Numbers of the cells of stride 2 that lie behind a face of a crossed cell in which the sign changes."""
    found = []
    for axis, side, corners in _FACES:
        cells = crossed.cells[_changes(crossed.values[:, corners])]
        cells[:, axis] += 2 * side - 1
        found.append(np.ravel_multi_index(tuple(cells.T // 2), shape))  # the border is outside, so no surface leads out of the grid
    return np.unique(np.concatenate(found))
