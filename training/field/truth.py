"""What is true of a photographed person, as a plate holds it: points, maps of the picture, and rays for the rendering losses."""

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.field.framing import finer
from core.photo.frame import Frame
from core.surface.raster import rasterise, window
from core.surface.view import to_linear, to_srgb
from training.field.patches import DEPTHS, REACH, SIDE
from training.field.relight import cells_of, framed_transfer
from training.people.character import Shell, View
from training.people.lighting import shading
from training.people.samples import Sampler, Samples
from training.people.snapshot import Snapshot

SURFACE, NEAR, FAR = 1600, 4400, 1000
"""Points of a plate: on the surface, near it, and all over the box."""
SPREADS = (0.004, 0.015, 0.05)
"""Metres off the surface of the near ones, in equal shares."""


def points_of(sampler: Sampler, rng: Generator) -> Samples:
    """The plate's points in an order of chance within each kind, so that any run of them is a fair draw."""
    surface = sampler.on_surface(rng, SURFACE + NEAR)
    surface[SURFACE:] += rng.normal(0, 1, (NEAR, 3)) * rng.choice(SPREADS, NEAR)[:, None]
    low, high = sampler.vertices.min(axis=0) - 0.15, sampler.vertices.max(axis=0) + 0.15
    return sampler.at(np.concatenate([surface, rng.uniform(low, high, (FAR, 3))]))


def front_maps(view: View, snap: Snapshot, square: Frame) -> dict[str, ndarray]:
    """The full-size arrays of a plate, and the same at twice the size."""
    inside = (view.alpha > 0).astype(np.float32)
    normal = view.normal.astype(np.float32) / 127 * inside[..., None]
    lit = np.maximum(shading(view, snap.light), 1e-3) * inside[..., None]

    def seen(frame: Frame) -> dict[str, ndarray]:
        directions = frame.take(normal)
        directions /= np.maximum(np.linalg.norm(directions, axis=-1, keepdims=True), 1e-6)
        light = frame.take(lit) / np.maximum(frame.take(inside)[..., None], 1e-3)
        return {
            "photo": frame.take(snap.pixels, edge=True),
            "alpha": frame.take(view.alpha),
            "normal": np.round(127 * directions).astype(np.int8),
            "albedo": frame.take(view.albedo),
            "log_shading": np.log(np.clip(light, 2e-3, 20)).astype(np.float16),
            "trusted": frame.take(view.trusted),
        }

    fine = {f"fine/{name}": values for name, values in seen(finer(square)).items()}
    transfer = framed_transfer(view.transfer * view.transfer_scale, cells_of(square).take)
    return seen(square) | fine | {"mask": square.take(snap.alpha), "transfer": transfer}


def half_maps(shell: Shell, camera: Camera, pelvis_depth: float) -> dict[str, ndarray]:
    """The half-size arrays of a plate, from the shell: front and back."""
    front, back = rasterise(shell.vertices, shell.faces, camera), rasterise(shell.vertices, shell.faces, camera, farthest=True)
    values = np.concatenate([shell.normals @ camera.rotation.T, shell.albedo, shell.trusted[:, None]], axis=1).astype(np.float32)
    seen = back.interpolate(shell.faces, values)
    normal = seen[..., :3] / np.maximum(np.linalg.norm(seen[..., :3], axis=-1, keepdims=True), 1e-6)
    labels = []
    for side in (front, back):
        corner = np.take_along_axis(shell.faces[side.face], side.barycentric.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        labels.append(np.where(side.face >= 0, shell.label[corner], 255))
    depth = np.stack([np.where(side.face >= 0, side.depth - pelvis_depth, np.nan) for side in (front, back)])
    return {
        "depth": depth.astype(np.float16),
        "normal_back": np.round(127 * normal).astype(np.int8),
        "albedo_back": np.round(seen[..., 3:6]).astype(np.uint8),
        "trusted_back": seen[..., 6].astype(np.uint8),
        "label": np.stack(labels).astype(np.uint8),
    }


def patch_arrays(rng: Generator, shell: Shell, camera: Camera, light: ndarray, alpha: ndarray) -> dict[str, ndarray]:
    """Two patches of SIDE² rays through pixels of the picture, about one place of the person: the nearest surface, and the farthest."""
    rows, columns = np.nonzero(alpha > 127)
    chosen = int(rng.integers(len(rows)))
    low = np.clip(np.array([columns[chosen], rows[chosen]]) - SIDE // 2, 0, alpha.shape[0] - SIDE).astype(float)
    small = window(camera, np.concatenate([low, low + SIDE]), (SIDE, SIDE))
    x, y = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    rays = np.stack(
        [(x - small.intrinsics[2]) / small.intrinsics[0], (y - small.intrinsics[3]) / small.intrinsics[1], np.ones_like(x)], axis=-1
    )
    length = np.linalg.norm(rays, axis=-1)
    values = np.concatenate(
        [shell.albedo / 255, shell.trusted[:, None], np.maximum(shell.transfer @ light, 0), shell.transfer], axis=1
    ).astype(np.float32)
    sides = []
    for farthest in (False, True):
        raster = rasterise(shell.vertices, shell.faces, small, farthest)
        hit, seen = raster.face >= 0, raster.interpolate(shell.faces, values)
        depth = np.where(hit, raster.depth, np.median(raster.depth[hit]) if hit.any() else camera.translation[2]) * length
        corner = np.take_along_axis(shell.faces[raster.face], raster.barycentric.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        sides.append({
            "rays": rays / length[..., None],
            "near": depth - REACH,
            "hit": np.uint8(hit),
            "known": np.uint8(hit & (seen[..., 3] >= 250)),
            "label": np.where(hit, shell.label[corner], 255).astype(np.uint8),
            "transfer": np.float16(seen[..., 7:]),
            "albedo": np.uint8(np.round(255 * seen[..., :3])),
            "shaded": np.uint8(np.round(255 * to_srgb(np.clip(to_linear(seen[..., :3]) * seen[..., 4:7], 0, 1)))),
        })  # fmt: skip
    stacked = {name: np.stack([side[name].reshape(SIDE * SIDE, *side[name].shape[2:]) for side in sides]) for name in sides[0]}
    return {f"patch/{name}": np.float32(value) if name in ("rays", "near") else value for name, value in stacked.items()}


def patch_places(patch: dict[str, ndarray]) -> ndarray:
    """The points (2 · 1024 · DEPTHS, 3) at which bodies are asked for the patches."""
    t = patch["patch/near"][..., None] + np.linspace(0, 2 * REACH, DEPTHS)
    return (patch["patch/rays"][:, :, None] * t[..., None]).reshape(-1, 3).astype(np.float64)
