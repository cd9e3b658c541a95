"""How wrong a body is: joint errors in metres, overlap of silhouettes. Points are (J, 3) in one frame, row by row the same joint.

"Root-aligned" here means: both bodies' mid-hip at the origin, then the one scale that brings the estimate nearest (least squares). A single
photo does not tell size, and distance trades against it, so neither should count. Procrustes alignment (Umeyama 1991) also frees rotation.
"""

import numpy as np
from numpy import ndarray

LIMB_JOINTS = tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right"))
"""The twelve joints that are measured; they exist in SMPL and among BlazePose's landmarks."""

HIPS = [LIMB_JOINTS.index("left_hip"), LIMB_JOINTS.index("right_hip")]


def root_aligned(estimate: ndarray, truth: ndarray, root: list[int] = HIPS) -> tuple[ndarray, ndarray]:
    """Both point sets about the middle of their root rows, the estimate scaled to the truth by least squares."""
    a, b = estimate - estimate[root].mean(0), truth - truth[root].mean(0)
    return a * (a * b).sum() / (a * a).sum(), b


def root_error(estimate: ndarray, truth: ndarray) -> float:
    """Mean distance of root-aligned joints, metres."""
    a, b = root_aligned(estimate, truth)
    return float(np.linalg.norm(a - b, axis=1).mean())


def depth_error(estimate: ndarray, truth: ndarray) -> float:
    """Mean distance along the camera's axis of root-aligned joints in the camera frame, metres."""
    a, b = root_aligned(estimate, truth)
    return float(np.abs(a[:, 2] - b[:, 2]).mean())


def procrustes_error(estimate: ndarray, truth: ndarray) -> float:
    """Mean distance after the similarity (rotation without mirroring, scale, move) that brings the estimate nearest, metres."""
    a, b = estimate - estimate.mean(0), truth - truth.mean(0)
    u, stretch, vt = np.linalg.svd(a.T @ b)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotated = a @ (u * signs) @ vt * (stretch * signs).sum() / (a * a).sum()
    return float(np.linalg.norm(rotated - b, axis=1).mean())


def picture_error(estimate: ndarray, truth: ndarray, height: float, kept: ndarray | None = None) -> float:
    """Mean distance (J, 2) of points in the picture, as a fraction of the body's height; all in pixels. kept (J,): which rows count."""
    distances = np.linalg.norm(estimate - truth, axis=1) / height
    return float(distances.mean() if kept is None else distances[kept].mean())


def bend(hip: ndarray, knee: ndarray, ankle: ndarray) -> float:
    """Degrees by which a knee (or elbow) is bent; 0 is straight."""
    thigh, shin = knee - hip, ankle - knee
    return float(np.degrees(np.arccos(np.clip(thigh @ shin / np.linalg.norm(thigh) / np.linalg.norm(shin), -1, 1))))


def knee_bends(joints: ndarray) -> ndarray:
    """Both knees' bends (2,), degrees, of the twelve joints (12, 3)."""
    row = LIMB_JOINTS.index
    return np.array([bend(*(joints[row(f"{side}_{joint}")] for joint in ("hip", "knee", "ankle"))) for side in ("left", "right")])


def overlap(first: ndarray, second: ndarray) -> float:
    """Intersection over union of two masks (H, W) of booleans; 1 where both are empty."""
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 1.0
