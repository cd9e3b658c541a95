"""What stands behind and before a person: the world's own picture, a photograph, or a made-up wall and floor; things that hide a part.

All in linear RGB under the same exposure as the person. Photographs are the caller's; none are shipped.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.light import irradiance
from core.surface.view import to_linear
from training.people.worlds import World

_TO_LINEAR = to_linear(np.arange(256) / 255).astype(np.float32)


def background(rng: Generator, world: World, camera: Camera, photos: list[Path], gain: ndarray) -> ndarray:
    """Linear RGB (H, W, 3): a photograph (half of the time, where there are any), the world out of focus, or a made-up place.

    gain: (3,) exposure and white balance, which the world and the made-up place are seen through as the person is.
    """
    kind = rng.choice(["photo", "world", "made up"], p=[0.5, 0.25, 0.25] if photos else [0, 0.55, 0.45])
    if kind == "photo":
        return photo_crop(rng, Path(photos[rng.integers(len(photos))]), tuple(int(side) for side in camera.size))
    if kind == "world":
        behind = gain * world_behind(world.image, camera, rng.uniform(1.0, 6.0))
        return standing_on(rng, behind, world.light * gain, camera) if rng.random() < 0.7 else behind
    return made_up_place(rng, world.light * gain, camera)


def photo_crop(rng: Generator, path: Path, size: tuple[int, int]) -> ndarray:
    """A random part of a photograph, width and height as asked, brightness varied. Raises FileNotFoundError where OpenCV reads none."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"{path} is no picture that can be read")
    scale = max(size[0] / pixels.shape[1], size[1] / pixels.shape[0]) * rng.uniform(1.0, 1.8)
    pixels = cv2.resize(pixels, None, fx=scale * 1.001, fy=scale * 1.001, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (int(rng.integers(max(have - want, 0) + 1)) for have, want in zip(pixels.shape[:2], size[::-1], strict=True))
    crop = _TO_LINEAR[pixels[top : top + size[1], left : left + size[0], ::-1]] * np.exp(rng.normal(0, 0.25))
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    return cv2.GaussianBlur(np.ascontiguousarray(crop), (0, 0), rng.uniform(0.3, 3.0))


def rays(camera: Camera) -> ndarray:
    """Unit directions (H, W, 3) in the body frame that the camera's pixels look along."""
    width, height = (int(side) for side in camera.size)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    fx, fy, cx, cy = camera.intrinsics
    away = np.stack([(x - cx) / fx, (y - cy) / fy, np.ones_like(x)], axis=-1)
    return (away / np.linalg.norm(away, axis=-1, keepdims=True)) @ camera.rotation


def world_behind(image: ndarray, camera: Camera, blur: float) -> ndarray:
    """The world as the camera sees it, (H, W, 3), out of focus by blur pixels; a sun in it does not flood the picture."""
    towards = rays(camera)
    height, width = image.shape[:2]
    column = (np.arctan2(towards[..., 2], towards[..., 0]) / (2 * np.pi) + 0.5) * width - 0.5
    row = (0.5 - np.arcsin(np.clip(towards[..., 1], -1, 1)) / np.pi) * height - 0.5
    seen = cv2.remap(image, column.astype(np.float32), row.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return cv2.GaussianBlur(np.clip(seen, 0, 20 * image.mean()), (0, 0), blur)


def made_up_place(rng: Generator, light: ndarray, camera: Camera) -> ndarray:
    """A wall and the ground of made-up materials, lit by the light (9, 3) as such surfaces would be; the ground is at y = 0."""
    towards, eye = rays(camera), -camera.rotation.T @ camera.translation
    level = camera.rotation[2] * (1, 0, 1)
    level /= np.linalg.norm(level)
    to_wall = (rng.uniform(0.8, 6.0) - eye @ level) / np.maximum(towards @ level, 1e-3)
    place = eye + to_wall[..., None] * towards
    across = np.cross([0.0, 1.0, 0.0], level)
    wall = _material(rng, place @ across, place[..., 1]) * _facing(light, -level)
    down = _way_down(towards, eye)
    ground = _ground(rng, towards, eye, light)
    picture = np.where((down < to_wall)[..., None], ground, wall).astype(np.float32)
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 2.5))


def standing_on(rng: Generator, behind: ndarray, light: ndarray, camera: Camera) -> ndarray:
    """The picture behind with made-up ground around the origin, which melts into it some metres away."""
    towards, eye = rays(camera), -camera.rotation.T @ camera.translation
    down = _way_down(towards, eye)
    place = eye + np.where(np.isfinite(down), down, 0)[..., None] * towards
    start = rng.uniform(2, 5)
    share = np.clip((np.hypot(place[..., 0], place[..., 2]) - start) / (1.5 * start), 0, 1)
    share = np.where(np.isfinite(down), 1 - share * share * (3 - 2 * share), 0)[..., None]
    return (share * _ground(rng, towards, eye, light) + (1 - share) * behind).astype(np.float32)


def _way_down(towards: ndarray, eye: ndarray) -> ndarray:
    """Metres (H, W) along each ray to the ground, infinite for those that never meet it."""
    meets = (towards[..., 1] < -1e-3) & (eye[1] > 0)
    return np.where(meets, -eye[1] / np.minimum(towards[..., 1], -1e-3), np.inf)


