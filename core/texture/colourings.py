"""What can be baked today: the colours of a surface's vertices, and over them the photo's own pixels where it sees the surface squarely."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from ..surface.body_surface import shown_share
from ..surface.seen import detailed, seen_at
from ..surface.view import View
from .bake import Colouring, Points


def of_vertices(faces: Int[ndarray, "F 3"], colours: Float[ndarray, "V 3"]) -> Colouring:
    """Colours of vertices, sRGB 0..1, interpolated between them."""
    return lambda points: np.einsum("nk,nkc->nc", points.barycentric, colours[faces[points.face]])


def of_photo(view: View, beneath: Colouring, length: float) -> Colouring:
    """The photo's pixels, faded into the colouring beneath where the photo is not to be believed. view: its raster shows the surface.

    length: metres between neighbouring points, so that a photo finer than the texture is averaged.
    """
    seen = seen_at(view)
    detail = np.log2(max(length * view.pixels_per_metre, 1))

    def colour(points: Points) -> ndarray:
        share = shown_share(seen(points.position, points.normal))[:, None]
        photo = detailed(view, view.camera.project(points.position), np.full(len(points.face), detail))
        return share * photo + (1 - share) * beneath(points)

    return colour
