"""The surface of a distance field: marching cubes (Lewiner et al. 2003, by scikit-image) on the cells it passes, cleaned.

The crossed cells are laid side by side in one small volume, each apart from the next, so that neither time nor memory depend on the grid's
size; vertices are then put together again by the grid's edge they lie on.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from skimage.measure import marching_cubes

from ..errors import EmptySurface
from .crossings import CORNERS, Crossed, Distance, Grid, crossed_cells, grid_over
from .parts import largest_part

CELLS = {"draft": 192, "standard": 320, "high": 512}
"""Cells along the longest side of the box, by quality."""

FOLLOWED = 0.6
"""What the field is taken to change by along a metre, below a distance's 1: the largest part is the dense grid's all the same (see
`crossings`), for a third less questions. Small parts may be missed, and would be dropped."""

OFF_NODES = 0.005
"""Share of an edge that every vertex keeps from its ends, so that no triangle shrinks to nothing; 0.03 mm at the standard quality."""

TAME = (0.02, 4.0)
"""Cells from and to which values count for marching cubes' choice among ambiguous connections; places come from the values themselves."""


def isosurface(
    distance: Distance, low: Float[ndarray, "3"], high: Float[ndarray, "3"], cells: int, lipschitz: float = FOLLOWED
) -> tuple[Float[ndarray, "V 3"], Int[ndarray, "F 3"]]:
    """The largest closed surface where the field is zero: vertices in metres, faces counter-clockwise from outside, watertight.

    low, high: the box that is looked in, metres; cells: along its longest side, see CELLS. Raises EmptySurface, FieldNotFinite.
    """
    grid = grid_over(low, high, cells)
    crossed = crossed_cells(distance, grid, lipschitz)
    if not len(crossed.cells):
        raise EmptySurface("The field found nobody in the photo")
    return largest_part(*marched(crossed, grid))


def marched(crossed: Crossed, grid: Grid) -> tuple[Float[ndarray, "V 3"], Int[ndarray, "F 3"]]:
    """All surfaces through the crossed cells: vertices in metres, faces counter-clockwise from outside."""
    places, faces = _side_by_side(np.clip(np.abs(crossed.values) / grid.cell, *TAME) * np.where(crossed.values < 0, -1, 1))
    row, local, lower, axis = places
    inner = axis < 0
    key = np.where(inner, -1 - np.arange(len(row)), 4 * grid.keys(crossed.cells[row] + lower) + axis)
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    row, place, lower, axis = (part[first] for part in (row, local, lower, axis))
    edge = np.flatnonzero(axis >= 0)
    corner, step = lower[edge] @ (4, 2, 1), np.array([4, 2, 1])[axis[edge]]
    start, end = (crossed.values[row[edge], which].astype(np.float64) for which in (corner, corner + step))
    place[edge] = lower[edge]
    place[edge, axis[edge]] = np.clip(start / (start - end), OFF_NODES, 1 - OFF_NODES)
    return grid.places(crossed.cells[row] + place), number[faces]


def _side_by_side(values: Float[ndarray, "M 8"]) -> tuple[tuple[ndarray, ndarray, ndarray, ndarray], Int[ndarray, "F 3"]]:
    """Marching cubes in each cell. Of each vertex: its cell (N,), place in the cell (N, 3), and the edge it is on: lower corner (N, 3) and
    axis (N,), -1 for those in the middle of a cell. Faces index these."""
    side = int(np.ceil(len(values) ** (1 / 3)))
    slot = np.stack(np.unravel_index(np.arange(len(values)), (side,) * 3), axis=1)
    volume, used = np.ones((2 * side,) * 3, np.float32), np.zeros((2 * side,) * 3, bool)
    volume[tuple(np.moveaxis(2 * slot[:, None] + CORNERS, -1, 0))] = values
    used[tuple(2 * slot.T + 1)] = True  # scikit-image names a cell by its highest corner
    vertices, faces, _, _ = marching_cubes(volume, 0.0, gradient_direction="descent", mask=used)
    home = np.floor(vertices / 2 + 1e-4).astype(np.int64)
    local = np.clip(vertices - 2 * home, 0, 1).astype(np.float64)
    off = np.abs(local - np.round(local))
    axis = np.where(np.sort(off, axis=1)[:, 1] < 1e-3, np.argmax(off, axis=1), -1)
    lower = np.where(np.arange(3) == axis[:, None], 0, np.round(local)).astype(np.int64)
    return (np.ravel_multi_index(tuple(home.T), (side,) * 3), local, lower, axis), faces
