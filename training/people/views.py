"""Views of a person before any light: alpha, albedo, normals, the body inside, and how each place answers to light.

The person's own mesh is looked at, not the shell, at twice the side: colours are averaged over a pixel's four samples in linear light,
everything else is taken from one sample of the pixel, so that no map shows a value that exists nowhere. Only the person's box of the
picture is worked on.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.body.model import BodyModel
from core.camera import Camera
from core.surface.raster import Raster, rasterise, window
from core.surface.view import to_linear, to_srgb
from training.people.cameras import sample_camera
from training.people.character import DressedPerson, Shell, View
from training.people.cutout import rasterise_person
from training.people.subject import Subject, prepare, texels

FINER = 2
"""Samples per pixel and side."""
COARSER = 4
"""Pixels per side and cell of the light transfer."""
FILL = 4
"""Pixels that the albedo is carried on beyond the edge, so that a later blur or shift never takes in nothing."""

_TO_LINEAR = to_linear(np.arange(256) / 255).astype(np.float32)
_TO_SRGB = np.round(255 * to_srgb(np.arange(4096) / 4095)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Sight:
    """A view and what its maps do not say: depth (H, W) f4, metres along the camera's z, infinite where nobody is."""

    view: View
    depth: ndarray


def render_views(
    rng: Generator, person: DressedPerson, shell: Shell, size=512, count=6, model: BodyModel | None = None, around: bool = False
) -> list[View]:
    """Views of the person, size pixels square, from cameras as `sample_camera` draws them. model: see `prepare`; around: the first view is
    drawn as the others are."""
    subject = prepare(person, shell, model)
    return [render_view(subject, sample_camera(rng, person, size, number + around)).view for number in range(count)]


