"""What was made, to look at: the photo, and the surface in its colours and as clay from four sides. Numbers hide broken hands."""

import cv2
import numpy as np
from numpy import ndarray

from core.camera import UPRIGHT, Camera
from core.photo.person import Photo
from core.surface.surface import Surface
from training.evaluate.mesh import Mesh
from training.evaluate.pictures import take

HEIGHT = 300
"""Pixels of a row."""

PAPER = 235
"""Grey round the person."""

FAR = 4.0
"""Times the person's size that the camera stands away."""

TOWARDS = np.array([-0.4, -0.5, -0.77])
"""Where the clay's light comes from, camera frame."""


def row(photo: Photo, surface: Surface, label: str) -> ndarray:
    """One person's row (HEIGHT, W, 3), uint8 BGR."""
    picture = cv2.resize(
        photo.pixels[..., ::-1], (round(photo.pixels.shape[1] * HEIGHT / photo.pixels.shape[0]), HEIGHT), interpolation=cv2.INTER_AREA
    )
    sides = [side(surface, angle) for angle in (0, 90, 180, 270)]
    joined = np.hstack([np.ascontiguousarray(picture), *(colour for colour, _ in sides), *(clay for _, clay in sides)])
    cv2.putText(joined, label, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 255), 1, cv2.LINE_AA)
    return joined


def side(surface: Surface, angle: float) -> tuple[ndarray, ndarray]:
    """The surface in its colours and as clay (HEIGHT, W, 3), uint8 BGR, turned by so many degrees about the upright."""
    turn = np.radians(angle)
    about = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    vertices = np.float64(surface.vertices)
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    round_ = np.linalg.norm((vertices - middle)[:, [0, 2]], axis=1).max()
    size = max(float(np.ptp(vertices[:, 1])), 1e-3) * 1.06
    width = int(2 * np.ceil(HEIGHT * min(round_ / size, 1.0)))
    focal, rotation = HEIGHT * FAR, UPRIGHT @ about
    place = np.array([0, 0, FAR * size]) - rotation @ middle
    camera = Camera(np.array([focal, focal, width / 2, HEIGHT / 2]), rotation, place, np.array([width, HEIGHT]))
    seen = take(Mesh(vertices, surface.faces), np.float64(surface.albedo), camera)
    shade = np.clip(seen.normal @ rotation.T @ TOWARDS, 0, 1)[..., None]
    return tuple(
        np.uint8(np.where(seen.mask[..., None], colour, PAPER)) for colour in (seen.values[..., ::-1], 60 + 190 * shade * np.ones(3))
    )
