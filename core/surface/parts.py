"""The connected parts of a surface, and the one that is the person."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import EmptySurface


def largest_part(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> tuple[Float[ndarray, "W 3"], Int[ndarray, "G 3"]]:
    """The connected part that encloses the most, with its own vertices only: no floaters, and no cavities, whose volume is negative.

    Raises EmptySurface where no part encloses anything.
    """
    links = coo_array((np.ones(2 * len(faces), bool), (faces[:, :2].ravel(), faces[:, 1:].ravel())), shape=(len(vertices),) * 2)
    count, part = connected_components(links, directed=False)
    corners = vertices[faces] - vertices.mean(axis=0) if len(faces) else np.zeros((0, 3, 3))
    volume = np.bincount(part[faces[:, 0]], np.linalg.det(corners) / 6, minlength=max(count, 1))
    if volume.max() <= 0:
        raise EmptySurface("The field's surface encloses nothing")
    kept = part == np.argmax(volume)
    number = np.cumsum(kept) - 1
    return vertices[kept], number[faces[kept[faces[:, 0]]]]
