"""The joint regressor: each joint as a weighted mean of a few skin vertices near it, fitted so that it holds for every shape.

Non-negative least squares over many bodies (SMPL's own recipe, Loper et al. 2015, section 4.2) gives sparse rows by itself. Left joints
are solved and mirrored to the right; joints on the midline use vertices in mirrored pairs.
"""

import numpy as np
from scipy.optimize import nnls
from scipy.spatial import cKDTree

from core.skeleton import JOINT, JOINT_NAMES

CANDIDATES = 500
REACH = 3.5  # candidates lie within this many times the distance from the joint to the nearest skin
UNITY = 30.0  # how strongly the weights sum to one before they are made to
MOST = 24  # vertices in a row


def joint_regressor(vertices: np.ndarray, joints: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Regressor (24, V), rows summing to one, from bodies (N, V, 3) in T-pose with their joints (N, 24, 3)."""
    rows = np.zeros((len(JOINT), vertices.shape[1]))
    for name in JOINT_NAMES:
        if name.startswith("right_"):
            continue
        target, middle = joints[:, JOINT[name]], not name.startswith("left_")
        candidates = near(vertices.mean(0), target.mean(0), halved=middle)
        twins = mirror[candidates]
        places = 0.5 * (vertices[:, candidates] + vertices[:, twins]) if middle else vertices[:, candidates]
        weights = sparse_weights(places, target)
        if middle:
            np.add.at(rows[JOINT[name]], candidates, 0.5 * weights)
            np.add.at(rows[JOINT[name]], twins, 0.5 * weights)
        else:
            rows[JOINT[name], candidates] = weights
            rows[JOINT["right_" + name.removeprefix("left_")], twins] = weights
    return rows


def near(mean: np.ndarray, joint: np.ndarray, halved: bool) -> np.ndarray:
    """Vertex numbers around a joint, spread evenly among those within reach; only the left half of the body where halved."""
    tree = cKDTree(mean)
    reach = REACH * tree.query(joint)[0] + 0.02
    inside = np.array(tree.query_ball_point(joint, reach))
    inside = np.sort(inside[mean[inside, 0] >= 0]) if halved else np.sort(inside)
    return inside[np.unique(np.linspace(0, len(inside) - 1, CANDIDATES).astype(int))]


def sparse_weights(places: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights (C,) >= 0 summing to one with places (N, C, 3) . weights ~ target (N, 3), at most MOST of them non-zero."""
    system = np.moveaxis(places - target[:, None], 1, 2).reshape(-1, places.shape[1])
    weights = solved(system)
    if np.count_nonzero(weights) > MOST:
        strongest = np.argsort(weights)[-MOST:]
        again = np.zeros_like(weights)
        again[strongest] = solved(system[:, strongest])
        weights = again
    return weights


def solved(system: np.ndarray) -> np.ndarray:
    with_unity = np.vstack([system, np.full((1, system.shape[1]), UNITY)])
    weights, _ = nnls(with_unity, np.append(np.zeros(len(system)), UNITY), maxiter=20 * system.shape[1])
    return weights / weights.sum()
