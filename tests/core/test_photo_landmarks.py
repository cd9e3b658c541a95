"""Landmarks: crops turned upright, mirrored readings, and contradictions between them."""

from dataclasses import fields, replace

import numpy as np
import pytest

from core.photo.landmarks import (
    APART,
    CELL,
    CELLS,
    LANDMARKS,
    LEGS,
    POINTS,
    SIZE,
    TWINS,
    Reading,
    crop_frame,
    mirrored,
    refined,
    seen_from,
    settled,
    upright_world,
)


def reading(seed: int) -> Reading:
    rng = np.random.default_rng(seed)
    points, world = rng.uniform(0, SIZE, (POINTS, 2)), rng.normal(size=(POINTS, 3))
    return Reading(points, rng.uniform(size=POINTS), rng.uniform(size=POINTS), world, rng.uniform(size=(SIZE, SIZE)), 0.9)


def test_crop_is_upright_about_the_person():
    hips, above = np.array([300.0, 200.0]), np.array([340.0, 230.0])
    frame = crop_frame(hips, above)
    assert np.allclose(frame.from_photo(hips[None]), SIZE / 2)
    assert np.allclose(frame.from_photo(above[None]), [[SIZE / 2, SIZE / 2 - SIZE / 2 / 1.25]])
    points = np.random.default_rng(0).uniform(0, SIZE, (33, 2))
    assert np.allclose(frame.from_photo(frame.to_photo(points)), points)


def test_crop_of_coinciding_points_is_finite():
    frame = crop_frame(np.array([30.0, 20.0]), np.array([30.0, 20.0]))
    assert np.isfinite(frame.matrix).all()


def test_twins():
    assert np.array_equal(TWINS[TWINS], np.arange(POINTS))
    assert LANDMARKS[TWINS[LANDMARKS.index("left_wrist")]] == "right_wrist"
    assert TWINS[LANDMARKS.index("nose")] == LANDMARKS.index("nose")


def test_mirror_twice_is_the_same():
    one = reading(0)
    twice = mirrored(mirrored(one))
    for part in fields(Reading):
        assert np.allclose(getattr(twice, part.name), getattr(one, part.name))
    left, right = LANDMARKS.index("left_knee"), LANDMARKS.index("right_knee")
    assert np.allclose(mirrored(one).points[left], [SIZE - one.points[right, 0], one.points[right, 1]])
    assert np.allclose(mirrored(one).world[left], one.world[right] * (-1, 1, 1))


def test_settled_is_the_mean_where_readings_agree():
    one = reading(0)
    other = replace(one, points=one.points + 2, world=one.world + 1, person=0.5)
    mean = settled(one, other, reading(1))
    assert np.allclose(mean.points, one.points + 1)
    assert np.allclose(mean.world, one.world + 0.5)
    assert mean.person == pytest.approx(0.7)


def test_settled_takes_contradicting_legs_from_the_best_seen():
    one, best = reading(0), reading(1)
    points = one.points.copy()
    points[LEGS[0]] += APART
    best.visibility[LEGS] = 1
    mean = settled(one, replace(one, points=points), best)
    assert np.allclose(mean.points[LEGS], best.points[LEGS])
    assert np.allclose(mean.world[LEGS], best.world[LEGS])
    others = np.setdiff1d(np.arange(POINTS), LEGS)
    assert np.allclose(mean.points[others], one.points[others])


def test_seen_from_another_frame_is_the_same_place():
    one = reading(0)
    frame = crop_frame(np.array([300.0, 200.0]), np.array([340.0, 130.0]))
    other = crop_frame(np.array([290.0, 220.0]), np.array([290.0, 120.0]))
    moved = seen_from(one, frame, other)
    assert np.allclose(other.to_photo(moved.points), frame.to_photo(one.points))
    assert np.allclose(upright_world(moved, other), upright_world(one, frame))


def test_world_is_turned_with_the_picture():
    """What points to the crop's top points along the photo's direction of the spine; depth stays."""
    one = reading(0)
    one.world[0] = (0, -1, 0.3)
    spine = np.array([0.6, -0.8])
    frame = crop_frame(np.array([300.0, 200.0]), np.array([300.0, 200.0]) + 90 * spine)
    assert np.allclose(upright_world(one, frame)[0], [*spine, 0.3])


def test_refined_moves_to_the_heat():
    heat = np.zeros((CELLS, CELLS, 3))
    heat[20, 30, 0], heat[20, 31, 0] = 0.9, 0.9
    heat[40, 42, 1] = 0.4  # less sure than not
    points = np.array([[31 * CELL, 21 * CELL], [40 * CELL, 40 * CELL], [-500.0, 900.0]])
    moved = refined(points, heat)
    assert np.allclose(moved, [[30.5 * CELL, 20 * CELL], points[1], points[2]])
