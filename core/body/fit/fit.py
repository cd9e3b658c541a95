"""The stage `body`: one person's landmarks in, the fitted body and its camera out."""

from dataclasses import replace

import numpy as np
import torch

from ...camera import UPRIGHT, Camera
from ...photo.person import Person, Photo
from ..fitted import FittedBody
from ..lifter import Lifted, Lifter, lift
from ..model import BodyModel
from .correspondence import WORLD_OFFSETS
from .kinematics import BETAS, MOVE, POSE, SIZE, LandmarkModel
from .priors import JointLimits, LiftedPose, LiftedShape, UprightPelvis, UsualPose, UsualShape
from .residuals import Reprojection, WorldLandmarks
from .solver import minimise
from .start import first_guess, moved_to

USUAL_FOCAL = 1.2
"""Focal length over the photo's longer side where EXIF tells none: a phone's or a short tele lens'. A wrong guess hardly moves the fit."""


def fit_body(photo: Photo, person: Person, model: BodyModel, lifter: Lifter | None) -> FittedBody:
    """SMPL pose, shape, translation and camera of one person: what the lifter makes of the landmarks, refined until it meets them in 2D.

    lifter: None leaves it to plain optimisation over 2D and 3D landmarks, joint limits, usual poses and shapes, for comparison.
    """
    focal = photo.focal or USUAL_FOCAL * max(photo.size)
    centre, skeleton = np.array(photo.size) / 2, landmark_model(model)
    intrinsics = np.array([focal, focal, *centre])
    if lifter is None:
        unknowns = fit_landmarks(skeleton, person, focal, centre)
    else:
        unknowns = refine(skeleton, person, lift(lifter, person, intrinsics), focal, centre)
    return to_fitted(model, unknowns, intrinsics, np.array(photo.size))


def landmark_model(model: BodyModel) -> LandmarkModel:
    return LandmarkModel(np.float64(model.joint_template), np.float64(model.joint_shapedirs))


def fit_landmarks(skeleton: LandmarkModel, person: Person, focal: float, centre: np.ndarray) -> np.ndarray:
    """The unknowns (85,) that explain a person's landmarks best: first their 3D, which needs no camera, then 2D and 3D together."""
    weights = landmark_weights(person)
    landmarks, world = np.float64(person.landmarks), np.float64(person.world_landmarks)
    start = first_guess(skeleton, landmarks, world, weights, focal, centre)
    priors = [JointLimits(), UsualPose(), UsualShape(), UprightPelvis()]
    in_space = replace(skeleton, offsets=WORLD_OFFSETS)
    depth = WorldLandmarks(in_space, world, weights)
    roughly = minimise([WorldLandmarks(in_space, world, weights, robust=None), *priors], start, iterations=30, tolerance=1e-3).unknowns
    roughly = moved_to(skeleton, roughly, landmarks, weights, focal, centre)
    picture = Reprojection(skeleton, landmarks, weights, focal, centre, float(roughly[MOVE][2]))
    return minimise([picture, depth, *priors], roughly).unknowns


def refine(skeleton: LandmarkModel, person: Person, lifted: Lifted, focal: float, centre: np.ndarray) -> np.ndarray:
    """The unknowns (85,) nearest to the lifted body, in its own deviations, that meet the 2D landmarks. The 3D ones are in the lifter's
    answer already; to count them again would count their errors twice."""
    weights, landmarks = landmark_weights(person), np.float64(person.landmarks)
    start = placed(skeleton, person, lifted, focal, centre)
    picture = Reprojection(skeleton, landmarks, weights, focal, centre, float(start[MOVE][2]))
    usual = [LiftedPose(lifted.pose, lifted.deviation), LiftedShape(lifted.betas, lifted.betas_deviation), JointLimits()]
    return minimise([picture, *usual], start).unknowns


def placed(skeleton: LandmarkModel, person: Person, lifted: Lifted, focal: float, centre: np.ndarray) -> np.ndarray:
    """The unknowns (85,) of the lifted body itself, where the 2D landmarks put it."""
    unknowns = np.zeros(SIZE)
    unknowns[POSE], unknowns[BETAS] = lifted.pose.ravel(), lifted.betas
    return moved_to(skeleton, unknowns, np.float64(person.landmarks), landmark_weights(person), focal, centre)


def landmark_weights(person: Person) -> np.ndarray:
    """How far each landmark is believed (33,): visibility times presence, never quite nothing, because hidden ones are still likely."""
    return np.clip(np.float64(person.visibility) * np.float64(person.presence), 0.1, 1.0)


def to_fitted(model: BodyModel, unknowns: np.ndarray, intrinsics: np.ndarray, size: np.ndarray) -> FittedBody:
    """The FittedBody of these unknowns, moved so that the body stands on y = 0 with its pelvis above the origin."""
    pose, betas = unknowns[POSE].reshape(24, 3), unknowns[BETAS]
    device = model.v_template.device
    tensors = [torch.as_tensor(array, dtype=torch.float32, device=device)[None] for array in (betas, pose)]
    with torch.no_grad():
        posed, rest = model(*tensors), model.rest(tensors[0])
    vertices, joints = posed.vertices[0].numpy(force=True), posed.joints[0].numpy(force=True)
    translation = -np.array([joints[0, 0], vertices[:, 1].min(), joints[0, 2]])
    camera = Camera(intrinsics, UPRIGHT, unknowns[MOVE] - UPRIGHT @ translation, size)
    return FittedBody(
        pose=pose,
        betas=betas,
        translation=translation,
        vertices=vertices + translation,
        joints=joints + translation,
        rest_vertices=rest.vertices[0].numpy(force=True),
        rest_joints=rest.joints[0].numpy(force=True),
        faces=model.faces.numpy(force=True),
        skin_weights=model.skin_weights.numpy(force=True),
        camera=camera,
    )
