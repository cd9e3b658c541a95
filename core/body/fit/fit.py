"""The stage `body`: one person's landmarks in, the fitted body and its camera out."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from ...camera import UPRIGHT, Camera
from ...photo.person import Person, Photo
from ..fitted import FittedBody
from ..lifter import Lifted, Lifter, lift
from ..model import BodyModel
from .contact import foot_contact
from .correspondence import LANDMARK, WORLD_OFFSETS
from .guessed import guessed, inside
from .kinematics import BETAS, MOVE, POSE, SIZE, LandmarkModel
from .outline import PULLS, Outline, outline
from .priors import JointLimits, LiftedPose, LiftedShape, UprightPelvis, UsualPose, UsualShape
from .residuals import HeldDepth, Reprojection, Term, WorldLandmarks
from .sides import with_sides_of
from .skin import skin_of
from .solver import minimise
from .start import first_guess, moved_to

USUAL_FOCAL = 1.2
"""Focal length over the photo's longer side where EXIF tells none: a phone's or a short tele lens'. A wrong guess hardly moves the fit."""


PARTS = ("landmarks", "outline", "picture")
"""What the lifted body is refined by. "contact" (feet on the ground) is there too, and measured, but not taken: on two sets of people it
made depth worse (docs/RESULTS.md), perhaps because a foot's error in height becomes five times as much in depth along a flat line of
sight."""

HANDS = [LANDMARK[f"{side}_{name}"] for side in ("left", "right") for name in ("wrist", "pinky", "index", "thumb")]

OUTSIDE = 0.03
"""Weight of a landmark outside the photo."""

HAND = 0.35
"""Weight of each of a hand's four landmarks, which err together: at 1 they pulled the arm into their mistakes (folded arms, hands behind
a back). On 24 photographs by Cycles of other people, .35 in place of 1 brought the root error from 6.1 to 5.9 cm, the skin's from 4.9 to
4.6."""

TOGETHER = 2.5
"""What Reprojection's deviations are multiplied by beside the lifter's own: landmarks of one person err together. Of 2.5, 4 and 6, on 21
photographs by Cycles of people whom the lifter has not seen, 2.5 gave the best root error (5.38, 5.45 and 5.45 cm), 2D and outline."""

ROUNDS, STEPS = 3, 10
"""How often the outline is found anew, and iterations of the solver each time."""

NEAR_POSE, NEAR_SHAPE, NEAR_DEPTH, PULLS_LAST = np.radians(6.0), 0.3, 0.01, 60.0
"""The last part, "picture", brings the body nearer to what the photo shows across the line of sight, which the field reads pixel by pixel,
and lets go of nothing else: deviations from the body so far, per joint, beta and metre of depth, and the outline's pulls (`outline.PULLS`)
beside landmarks that count as if each erred by itself. On 40 photographs by Cycles: 2D .0124 -> .0121 of the height, silhouettes' IoU
.773 -> .782, root, PA and skin within .04 cm; without the depth held the same pulls cost root and skin .12 cm. Of 6 and 12 degrees, 60 and
200 pulls these were best in 2D. On six real photos the feet's IoU came from .61 to .64 (.56 before feet had edges)."""


def fit_body(photo: Photo, person: Person, model: BodyModel, lifter: Lifter | None, parts: tuple[str, ...] = PARTS) -> FittedBody:
    """SMPL pose, shape, translation and camera of one person: what the lifter makes of the landmarks, refined until it meets the photo.

    lifter: None leaves it to plain optimisation over 2D and 3D landmarks, joint limits, usual poses and shapes, for comparison; parts: see
    PARTS, for comparison too.
    """
    focal = photo.focal or USUAL_FOCAL * max(photo.size)
    centre, skeleton = np.array(photo.size) / 2, landmark_model(model)
    intrinsics = np.array([focal, focal, *centre])
    if lifter is None:
        unknowns = fit_landmarks(skeleton, person, focal, centre)
    else:
        unknowns = refine(model, skeleton, person, lift(lifter, person, intrinsics), intrinsics, parts)
    return replace(to_fitted(model, unknowns, intrinsics, np.array(photo.size)), warnings=guessed(person))


def landmark_model(model: BodyModel) -> LandmarkModel:
    return LandmarkModel(np.float64(model.joint_template), np.float64(model.joint_shapedirs))


def fit_landmarks(skeleton: LandmarkModel, person: Person, focal: float, centre: np.ndarray) -> np.ndarray:
    """The unknowns (85,) that explain a person's landmarks best: first their 3D, which needs no camera, then 2D and 3D together."""
    weights = believed(person)
    landmarks, world = np.float64(person.landmarks), np.float64(person.world_landmarks)
    start = first_guess(skeleton, landmarks, world, weights, focal, centre)
    priors = [JointLimits(), UsualPose(), UsualShape(), UprightPelvis()]
    in_space = replace(skeleton, offsets=WORLD_OFFSETS)
    depth = WorldLandmarks(in_space, world, weights)
    roughly = minimise([WorldLandmarks(in_space, world, weights, robust=None), *priors], start, iterations=30, tolerance=1e-3).unknowns
    roughly = moved_to(skeleton, roughly, landmarks, weights, focal, centre)
    picture = Reprojection(skeleton, landmarks, weights, focal, centre, float(roughly[MOVE][2]))
    return minimise([picture, depth, *priors], roughly).unknowns


