"""Arms kept out of the body: a pose made for a slim person is given to stout ones too, so their arms are lifted until they are free."""

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from core.skeleton import JOINT
from training.makehuman.figure import posed

STEP = np.radians(4.0)
MOST_STEPS = 6
DEEP, FEW = 0.012, 0.04  # metres inside that count, and the share of the arm's skin that may be


def off_the_body(pose: np.ndarray, nude: np.ndarray, weights: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """The pose (24, 3) with each upper arm turned outwards, step by step, until forearm and hand are out of trunk and thighs.

    nude (V, 3), weights (V, 24), joints (24, 3): the T-posed body. Arms that do not come free within 24 degrees stay as they were.
    """
    pose = np.array(pose, dtype=np.float64)
    trunk = [JOINT[name] for name in ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip")]
    chosen = np.flatnonzero(weights[:, trunk].sum(axis=1) > 0.7)[::3]
    axis = _axes(nude[chosen], weights[chosen], joints)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        arm = [JOINT[f"{side}_{name}"] for name in ("elbow", "wrist", "hand")]
        skin = np.flatnonzero(weights[:, arm].sum(axis=1) > 0.8)[::2]
        lifted = pose.copy()
        for _ in range(MOST_STEPS + 1):
            if _share_inside(lifted, nude, weights, joints, chosen, axis, skin) < FEW:
                pose = lifted
                break
            turned = Rotation.from_euler("z", sign * STEP) * Rotation.from_rotvec(lifted[JOINT[f"{side}_shoulder"]])
            lifted[JOINT[f"{side}_shoulder"]] = turned.as_rotvec()
    return pose


def _axes(points: np.ndarray, weights: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """For each trunk point (N, 3) the point of the T-posed body's middle it faces away from: the spine's line, or the thigh's."""
    centre = np.zeros_like(points)
    centre[:, 1], centre[:, 2] = points[:, 1], joints[JOINT["spine1"], 2]
    for side in ("left", "right"):
        thigh = weights[:, JOINT[f"{side}_hip"]] > 0.5
        centre[thigh, 0], centre[thigh, 2] = joints[JOINT[f"{side}_hip"], 0], joints[JOINT[f"{side}_hip"], 2]
    return centre


def _share_inside(pose, nude, weights, joints, chosen, axis, skin) -> float:
    """The share of the arm's skin that lies deeper than DEEP behind the nearest trunk point, seen along that point's way outwards."""
    surface = posed(nude[chosen], weights[chosen], pose, joints)
    outwards = surface - posed(axis, weights[chosen], pose, joints)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True) + 1e-9
    points = posed(nude[skin], weights[skin], pose, joints)
    distance, near = cKDTree(surface).query(points, distance_upper_bound=0.15)
    found = np.isfinite(distance)
    ahead = np.einsum("nc,nc->n", points[found] - surface[near[found]], outwards[near[found]])
    return float((ahead < -DEEP).sum() / len(skin))
