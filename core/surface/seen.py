"""What a photo's view says of a surface: each vertex' colour there, and how far it is the vertex' own."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from .subdivision import mesh_edges
from .surface import vertex_normals
from .view import View

REACH = 0.03
"""Metres beyond the mask over which the colour of its nearest pixel is believed less and less."""

BEHIND = 0.01
"""Metres a vertex may lie behind what its pixel sees and still count as seen: a pixel is as deep as that on a steep slope."""

STEP = 0.04
"""Metres. Within REACH / 2 of something that much nearer to the camera, a fit that is slightly off would print the near on the far."""

GRAZING, SQUARE = 0.1, 0.5
"""Cosines between normal and line of sight: nothing is believed below the first, everything above the second."""


def colours_seen(view: View, vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> Float[ndarray, "V 3"]:
    """The photo's colour where each vertex projects, sRGB 0..1, averaged over about the vertex' share of the surface.

    Hidden vertices get what hides them. The level of detail follows the spacing of vertices.
    """
    detail = np.log2(np.maximum(_spacing(view, vertices, faces), 1))
    return detailed(view, view.camera.project(vertices), detail)


def detailed(view: View, pixels: Float[ndarray, "N 2"], detail: Float[ndarray, " N"]) -> Float[ndarray, "N 3"]:
    """The photo's colours, sRGB 0..1, at pixel positions, averaged over 2^detail pixels (a pyramid, two levels blended)."""
    levels = [view.colour]
    while min(levels[-1].shape[:2]) > 8 and len(levels) <= detail.max(initial=0) + 1:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    detail = np.clip(detail, 0, len(levels) - 1)
    colour = np.zeros((len(pixels), 3))
    for number, level in enumerate(levels):
        share = np.maximum(1 - np.abs(detail - number), 0)
        here = np.flatnonzero(share)
        scale = np.array(level.shape[1::-1]) / view.colour.shape[1::-1]
        colour[here] += share[here, None] * bilinear(level, pixels[here] * scale)
    return colour


def _spacing(view: View, vertices: ndarray, faces: ndarray) -> ndarray:
    """Mean length (V,) of each vertex' edges as seen squarely by the camera, pixels."""
    edges, _ = mesh_edges(faces)
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    total = np.bincount(edges.ravel(), np.repeat(length, 2), len(vertices))
    mean = total / np.maximum(np.bincount(edges.ravel(), minlength=len(vertices)), 1)
    return mean * view.camera.intrinsics[0] / np.maximum(view.camera.to_camera(vertices)[:, 2], 0.01)


def bilinear(picture: Float[ndarray, "H W C"], pixels: Float[ndarray, "N 2"]) -> Float[ndarray, "N C"]:
    """Values at pixel positions ((0, 0) is the corner of the first pixel), held constant beyond the picture's edge."""
    height, width = picture.shape[:2]
    place = np.clip(pixels - 0.5, 0, [width - 1, height - 1])
    x, y = np.minimum(place.astype(int), [max(width - 2, 0), max(height - 2, 0)]).T
    right, below = np.minimum(x + 1, width - 1), np.minimum(y + 1, height - 1)
    across, down = place[:, :1] - x[:, None], place[:, 1:] - y[:, None]
    above = picture[y, x] * (1 - across) + picture[y, right] * across
    return above * (1 - down) + (picture[below, x] * (1 - across) + picture[below, right] * across) * down


def confidence(view: View, vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> Float[ndarray, " V"]:
    """0..1 how far the photo's colour at each vertex is that vertex' own: in front, facing the camera, inside the person's mask."""
    return seen_at(view)(vertices, vertex_normals(vertices, faces))


def seen_at(view: View) -> Callable[[ndarray, ndarray], ndarray]:
    """A function that says of points (N, 3) with unit normals (N, 3) how far the photo's colour there is their own, (N,) 0..1."""
    depth = np.where(np.isfinite(view.raster.depth), view.raster.depth, 1e6).astype(np.float32)
    around = 2 * round(REACH / 2 * view.pixels_per_metre) + 1
    nearest = cv2.erode(depth, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (around, around)))
    height, width = view.inside.shape

    def seen(positions: ndarray, normals: ndarray) -> ndarray:
        points, pixels = view.camera.to_camera(positions), view.camera.project(positions)
        cosine = -((normals @ view.camera.rotation.T) * points).sum(axis=1) / np.linalg.norm(points, axis=1)
        facing = np.clip((cosine - GRAZING) / (SQUARE - GRAZING), 0, 1)
        column, row = np.clip(np.floor(pixels).astype(int), 0, [width - 1, height - 1]).T
        off_picture = np.linalg.norm(pixels - np.clip(pixels, 0, [width, height]), axis=1)
        within = np.clip(1 - (view.beyond[row, column] + off_picture) / (REACH * view.pixels_per_metre), 0, 1)
        in_front = (points[:, 2] < depth[row, column] + BEHIND) & (points[:, 2] < nearest[row, column] + STEP)
        return facing * within * in_front

    return seen
