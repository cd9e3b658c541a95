"""The fit: derivatives against finite differences, and known bodies recovered from their own landmarks."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.body.files import load_body
from core.body.fit import contact, fit, guessed, kinematics, outline, priors, residuals, sides, skin, solver, start
from core.body.fit.correspondence import LANDMARK_JOINTS, LANDMARKS, PICTURE_OFFSETS, WORLD_OFFSETS
from core.body.fit.kinematics import BETAS, MOVE, POSE, SIZE
from core.body.lifter import Lifted
from core.camera import Camera
from core.photo.person import Person
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, joint_transforms, mirrored, posed_joints
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


@pytest.fixture
def skeleton() -> kinematics.LandmarkModel:
    """A made-up skeleton of 1.7 m; the first beta makes it larger, the others change it at random by millimetres."""
    template = np.array([rest_joint(name) for name in JOINT_NAMES])
    by_beta = np.random.default_rng(0).normal(0, 0.002, (24, 3, 10))
    by_beta[:, :, 0] = 0.04 * template
    return kinematics.LandmarkModel(template, by_beta)


def random_unknowns(seed: int, spread: float = 0.4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    unknowns = np.zeros(SIZE)
    unknowns[POSE] = rng.normal(0, spread, 72)
    unknowns[BETAS] = rng.normal(0, 1, 10)
    unknowns[MOVE] = (0.2, 0.1, 4.0)
    return unknowns


def photographed(skeleton, unknowns) -> Person:
    """The Person that a perfect detector would report."""
    points = skeleton.points(unknowns).values
    pixels = points[:, :2] / points[:, 2:] * FOCAL + CENTRE
    in_space = replace(skeleton, offsets=WORLD_OFFSETS).points(unknowns).values
    world = in_space - in_space[residuals.HIPS].mean(axis=0)
    ones = np.ones(33)
    return Person(np.array([*pixels.min(axis=0), *pixels.max(axis=0)]), 1.0, pixels, ones, ones, world, np.zeros((1000, 800), np.uint8))


def finite_differences(function, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    steps = step * np.eye(len(at))
    return np.stack([(function(at + d) - function(at - d)) / (2 * step) for d in steps], axis=-1)


def test_points_are_joints_plus_turned_offsets(skeleton):
    """Slow and obvious: skin each landmark rigidly by its joint's transform."""
    unknowns = random_unknowns(1)
    unknowns[BETAS] = 0
    world = joint_transforms(unknowns[POSE], skeleton.joint_template)
    for points, joint, offset in zip(skeleton.points(unknowns).values, LANDMARK_JOINTS, PICTURE_OFFSETS, strict=True):
        point = world[joint][:3, :3] @ (skeleton.joint_template[joint] + offset) + world[joint][:3, 3]
        assert np.allclose(points, point * (1, -1, -1) + unknowns[MOVE], atol=1e-12)


def test_landmark_table_is_mirror_symmetric(skeleton):
    unknowns = np.zeros(SIZE)
    values = dict(zip(LANDMARKS, skeleton.points(unknowns).values, strict=True))
    for name in LANDMARKS:
        assert np.allclose(values[name] * (-1, 1, 1), values[mirrored(name)])


@pytest.mark.parametrize("seed", range(3))
def test_derivative_of_points(skeleton, seed):
    unknowns = random_unknowns(seed)
    numeric = finite_differences(lambda u: skeleton.points(u).values, unknowns)
    assert np.abs(skeleton.points(unknowns).jacobian - numeric).max() < 1e-7


def test_derivative_of_points_at_zero_rotations(skeleton):
    unknowns = np.zeros(SIZE)
    numeric = finite_differences(lambda u: skeleton.points(u).values, unknowns)
    assert np.abs(skeleton.points(unknowns).jacobian - numeric).max() < 1e-7


def made_up_skin(skeleton) -> skin.Skin:
    """Fifty points about the skeleton that hang on two or three joints each."""
    rng = np.random.default_rng(3)
    weights = rng.uniform(size=(50, 24)) * (rng.uniform(size=(50, 24)) < 0.1) + 1e-3
    weights /= weights.sum(axis=1, keepdims=True)
    return skin.Skin(skeleton, weights @ skeleton.joint_template + rng.normal(0, 0.05, (50, 3)), rng.normal(0, 0.01, (50, 3, 10)), weights)


@pytest.mark.parametrize("seed", range(2))
def test_derivative_of_skin(skeleton, seed):
    points, unknowns = made_up_skin(skeleton), random_unknowns(seed)
    numeric = finite_differences(points.places, unknowns)
    found = points.points(unknowns)
    assert np.allclose(found.values, points.places(unknowns))
    assert np.abs(found.jacobian - numeric).max() < 1e-7


