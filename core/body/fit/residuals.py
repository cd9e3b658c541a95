"""What the photo says of the body, as residuals in standard deviations: 2D landmarks and 3D world landmarks; and a depth that is held.

A term is called with the unknowns and returns its residual (R,) and Jacobian (R, SIZE). `robust` is the Geman-McClure scale beyond
which a residual is taken for a mistake of the detector (Geman & McClure 1987), or None for plain squares.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .correspondence import ACROSS, DEPTH, LANDMARK
from .kinematics import SIZE, LandmarkModel

HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]

Term = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Reprojection:
    """Distance of the projected landmarks from the detected ones.

    landmarks: (33, 2) pixels; weights: (33,) 0..1; focal: pixels; centre: (2,) pixels; distance: metres from the camera to the person,
    which turns the detector's errors from metres into pixels; together: how many times the usual deviations to allow, since the landmarks
    err together and not each by itself.
    """

    model: LandmarkModel
    landmarks: np.ndarray
    weights: np.ndarray
    focal: float
    centre: np.ndarray
    distance: float
    together: float = 1.0
    robust: float | None = 3.0

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self.model.points(unknowns)
        depth = np.maximum(points.values[:, 2:], 0.1)
        flat = points.values[:, :2] / depth
        flat_by = (points.jacobian[:, :2] - flat[:, :, None] * points.jacobian[:, 2:]) / depth[:, :, None]
        per_pixel = (self.weights * self.distance / (self.together * ACROSS))[:, None]
        residual = per_pixel * (flat - (self.landmarks - self.centre) / self.focal)
        return residual.ravel(), (per_pixel[:, :, None] * flat_by).reshape(-1, SIZE)

    def distance_off(self, unknowns: np.ndarray) -> float:
        """Mean distance of the landmarks from the detected ones, weighted, on the plane at distance 1: nothing robust about it."""
        points = self.model.points(unknowns).values
        off = points[:, :2] / np.maximum(points[:, 2:], 0.1) - (self.landmarks - self.centre) / self.focal
        return float(np.average(np.linalg.norm(off, axis=1), weights=self.weights))


@dataclass(frozen=True)
class WorldLandmarks:
    """Distance of the landmarks from BlazePose's 3D ones, both about the hips' midpoint. world: (33, 3) metres along the camera's axes.

    The detector's 3D is weaker than its 2D (see TRUST): across the picture it only helps where 2D is far off, in depth it is all there is.
    """

    model: LandmarkModel
    world: np.ndarray
    weights: np.ndarray
    robust: float | None = 3.0

    TRUST = 0.25
    """Weight of the x and y of the 3D landmarks against those of the 2D landmarks, which come from the same network."""

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self.model.points(unknowns)
        values = points.values - points.values[HIPS].mean(axis=0)
        jacobian = points.jacobian - points.jacobian[HIPS].mean(axis=0)
        scale = self.weights[:, None] / np.stack([ACROSS / self.TRUST, ACROSS / self.TRUST, DEPTH], axis=1)
        residual = scale * (values - (self.world - self.world[HIPS].mean(axis=0)))
        return residual.ravel(), (scale[:, :, None] * jacobian).reshape(-1, SIZE)


@dataclass(frozen=True)
class HeldDepth:
    """How far the landmarks have left the depths (33,), metres, that they are to keep, over `deviation`."""

    model: LandmarkModel
    depths: np.ndarray
    deviation: float

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self.model.points(unknowns)
        return (points.values[:, 2] - self.depths) / self.deviation, points.jacobian[:, 2] / self.deviation
