"""Feet on the ground: both soles at one height, and each foot flat.

No photo tells where the ground is, only how far a camera usually looks down (by about four degrees, give or take six), so how far apart in
depth the feet are says how much their heights may differ. Robust: a lifted foot, or a step, pays a little and is left alone.
"""

from dataclasses import dataclass

import numpy as np

from .correspondence import LANDMARK
from .kinematics import SIZE, LandmarkModel

SOLES = tuple((LANDMARK[f"{side}_heel"], LANDMARK[f"{side}_toe"]) for side in ("left", "right"))

PITCH, PITCH_SPREAD = np.tan(np.radians(4.0)), np.tan(np.radians(6.0))
"""How far cameras look down."""
LEVEL = 0.02
"""Metres, standard deviation of the height of a foot that stands: soles, heels of shoes, and the landmarks' own places on the foot."""


@dataclass(frozen=True)
class FootContact:
    """Differences of height along the usual camera's vertical: left sole's against right's, heel's against toe's on each foot.

    deviations: (3,) metres; flat: (2,) what heel and toe landmarks differ by on flat feet.
    """

    model: LandmarkModel
    deviations: np.ndarray
    flat: np.ndarray
    robust: float | None = 1.5

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self.model.points(unknowns)
        height, by = _heights(points.values), _heights(points.jacobian)
        left, right = (list(sole) for sole in SOLES)
        residual = [height[left].mean() - height[right].mean()]
        jacobian = [by[left].mean(axis=0) - by[right].mean(axis=0)]
        for (heel, toe), usual in zip(SOLES, self.flat, strict=True):
            residual.append(height[heel] - height[toe] - usual)
            jacobian.append(by[heel] - by[toe])
        return np.array(residual) / self.deviations, np.stack(jacobian).reshape(3, SIZE) / self.deviations[:, None]


def _heights(values: np.ndarray) -> np.ndarray:
    """Along the usual camera's vertical, of points (K, 3, …) or their derivatives: y points down, and what is farther is seen higher."""
    return -values[:, 1] - PITCH * values[:, 2]


def foot_contact(model: LandmarkModel, unknowns: np.ndarray) -> FootContact:
    """The term with the deviations that the feet's places at these unknowns ask for."""
    values, rest = model.points(unknowns).values, model.points(np.zeros(SIZE)).values
    apart = [abs(values[list(SOLES[0]), 2].mean() - values[list(SOLES[1]), 2].mean())]
    apart += [abs(values[heel, 2] - values[toe, 2]) for heel, toe in SOLES]
    flat = np.array([rest[toe, 1] - rest[heel, 1] for heel, toe in SOLES])
    return FootContact(model, np.hypot(LEVEL, PITCH_SPREAD * np.array(apart)), flat)
