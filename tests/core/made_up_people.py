"""People of noise: what a shard keeps of anybody, made in milliseconds. A module of its own, since worker processes import it by name."""

from pathlib import Path

import numpy as np
import trimesh

from core.camera import UPRIGHT, Camera
from training.makehuman.asset_file import AssetFileError
from training.people.character import BodyTruth, DressedPerson, Shell, View
from training.people.maker import fill_shard
from training.people.shards import encoded


def made_up(seed=0):
    """A person, their shell and two views, all of noise, but as smooth as real ones."""
    rng = np.random.default_rng(seed)
    mesh = trimesh.creation.icosphere(3, 0.4)
    count = len(mesh.vertices)
    shell = Shell(
        np.float32(mesh.vertices) + np.float32([0.1, 0.9, 0]),
        np.int32(mesh.faces),
        np.float32(mesh.vertex_normals),
        rng.integers(0, 256, (count, 3), dtype=np.uint8),
        rng.choice([0, 255], count).astype(np.uint8),
        rng.integers(0, 5, count).astype(np.uint8),
        rng.normal(0, 0.3, (count, 9)).astype(np.float32),
    )
    body = BodyTruth(rng.normal(0, 0.3, (24, 3)), rng.normal(0, 1, 10), rng.normal(0, 1, 3), 0.8, float("nan"))
    nothing = np.zeros((0, 3), int)
    blank = np.zeros((4, 4, 3), np.uint8)
    facts = {"pose": "relaxed", "height": np.float32(1.75), "garments": ["shirt"]}
    joints, no_points = rng.normal(0, 1, (24, 3)), np.zeros((0, 3))
    parts = (no_points, nothing[:, 0], nothing, nothing[:, 0] > 0, nothing[:, 0], no_points[:, :2], blank, None, None, joints, body, facts)
    return DressedPerson(f"person-{seed}", "composed", *parts), shell, [view(rng), view(rng)]


def view(rng, size=64):
    y, x = np.mgrid[:size, :size] / size - 0.5
    inside = np.hypot(x, y) < rng.uniform(0.25, 0.35)
    z = -np.sqrt(np.maximum(1 - (2 * x) ** 2 - (2 * y) ** 2, 0))
    normal = np.where(inside[..., None], np.round(127 * np.stack([2 * x, 2 * y, z], axis=-1)), 0).astype(np.int8)
    alpha = np.where(inside, 255, 0).astype(np.uint8)
    albedo = np.where(inside[..., None], np.uint8(128 + 100 * np.stack([x, y, x + y], axis=-1)), 0).astype(np.uint8)
    transfer = rng.integers(-127, 128, (size // 4, size // 4, 9)).astype(np.int8) * (alpha[::4, ::4, None] > 0)
    camera = Camera(np.array([80.0, 80, 32, 32]), UPRIGHT, rng.normal(0, 1, 3), np.array([size, size]))
    label = np.where(inside, rng.integers(0, 5, (size, size)), 0).astype(np.uint8)
    return View(camera, alpha, albedo, normal, normal, alpha, alpha, label, transfer.astype(np.int8), rng.random(9).astype(np.float32))


def noise_shard(recipe, shard, count, out, tell):
    """A shard of people of noise; number 3 fails at its first attempt."""
    return fill_shard(noise_person, recipe, shard, count, out, tell)


def noise_person(recipe, number, attempt):
    if number == 3 and attempt == 0:
        raise ValueError("a sleeve came off")
    return encoded(*made_up(int(np.random.default_rng([recipe.seed, number, attempt]).integers(1 << 30))))


def hopeless_shard(recipe, shard, count, out, tell):
    """A shard whose people cannot be made."""
    return fill_shard(hopeless_person, recipe, shard, count, out, tell)


def hopeless_person(recipe, number, attempt):
    raise KeyError("no thread")


def unreadable_shard(recipe, shard, count, out, tell):
    """A shard whose assets cannot be read."""
    raise AssetFileError(Path("shirt.mhclo"), 7, "no such vertex")