def _ground(rng: Generator, towards: ndarray, eye: ndarray, light: ndarray) -> ndarray:
    """The ground's colour (H, W, 3) along the rays; any where they never meet it."""
    place = eye + np.minimum(_way_down(towards, eye), 100)[..., None] * towards
    return _material(rng, place[..., 0], place[..., 2]) * _facing(light, np.array([0.0, 1.0, 0.0]))


def _facing(light: ndarray, normal: ndarray) -> ndarray:
    """Shading (3,) of a flat surface, never quite dark."""
    return np.maximum(irradiance(light, normal) / np.pi, 0.02)


def _material(rng: Generator, u: ndarray, v: ndarray) -> ndarray:
    """Linear albedo (H, W, 3) over places in metres: a colour, blotches, grain, and sometimes tiles or stripes with joints."""
    colour = np.clip(
        rng.uniform(0.08, 0.7) * np.exp(rng.normal([0.08, 0.0, -0.12], 0.1)), 0.02, 0.9
    )  # stone, wood and paint are rather warm
    shade = 1 + rng.uniform(0.05, 0.35) * _noise(rng, u, v, rng.uniform(0.3, 1.5)) + rng.uniform(0, 0.12) * _noise(rng, u, v, 0.03)
    if rng.random() < 0.6:
        long, short = rng.uniform(0.1, 1.5, 2)
        row = np.floor(v / short)
        start = u / long + 0.5 * (row % 2)
        each = np.sin(12.9898 * np.floor(start) + 78.233 * row) * 43758.5453
        shade = shade * (1 + rng.uniform(0, 0.4) * ((each % 1) - 0.5))
        joint = ((start % 1) * long < 0.012) | ((v / short % 1) * short < 0.012)
        shade = np.where(joint, rng.uniform(0.4, 0.9) * shade, shade)
    return np.clip(colour * np.clip(shade, 0.1, 2)[..., None], 0, 0.95)


def _noise(rng: Generator, u: ndarray, v: ndarray, grain: float) -> ndarray:
    """Smooth noise about zero over places in metres, blotches of the size grain."""
    table = rng.normal(0, 1, (64, 64)).astype(np.float32)
    x, y = (((part / grain) % 64).astype(np.float32) for part in (u, v))
    return cv2.remap(table, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


# --- putting together -------------------------------------------------------------------------------------------------------------


def ground_shadow(camera: Camera, alpha: ndarray, strength: float) -> ndarray:
    """Share of light left (H, W, 1) on the ground where the person of this alpha (H, W) 0..1 stands on it: soft and dark around the feet.

    Feet are where the person covers ground that is near the body frame's origin.
    """
    towards = rays(camera)
    eye = -camera.rotation.T @ camera.translation
    hits = eye + towards * (-eye[1] / np.minimum(towards[..., 1:2], -1e-3))
    near = np.clip(1.4 - np.hypot(hits[..., 0], hits[..., 2]) / 0.5, 0, 1) * (towards[..., 1] < -1e-3)
    metre = camera.intrinsics[0] / np.linalg.norm(eye)
    flat = max(abs(eye[1]) / np.linalg.norm(eye), 0.15)
    feet = (alpha * near).astype(np.float32)
    patches = [cv2.GaussianBlur(feet, (0, 0), max(r * metre, 0.5), sigmaY=max(r * metre * flat, 0.5)) for r in (0.03, 0.12)]
    return 1 - strength * np.clip(0.9 * patches[0] + 0.7 * patches[1], 0, 1)[..., None]


def composited(person: ndarray, alpha: ndarray, behind: ndarray, bleed: float) -> ndarray:
    """Linear RGB (H, W, 3): the person over what is behind, whose light spills a little over the person's edge.

    alpha: (H, W) 0..1; bleed: share of the background's blurred light at the edge (lenses do that; it also softens the cut).
    """
    soft = cv2.GaussianBlur(alpha, (0, 0), 2.0)[..., None]
    spilled = person + bleed * (1 - soft) * (cv2.GaussianBlur(behind, (0, 0), 4.0) - person)
    return alpha[..., None] * spilled + (1 - alpha[..., None]) * behind


def occluder(rng: Generator, shape: tuple[int, int], light: ndarray) -> tuple[ndarray, ndarray]:
    """Something between camera and person: its linear colour (H, W, 3) and alpha (H, W): a table's edge, a post, or a blurred blob."""
    height, width = shape
    alpha = np.zeros(shape, dtype=np.float32)
    kind = rng.choice(["table", "post", "blob"])
    if kind == "table":
        left, right = height * rng.uniform(0.72, 0.95), height * rng.uniform(0.72, 0.95)
        outline = np.array([[0, left], [width, right], [width, height], [0, height]])
    elif kind == "post":
        middle, half, lean = width * rng.uniform(0.1, 0.9), width * rng.uniform(0.01, 0.05), width * rng.normal(0, 0.03)
        outline = np.array([[middle - half, 0], [middle + half, 0], [middle + half + lean, height], [middle - half + lean, height]])
    else:
        around = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        reach = rng.uniform(0.12, 0.36) * width * rng.uniform(0.7, 1.3, 14)
        middle = np.array([width * rng.choice([0.0, 1.0]), height * rng.uniform(0.4, 1.0)])  # reaches in from the side
        outline = middle + reach[:, None] * np.stack([np.cos(around), np.sin(around)], axis=1)
    cv2.fillPoly(alpha, [np.round(outline).astype(np.int32)], 1.0)
    u, v = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return _material(rng, u, v) * light, cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.6, 4.0))
