"""Whole fits: known bodies recovered from their own landmarks and outlines, whatever the lifter, the mask or the detector gets wrong."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.body.fit import fit, guessed, sides, skin
from core.body.fit.correspondence import LANDMARKS
from core.body.fit.kinematics import BETAS, MOVE, POSE
from core.body.lifter import Lifted
from core.camera import Camera
from core.skeleton import JOINT, posed_joints
from core.surface.raster import silhouette
from tests.core.made_up_landmarks import CENTRE, FOCAL, INTRINSICS, natural_unknowns, photographed, seen_body


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


def test_the_last_part_comes_nearer_to_the_picture_at_the_depth_it_has(model):
    """A lifter that is sure of wrong angles: the last part brings the feet to the landmarks and the mask, and moves nothing in depth."""
    skeleton, truth, person = seen_body(model, np.zeros(10), seed=6)
    wrong = truth[POSE] + np.random.default_rng(1).normal(0, 0.08, 72)
    lifted = Lifted(wrong.reshape(24, 3), np.full(24, 0.05), truth[BETAS], np.full(10, 0.1))
    before, after = (fit.refine(model, skeleton, person, lifted, INTRINSICS, fit.PARTS[:count]) for count in (2, 3))

    def seen(unknowns):
        points = skeleton.points(unknowns).values
        return points[:, :2] / points[:, 2:] * FOCAL + CENTRE, points[:, 2]

    feet = [number for number, name in enumerate(LANDMARKS) if name.endswith(("ankle", "heel", "toe"))]
    assert len(feet) == 6
    off = [np.linalg.norm(seen(unknowns)[0] - person.landmarks, axis=1)[feet].mean() for unknowns in (before, after)]
    assert off[1] < 0.7 * off[0]
    assert np.abs(seen(after)[1] - seen(before)[1]).max() < 0.02


def girth_by_beta(model) -> np.ndarray:
    """How far each beta (10,) moves the trunk's skin outward on the average, beyond what it makes the whole body larger by."""
    trunk = model.skin_weights[:, [JOINT["spine1"], JOINT["spine2"]]].sum(dim=1).numpy() > 0.8
    outward = model.v_template.numpy()[trunk] * [1, 0, 1]
    radius = np.linalg.norm(outward, axis=1, keepdims=True)
    wider = np.einsum("na,nak->nk", outward / radius, model.shapedirs.numpy()[trunk]).mean(axis=0)
    return wider - radius.mean() * fit.landmark_model(model).size_by_beta


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


@pytest.mark.parametrize(
    "parts", [("landmarks",), ("landmarks", "contact"), ("landmarks", "outline"), ("landmarks", "outline", "contact"), fit.PARTS]
)
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
