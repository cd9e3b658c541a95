"""A pinhole camera over the body frame: where body points land in the original photo's pixels."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

UPRIGHT = np.diag([1.0, -1.0, -1.0])
"""Body axes (Y up, Z towards the viewer) to camera axes (Y down, Z away) for a level camera that looks along the body frame's -Z."""


@dataclass(frozen=True)
class Camera:
    """Body frame to pixels: x_cam = rotation @ x_body + translation, pixel = f * x_cam / z_cam + c.

    intrinsics: (4,) fx fy cx cy in pixels; rotation: (3, 3); translation: (3,) metres; size: (2,) width, height in pixels.
    """

    intrinsics: ndarray
    rotation: ndarray
    translation: ndarray
    size: ndarray

    def to_camera(self, points: ndarray) -> ndarray:
        """Points (…, 3) of the body frame in the camera frame, metres."""
        return points @ self.rotation.T + self.translation

    def project(self, points: ndarray) -> ndarray:
        """Pixels (…, 2) of body-frame points (…, 3). Points behind the camera give meaningless pixels: check `to_camera`'s z."""
        seen = self.to_camera(points)
        return seen[..., :2] / seen[..., 2:] * self.intrinsics[:2] + self.intrinsics[2:]