def terms_of(skeleton) -> list:
    person = photographed(skeleton, random_unknowns(5))
    weights = np.linspace(0.2, 1, 33)
    points = made_up_skin(skeleton)
    return [
        residuals.Reprojection(skeleton, person.landmarks, weights, FOCAL, CENTRE, 4.0),
        residuals.WorldLandmarks(skeleton, person.world_landmarks, weights),
        priors.JointLimits(),
        priors.UsualPose(),
        priors.UsualShape(),
        priors.UprightPelvis(),
        priors.LiftedPose(random_unknowns(7)[POSE].reshape(24, 3), np.linspace(0.1, 0.4, 24)),
        priors.LiftedShape(random_unknowns(8)[BETAS], np.linspace(0.1, 1, 10)),
        contact.foot_contact(skeleton, random_unknowns(9)),
        outline.Outline(points, np.zeros((50, 2)), np.tile([0.6, 0.8], (50, 1)), np.linspace(20, 200, 50)),
    ]


@pytest.mark.parametrize("number", range(10))
def test_derivative_of_every_term(skeleton, number):
    term, unknowns = terms_of(skeleton)[number], random_unknowns(6)
    residual, jacobian = term(unknowns)
    assert jacobian.shape == (len(residual), SIZE)
    assert np.abs(jacobian - finite_differences(lambda u: term(u)[0], unknowns)).max() < 1e-4 * max(1, np.abs(jacobian).max())


def test_robust_weight_is_derivative_of_cost(skeleton):
    term = terms_of(skeleton)[0]
    values = np.linspace(-8, 8, 41)
    slope = finite_differences(lambda r: np.array([solver.weigh(term, np.array([x]))[0] for x in r]), values).diagonal()
    assert np.allclose(solver.weigh(term, values)[1] * values, slope, atol=1e-6)


