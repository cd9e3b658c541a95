"""The stage `texture`: a coloured surface in, the same colours as a picture out, with the detail of the photo that vertices cannot hold."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from ..body.fitted import FittedBody
from ..photo.person import Person, Photo
from ..surface.raster import rasterise
from ..surface.surface import Surface
from ..surface.view import View, look
from ..unwrap import unwrap
from .bake import bake, texel_length
from .colourings import of_photo, of_vertices

SIZES = {"1k": 1024, "2k": 2048, "4k": 4096}
"""Texels along a texture's side."""

LONGEST = 4096
"""Longer side in pixels of the photo's part that is read. A person in a 4k texture is about half as tall."""


@dataclass(frozen=True)
class Texture:
    """uv: (F, 3, 2) float32, 0..1 with v upwards, of each triangle's corners; picture: (T, T, 3) sRGB bytes, top row first."""

    uv: ndarray
    picture: ndarray


def paint(
    photo: Photo,
    person: Person,
    body: FittedBody,
    surface: Surface,
    rest_vertices: Float[ndarray, "V 3"],
    size: int,
    unlit: Callable[[View], View] = lambda view: view,
) -> Texture:
    """The surface's texture, `size` texels wide. It is unwrapped in the rest pose, where limbs are apart, and painted in the photo's.

    unlit: frees the photo's pixels from light, as the surface's colours have been.
    """
    uv = unwrap(rest_vertices, surface.faces)
    view = unlit(look(photo, person, body, LONGEST))
    view = replace(view, raster=rasterise(surface.vertices, surface.faces, view.camera))
    beneath = of_vertices(surface.faces, surface.albedo / 255)
    colouring = of_photo(view, beneath, texel_length(surface.vertices, surface.faces, uv, size))
    return Texture(uv.astype(np.float32), bake(surface.vertices, surface.faces, uv, size, colouring))
