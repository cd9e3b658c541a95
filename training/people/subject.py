"""A person before the cameras: what every view of them needs, worked out once.

Vertices, normals and the shell stay in the body frame. The texture is kept as a pyramid, each level half the one before, so that a view
takes its colours from the level whose texels are about as large as its pixels.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy import ndarray
from scipy.spatial import cKDTree

from core.body.files import load_body
from core.body.model import BodyModel
from core.surface.surface import vertex_normals
from core.weights import find
from training.people.character import BodyTruth, DressedPerson, Shell

LEVELS = 4
"""Of the texture pyramid; at 1/8 of the side neighbouring parts of an atlas begin to mix."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A dressed person and their shell, with normals (V, 3) smooth across texture seams, textures (LEVELS of (T, T, 3) uint8), a tree of
    the shell's vertices, and the open body inside: body_vertices, body_normals (B, 3), body_faces."""

    person: DressedPerson
    shell: Shell
    normals: ndarray
    textures: tuple[ndarray, ...]
    tree: cKDTree
    body_vertices: ndarray
    body_normals: ndarray
    body_faces: ndarray


@lru_cache(maxsize=1)
def open_body() -> BodyModel:
    """The open neutral body that every ground truth is given in."""
    return load_body(find("body_neutral"))


def posed_body(body: BodyTruth, model: BodyModel) -> ndarray:
    """The body's vertices (V, 3) in the body frame, metres."""
    batch = [torch.tensor(np.asarray(part)[None], dtype=model.v_template.dtype) for part in (body.betas, body.pose, body.translation)]
    with torch.no_grad():
        return model(*batch).vertices[0].numpy().astype(np.float64)


def prepare(person: DressedPerson, shell: Shell, model: BodyModel | None = None) -> Subject:
    """The person made ready for views. model: the body person.body is given in; the open neutral one where None."""
    model = model or open_body()
    body, body_faces = posed_body(person.body, model), model.faces.numpy()
    return Subject(
        person=person,
        shell=shell,
        normals=smooth_normals(person),
        textures=pyramid(person.texture),
        tree=cKDTree(shell.vertices),
        body_vertices=body,
        body_normals=vertex_normals(body, body_faces),
        body_faces=body_faces,
    )


def smooth_normals(person: DressedPerson) -> ndarray:
    """Unit normals (V, 3), the same on both sides of a texture seam."""
    _, first, group = np.unique(person.same_point, return_index=True, return_inverse=True)
    return vertex_normals(person.vertices[first], group[person.faces])[group]


def pyramid(texture: ndarray) -> tuple[ndarray, ...]:
    """The texture and its halves, LEVELS in all."""
    levels = [np.ascontiguousarray(texture)]
    while len(levels) < LEVELS and min(levels[-1].shape[:2]) >= 2:
        height, width = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return tuple(levels)


def texels(picture: ndarray, uv: ndarray, interpolation: int = cv2.INTER_LINEAR) -> ndarray:
    """Values (N, C) or (N,) of a texture (T, T, C) or (T, T) at places uv (N, 2), v up."""
    count, across = len(uv), 1024  # OpenCV takes pictures of less than 32768 a side, so the list is folded into rows
    rows = max(-(-count // across), 1)
    height, width = picture.shape[:2]
    places = np.zeros((rows * across, 2), np.float32)
    places[:count, 0] = uv[:, 0] * width - 0.5
    places[:count, 1] = (1 - uv[:, 1]) * height - 0.5
    x, y = (np.ascontiguousarray(places[:, axis].reshape(rows, across)) for axis in (0, 1))
    found = cv2.remap(picture, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1, *picture.shape[2:])[:count]