def refine(
    model: BodyModel, skeleton: LandmarkModel, person: Person, lifted: Lifted, intrinsics: np.ndarray, parts: tuple[str, ...] = PARTS
) -> np.ndarray:
    """The unknowns (85,) nearest to the lifted body, in its own deviations, that meet the photo. The 3D landmarks are in the lifter's
    answer already; to count them again would count their errors twice. The 2D landmarks, with their sides as `sides` has them, are never
    met worse than by the lifted body."""
    focal, centre = intrinsics[0], intrinsics[2:]
    start = placed(skeleton, person, lifted, focal, centre)
    person = with_sides_of(skeleton, person, start, focal, centre)
    picture = Reprojection(skeleton, np.float64(person.landmarks), landmark_weights(person), focal, centre, float(start[MOVE][2]), TOGETHER)
    terms: list[Term] = [LiftedPose(lifted.pose, lifted.deviation), LiftedShape(lifted.betas, lifted.betas_deviation), JointLimits()]
    stages = [start]
    camera = Camera(intrinsics, np.eye(3), np.zeros(3), np.array(person.mask.shape[::-1]))
    edges = partial(outline, skin_of(model, skeleton), model.faces.numpy(force=True), mask=person.mask, camera=camera)
    if "landmarks" in parts:
        terms = [picture, *terms]
        stages.append(minimise(terms, start).unknowns)
    if "contact" in parts:
        terms = [*terms, foot_contact(skeleton, stages[-1])]
        stages.append(minimise(terms, stages[-1], STEPS).unknowns)
    if "outline" in parts:
        stages.append(outlined(edges, terms, stages[-1], PULLS))
    if "picture" in parts:
        terms = [replace(picture, together=1.0), *near(skeleton, stages[-1])]
        stages.append(outlined(edges, terms, stages[-1], PULLS_LAST))
    judge = replace(picture, weights=believed(person))  # the hands in full
    allowed = judge.distance_off(start)
    return next(unknowns for unknowns in reversed(stages) if judge.distance_off(unknowns) <= allowed)


def near(skeleton: LandmarkModel, unknowns: np.ndarray) -> list[Term]:
    """What keeps a body near to what it is: its pose, its shape, and its depth most of all."""
    pose, betas, depths = unknowns[POSE].reshape(24, 3), unknowns[BETAS], skeleton.points(unknowns).values[:, 2]
    held = HeldDepth(skeleton, depths, NEAR_DEPTH)
    return [LiftedPose(pose, np.full(24, NEAR_POSE)), LiftedShape(betas, np.full(10, NEAR_SHAPE)), JointLimits(), held]


def outlined(edges: Callable[..., Outline | None], terms: list[Term], unknowns: np.ndarray, pulls: float) -> np.ndarray:
    """The unknowns moved so that the body's outline meets the mask's as well, as far as the other terms let it. edges: `outline` of this
    body and mask at unknowns, with so many pulls."""
    for _ in range(ROUNDS):
        term = edges(unknowns=unknowns, pulls=pulls)
        if term is None:
            break
        unknowns = minimise([*terms, term], unknowns, STEPS).unknowns
    return unknowns


def placed(skeleton: LandmarkModel, person: Person, lifted: Lifted, focal: float, centre: np.ndarray) -> np.ndarray:
    """The unknowns (85,) of the lifted body itself, where the 2D landmarks put it."""
    unknowns = np.zeros(SIZE)
    unknowns[POSE], unknowns[BETAS] = lifted.pose.ravel(), lifted.betas
    return moved_to(skeleton, unknowns, np.float64(person.landmarks), landmark_weights(person), focal, centre)


def landmark_weights(person: Person) -> np.ndarray:
    """How far each landmark counts beside the lifted body (33,): as far as it is believed, a hand's four hardly more than one."""
    weights = believed(person)
    weights[HANDS] = np.where(inside(person)[HANDS], HAND * weights[HANDS], weights[HANDS])
    return weights


def believed(person: Person) -> np.ndarray:
    """How far each landmark is believed (33,): visibility times presence, never quite nothing, because hidden ones are still likely; those
    outside the photo are guesses of the network and count for next to nothing."""
    seen = np.clip(np.float64(person.visibility) * np.float64(person.presence), 0.1, 1.0)
    return np.where(inside(person), seen, OUTSIDE)


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
