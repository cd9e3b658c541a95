"""A z-buffer: which face each pixel of a camera sees, where on it, and how far away.

Every face's pixels are listed at once (no loop over faces), tested against its edges at pixel centres, and the nearest wins. Depth and
barycentric coordinates are perspective-correct: 1/z is linear on the screen.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from ..camera import Camera
from ..coverage import covered

NEAR = 0.01
"""Metres. Faces that reach nearer to the camera than this are left out: people stand farther away."""


@dataclass(frozen=True)
class Raster:
    """What each pixel sees. depth: (H, W) metres along the camera's z, infinite where nothing is; face: (H, W), -1 where nothing is;
    barycentric: (H, W, 3) weights of the face's corners, perspective-correct, zero where nothing is.
    """

    depth: ndarray
    face: ndarray
    barycentric: ndarray

    def interpolate(self, faces: Int[ndarray, "F 3"], values: Float[ndarray, "V C"]) -> Float[ndarray, "H W C"]:
        """Vertex values as the pixels see them, zero where nothing is."""
        seen = self.face >= 0
        picture = np.zeros((*self.face.shape, values.shape[1]), dtype=values.dtype)
        picture[seen] = np.einsum("nk,nkc->nc", self.barycentric[seen], values[faces[self.face[seen]]])
        return picture


def window(camera: Camera, box: Float[ndarray, "4"], size: tuple[int, int]) -> Camera:
    """The camera whose whole picture is the box (x0 y0 x1 y1 in the old pixels) of the old picture, at size (width, height)."""
    scale = np.array(size) / (box[2:] - box[:2])
    centre = (camera.intrinsics[2:] - box[:2]) * scale
    return Camera(np.concatenate([camera.intrinsics[:2] * scale, centre]), camera.rotation, camera.translation, np.array(size))


def silhouette(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], camera: Camera, size: tuple[int, int]) -> Bool[ndarray, "H W"]:
    """True where the camera's whole picture, taken at size (width, height), shows the mesh."""
    whole = np.array([0, 0, *camera.size], dtype=float)
    return rasterise(vertices, faces, window(camera, whole, size)).face >= 0


def rasterise(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], camera: Camera, farthest: bool = False) -> Raster:
    """What the camera sees of a mesh (body frame, metres) at `camera.size`. Both sides of a face are seen.

    farthest: not the nearest surface along each ray but the last, as if all before it were glass.
    """
    width, height = (int(side) for side in camera.size)
    depth = np.full(height * width, np.inf)
    sign = -1 if farthest else 1
    face = np.full(height * width, -1, dtype=np.int32)
    barycentric = np.zeros((height * width, 3), dtype=np.float32)
    points = camera.to_camera(vertices)
    ahead = np.flatnonzero((points[:, 2] > NEAR)[faces].all(axis=1))
    corners = camera.project(vertices)[faces[ahead]]
    for number, pixel, flat in covered(corners, width, height):
        perspective = flat / points[faces[ahead[number]], 2]
        inverse = perspective.sum(axis=1)
        distance = sign / inverse
        np.minimum.at(depth, pixel, distance)
        won = distance <= depth[pixel]
        face[pixel[won]] = ahead[number[won]]
        barycentric[pixel[won]] = perspective[won] / inverse[won, None]
    depth = np.where(face >= 0, sign * depth, np.inf)
    return Raster(depth.reshape(height, width), face.reshape(height, width), barycentric.reshape(height, width, 3))
