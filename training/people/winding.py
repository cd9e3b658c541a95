"""The winding number of a triangle soup on a lattice, and where the lattice's edges cross the soup.

Jacobson et al. 2013, "Robust Inside-Outside Segmentation using Generalized Winding Numbers", define it by solid angles: the harmonic
function that jumps by one across every face. Here it is found as just that, on the lattice: along each edge the number must change by the
net crossings of the faces, and where these contradict each other (holes, open garments) least squares spreads the contradiction, which is
Poisson's equation, solved by one Fourier transform. For closed surfaces, overlapping or not, the result is their whole count exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray
from scipy import fft

from core.coverage import covered


@dataclass(frozen=True, eq=False)
class Lattice:
    """Nodes at origin + cell · (i, j, k), metres; shape: their count along each axis."""

    origin: ndarray
    cell: float
    shape: tuple[int, int, int]

    @property
    def steps(self) -> tuple[int, int, int]:
        """By how much a node's number grows with i, j and k."""
        return self.shape[1] * self.shape[2], self.shape[2], 1


@dataclass(frozen=True, eq=False)
class Crossings:
    """Where edges along one axis cross faces, sorted by edge and then upwards.

    node (N,): number of the edge's lower node; along (N,): 0..1 from it to the upper one; enters (N,): true where going up leads from
    outside of the face to its inside; face (N,); weights (N, 3): barycentric.
    """

    axis: int
    node: ndarray
    along: ndarray
    enters: ndarray
    face: ndarray
    weights: ndarray


def lattice_around(vertices: ndarray, cell: float, margin: float) -> Lattice:
    """A lattice that holds the vertices with margin (metres) to spare, its sides quick to transform."""
    low, high = vertices.min(axis=0) - margin, vertices.max(axis=0) + margin
    shape = tuple(fft.next_fast_len(int(np.ceil(side)) + 1, real=True) for side in (high - low) / cell)
    return Lattice(low + 0.37 * cell * np.array([1, 0.61, 0.83]), cell, shape)  # off round numbers, which vertices like to lie on


def crossings(vertices: ndarray, faces: ndarray, lattice: Lattice) -> list[Crossings]:
    """Of each of the three axes."""
    places = (vertices - lattice.origin) / lattice.cell
    return [_crossings_along(axis, places, faces, lattice) for axis in range(3)]


def _crossings_along(axis: int, places: ndarray, faces: ndarray, lattice: Lattice) -> Crossings:
    second, third = (axis + 1) % 3, (axis + 2) % 3
    corners = places[faces]
    flat = corners[:, :, [second, third]]
    edges = flat[:, 1:] - flat[:, :1]
    towards = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]  # the normal's part along the axis
    parts = list(covered(flat + 0.5, lattice.shape[second], lattice.shape[third]))
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)))
    face, pixel, weights = (np.concatenate([part[n] for part in parts]) if parts else empty[n] for n in range(3))
    height = np.einsum("nk,nk->n", weights, corners[face, :, axis])
    lower = np.floor(height).astype(np.int64)
    row, column = np.divmod(pixel, lattice.shape[second])
    steps = lattice.steps
    node = lower * steps[axis] + column * steps[second] + row * steps[third]
    order = np.lexsort((height, node))
    face = face[order]
    return Crossings(axis, node[order], (height - lower)[order], towards[face] < 0, face, weights[order].astype(np.float32))


def winding_number(lattice: Lattice, found: list[Crossings]) -> ndarray:
    """The winding number (I, J, K) f4 at the nodes: 0 outside, 1 inside, more where solids overlap, between where surfaces are open."""
    source = np.zeros(lattice.shape, np.float32)
    for crossing, step in zip(found, lattice.steps, strict=True):
        jump = np.where(crossing.enters, 1, -1)
        source.ravel()[:] += np.bincount(crossing.node, jump, source.size)
        source.ravel()[:] -= np.bincount(crossing.node + step, jump, source.size)
    waves = fft.rfftn(source)
    for axis, count in enumerate(lattice.shape):
        turns = fft.rfftfreq(count) if axis == 2 else fft.fftfreq(count)
        bend = (2 * np.cos(2 * np.pi * turns) - 2).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        laplacian = bend if axis == 0 else laplacian + bend
    laplacian[0, 0, 0] = 1
    number = fft.irfftn(waves / laplacian, s=lattice.shape)
    return number - number[0, 0, 0]
