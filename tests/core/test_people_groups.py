"""Several balls in one picture: who stands where, who hides whom, and that everything said of them is true in the group's frame."""

import importlib.util
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core.light import NEUTRAL
from training.people.groups import (
    about_up,
    arranged,
    framed_together,
    hidden_shares,
    in_own_frame,
    layered,
    lit_in_group,
    make_group,
    moved,
)
from training.people.subject import posed_body, prepare
from training.people.views import render_view

spec = importlib.util.spec_from_file_location("made_up_dressed", Path(__file__).with_name("made_up_dressed.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

MODEL = made.body_model()


def people(*scales):
    """Balls of other sizes, named after their order, each with its shell."""
    found = []
    for number, scale in enumerate(scales):
        ball = made.ball()
        shell = made.shell(ball)
        tall = replace(ball, name=f"ball {number}", vertices=scale * ball.vertices, joints=scale * ball.joints)
        found.append((tall, replace(shell, vertices=np.float32(scale) * shell.vertices)))
    return found


@pytest.fixture(scope="module")
def group():
    return make_group(np.random.default_rng(4), people(0.6, 0.8, 1.0), (192, 128), model=MODEL)


def test_a_body_moved_is_the_body_in_the_new_place():
    """Turned about the ground, not about its pelvis: the translation makes up for what SMPL does."""
    rng = np.random.default_rng(0)
    body = replace(made.ball().body, pose=rng.normal(0, 0.5, (24, 3)), betas=rng.normal(size=10), translation=rng.normal(size=3))
    rotation, place = about_up(1.3), np.array([1.0, 0.0, -2.0])
    want = posed_body(body, MODEL) @ rotation.T + place
    assert np.allclose(posed_body(moved(body, rotation, place, MODEL), MODEL), want, atol=1e-5)


def test_a_turn_is_from_the_front_to_the_left():
    assert np.allclose(about_up(np.pi / 2) @ [0, 0, 1], [1, 0, 0])


def test_the_camera_in_a_members_frame_sees_them_at_the_same_pixels():
    camera, turn, place = made.camera(), 0.8, np.array([0.4, 0.0, -1.0])
    points = np.random.default_rng(0).normal(size=(20, 3)) * 0.3
    assert np.allclose(in_own_frame(camera, turn, place).project(points), camera.project(points @ about_up(turn).T + place))


def test_the_light_stays_where_it_is_when_somebody_turns():
    """A white ball looks the same however it is turned."""
    light = NEUTRAL + np.random.default_rng(1).normal(0, 0.4, (9, 3))
    ball, place = prepare(*people(1.0)[0], MODEL), np.array([0.2, 0.0, -0.3])
    pictures = [lit_in_group(render_view(ball, in_own_frame(made.camera(), turn, place)), light, turn) for turn in (0.0, 1.9)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 0.02 * pictures[0].mean()


def test_nobody_stands_in_another_and_somebody_is_partly_hidden():
    stood = [person.vertices for person, _ in people(0.5, 0.7, 0.6, 0.8)]
    partly = 0
    for seed in range(8):
        turns, places, camera = arranged(np.random.default_rng(seed), stood, (192, 128))
        placed = [points @ about_up(turn).T + place for points, turn, place in zip(stood, turns, places, strict=True)]
        for one, other in combinations(placed, 2):
            between = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0))
            assert between > (np.ptp(one[:, 1]) + np.ptp(other[:, 1])) / 2
        assert hidden_shares(placed, camera).max() < 0.75
        partly += hidden_shares(placed, camera).max() > 0.25
    assert partly >= 6


def test_people_with_no_room_are_an_error():
    wide = made.ball().vertices * (40, 1, 1)
    with pytest.raises(ValueError, match="2 people could not be put side by side"):
        arranged(np.random.default_rng(0), [wide, wide], (192, 128), tries=3)


def test_the_nearer_one_hides_the_farther_one_whatever_the_order():
    near, far = (render_view(prepare(*people(1.0)[0], MODEL), made.camera(distance=distance)) for distance in (3.0, 5.0))
    red, blue = (np.broadcast_to(np.float32(colour), (128, 128, 3)) for colour in ((1, 0, 0), (0, 0, 1)))
    for sights, lit in (((near, far), (red, blue)), ((far, near), (blue, red))):
        together, shares = layered(list(sights), list(lit))
        covered = near.view.alpha == 255
        assert np.allclose(together[covered], [1, 0, 0])
        assert shares[sights.index(far)][covered].max() == 0
        assert np.allclose(shares.sum(axis=0), np.maximum(near.view.alpha, far.view.alpha) / 255, atol=0.26)


def test_boxes_and_centres_fit_what_is_seen(group):
    assert [member.name for member in group.members] == ["ball 0", "ball 1", "ball 2"]
    assert group.pixels.shape == (128, 192, 3)
    for member in group.members:
        rows, columns = np.nonzero(member.visible > 127)
        assert len(rows) > 20
        assert member.box[0] - 1 <= columns.min() <= columns.max() <= member.box[2]
        assert member.box[1] - 1 <= rows.min() <= rows.max() <= member.box[3]
        assert np.allclose(group.camera.project(member.joints).mean(axis=0), member.centre)
        assert np.allclose(member.body.translation[[0, 2]], member.place[[0, 2]], atol=1e-6)
        assert 0.2 < member.visible_share < 1.001


def test_no_pixel_is_shared_out_twice(group):
    assert np.sum([member.visible.astype(int) for member in group.members], axis=0).max() <= 256


def test_a_group_repeats_from_its_seed(group):
    again = make_group(np.random.default_rng(4), people(0.6, 0.8, 1.0), (192, 128), model=MODEL)
    assert np.array_equal(group.pixels, again.pixels)
    assert np.array_equal(group.light, again.light)


def test_a_deep_group_is_framed_from_before_its_nearest():
    """Points that reach three metres towards the camera, which starts its way outside of them."""
    points = np.random.default_rng(0).uniform([-1, 0, -3], [1, 2, 3], (200, 3))
    camera = framed_together(points, 0.1, 0.05, 0.8, (192, 128), 0.9)
    assert camera.to_camera(points)[:, 2].min() > 0
    assert (np.ptp(camera.project(points), axis=0) / (192, 128)).max() == pytest.approx(0.9, abs=0.02)
