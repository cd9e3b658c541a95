"""The zero surface of a signed distance, found from coarse to fine: only cells that can hold it are looked into.

The bound: where |f(a) - f(b)| ≤ L |a - b|, the ball of radius |f(c)| / L round a corner c holds no zero. A cell whose corners have one
sign and whose corners' balls cover it is left alone; all others are halved, down to the finest grid. For a field with that Lipschitz
constant the result is the dense grid's surface, vertex for vertex. A learned field is only nearly a distance: LIPSCHITZ leaves room, and a
cell with both signs is always followed; what is finer than the coarsest grid and steeper than the bound may be missed, but the surface
stays closed, because values never asked for are interpolated and keep their sign.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import marching_cubes

from ..errors import EmptySurface, FieldNotFinite

LIPSCHITZ = 1.3
"""How much steeper than a distance the field is taken to be at most."""

COARSEST = 16
"""Finest cells along the side of a coarsest one: 9 cm for an adult at 320 cells, less than a forearm's length."""

FINER = 4
"""Parts along a cell's side in which it is told whether the corners' balls cover it."""

Distance = Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]]


def isosurface(distance: Distance, low: Float[ndarray, "3"], high: Float[ndarray, "3"], cells: int) -> tuple[ndarray, ndarray]:
    """The largest closed part of the zero surface in the box: vertices (V, 3) and faces (F, 3), counter-clockwise from outside.

    distance: points -> metres, negative inside; cells: along the box's longest side. The box's border counts as outside, so the surface is
    closed there too. Memory: eight bytes a grid point. Raises EmptySurface where the box holds no surface, FieldNotFinite.
    """
    values, step = sparse_grid(distance, low, high, cells)
    vertices, faces = marched(values)
    return largest_part(low + vertices * step, faces)


def sparse_grid(
    distance: Distance, low: Float[ndarray, "3"], high: Float[ndarray, "3"], cells: int, lipschitz: float = LIPSCHITZ
) -> tuple[Float[ndarray, "X Y Z"], float]:
    """The field on the finest grid, exact at every corner of every cell that can hold the surface; and the grid's step, metres."""
    step = float((high - low).max()) / cells
    stride = COARSEST
    shape = np.ceil((high - low) / (step * stride)).astype(int) + 1
    values, known = np.zeros(shape, np.float32), np.zeros(shape, bool)
    wanted = np.ones(shape, bool)
    while True:
        places = np.argwhere(wanted & ~known)
        values[tuple(places.T)] = _asked(distance, low + places * (step * stride))
        known |= wanted
        if stride == 1:
            return values, step
        kept = can_hold_surface(values, lipschitz * stride * step)
        values, known, wanted = _halved(values), _spread(known), _corners(kept)
        stride //= 2


def can_hold_surface(values: Float[ndarray, "X Y Z"], side: float) -> Bool[ndarray, "x y z"]:
    """True for the cells whose corners have both signs, or whose corners' balls of radius |value| do not cover it.

    side: a cell's side in units of the values (times the Lipschitz constant). Covered is told in FINER³ parts of the cell: each must lie
    whole in one ball. Where a value is larger than half the cell's diagonal at every corner that needs no telling.
    """
    x, y, z = values.shape
    parts = [values[i : x - 1 + i, j : y - 1 + j, k : z - 1 + k] for i, j, k in np.ndindex(2, 2, 2)]
    corners = np.stack(parts, axis=-1)
    mixed = (corners.min(axis=-1) < 0) & (corners.max(axis=-1) > 0)
    kept = mixed | (np.abs(corners).min(axis=-1) <= np.sqrt(3) / 2 * side)
    unsure = np.nonzero(kept & ~mixed)
    kept[unsure] = ~_covered(np.abs(corners[unsure]) / side)
    return kept


def _covered(radii: Float[ndarray, "M 8"]) -> Bool[ndarray, " M"]:
    """True where the balls round a unit cell's corners cover it."""
    corners = np.array(list(np.ndindex(2, 2, 2)), dtype=float)
    covered = np.ones(len(radii), bool)
    for middle in (np.array(list(np.ndindex(FINER, FINER, FINER))) + 0.5) / FINER:
        farthest = np.linalg.norm(np.abs(corners - middle) + 0.5 / FINER, axis=1).astype(
            np.float32
        )  # of the part's points, from each corner
        covered &= (radii >= farthest).any(axis=1)
    return covered


def _asked(distance: Distance, points: ndarray) -> ndarray:
    found = distance(points)
    if not np.isfinite(found).all():
        raise FieldNotFinite("The field gave values that are no numbers")
    return np.where(found == 0, 1e-9, found)  # a zero on the grid would make triangles without area


def _halved(values: ndarray) -> ndarray:
    """Values on the grid of half the step, linear between the old."""
    for axis in range(3):
        first, second = (np.take(values, range(start, values.shape[axis] - 1 + start), axis) for start in (0, 1))
        shape = list(values.shape)
        shape[axis] = 2 * shape[axis] - 1
        finer = np.empty(shape, values.dtype)
        even, odd = [slice(None)] * 3, [slice(None)] * 3
        even[axis], odd[axis] = slice(0, None, 2), slice(1, None, 2)
        finer[tuple(even)], finer[tuple(odd)] = values, (first + second) / 2
        values = finer
    return values


def _spread(known: ndarray) -> ndarray:
    """The points known on the old grid, on the grid of half the step."""
    finer = np.zeros([2 * side - 1 for side in known.shape], bool)
    finer[::2, ::2, ::2] = known
    return finer


def _corners(kept: ndarray) -> ndarray:
    """True for every point of the finer grid in a kept cell of the coarser, its border included."""
    points = np.zeros([2 * side + 1 for side in kept.shape], bool)
    for x, y, z in np.ndindex(3, 3, 3):
        points[x : 2 * kept.shape[0] - 1 + x : 2, y : 2 * kept.shape[1] - 1 + y : 2, z : 2 * kept.shape[2] - 1 + z : 2] |= kept
    return points


def marched(values: Float[ndarray, "X Y Z"]) -> tuple[Float[ndarray, "V 3"], Int[ndarray, "F 3"]]:
    """The zero surface in grid steps, by skimage's marching cubes (Lewiner et al. 2003); the border counts as outside. EmptySurface."""
    padded = np.pad(values, 1, constant_values=max(float(np.abs(values).max()), 1e-3))
    if not (values < 0).any():
        raise EmptySurface("The field found nobody in the photo")
    vertices, faces, _, _ = marching_cubes(padded, 0.0, gradient_direction="descent")
    return vertices.astype(np.float64) - 1, faces.astype(np.int64)


def largest_part(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "G 3"]]:
    """The part with the largest volume inside; floaters, and the walls of cavities (which are parts of their own), are dropped."""
    count = len(vertices)
    links = coo_array((np.ones(2 * len(faces), bool), (faces[:, :2].ravel(), faces[:, 1:].ravel())), shape=(count, count))
    parts, part = connected_components(links, directed=False)
    if parts > 1:
        a, b, c = np.moveaxis(vertices[faces], 1, 0)
        volume = np.bincount(part[faces[:, 0]], np.einsum("fc,fc->f", a, np.cross(b, c)) / 6, parts)
        faces = faces[part[faces[:, 0]] == volume.argmax()]
    used, number = np.unique(faces, return_inverse=True)
    return vertices[used], number.reshape(-1, 3)
