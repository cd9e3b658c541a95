"""How far a surface is from the true one: distances in cm, agreement of normals, shared volume, F-score.

P2S and Chamfer distance are those of Saito et al. 2019 (PIFu, section 5.1), over points spread evenly by area where PIFu took vertices, so
that the density of a mesh does not count. Nothing is aligned here: see `align`.
"""

import numpy as np

from training.evaluate.mesh import Mesh, nearest, normals_at, occupancy, spread

POINTS = 10_000
"""Points on each surface; the mean distance then repeats to about a hundredth of itself."""

STEP = 0.01
"""Metres, side of the cubes volumes are counted in; only their centres are tested, so thin parts count by chance, but without bias."""

THRESHOLD = 0.01
"""Metres within which a point counts for the F-score."""


def compare_surfaces(estimate: Mesh, truth: Mesh) -> dict[str, float]:
    """The figures of one surface against the true one.

    p2s_cm: mean distance from the estimate to the truth; chamfer_cm: mean of that and of the way back; p2s_scaled, chamfer_scaled: the
    same with the longest side of the truth's bounding box as 100, as papers without metric bodies give it; normal_consistency: mean of
    |n · n'| between each point and its nearest one, both ways (Mescheder et al. 2019, section 4); f_score: at 1 cm, harmonic mean of
    precision and recall (Knapitsch et al. 2017); volume_iou.
    """
    there, normals_there = one_way(estimate, truth)
    back, normals_back = one_way(truth, estimate)
    longest = np.ptp(truth.vertices, axis=0).max()
    chamfer = (there.mean() + back.mean()) / 2
    precision, recall = (there < THRESHOLD).mean(), (back < THRESHOLD).mean()
    return {
        "p2s_cm": float(100 * there.mean()),
        "chamfer_cm": float(100 * chamfer),
        "p2s_scaled": float(100 * there.mean() / longest),
        "chamfer_scaled": float(100 * chamfer / longest),
        "normal_consistency": float((normals_there.mean() + normals_back.mean()) / 2),
        "f_score": float(2 * precision * recall / max(precision + recall, 1e-9)),
        "volume_iou": volume_iou(estimate, truth),
    }


def one_way(start: Mesh, goal: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """For points all over the first surface: distance (N,) to the second, metres, and |n · n'| (N,) with the nearest point there."""
    here = spread(start, POINTS)
    there = nearest(here.points, goal)
    distance = np.linalg.norm(here.points - there.points, axis=1)
    return distance, np.abs((normals_at(here, start) * normals_at(there, goal)).sum(axis=1))


def volume_iou(estimate: Mesh, truth: Mesh, step: float = STEP) -> float:
    """Shared over joint volume of two closed meshes (Mescheder et al. 2019, section 4), 0..1."""
    both = np.concatenate([estimate.vertices, truth.vertices])
    low = both.min(axis=0) - step
    counts = tuple(int(count) for count in np.ceil((both.max(axis=0) + step - low) / step))
    one, other = occupancy(estimate, low, counts, step), occupancy(truth, low, counts, step)
    return float((one & other).sum() / max((one | other).sum(), 1))
