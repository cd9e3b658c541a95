"""The terms of the fit: derivatives against finite differences, and what each says of bodies that are known."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.body.fit import contact, fit, outline, priors, residuals, skin, solver, start
from core.body.fit.correspondence import LANDMARK_JOINTS, LANDMARKS, PICTURE_OFFSETS
from core.body.fit.kinematics import BETAS, MOVE, POSE, SIZE
from core.camera import Camera
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, joint_transforms, mirrored
from tests.core.made_up_landmarks import (
    CENTRE,
    FOCAL,
    INTRINSICS,
    natural_unknowns,
    photographed,
    random_unknowns,
    seen_body,
)


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
        residuals.HeldDepth(skeleton, skeleton.points(random_unknowns(8)).values[:, 2], 0.01),
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


def test_skin_is_the_models_own(model):
    """The slow way: the body model in torch."""
    unknowns = natural_unknowns(0.5, seed=2)
    unknowns[BETAS] = np.linspace(-1, 1, 10)
    whole = skin.skin_of(model, fit.landmark_model(model))
    fitted = fit.to_fitted(model, unknowns, INTRINSICS, np.array([800, 1000]))
    assert np.abs(fitted.camera.to_camera(fitted.vertices) - whole.places(unknowns)).max() < 1e-4


def test_outline_terms_of_the_truth_are_small(model):
    """With the true body's own mask, which has no clothes, every edge point lies a cloth's thickness inside of where it is expected."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=6)
    camera = Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    term = outline.outline(skin.skin_of(model, skeleton), model.faces.numpy(), truth, person.mask, camera)
    metres = term(truth)[0] / term.scale * truth[MOVE][2]
    assert len(metres) > 150
    assert np.abs(np.median(metres) - outline.CLOTH) < 0.004
    assert np.percentile(np.abs(metres - outline.CLOTH), 90) < 0.012


def test_feet_have_edges_and_hands_have_none(model):
    """A hand's fingers bend as the body's do not; a foot's edge tells where the foot is."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=6)
    camera = Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    term = outline.outline(skin.skin_of(model, skeleton), model.faces.numpy(), truth, person.mask, camera)
    part = term.skin.weights.argmax(axis=1)
    for side in ("left", "right"):
        assert (part == JOINT[f"{side}_ankle"]).sum() + (part == JOINT[f"{side}_foot"]).sum() > 5
        assert np.isin(part, [JOINT[f"{side}_wrist"], JOINT[f"{side}_hand"]]).sum() < 4, "but for a face that the forearm shares"


def test_a_mask_elsewhere_says_nothing(model):
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=6)
    camera = Camera(INTRINSICS, np.eye(3), np.zeros(3), np.array([800, 1000]))
    elsewhere = np.zeros_like(person.mask)
    elsewhere[:20, :20] = 255
    assert outline.outline(skin.skin_of(model, skeleton), model.faces.numpy(), truth, elsewhere, camera) is None
