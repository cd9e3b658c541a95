"""A quick picture of a posed person: rasterised, textured, lit by spherical harmonics, before a made-up background.

No shadows, no light transport: it serves where many pictures are wanted and only the person's outline, clothes and pose matter, such as
asking the landmark detector. A tenth of a second; `photograph` makes the pictures that results are judged on.
"""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.camera import Camera
from core.light import irradiance, sh_basis
from core.surface.raster import rasterise
from training.rocketbox import PosedPerson, RocketboxPerson


def quick_picture(rng: np.random.Generator, posed: PosedPerson, camera: Camera) -> ndarray:
    """Picture (H, W, 3) uint8 sRGB at the camera's size, random light, background and noise."""
    person = posed.person
    faces = facing(posed, solid_faces(person), camera)
    raster = rasterise(posed.vertices, faces, camera)
    uv = raster.interpolate(faces, person.uv.astype(np.float64))
    texture = _texture(person.texture)
    size = np.array(texture.shape[1::-1])
    places = (np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1) * size - 0.5).astype(np.float32)
    albedo = cv2.remap(texture, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    normals = raster.interpolate(faces, vertex_normals(posed))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-9
    normals *= np.where((normals @ camera.rotation.T)[..., 2:] > 0, -1, 1)
    return quickly_lit(rng, albedo, normals, raster.face >= 0)


def quickly_lit(rng: np.random.Generator, albedo: ndarray, normals: ndarray, seen: ndarray) -> ndarray:
    """Picture (H, W, 3) uint8 sRGB of albedo (H, W, 3) uint8 under random light, with unit normals (H, W, 3) in the body frame, before a
    random background where seen (H, W), or how much of it (0..1), says so."""
    shading = np.maximum(irradiance(random_light(rng), normals), 0.02) / np.pi
    lit, share = (albedo / 255.0) ** 2.2 * shading, np.float64(seen)[..., None]
    picture = share * lit + (1 - share) * random_background(rng, albedo.shape[:2])
    picture = cv2.GaussianBlur(np.clip(picture, 0, 1) ** (1 / 2.2), (0, 0), float(rng.uniform(0.4, 0.9)))
    return np.uint8(np.clip(255 * picture + rng.normal(0, rng.uniform(0, 4), picture.shape), 0, 255))


def facing(posed: PosedPerson, faces: ndarray, camera: Camera) -> ndarray:
    """The faces (F, 3) turned to the camera; two-sided cards are among the others as often as not, and most come twice."""
    corners = camera.project(posed.vertices)[faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return faces[first[:, 0] * second[:, 1] < first[:, 1] * second[:, 0]]


@lru_cache(maxsize=128)
def _texture(path: Path) -> ndarray:
    """The picture (H, W, 3) uint8, RGB."""
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def solid_faces(person: RocketboxPerson) -> ndarray:
    """Faces (F, 3) without those of cards that are mostly clear."""
    return person.faces if person.alpha is None else person.faces[_solid(person)]


def _solid(person: RocketboxPerson) -> ndarray:
    alpha = _opacity(person.alpha)
    middle = person.uv[person.faces].mean(axis=1)
    rows = np.clip(((1 - middle[:, 1]) * alpha.shape[0]).astype(int), 0, alpha.shape[0] - 1)
    columns = np.clip((middle[:, 0] * alpha.shape[1]).astype(int), 0, alpha.shape[1] - 1)
    return ~person.cards | (alpha[rows, columns] >= 128)


@lru_cache(maxsize=128)
def _opacity(path: Path) -> ndarray:
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


def vertex_normals(posed: PosedPerson) -> ndarray:
    """Unit normals (V, 3), the same on both sides of a texture seam."""
    corners = posed.vertices[posed.person.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    points = posed.person.same_point
    summed = np.zeros((points.max() + 1, 3))
    np.add.at(summed, points[posed.person.faces].ravel(), np.repeat(normals, 3, axis=0))
    unit = summed / (np.linalg.norm(summed, axis=1, keepdims=True) + 1e-12)
    return unit[points]


def random_light(rng: np.random.Generator) -> ndarray:
    """SH radiance (9, 3): light from all sides, more from above, and one soft lamp somewhere in the upper half."""
    towards = rng.normal(size=3) * (1, 0.6, 1) + (0, 0.8, 0)
    lobes = sh_basis(np.stack([[0.0, 1.0, 0.0], towards / np.linalg.norm(towards)]))
    tint = 1 + rng.normal(0, 0.08, 3)
    light = np.zeros((9, 3))
    light[0] = rng.uniform(0.7, 2.0) * np.sqrt(np.pi)
    return (light + (lobes * rng.uniform([[0.1], [0.2]], [[0.8], [1.6]])).sum(axis=0)[:, None]) * tint


def random_background(rng: np.random.Generator, shape: tuple[int, int]) -> ndarray:
    """Linear colours (H, W, 3): a wall and a floor with soft blotches and a few upright and level edges."""
    height, width = shape
    coarse = rng.uniform(0, 1, (rng.integers(2, 12), rng.integers(2, 12), 3)).astype(np.float32)
    tint, grey = rng.uniform(0.05, 0.35), rng.uniform(0, 0.6)
    picture = tint * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) + grey + rng.uniform(-0.05, 0.05, 3)
    picture[int(height * rng.uniform(0.6, 0.95)) :] *= rng.uniform(0.4, 1.4, 3)
    for _ in range(rng.integers(0, 8)):
        x, y = rng.integers(0, width), rng.integers(0, height)
        w, h = rng.integers(5, width // 2), rng.integers(5, height // 2)
        picture[y : y + h, x : x + w] = 0.5 * picture[y : y + h, x : x + w] + 0.5 * rng.uniform(0, 1, 3)
    return np.clip(picture, 0, 1) ** 2.2
