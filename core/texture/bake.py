"""The bake: a surface's colour, known as a function of its points, as a square picture over its texture coordinates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from numpy import ndarray

from ..coverage import covered
from ..gutter import fill
from ..surface.surface import vertex_normals


@dataclass(frozen=True)
class Points:
    """N points of a surface. position: (N, 3) metres, body frame, in the photo's pose; normal: (N, 3) unit, smooth; face: (N,) the
    triangle each lies in; barycentric: (N, 3) where in it.
    """

    position: ndarray
    normal: ndarray
    face: ndarray
    barycentric: ndarray


Colouring = Callable[[Points], ndarray]
"""The seam: the sRGB colour, 0..1, (N, 3), of N surface points. Whatever knows colours can be baked: vertices, a photo, a network."""


def bake(
    vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], uv: Float[ndarray, "F 3 2"], size: int, colouring: Colouring
) -> UInt8[ndarray, "size size 3"]:
    """The texture, sRGB bytes, top row first, gutters filled. uv: 0..1, v upwards, of each triangle's corners."""
    picture, known = np.zeros((size * size, 3), dtype=np.float32), np.zeros(size * size, dtype=bool)
    for texel, points in texels(vertices, faces, uv, size):
        picture[texel], known[texel] = colouring(points), True
    filled = fill(picture.reshape(size, size, 3), known.reshape(size, size))
    return np.round(255 * np.clip(filled, 0, 1)).astype(np.uint8)


def texels(
    vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], uv: Float[ndarray, "F 3 2"], size: int
) -> Iterator[tuple[ndarray, Points]]:
    """In chunks: the number (N,) of each texel whose centre a triangle covers, row by row from the top, and the points there."""
    normals = vertex_normals(vertices, faces)
    for face, texel, barycentric in covered(to_texels(uv, size), size, size):
        corners = faces[face]
        normal = np.einsum("nk,nkc->nc", barycentric, normals[corners])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
        yield texel, Points(np.einsum("nk,nkc->nc", barycentric, vertices[corners]), normal, face, barycentric)


def to_texels(uv: Float[ndarray, "*N 2"], size: int) -> Float[ndarray, "*N 2"]:
    """Columns and rows from the top-left corner, in texels, of texture coordinates."""
    return np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1).astype(np.float64) * size


def texel_length(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], uv: Float[ndarray, "F 3 2"], size: int) -> float:
    """Metres of surface that a texel's side stands for, on the whole."""
    corners = vertices[faces]
    surface = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    edges = to_texels(uv[:, 1:] - uv[:, :1], size) - to_texels(np.zeros(2), size)
    return float(np.sqrt(surface / np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]).sum()))
