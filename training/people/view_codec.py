"""Views and photographs as they lie in a shard: views cut to their box, pictures as JPEG and PNG bytes; and back."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy import ndarray

from core.camera import Camera
from training.people.character import View
from training.people.lighting import rotated
from training.people.snapshot import Snapshot

CELL = 4
"""Pixels per side and cell of the transfer; boxes are whole cells."""
JPEG = {"albedo": 92, "normal": 95, "body_normal": 92}
"""Qualities: about one step of 255 off on average, one degree for normals."""
PNG = ("alpha", "body_alpha", "trusted", "label")
BEYOND = 8
"""Pixels that normals are carried on beyond their edge, a JPEG block's side, so that no block has the edge's jump in it."""


def encoded_view(view: View) -> dict[str, ndarray]:
    """The view's arrays by name: pictures as the bytes of their files, ending in _jpg and _png."""
    left, top, right, bottom = box = _box(view)
    part = (slice(top, bottom), slice(left, right))
    cells = (slice(top // CELL, bottom // CELL), slice(left // CELL, right // CELL))
    pictures = {name: np.ascontiguousarray(getattr(view, name)[part]) for name in (*JPEG, *PNG)}
    camera = view.camera
    numbers = [camera.intrinsics, camera.rotation.ravel(), camera.translation, camera.size]
    arrays = {"camera": np.concatenate(numbers).astype(np.float64), "box": np.array(box, np.int16)}
    for name, edge in (("normal", "alpha"), ("body_normal", "body_alpha")):
        pictures[name] = _carried_on((pictures[name].astype(np.int16) + 128).astype(np.uint8), pictures[edge] > 0)
    arrays |= {f"{name}_jpg": _file_of(pictures[name], ".jpg", quality) for name, quality in JPEG.items()}
    arrays |= {f"{name}_png": _file_of(pictures[name], ".png") for name in PNG}
    return arrays | {"transfer": view.transfer[cells], "transfer_scale": view.transfer_scale}


def decoded_view(read: Callable[[str], ndarray]) -> View:
    """The view whose arrays `read` gives by name; outside its box everything is zero, and normals are where alpha is."""
    numbers, box = read("camera"), read("box").astype(int)
    camera = Camera(numbers[:4], numbers[4:13].reshape(3, 3), numbers[13:16], numbers[16:].astype(np.int64))
    maps = {name: _pasted(cv2.imdecode(read(f"{name}_png"), cv2.IMREAD_UNCHANGED), camera, box) for name in PNG}
    for name in JPEG:
        picture = cv2.imdecode(read(f"{name}_jpg"), cv2.IMREAD_COLOR)[..., ::-1]
        if name != "albedo":
            seen = maps["body_alpha" if name == "body_normal" else "alpha"] > 0
            whole = _pasted((picture.astype(np.int16) - 128).clip(-127, 127).astype(np.int8), camera, box)
            maps[name] = np.where(seen[..., None], whole, 0).astype(np.int8)
        else:
            maps[name] = _pasted(picture, camera, box)
    transfer = _pasted(read("transfer"), camera, box, CELL)
    return View(camera=camera, **maps, transfer=transfer, transfer_scale=read("transfer_scale"))


def encoded_photograph(photo: Snapshot) -> dict[str, ndarray]:
    """A photograph's arrays by name; its light in the camera frame follows from the camera."""
    pictures = {"photo_jpg": _file_of(photo.pixels, ".jpg", 95), "alpha_png": _file_of(photo.alpha, ".png")}
    return pictures | {"light": photo.light.astype(np.float32), "exposure": np.float32(photo.exposure)}


def decoded_photograph(read: Callable[[str], ndarray], camera: Camera) -> Snapshot:
    """The photograph whose arrays `read` gives by name, taken by the camera."""
    pixels = np.ascontiguousarray(cv2.imdecode(read("photo_jpg"), cv2.IMREAD_COLOR)[..., ::-1])
    light = read("light").astype(np.float64)
    alpha = cv2.imdecode(read("alpha_png"), cv2.IMREAD_UNCHANGED)
    return Snapshot(pixels, alpha, light, rotated(light, camera.rotation), read("exposure"))


def _box(view: View) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the dressed person, the body and the albedo's rim, in whole cells, never empty."""
    there = (view.alpha > 0) | (view.body_alpha > 0) | view.albedo.any(axis=2)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return 0, 0, CELL, CELL
    left, top, right, bottom = columns[0] // CELL, rows[0] // CELL, columns[-1] // CELL + 1, rows[-1] // CELL + 1
    return tuple(int(CELL * side) for side in (left, top, right, bottom))


def _carried_on(picture: ndarray, inside: ndarray) -> ndarray:
    """The picture (H, W, 3) with the nearest inside value for BEYOND pixels outside, grey farther away."""
    if not inside.any():
        return np.full_like(picture, 128)
    away, label = cv2.distanceTransformWithLabels(np.uint8(~inside), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    source = np.zeros(label.max() + 1, dtype=np.int64)
    source[label[inside]] = np.flatnonzero(inside)
    near = away <= BEYOND
    result = np.full_like(picture, 128)
    result[near] = picture.reshape(-1, 3)[source[label[near]]]
    return result


def _file_of(picture: ndarray, ending: str, quality: int | None = None) -> ndarray:
    """The bytes (N,) of the picture's file; RGB."""
    whole = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, *whole] if quality else [cv2.IMWRITE_PNG_COMPRESSION, 6]
    swapped = np.ascontiguousarray(picture[..., ::-1]) if picture.ndim == 3 else picture
    return cv2.imencode(ending, swapped, options)[1].ravel()


def _pasted(picture: ndarray, camera: Camera, box: ndarray, cell: int = 1) -> ndarray:
    """The box's picture in the whole one, cell pixels to one of its values."""
    width, height = (int(side) // cell for side in camera.size)
    whole = np.zeros((height, width, *picture.shape[2:]), dtype=picture.dtype)
    left, top, right, bottom = box // cell
    whole[top:bottom, left:right] = picture
    return whole
