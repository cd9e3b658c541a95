"""An estimated surface brought to the true one before it is measured: turned by the two cameras alone, moved and scaled at the hips.

One photo tells neither size nor distance, so neither counts; which way and how far the body turns and leans it does tell, so both count.
This is the root alignment usual for 3D joints (as in training.metrics), and the very same numbers then carry the surface, so that joint
and surface errors speak of one placement. No ICP: it would hide a wrong pose.
"""

from typing import NamedTuple

import numpy as np
from numpy import ndarray

from core.camera import Camera
from training.metrics import HIPS


class Alignment(NamedTuple):
    """x_true = scale · rotation @ x + translation: the estimate's body frame to the true one."""

    scale: float
    rotation: ndarray
    translation: ndarray

    def __call__(self, points: ndarray) -> ndarray:
        """Points (N, 3) moved."""
        return self.scale * points @ self.rotation.T + self.translation


UNMOVED = Alignment(1.0, np.eye(3), np.zeros(3))


def at_the_hips(joints: ndarray, camera: Camera, true_joints: ndarray, true_camera: Camera) -> Alignment:
    """The alignment of the estimate's limb joints (12, 3) with the true ones (metrics.LIMB_JOINTS), each in its own body frame.

    Axes of the two cameras agree, mid-hips coincide, and the scale is the one that brings the joints nearest (least squares).
    """
    rotation = true_camera.rotation.T @ camera.rotation
    middle, true_middle = joints[HIPS].mean(axis=0), true_joints[HIPS].mean(axis=0)
    turned = (joints - middle) @ rotation.T
    scale = float((turned * (true_joints - true_middle)).sum() / (turned * turned).sum())
    return Alignment(scale, rotation, true_middle - scale * rotation @ middle)
