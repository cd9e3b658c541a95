"""Views before any light, on a ball whose every pixel is known in closed form."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.light import IRRADIANCE_FACTORS, sh_basis
from training.people.backgrounds import rays
from training.people.cameras import legs_cropped, sample_camera
from training.people.subject import posed_body, prepare, texels
from training.people.views import COARSER, FILL, render_view, render_views

spec = importlib.util.spec_from_file_location("made_up_dressed", Path(__file__).with_name("made_up_dressed.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

MODEL = made.body_model()


def view_of(person, camera):
    return render_view(prepare(person, made.shell(person), MODEL), camera).view


def normals_of_ball(camera):
    """Unit normals (H, W, 3), body frame, of the ball where the pixels' middles hit it, and whether they do."""
    towards, eye = rays(camera), -camera.rotation.T @ camera.translation - made.MIDDLE
    along = towards @ eye
    under = along**2 - (eye @ eye - made.RADIUS**2)
    places = eye + (-along - np.sqrt(np.maximum(under, 0)))[..., None] * towards
    return places / made.RADIUS, under > 0


@pytest.fixture(scope="module")
def white():
    camera = made.camera()
    return camera, view_of(made.ball(), camera)


def test_alpha_covers_the_outline_of_the_ball(white):
    camera, view = white
    _, hit = normals_of_ball(camera)
    assert view.alpha.sum() / 255 == pytest.approx(hit.sum(), rel=0.01)
    assert set(np.unique(view.alpha)) == {0, 64, 128, 191, 255}
    assert np.all(view.alpha[~hit] < 255)


