"""Pictures of a surface from the photo's side and from behind: what normals, colours and outlines are compared in."""

from typing import NamedTuple

import numpy as np
from numpy import ndarray

from core.camera import Camera
from core.surface.raster import rasterise, window
from core.surface.surface import vertex_normals
from training.evaluate.mesh import Mesh

SIDE = 512
"""Pixels of the longer side of the pictures, which hold the true person and a margin."""

MARGIN = 0.08
"""Of the longer side, round the true person."""


class Picture(NamedTuple):
    """What a camera sees of a surface: mask (H, W) bool; normal (H, W, 3) unit, body frame; values (H, W, C), the vertices' own."""

    mask: ndarray
    normal: ndarray
    values: ndarray


def take(mesh: Mesh, values: ndarray, camera: Camera) -> Picture:
    """The picture of a surface with vertex values (V, C)."""
    raster = rasterise(mesh.vertices, mesh.faces, camera)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    both = raster.interpolate(mesh.faces, np.concatenate([normals, values], axis=1))
    normal = both[..., :3] / np.maximum(np.linalg.norm(both[..., :3], axis=-1, keepdims=True), 1e-12)
    return Picture(raster.face >= 0, normal, both[..., 3:])


def around(points: ndarray, camera: Camera, side: int = SIDE) -> Camera:
    """The part of the camera's picture, and beyond it, that holds the points (N, 3), its longer side `side` pixels, both multiples of 4."""
    pixels = camera.project(points)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    margin = MARGIN * (high - low).max()
    box = np.concatenate([low - margin, high + margin])
    extent = box[2:] - box[:2]
    size = 4 * np.maximum(np.round(side / 4 * extent / extent.max()), 2).astype(int)  # whole cells of the light transfer
    return window(camera, box, (int(size[0]), int(size[1])))


def behind(camera: Camera, pivot: ndarray) -> Camera:
    """The same camera carried half round the upright line through a body-frame point, which stays on its pixel."""
    rotation = camera.rotation @ np.diag([-1.0, 1.0, -1.0])
    return Camera(camera.intrinsics, rotation, camera.translation + camera.rotation @ pivot - rotation @ pivot, camera.size)


def normal_error(estimate: Picture, truth: Picture) -> float:
    """Mean degrees between the normals where both pictures show the person; NaN if nowhere."""
    both = estimate.mask & truth.mask
    if not both.any():
        return float("nan")
    cosine = np.clip((estimate.normal[both] * truth.normal[both]).sum(axis=1), -1, 1)
    return float(np.degrees(np.arccos(cosine)).mean())
