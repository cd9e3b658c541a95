"""The cells of a fine grid that a distance field's surface passes, found from coarse to fine.

Every node of the grid is either asked or certified. If the field changes by no more than LIPSCHITZ metres a metre, a node at distance r
from one whose value is v has the sign of v and at least |v| - LIPSCHITZ · r, wherever that is above zero; so bounds go down from each
stride to the next and the field is asked only near its surface. Every cell with a change of sign then has all its corners asked, and the
surface is followed from there, into certified cells too. What is promised, against asking all nodes (the dense grid):

- a field that keeps to LIPSCHITZ gives exactly the dense grid's cells and values;
- a steeper one still gives whole connected surfaces of the dense grid, each of which one cell was found of. Only those can be missed that
  lie wholly among wrongly certified nodes. So the largest part does not depend on LIPSCHITZ, which is chosen for speed.

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

LIPSCHITZ = 1.0
"""Metres that the field may change by along a metre: a distance does by no more. The learned field does in nine of ten places."""

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
    return _Finest(bound, known, asked, lipschitz * grid.cell).crossed(busy)


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


class _Finest:
    """The grid's own nodes, as far as they are looked at: keys, sorted; value, or bound of it; whether it is a value (sure)."""

    def __init__(self, bound: ndarray, known: ndarray, asked: _Asked, reach: float):
        """bound, known: of stride 2, see `_refined`; reach: metres that the field may change by along a cell."""
        self.bound, self.known, self.asked, self.reach = bound, known, asked, reach
        self.grid, self.shape = asked.grid, asked.grid.shape // 2
        self.keys, self.value, self.sure = np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, bool)

    def crossed(self, busy: Int[ndarray, " N"]) -> Crossed:
        """Of the eight cells in each busy one (numbers in the grid of stride 2) those crossed, and those that the surface goes on into."""
        done, found, todo = np.zeros(0, np.int64), [], busy
        while len(todo):
            crossed, turned = self._look_into(todo)
            found.append(crossed)
            done = np.union1d(done, todo)
            beyond = np.setdiff1d(_next(crossed, self.shape), done)
            todo = np.union1d(beyond, np.setdiff1d(_touching(self.grid.nodes(turned), self.shape), todo))
        cells = np.concatenate([np.zeros((0, 3), np.int64), *(one.cells for one in found)])
        values = np.concatenate([np.zeros((0, 8), np.float32), *(one.values for one in found)])
        _, first = np.unique(self.grid.keys(cells), return_index=True)
        return Crossed(cells[first], values[first])

    def _look_into(self, numbers: ndarray) -> tuple[Crossed, ndarray]:
        """The crossed ones among the eight cells in each of these; and the nodes (keys) that turned out to have another sign than
        certified."""
        lowest = 2 * np.stack(np.unravel_index(numbers, self.shape), axis=1)
        nodes, corner = np.unique(self.grid.keys(lowest[:, None] + _WITHIN), return_inverse=True)
        self._learn_of(nodes)
        place = np.searchsorted(self.keys, nodes)
        corner = place[corner].reshape(-1, 27)[:, _CELLS_WITHIN].reshape(-1, 8)
        before = self.value[place] < 0
        self._ask(place[self.value[place] == 0])
        while len(wanted := np.unique(corner[_changes(self.value[corner])])) and not self.sure[wanted].all():
            self._ask(wanted)
        crossing = np.flatnonzero(_changes(self.value[corner]))
        cells = (lowest[:, None] + CORNERS).reshape(-1, 3)[crossing]
        return Crossed(cells, self.value[corner[crossing]]), nodes[before != (self.value[place] < 0)]

    def _learn_of(self, nodes: ndarray) -> None:
        """Takes in those of the nodes (keys) that are new."""
        new = np.setdiff1d(nodes, self.keys, assume_unique=True)
        value, sure = self._certified(self.grid.nodes(new))
        keys = np.concatenate([self.keys, new])
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        self.value, self.sure = np.concatenate([self.value, value])[order], np.concatenate([self.sure, sure])[order]

    def _certified(self, nodes: ndarray) -> tuple[ndarray, ndarray]:
        """Value or bound (N,) of nodes (N, 3) from those of stride 2, and whether it is a value (N,)."""
        low, odd = nodes // 2, nodes % 2
        around = [self.bound[tuple((low + corner * odd).T)] for corner in CORNERS]
        reach = np.float32(self.reach) * np.sqrt(odd.sum(axis=1, dtype=np.float32))
        value = _certified(np.maximum.reduce(around), np.minimum.reduce(around), reach)
        own = np.flatnonzero(~odd.any(axis=1))
        value[own] = self.bound[tuple(low[own].T)]
        sure = np.zeros(len(nodes), bool)
        sure[own] = self.known[tuple(low[own].T)]
        return value, sure

    def _ask(self, places: ndarray) -> None:
        """Puts the field's values in place of bounds at these places in `keys`."""
        places = places[~self.sure[places]]
        self.value[places], self.sure[places] = self.asked(self.grid.nodes(self.keys[places])), True


def _touching(nodes: ndarray, shape: ndarray) -> Int[ndarray, " N"]:
    """Numbers of the cells of stride 2 that nodes (N, 3) belong to."""
    cells = (nodes[:, None] - CORNERS).reshape(-1, 3)
    cells = cells[((cells >= 0) & (cells < 2 * shape)).all(axis=1)]
    return np.unique(np.ravel_multi_index(tuple(cells.T // 2), shape))


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