def test_normals_are_the_balls_in_the_camera_frame(white):
    camera, view = white
    normals, hit = normals_of_ball(camera)
    inner = hit & (view.alpha == 255)
    facing = normals @ camera.rotation.T
    inner &= facing[..., 2] < -0.45  # where half a pixel is only a little of the ball
    assert np.linalg.norm(view.normal[inner] / 127, axis=1) == pytest.approx(1, abs=0.01)
    cosine = (view.normal[inner] * facing[inner]).sum(axis=1) / np.linalg.norm(view.normal[inner], axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 3


def test_a_face_seen_from_behind_has_its_normal_turned_round():
    person = made.ball()
    inside_out = replace(person, faces=person.faces[:, ::-1])
    camera = made.camera()
    one, other = view_of(person, camera), view_of(inside_out, camera)
    assert np.abs(one.normal.astype(int) - other.normal).max() <= 1


def test_albedo_is_the_texture_at_the_place_seen():
    ramp = np.round(np.linspace(255, 0, 256)).astype(np.uint8)
    texture = np.stack([np.tile(ramp[::-1], (256, 1)), np.tile(ramp[:, None], 256), np.full((256, 256), 90, np.uint8)], axis=-1)
    camera = made.camera(yaw=2.6)
    view = view_of(made.ball(texture=texture), camera)
    normals, hit = normals_of_ball(camera)
    inner = hit & ((normals @ camera.rotation.T)[..., 2] < -0.4)
    u = np.arctan2(normals[..., 0], normals[..., 2]) / (2 * np.pi) % 1
    v = np.arcsin(np.clip(normals[..., 1], -1, 1)) / np.pi + 0.5
    want = 255 * np.stack([u, v, np.full_like(u, 90 / 255)], axis=-1)
    assert np.abs(view.albedo[inner] - want[inner]).max() < 5


def test_a_fine_pattern_is_averaged_in_linear_light():
    """Black and white squares far smaller than a pixel: half the light, which is 188 in sRGB, and no moiré."""
    texture = np.uint8(255 * (np.indices((1024, 1024)).sum(axis=0) % 2))[..., None].repeat(3, axis=2)
    view = view_of(made.ball(texture=texture), made.camera(size=64))
    inner = view.albedo[24:40, 24:40].astype(int)
    assert np.ptp(inner) <= 8
    person = made.ball(texture=np.uint8(255 * (np.indices((64, 64))[1] >= 32))[..., None].repeat(3, axis=2))
    seam = view_of(person, made.camera(size=64, yaw=np.pi)).albedo[32, 20:44, 0]
    assert {0, 255} <= set(seam.tolist())


def test_albedo_goes_on_beyond_the_edge(white):
    _, view = white
    row = np.flatnonzero(view.alpha[64])
    assert (view.albedo[64, row[0] - FILL : row[0]] == 255).all()
    assert (view.albedo[64, : row[0] - FILL - 1] == 0).all()


def test_clear_cards_show_what_is_behind_and_opaque_ones_hide_it():
    texture, alpha = np.full((8, 8, 3), 200, np.uint8), np.zeros((8, 8), np.uint8)
    texture[:4], alpha[:4] = (250, 0, 0), 255  # the upper half, v above a half, is opaque and red
    person, camera = made.ball(texture=texture, alpha=alpha), made.camera(yaw=0.0, pitch=0.0)
    bare = view_of(person, camera)
    clear = view_of(made.with_cards(person, [(0.7, 0.2), (0.9, 0.2)]), camera)
    for name in ("alpha", "normal", "label"):
        assert np.array_equal(getattr(bare, name), getattr(clear, name))
    between = view_of(made.with_cards(person, [(0.9, 0.2), (0.7, 0.8)]), camera)
    assert (between.albedo[64, 64] == (250, 0, 0)).all()
    assert between.label[64, 64] == 1
    assert bare.label[64, 64] == 2


def test_transfer_is_the_shells_at_the_place_seen(white):
    camera, view = white
    normals, hit = normals_of_ball(camera)
    transfer = view.transfer * view.transfer_scale
    assert transfer.shape == (128 // COARSER, 128 // COARSER, 9)
    want = (sh_basis(normals) * IRRADIANCE_FACTORS / np.pi)[2::4, 2::4]
    inner = (hit & ((normals @ camera.rotation.T)[..., 2] < -0.5))[2::4, 2::4]
    assert np.abs(transfer - want)[inner].max() < 0.04
    assert (transfer[~hit.reshape(32, 4, 32, 4).any(axis=(1, 3)) & (view.alpha.reshape(32, 4, 32, 4).max(axis=(1, 3)) == 0)] == 0).all()


def test_the_picture_moves_with_the_camera(white):
    """The person's box is a matter of speed alone: the same view twelve pixels on is the same twelve pixels on."""
    camera, view = white
    moved = view_of(made.ball(), replace(camera, intrinsics=camera.intrinsics + np.array([0, 0, 12, -8])))
    for name in ("alpha", "albedo", "normal", "body_normal", "body_alpha", "trusted", "label"):
        assert np.array_equal(getattr(moved, name)[4:-16, 16:], getattr(view, name)[12:-8, 4:-12]), name


def test_the_body_is_seen_alone_and_where_it_stands():
    turn = np.array([0, np.pi / 2, 0])
    person = made.ball()
    pose = np.zeros((24, 3))
    pose[0] = turn
    person = replace(person, body=replace(person.body, pose=pose, translation=np.array([0.3, 0.1, 0])))
    body = posed_body(person.body, MODEL)
    assert np.allclose(body.mean(axis=0), [0.3, 0.5, 0], atol=1e-6)
    camera = made.camera(yaw=0.0, pitch=0.0)
    view = view_of(person, camera)
    rows, columns = np.nonzero(view.body_alpha)
    middle = camera.project(np.array([[0.3, 0.5, 0.0]]))[0]
    assert np.allclose([columns.mean() + 0.5, rows.mean() + 0.5], middle, atol=1)
    assert view.body_normal[int(middle[1]), int(middle[0]), 2] < -80


def test_what_is_not_trusted_is_said_where_it_is_seen():
    trusted = np.zeros((64, 64), np.uint8)
    trusted[:32] = 255  # the upper half
    camera = made.camera(yaw=0.0, pitch=0.0)
    view = view_of(replace(made.ball(), trusted=trusted), camera)
    assert view.trusted[40, 64] == 255
    assert view.trusted[88, 64] == 0
    assert (view_of(made.ball(), camera).trusted[view.alpha > 0] == 255).all()


def test_texels_of_no_places():
    assert texels(np.zeros((4, 4, 3), np.uint8), np.zeros((0, 2))).shape == (0, 3)
    assert texels(np.eye(4, dtype=np.float32), np.full((1500, 2), [0.125, 0.875])).tolist() == [1.0] * 1500


def test_the_first_camera_sees_the_whole_person_and_a_cropped_one_the_head():
    person, rng = made.ball(), np.random.default_rng(0)
    tall = replace(person, vertices=person.vertices * (0.5, 1.8, 0.4))
    for _ in range(30):
        camera = sample_camera(rng, tall, 256, 0)
        pixels = camera.project(tall.vertices)
        assert pixels.min() > 0 < 256 - pixels.max()
        assert np.ptp(pixels[:, 1]) > 0.6 * 256
        cropped = legs_cropped(rng, camera, tall).project(tall.vertices)
        assert 0 < cropped[:, 1].min() < 60
        assert cropped[:, 1].max() > 256


def test_views_are_drawn_from_the_seed_alone():
    person = made.ball()
    one, two = (render_views(np.random.default_rng(5), person, made.shell(person), 64, 2, MODEL) for _ in range(2))
    assert np.array_equal(one[1].albedo, two[1].albedo)
    assert np.array_equal(one[1].camera.rotation, two[1].camera.rotation)
    assert not np.array_equal(one[0].camera.rotation, one[1].camera.rotation)


def test_a_first_view_faces_the_person_unless_it_may_be_from_anywhere():
    person = made.ball()
    shell = made.shell(person)

    def turns(around):
        views = [render_views(np.random.default_rng(seed), person, shell, 64, 1, MODEL, around)[0] for seed in range(12)]
        return np.degrees([np.arccos(np.clip(-view.camera.rotation[2, 2], -1, 1)) for view in views])

    assert turns(False).max() < 75
    assert turns(True).max() > 90