def render_view(subject: Subject, camera: Camera) -> Sight:
    """What the camera sees; its size in whole cells of COARSER pixels."""
    left, top, right, bottom = _box(subject, camera)
    small = window(camera, np.array([left, top, right, bottom], dtype=float), (int(right - left), int(bottom - top)))
    fine = rasterise_person(subject.person, window(small, np.array([0, 0, *small.size], dtype=float), tuple((FINER * small.size).tolist())))
    alpha, albedo = _coverage_and_colour(subject, fine, small)
    one = _one_sample(fine)
    maps = {"alpha": alpha, "albedo": albedo, **_places(subject, one, small), **_body(subject, small)}
    depth = np.where(one.face >= 0, one.depth, np.inf).astype(np.float32)
    whole = {name: _pasted(picture, camera, left, top, 1) for name, picture in maps.items() if name != "transfer"}
    transfer = _pasted(maps["transfer"], camera, left // COARSER, top // COARSER, COARSER)
    scale = np.maximum(np.abs(transfer).max(axis=(0, 1)), 1e-6) / 127
    quantised = np.round(transfer / scale).astype(np.int8)
    return Sight(
        View(camera=camera, **whole, transfer=quantised, transfer_scale=scale.astype(np.float32)),
        _pasted(depth, camera, left, top, 1, np.inf),
    )


def _box(subject: Subject, camera: Camera) -> tuple[int, ...]:
    """Left, top, right, bottom of the person and the body in the picture, in whole cells, never empty; FILL to spare."""
    pixels = camera.project(np.concatenate([subject.person.vertices, subject.body_vertices]))
    low = np.clip((pixels.min(axis=0) - FILL) // COARSER * COARSER, 0, camera.size - COARSER)
    high = np.clip(-(-(pixels.max(axis=0) + FILL) // COARSER) * COARSER, low + COARSER, camera.size)
    return tuple(int(side) for side in (*low, *high))


def _pasted(picture: ndarray, camera: Camera, left: int, top: int, cell: int, empty: float = 0) -> ndarray:
    """The box's picture in the whole one, cell pixels to one of its values."""
    width, height = camera.size // cell
    whole = np.full((height, width, *picture.shape[2:]), empty, dtype=picture.dtype)
    whole[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return whole


def _quads(samples: ndarray) -> ndarray:
    """Samples (2H, 2W, …) as (H, W, 4, …): the four of each pixel."""
    height, width = samples.shape[0] // FINER, samples.shape[1] // FINER
    split = samples.reshape(height, FINER, width, FINER, *samples.shape[2:]).swapaxes(1, 2)
    return split.reshape(height, width, FINER * FINER, *samples.shape[2:])


def _one_sample(fine: Raster) -> Raster:
    """At each pixel the first of its four samples that sees anything."""
    face = _quads(fine.face)
    first = np.argmax(face >= 0, axis=2)[..., None]
    depth = np.take_along_axis(_quads(fine.depth), first, axis=2)[..., 0]
    barycentric = np.take_along_axis(_quads(fine.barycentric), first[..., None], axis=2)[:, :, 0]
    return Raster(depth, np.take_along_axis(face, first, axis=2)[..., 0], barycentric)


# --- alpha and colour -------------------------------------------------------------------------------------------------------------


def _coverage_and_colour(subject: Subject, fine: Raster, camera: Camera) -> tuple[ndarray, ndarray]:
    """Alpha (H, W) and albedo (H, W, 3), uint8."""
    seen = fine.face >= 0
    colour = np.zeros((*seen.shape, 3), dtype=np.float32)
    colour[seen] = _TO_LINEAR[_texture_colours(subject, fine, seen, camera)]
    covered = _quads(seen).sum(axis=2)
    mean = _quads(colour).sum(axis=2) / np.maximum(covered, 1)[..., None]
    albedo = _TO_SRGB[np.round(4095 * mean).astype(np.int32)]
    return np.round(255 * covered / FINER**2).astype(np.uint8), _filled(albedo, covered > 0)


def _texture_colours(subject: Subject, fine: Raster, seen: ndarray, camera: Camera) -> ndarray:
    """The texture (N, 3) at every sample that sees the person, from the level that fits the face's size on the screen."""
    person, faces = subject.person, fine.face[seen]
    corners = person.uv[person.faces]
    uv = np.einsum("nk,nkc->nc", fine.barycentric[seen], corners[faces])
    pixels = FINER * camera.project(person.vertices)[person.faces]
    finer = _areas(corners) * np.prod(person.texture.shape[:2]) / np.maximum(_areas(pixels), 1e-6)
    last = len(subject.textures) - 1
    level = np.clip(np.round(0.5 * np.log2(np.maximum(finer, 1e-6))), 0, last)[faces]
    colours = np.empty((len(faces), 3), dtype=np.uint8)
    for number, texture in enumerate(subject.textures):
        here = level == number
        if here.any():
            colours[here] = texels(texture, uv[here])
    return colours


def _areas(corners: ndarray) -> ndarray:
    """Areas (F,) of triangles (F, 3, 2)."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return 0.5 * np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])


def _filled(picture: ndarray, inside: ndarray) -> ndarray:
    """The picture with the nearest inside colour up to FILL pixels beyond the edge."""
    if not inside.any():
        return picture
    away, label = cv2.distanceTransformWithLabels(np.uint8(~inside), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    source = np.zeros(label.max() + 1, dtype=np.int64)
    source[label[inside]] = np.flatnonzero(inside)
    near = (away > 0) & (away <= FILL)
    filled = picture.copy()
    filled[near] = picture.reshape(-1, 3)[source[label[near]]]
    return filled


# --- normals, labels, light transfer ----------------------------------------------------------------------------------------------


def _places(subject: Subject, one: Raster, camera: Camera) -> dict[str, ndarray]:
    """normal, trusted, label, and the transfer of each cell, (h, w, 9) f4."""
    person, seen = subject.person, one.face >= 0
    faces, weights = one.face[seen], one.barycentric[seen]
    corners = person.faces[faces]
    points = np.einsum("nk,nkc->nc", weights, person.vertices[corners])
    normals = _normals(subject, faces, weights, points, camera)
    trusted = np.full(len(faces), 255, np.uint8)
    if person.trusted is not None:
        trusted = texels(person.trusted, np.einsum("nk,nkc->nc", weights, person.uv[corners]))
    return {
        "normal": _spread(np.round(127 * normals @ camera.rotation.T).astype(np.int8), seen),
        "trusted": _spread(trusted, seen),
        "label": _spread(person.label[faces].astype(np.uint8), seen),
        "transfer": _transfer(subject, _spread(points, seen), _spread(normals, seen), seen),
    }


def _spread(values: ndarray, seen: ndarray) -> ndarray:
    """Values (N, …) at their pixels (H, W, …), zero elsewhere."""
    picture = np.zeros((*seen.shape, *values.shape[1:]), dtype=values.dtype)
    picture[seen] = values
    return picture


def _normals(subject: Subject, faces: ndarray, weights: ndarray, points: ndarray, camera: Camera) -> ndarray:
    """Unit normals (N, 3), body frame: the mesh's, turned round on a face seen from behind; on cards the shell's."""
    person = subject.person
    normals = np.einsum("nk,nkc->nc", weights, subject.normals[person.faces[faces]])
    eye = -camera.rotation.T @ camera.translation
    corners = person.vertices[person.faces[faces]]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals *= np.where(np.einsum("nc,nc->n", flat, eye - corners[:, 0]) < 0, -1, 1)[:, None]
    cards = person.cards[faces]
    if cards.any():
        normals[cards] = subject.shell.normals[subject.tree.query(points[cards])[1]]
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def _transfer(subject: Subject, points: ndarray, normals: ndarray, seen: ndarray) -> ndarray:
    """Each cell's transfer (h, w, 9): the shell's at the place seen nearest to the cell's middle.

    Of the four nearest vertices of the shell the one counts that faces the same way: a sleeve and the skin below lie within millimetres.
    """
    cells = seen.reshape(seen.shape[0] // COARSER, COARSER, seen.shape[1] // COARSER, COARSER).swapaxes(1, 2)
    cells = cells.reshape(*cells.shape[:2], COARSER**2)
    off = np.abs(np.mgrid[:COARSER, :COARSER] - (COARSER - 1) / 2).sum(axis=0).ravel()
    order = np.argsort(off, kind="stable")
    chosen = order[np.argmax(cells[..., order], axis=2)]
    busy = np.argwhere(cells.any(axis=2))
    row, column = np.divmod(chosen[busy[:, 0], busy[:, 1]], COARSER)
    place = points[COARSER * busy[:, 0] + row, COARSER * busy[:, 1] + column]
    facing = normals[COARSER * busy[:, 0] + row, COARSER * busy[:, 1] + column]
    result = np.zeros((*cells.shape[:2], 9), dtype=np.float32)
    if len(busy):
        distance, near = subject.tree.query(place, k=min(4, len(subject.shell.vertices)))
        distance, near = distance.reshape(len(busy), -1), near.reshape(len(busy), -1)
        turned_away = 1 - np.einsum("nkc,nc->nk", subject.shell.normals[near], facing)
        best = np.argmin(distance + 0.02 * turned_away, axis=1)  # two centimetres for a right angle
        result[busy[:, 0], busy[:, 1]] = subject.shell.transfer[near[np.arange(len(near)), best]]
    return result


def _body(subject: Subject, camera: Camera) -> dict[str, ndarray]:
    """body_normal and body_alpha: the open body seen alone, one sample a pixel."""
    raster = rasterise(subject.body_vertices, subject.body_faces, camera)
    normals = raster.interpolate(subject.body_faces, subject.body_normals) @ camera.rotation.T
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    return {"body_normal": np.round(127 * normals).astype(np.int8), "body_alpha": np.where(raster.face >= 0, 255, 0).astype(np.uint8)}
