"""A small picture of an Avatar, for contact sheets: the photo it was made from, and the person from front, left and back."""

from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from .avatar import Avatar
from .camera import UPRIGHT, Camera
from .photo.image import read_photo
from .skeleton import rotation_matrices
from .surface.raster import rasterise

HEIGHT = 320
"""Pixels; the views are half as wide."""

PAPER = 255
FAR = 30.0
"""Metres between the person and the views' camera: next to no perspective."""


def save_preview(avatar: Avatar, photo: Path, path: Path) -> Path:
    """Write the picture as a JPEG; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.hstack([_photo(photo), *(_view(avatar, turn) for turn in (0, -90, 180))])
    path.write_bytes(cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return path


def _photo(path: Path) -> ndarray:
    """The photo (HEIGHT, W, 3), sRGB bytes, at most half as wide again as high."""
    pixels = read_photo(path).pixels
    scale = min(HEIGHT / pixels.shape[0], 1.5 * HEIGHT / pixels.shape[1])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:HEIGHT]
    above = (HEIGHT - small.shape[0]) // 2
    return np.pad(small, ((above, HEIGHT - small.shape[0] - above), (0, 0), (0, 0)), constant_values=PAPER)


def _view(avatar: Avatar, turn: float) -> ndarray:
    """The posed surface (HEIGHT, HEIGHT / 2, 3) in its own colours, darker where it turns away. turn: degrees about the vertical."""
    low, high = avatar.vertices.min(axis=0), avatar.vertices.max(axis=0)
    reach = np.linalg.norm((high - low)[[0, 2]])
    focal = 0.95 * FAR * min(HEIGHT / (high[1] - low[1]), 0.5 * HEIGHT / reach)
    rotation = UPRIGHT @ rotation_matrices(np.radians([0, turn, 0]))
    translation = [0, 0, FAR] - rotation @ ((low + high) / 2)
    size = np.array([HEIGHT // 2, HEIGHT])
    camera = Camera(np.array([focal, focal, *(size / 2)]), rotation, translation, size)
    seen = rasterise(avatar.vertices, avatar.faces, camera)
    colour = seen.interpolate(avatar.faces, avatar.albedo.astype(np.float32))
    corners = camera.to_camera(avatar.vertices)[avatar.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    shade = (0.45 + 0.55 * facing)[seen.face][..., None]
    return np.where(seen.face[..., None] >= 0, colour * shade, PAPER).astype(np.uint8)
