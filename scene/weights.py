"""A surface's skin weights made more even over the surface, as an artist's brush Smooth would, but for all bones at once and by region."""

from collections.abc import Collection
from typing import Any

import bpy
import numpy as np

from ..core.skeleton import JOINT_NAMES
from .mesh import dense_weights

INFLUENCES = 4
"""Joints per vertex, as glTF and game engines take them."""


def smooth_weights(surface: Any, steps: int, strength: float, chosen: Collection[int] | None = None) -> int:
    """Average the weights of a skinned surface's vertices with their neighbours'; how many vertices have changed.

    steps: how often, each time one ring of vertices farther; strength: 0..1, how much of the neighbours' mean is taken each time. chosen:
    numbers of the vertices that may change (None: all). Afterwards every vertex has at most INFLUENCES joints, and its weights sum to one.
    """
    before = dense_weights(surface)
    mine = np.zeros(len(before), dtype=bool)
    mine[list(range(len(before)) if chosen is None else chosen)] = True
    edges = np.empty(2 * len(surface.data.edges), dtype=np.int32)
    surface.data.edges.foreach_get("vertices", edges)
    edges = edges.reshape(-1, 2)
    edges = edges[mine[edges].any(axis=1)]
    weights = before.copy()
    for _ in range(steps):
        weights[mine] += strength * (_mean_of_neighbours(weights, edges) - weights)[mine]
    joints, kept = _strongest(weights[mine])
    _write(surface, np.flatnonzero(mine), joints, kept)
    return int((np.abs(weights - before).max(axis=1) > 1e-4).sum())


def _mean_of_neighbours(weights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The mean (V, 24) over each vertex's neighbours; its own weights where it has none."""
    here, there = np.concatenate([edges, edges[:, ::-1]]).T
    count = np.bincount(here, minlength=len(weights))
    used = np.flatnonzero(weights.any(axis=0))
    mean = weights.copy()
    for joint in used:
        total = np.bincount(here, weights[there, joint], minlength=len(weights))
        mean[:, joint] = np.where(count > 0, total / np.maximum(count, 1), weights[:, joint])
    return mean


def _strongest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    kept = np.take_along_axis(weights, joints, axis=1)
    return joints, kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-12)


def _write(surface: bpy.types.Object, rows: np.ndarray, joints: np.ndarray, weights: np.ndarray) -> None:
    """Replace the weights of these vertices; groups that name no bone of ours are left alone."""
    numbers = [int(row) for row in rows]
    for number, name in enumerate(JOINT_NAMES):
        group = surface.vertex_groups.get(name) or surface.vertex_groups.new(name=name)
        group.remove(numbers)
        weight = np.where(joints == number, weights, 0).sum(axis=1)
        for at in np.flatnonzero(weight):
            group.add([numbers[at]], float(weight[at]), "REPLACE")