def test_minimise_solves_a_line_with_an_outlier():
    x = np.linspace(0, 1, 20)
    y = 2 * x + 1
    y[3] = 50

    class Line:
        robust = 1.0

        def __call__(self, unknowns):
            return unknowns[0] * x + unknowns[1] - y, np.stack([x, np.ones_like(x)], axis=1)

    solution = solver.minimise([Line()], np.zeros(2), iterations=200, tolerance=1e-12)
    assert np.allclose(solution.unknowns, (2, 1), atol=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_minimise_never_ends_worse_than_its_start(skeleton, seed):
    terms, begin = terms_of(skeleton), random_unknowns(seed, spread=1.0)
    for iterations in (1, 5, 40):
        solution = solver.minimise(terms, begin, iterations=iterations)
        assert solution.cost <= solver.total_cost(terms, begin)
        assert np.isclose(solution.cost, solver.total_cost(terms, solution.unknowns))


def test_best_rotation_undoes_a_rotation():
    points = np.random.default_rng(0).normal(size=(4, 3))
    turn = Rotation.from_rotvec((0.3, 2.9, -0.4)).as_matrix()
    assert np.allclose(start.best_rotation(points, points @ turn.T + 5), turn)


def test_best_move_is_exact_for_exact_landmarks(skeleton):
    unknowns = random_unknowns(2)
    person = photographed(skeleton, unknowns)
    points = skeleton.points(unknowns).values - unknowns[MOVE]
    assert np.allclose(start.best_move(points, person.landmarks, np.ones(33), FOCAL, CENTRE), unknowns[MOVE])


def natural_unknowns(yaw: float, seed: int) -> np.ndarray:
    """A plausible pose: the usual one with moderate deviations within the limits, turned by `yaw` radians, on an average body."""
    rng = np.random.default_rng(seed)
    unknowns = np.zeros(SIZE)
    angles = priors.USUAL_MEAN + 0.5 * priors.USUAL_DEVIATION * rng.normal(size=69)
    unknowns[priors.BELOW_PELVIS] = np.clip(angles, *priors.RANGES.T)
    unknowns[1], unknowns[MOVE] = yaw, (0.1, 0.0, 4.0)
    return unknowns


@pytest.mark.parametrize("yaw", [0, 0.8, 2.0, np.pi, -1.5])
def test_fit_recovers_a_body_from_perfect_landmarks(skeleton, yaw):
    truth = natural_unknowns(yaw, seed=int(10 * yaw) + 20)
    found = fit.fit_landmarks(skeleton, photographed(skeleton, truth), FOCAL, CENTRE)
    error = posed_joints(found[POSE], skeleton.joint_template) - posed_joints(truth[POSE], skeleton.joint_template)
    assert np.linalg.norm(error, axis=1).mean() < 0.015
    assert abs(found[MOVE][2] - 4.0) < 0.15


def test_fit_stays_sane_when_a_landmark_is_far_off(skeleton):
    truth = natural_unknowns(0.3, seed=1)
    person = photographed(skeleton, truth)
    clean = fit.fit_landmarks(skeleton, person, FOCAL, CENTRE)
    person.landmarks[LANDMARKS.index("left_wrist")] += 400
    moved = fit.fit_landmarks(skeleton, person, FOCAL, CENTRE)
    shift = posed_joints(moved[POSE], skeleton.joint_template) - posed_joints(clean[POSE], skeleton.joint_template)
    assert np.linalg.norm(shift, axis=1)[JOINT["right_wrist"]] < 0.03
    assert np.linalg.norm(shift, axis=1)[JOINT["left_knee"]] < 0.02


def test_priors_are_mirror_symmetric():
    """A pose and its mirror image cost the same."""
    rng = np.random.default_rng(3)
    unknowns = np.zeros(SIZE)
    unknowns[POSE] = rng.normal(0, 0.8, 72)
    twin = np.zeros(SIZE)
    order = [JOINT[mirrored(name)] for name in JOINT_NAMES]
    twin[POSE] = (unknowns[POSE].reshape(24, 3)[order] * (1, -1, -1)).ravel()
    for term in (priors.JointLimits(), priors.UsualPose(), priors.UprightPelvis()):
        assert np.isclose((term(unknowns)[0] ** 2).sum(), (term(twin)[0] ** 2).sum())


def test_usual_pose_is_within_the_limits():
    assert np.array_equal(np.clip(priors.USUAL_MEAN, *priors.RANGES.T), priors.USUAL_MEAN)


def test_parents_come_first():
    assert all(parent < joint for joint, parent in enumerate(PARENTS))


def test_feet_at_one_height_under_the_usual_camera_cost_nothing(skeleton):
    """Someone on flat feet seen from four degrees above; a lifted foot costs, but no more than robustly."""
    unknowns = np.zeros(SIZE)
    unknowns[0], unknowns[MOVE] = np.radians(4.0), (0, 0, 4)
    term = contact.foot_contact(skeleton, unknowns)
    assert np.abs(term(unknowns)[0]).max() < 0.05
    lifted = unknowns.copy()
    lifted[3 * JOINT["left_hip"]], lifted[3 * JOINT["left_knee"]] = -1.0, 1.5
    assert abs(term(lifted)[0][0]) > 3
    assert solver.weigh(term, term(lifted)[0])[0] <= 0.5 * 3 * term.robust**2


@pytest.fixture(scope="module")
def model():
    return load_body(Path(__file__).resolve().parents[2] / "weights")


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


def test_skin_is_the_models_own(model):
    """The slow way: the body model in torch."""
    unknowns = natural_unknowns(0.5, seed=2)
    unknowns[BETAS] = np.linspace(-1, 1, 10)
    whole = skin.skin_of(model, fit.landmark_model(model))
    fitted = fit.to_fitted(model, unknowns, INTRINSICS, np.array([800, 1000]))
    assert np.abs(fitted.camera.to_camera(fitted.vertices) - whole.places(unknowns)).max() < 1e-4


def test_the_outline_brings_a_stout_body_to_its_mask(model):
    """A lifter that says average: landmarks alone leave the body thin, the outline of the thinly clad body widens it."""
    stout = np.zeros(10)
    stout[np.argmax(girth_by_beta(model))] = 2.5
    skeleton, truth, person = seen_body(model, stout, seed=5)
    clad = replace(person, mask=cv2.dilate(person.mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))))  # a cloth's 12 mm
    off = truth[POSE] + np.random.default_rng(0).normal(0, 0.1, 72)
    lifted = Lifted(off.reshape(24, 3), np.full(24, 0.1), np.zeros(10), np.full(10, 1.0))
    whole, camera = skin.skin_of(model, skeleton), Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    missed = []
    for parts in (("landmarks",), ("landmarks", "outline")):
        found = fit.refine(model, skeleton, clad, lifted, INTRINSICS, parts)
        shown = silhouette(whole.places(found), model.faces.numpy(), camera, (800, 1000))
        missed.append((shown != (person.mask > 127)).sum() / (person.mask > 127).sum())
    assert missed[1] < 0.7 * missed[0]


def girth_by_beta(model) -> np.ndarray:
    """How far each beta (10,) moves the trunk's skin outward on the average, beyond what it makes the whole body larger by."""
    trunk = model.skin_weights[:, [JOINT["spine1"], JOINT["spine2"]]].sum(dim=1).numpy() > 0.8
    outward = model.v_template.numpy()[trunk] * [1, 0, 1]
    radius = np.linalg.norm(outward, axis=1, keepdims=True)
    wider = np.einsum("na,nak->nk", outward / radius, model.shapedirs.numpy()[trunk]).mean(axis=0)
    return wider - radius.mean() * fit.landmark_model(model).size_by_beta


