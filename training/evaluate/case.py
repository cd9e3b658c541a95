"""One person of the validation set with everything that is known of them, and what their photograph hides, seen from two sides."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from core.camera import Camera
from core.photo.person import Photo
from core.skeleton import JOINT
from core.surface.raster import rasterise
from core.surface.seen import bilinear
from training.evaluate.colour import lit
from training.evaluate.mesh import Mesh, normals_at, spread
from training.evaluate.pictures import around, behind
from training.people.character import DressedPerson, Shell
from training.people.lighting import shading
from training.people.subject import prepare
from training.people.views import render_view

POINTS = 8_000
"""Points of the true surface that colours are compared at."""

SQUARE = 0.2
"""Cosine between normal and line of sight from which a point counts as visible; up to 0 it counts as turned away."""

IN_FRONT, COVERED = 0.01, 0.03
"""Metres a point may lie behind what its pixel of the photo sees and still count as visible; and from which it counts as hidden: on a
slope a pixel is deep, so points between are neither."""

SURE = 250
"""Of 255, from which a colour of the truth is known and not filled in."""


class Side(NamedTuple):
    """What a camera sees of the true person.

    mask (H, W) bool; albedo, shaded (H, W, 3) sRGB 0..1, shaded as the light falls in the photograph, self-shadowed; normal (H, W, 3) unit,
    body frame; known (H, W) bool: the colour there is known and not filled in.
    """

    camera: Camera
    mask: ndarray
    albedo: ndarray
    shaded: ndarray
    normal: ndarray
    known: ndarray


class ColouredPoints(NamedTuple):
    """Points of the true surface: places, albedo (N, 3) sRGB 0..1; photo (N, 3): the photograph's colour where they project; visible,
    hidden (N,) bool: seen squarely in the photograph, or turned away or covered; in both the albedo is known."""

    places: ndarray
    albedo: ndarray
    photo: ndarray
    visible: ndarray
    hidden: ndarray


@dataclass(frozen=True, eq=False)
class Case:
    """A person, their shell, and a photograph of them.

    mask (H, W) uint8: the person's coverage of the photo's pixels; camera: body frame to the photo's pixels; light (9, 3): SH radiance
    that falls on the person, body frame, under the photo's exposure; made: "cycles" or "relit".
    """

    person: DressedPerson
    shell: Shell
    photo: Photo
    mask: ndarray
    camera: Camera
    light: ndarray
    made: str

    @cached_property
    def mesh(self) -> Mesh:
        return Mesh(self.shell.vertices.astype(np.float64), self.shell.faces)

    @cached_property
    def eye(self) -> ndarray:
        """Where the camera stands (3,), body frame."""
        return -self.camera.rotation.T @ self.camera.translation

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """The person from the photo's camera, and from behind."""
        subject, pivot = prepare(self.person, self.shell), self.person.joints[JOINT["pelvis"]]
        cameras = [around(self.shell.vertices, camera) for camera in (self.camera, behind(self.camera, pivot))]
        return tuple(self._side(subject, camera) for camera in cameras)

    def _side(self, subject, camera: Camera) -> Side:
        view = render_view(subject, camera).view
        albedo, mask = view.albedo / 255, view.alpha > 127
        normal = view.normal / 127 @ camera.rotation
        normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
        return Side(camera, mask, albedo, lit(albedo, shading(view, self.light)), normal, mask & (view.trusted >= SURE))

    @cached_property
    def points(self) -> ColouredPoints:
        """Points all over the shell, with their albedo and the photograph's colour of them."""
        places = spread(self.mesh, POINTS)
        values = np.concatenate([self.shell.albedo, self.shell.trusted[:, None]], axis=1).astype(np.float64)
        colour = places.interpolate(self.mesh.faces, values)
        seen, pixels = self.camera.to_camera(places.points), self.camera.project(places.points)
        height, width = self.mask.shape
        column, row = np.clip(np.floor(pixels).astype(int), 0, [width - 1, height - 1]).T
        framed = (pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1) & (self.mask[row, column] > 127)
        depth = rasterise(*self.mesh, self.camera).depth
        deep = seen[:, 2] - depth[row, column]
        towards = self.eye - places.points
        cosine = (normals_at(places, self.mesh) * towards).sum(axis=1) / np.linalg.norm(towards, axis=1)
        known = framed & (colour[:, 3] >= SURE)
        photo = bilinear(self.photo.pixels / 255, pixels)
        visible, hidden = known & (deep < IN_FRONT) & (cosine > SQUARE), known & ((deep > COVERED) | (cosine < 0))
        return ColouredPoints(places.points, colour[:, :3] / 255, photo, visible, hidden)
