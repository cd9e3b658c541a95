"""Made-up skeletons and poses for tests of the fit, and what a perfect detector reports of them."""

from dataclasses import replace

import numpy as np

from core.body.fit import fit, priors, residuals, skin
from core.body.fit.correspondence import WORLD_OFFSETS
from core.body.fit.kinematics import BETAS, MOVE, POSE, SIZE, LandmarkModel
from core.camera import Camera
from core.photo.person import Person
from core.skeleton import JOINT_NAMES, mirrored
from core.surface.raster import silhouette

LEFT_OR_MIDDLE = {
    "pelvis": (0, 0, 0),
    "left_hip": (0.06, -0.09, 0),
    "spine1": (0, 0.11, -0.02),
    "left_knee": (0.10, -0.47, 0),
    "spine2": (0, 0.24, 0),
    "left_ankle": (0.09, -0.87, -0.04),
    "spine3": (0, 0.30, 0.02),
    "left_foot": (0.12, -0.93, 0.08),
    "neck": (0, 0.51, -0.02),
    "left_collar": (0.07, 0.42, 0),
    "head": (0, 0.60, 0.02),
    "left_shoulder": (0.19, 0.46, 0),
    "left_elbow": (0.45, 0.45, 0),
    "left_wrist": (0.70, 0.45, 0),
    "left_hand": (0.79, 0.45, 0),
}
FOCAL, CENTRE = 900.0, np.array([400.0, 500.0])
INTRINSICS = np.array([FOCAL, FOCAL, *CENTRE])


def rest_joint(name: str) -> np.ndarray:
    return np.array(LEFT_OR_MIDDLE[name]) if name in LEFT_OR_MIDDLE else np.array(LEFT_OR_MIDDLE[mirrored(name)]) * (-1, 1, 1)


def made_up_skeleton() -> LandmarkModel:
    """A made-up skeleton of 1.7 m; the first beta makes it larger, the others change it at random by millimetres."""
    template = np.array([rest_joint(name) for name in JOINT_NAMES])
    by_beta = np.random.default_rng(0).normal(0, 0.002, (24, 3, 10))
    by_beta[:, :, 0] = 0.04 * template
    return LandmarkModel(template, by_beta)


def random_unknowns(seed: int, spread: float = 0.4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    unknowns = np.zeros(SIZE)
    unknowns[POSE] = rng.normal(0, spread, 72)
    unknowns[BETAS] = rng.normal(0, 1, 10)
    unknowns[MOVE] = (0.2, 0.1, 4.0)
    return unknowns


def natural_unknowns(yaw: float, seed: int) -> np.ndarray:
    """A plausible pose: the usual one with moderate deviations within the limits, turned by `yaw` radians, on an average body."""
    rng = np.random.default_rng(seed)
    unknowns = np.zeros(SIZE)
    angles = priors.USUAL_MEAN + 0.5 * priors.USUAL_DEVIATION * rng.normal(size=69)
    unknowns[priors.BELOW_PELVIS] = np.clip(angles, *priors.RANGES.T)
    unknowns[1], unknowns[MOVE] = yaw, (0.1, 0.0, 4.0)
    return unknowns


def photographed(skeleton, unknowns) -> Person:
    """The Person that a perfect detector would report."""
    points = skeleton.points(unknowns).values
    pixels = points[:, :2] / points[:, 2:] * FOCAL + CENTRE
    in_space = replace(skeleton, offsets=WORLD_OFFSETS).points(unknowns).values
    world = in_space - in_space[residuals.HIPS].mean(axis=0)
    ones = np.ones(33)
    return Person(np.array([*pixels.min(axis=0), *pixels.max(axis=0)]), 1.0, pixels, ones, ones, world, np.zeros((1000, 800), np.uint8))


def seen_body(model, betas: np.ndarray, seed: int):
    """Unknowns of the open body in a natural pose, and the Person that a perfect detector and a perfect mask would report."""
    open_skeleton = fit.landmark_model(model)
    truth = natural_unknowns(0.3, seed)
    truth[BETAS] = betas
    person = photographed(open_skeleton, truth)
    whole = skin.skin_of(model, open_skeleton)
    camera = Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    mask = silhouette(whole.places(truth), model.faces.numpy(), camera, (800, 1000))
    return open_skeleton, truth, replace(person, mask=np.uint8(255 * mask))