def test_outline_terms_of_the_truth_are_small(model):
    """With the true body's own mask, which has no clothes, every edge point lies a cloth's thickness inside of where it is expected."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=6)
    camera = Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    term = outline.outline(skin.skin_of(model, skeleton), model.faces.numpy(), truth, person.mask, camera)
    metres = term(truth)[0] / term.scale * truth[MOVE][2]
    assert len(metres) > 150
    assert np.abs(np.median(metres) - outline.CLOTH) < 0.004
    assert np.percentile(np.abs(metres - outline.CLOTH), 90) < 0.012


def test_a_mask_elsewhere_says_nothing(model):
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=6)
    camera = Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    elsewhere = np.zeros_like(person.mask)
    elsewhere[:20, :20] = 255
    assert outline.outline(skin.skin_of(model, skeleton), model.faces.numpy(), truth, elsewhere, camera) is None


def test_refining_keeps_a_lifted_body_that_meets_the_landmarks(model):
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=3)
    lifted = Lifted(truth[POSE].reshape(24, 3), np.full(24, 0.1), truth[BETAS], np.full(10, 0.5))
    found = fit.refine(model, skeleton, person, lifted, INTRINSICS, ("landmarks",))
    error = posed_joints(found[POSE], skeleton.joint_template) - posed_joints(truth[POSE], skeleton.joint_template)
    assert np.linalg.norm(error, axis=1).max() < 0.01


def test_what_is_not_shown_is_said(skeleton):
    """A whole person: nothing. Cut at the knees: the legs. A head and shoulders: legs, hips and arms."""
    person = photographed(skeleton, natural_unknowns(0.2, seed=1))
    assert guessed.guessed(person) == ()
    heights = {name: person.landmarks[LANDMARKS.index(f"left_{name}"), 1] for name in ("knee", "shoulder")}
    at_knees = replace(person, mask=person.mask[: int(heights["knee"]) - 30])
    assert [sentence.split()[1] for sentence in guessed.guessed(at_knees)] == ["legs"]
    bust = replace(person, mask=person.mask[: int(heights["shoulder"]) + 20])
    assert {sentence.split()[1] for sentence in guessed.guessed(bust)} >= {"legs", "hips"}
    assert (fit.landmark_weights(bust)[guessed.PARTS[guessed.guessed(bust)[0]]] == fit.OUTSIDE).all()


@pytest.mark.parametrize("parts", [("landmarks",), ("landmarks", "contact"), ("landmarks", "outline"), ("landmarks", "outline", "contact")])
def test_refining_never_leaves_a_worse_picture(model, parts):
    """However the lifter errs and whatever the mask, the 2D error after refining is no larger than before."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=4)
    person = replace(person, mask=np.roll(person.mask, 60, axis=1))
    for seed in range(3):
        wrong = truth[POSE] + np.random.default_rng(seed).normal(0, 0.2, 72)
        lifted = Lifted(wrong.reshape(24, 3), np.full(24, 0.2), truth[BETAS], np.full(10, 0.5))
        errors = []
        for unknowns in (
            fit.placed(skeleton, person, lifted, FOCAL, CENTRE),
            fit.refine(model, skeleton, person, lifted, INTRINSICS, parts),
        ):
            points = skeleton.points(unknowns).values
            errors.append(np.linalg.norm(points[:, :2] / points[:, 2:] * FOCAL + CENTRE - person.landmarks, axis=1).mean())
        assert errors[1] <= errors[0]


@pytest.mark.parametrize("limb", ["hands", "legs", "body"])
def test_a_limb_that_the_detector_exchanged_is_put_right(model, limb):
    """The lifter, who knows such mistakes, says the true body; the refinement must not follow the exchanged landmarks away from it."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=3)
    swapped = sides.in_order(person, sides.exchanged(sides.LIMBS[limb]))
    assert np.abs(swapped.landmarks - person.landmarks).max() > 50
    assert np.array_equal(sides.with_sides_of(skeleton, swapped, truth, FOCAL, CENTRE).landmarks, person.landmarks)
    lifted = Lifted(truth[POSE].reshape(24, 3), np.full(24, 0.2), truth[BETAS], np.full(10, 0.5))
    found = fit.refine(model, skeleton, swapped, lifted, INTRINSICS, ("landmarks",))
    error = posed_joints(found[POSE], skeleton.joint_template) - posed_joints(truth[POSE], skeleton.joint_template)
    assert np.linalg.norm(error, axis=1).max() < 0.01


def test_landmarks_on_their_own_side_stay(model):
    """Also where body and landmarks are a hand's breadth apart."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=3)
    off = truth.copy()
    off[POSE] += np.random.default_rng(0).normal(0, 0.1, 72)
    assert sides.with_sides_of(skeleton, person, off, FOCAL, CENTRE) is person
