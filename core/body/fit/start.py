"""The first guess: the usual pose, turned as the 3D landmarks' trunk is, at the distance that the 2D landmarks' size tells."""

import numpy as np
from scipy.spatial.transform import Rotation

from ...camera import UPRIGHT
from .correspondence import LANDMARK
from .kinematics import MOVE, POSE, SIZE, LandmarkModel
from .priors import BELOW_PELVIS, USUAL_MEAN

TRUNK = [LANDMARK[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]


def first_guess(model: LandmarkModel, landmarks: np.ndarray, world: np.ndarray, weights: np.ndarray, focal: float, centre: np.ndarray):
    """Unknowns (85,) to start from. landmarks: (33, 2) pixels; world: (33, 3) metres, camera's axes; weights: (33,) 0..1."""
    unknowns = np.zeros(SIZE)
    unknowns[BELOW_PELVIS] = USUAL_MEAN
    trunk = UPRIGHT @ model.points(unknowns).values[TRUNK].T
    unknowns[POSE.start : POSE.start + 3] = Rotation.from_matrix(best_rotation(trunk.T, world[TRUNK] @ UPRIGHT)).as_rotvec()
    return moved_to(model, unknowns, landmarks, weights, focal, centre)


def moved_to(model: LandmarkModel, unknowns: np.ndarray, landmarks: np.ndarray, weights: np.ndarray, focal: float, centre: np.ndarray):
    """The same pose and shape with the translation that fits the 2D landmarks best."""
    moved = unknowns.copy()
    moved[MOVE] = 0
    moved[MOVE] = best_move(model.points(moved).values, landmarks, weights, focal, centre)
    return moved


def best_rotation(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) that brings centred points (N, 3) nearest to others (Kabsch 1976)."""
    left, _, right = np.linalg.svd((target - target.mean(axis=0)).T @ (source - source.mean(axis=0)))
    return left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right


def best_move(points: np.ndarray, landmarks: np.ndarray, weights: np.ndarray, focal: float, centre: np.ndarray) -> np.ndarray:
    """Translation (3,) in the camera frame with which points (K, 3) project nearest to the landmarks: linear least squares.

    From x + t_x = u (z + t_z) with u = (pixel - centre) / focal, weighted. At least half a metre away.
    """
    rays = (landmarks - centre) / focal
    rows = np.zeros((len(points), 2, 3))
    rows[:, 0, 0] = rows[:, 1, 1] = 1
    rows[:, :, 2] = -rays
    right = rays * points[:, 2:] - points[:, :2]
    scale = weights[:, None]
    move = np.linalg.lstsq((rows * scale[..., None]).reshape(-1, 3), (right * scale).ravel(), rcond=None)[0]
    if move[2] < 0.5:
        move[2] = max(0.5, np.ptp(points[:, 1]) / max(np.ptp(rays[:, 1]), 1e-6))
        move[:2] = np.average(rays * move[2] - points[:, :2], axis=0, weights=weights)
    return move
