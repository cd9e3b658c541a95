"""What the fitted body tells the field: maps of it as image channels, and what its nearest point says to each query point.

PaMIR (Zheng et al. 2020) feeds the body as voxels through a 3D encoder (see `volume`). Here the nearest body point speaks for itself:
how far, in which direction, how its surface is turned there, and where on the body it is (its place in the T pose: imGHUM's semantics).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from ..body.distance import BodyDistance
from ..body.distance import Nearest as Found
from ..body.fitted import FittedBody
from ..camera import Camera
from ..skeleton import JOINT
from ..surface.raster import rasterise
from ..surface.surface import vertex_normals
from .encoder import BODY_CHANNELS

USUAL_HEIGHT = 1.7
"""Metres; rest coordinates are those of a body scaled to it, so that a child's knee is called as an adult's is."""


@dataclass(frozen=True)
class Nearest:
    """What the nearest body point says to each query point. distance (N,): signed, metres, negative inside; direction (N, 3): unit, the
    distance's gradient; normal (N, 3): the body's; rest (N, 3): the body point's place in the T pose, metres from the pelvis of a body of
    USUAL_HEIGHT. Directions in the camera frame."""

    distance: ndarray
    direction: ndarray
    normal: ndarray
    rest: ndarray

    def stacked(self) -> Float[ndarray, "N 10"]:
        return np.concatenate([self.distance[:, None], self.direction, self.normal, self.rest], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class BodyInView:
    """A fitted body before a camera. vertices (V, 3) and pelvis (3,): camera frame, metres; rest (V, 3): see `Nearest`; spread: how far
    each joint may be turned wrongly, radians on average, 0 where the body is known exactly."""

    vertices: ndarray
    faces: ndarray
    rest: ndarray
    pelvis: ndarray
    spread: float

    @cached_property
    def distance(self) -> BodyDistance:
        return BodyDistance(self.vertices, self.faces, torch.get_num_threads())

    @cached_property
    def normals(self) -> Float[ndarray, "V 3"]:
        return vertex_normals(self.vertices, self.faces)

    def nearest(self, points: Float[ndarray, "N 3"]) -> Nearest:
        """points: camera frame, metres."""
        return self.told_by(points, self.distance.query(points))

    def told_by(self, points: Float[ndarray, "N 3"], found: Found) -> Nearest:
        """What the places that were found nearest to the points say."""
        corners = self.faces[found.face]
        place = np.einsum("nk,nkc->nc", found.barycentric, self.vertices[corners])
        normal = np.einsum("nk,nkc->nc", found.barycentric, self.normals[corners])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        offset = points - place
        away = np.linalg.norm(offset, axis=1, keepdims=True)
        signed = offset * np.where(found.distance < 0, -1, 1)[:, None] / np.maximum(away, 1e-9)
        direction = np.where(away > 1e-4, signed, normal)
        rest = np.einsum("nk,nkc->nc", found.barycentric, self.rest[corners])
        return Nearest(found.distance, direction, normal, rest)


def body_in_view(body: FittedBody) -> BodyInView:
    """The fitted body before its own camera."""
    pelvis = JOINT["pelvis"]
    height = max(float(np.ptp(body.rest_vertices[:, 1])), 0.1)
    rest = (body.rest_vertices - body.rest_joints[pelvis]) * (USUAL_HEIGHT / height)
    return BodyInView(body.camera.to_camera(body.vertices), body.faces, rest, body.camera.to_camera(body.joints)[pelvis], body.spread)


def body_maps(body: BodyInView, intrinsics: Float[ndarray, "4"], side: int, half: int) -> Float[ndarray, "9 h w"]:
    """The body as image channels at half×half: alpha, front normal (3), front and back depth from the pelvis, m, front rest place (3).

    intrinsics: of the picture `side` pixels a side. Zero where the body is not.
    """
    scale = half / side
    camera = Camera(intrinsics * scale, np.eye(3), np.zeros(3), np.array([half, half]))
    front = rasterise(body.vertices, body.faces, camera)
    back = rasterise(body.vertices, body.faces, camera, farthest=True)
    seen = front.face >= 0
    values = front.interpolate(body.faces, np.concatenate([body.normals, body.rest], axis=1))
    maps = np.zeros((half, half, BODY_CHANNELS), np.float32)
    maps[..., 0] = seen
    maps[..., 1:4] = values[..., :3]
    maps[..., 4] = np.where(seen, np.where(seen, front.depth, 0) - body.pelvis[2], 0)
    maps[..., 5] = np.where(seen, np.where(seen, back.depth, 0) - body.pelvis[2], 0)
    maps[..., 6:9] = values[..., 3:]
    return np.ascontiguousarray(maps.transpose(2, 0, 1))


def to_tensor(nearest: Nearest) -> Float[Tensor, "1 N 10"]:
    return torch.from_numpy(nearest.stacked())[None]
