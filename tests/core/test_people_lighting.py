"""Worlds as nine numbers, views lit by them, and what a camera does: held against closed forms and a round trip."""

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.light import IRRADIANCE_FACTORS, NEUTRAL, irradiance, radiance, rotated, sh_basis
from core.skeleton import rotation_matrices
from core.surface.view import to_linear
from training.people import backgrounds, camera_effects, worlds
from training.people.lighting import OPEN, quadric, relit, relit_batch, shading, softened
from training.people.snapshot import exposed, photograph_of
from training.people.subject import prepare
from training.people.views import render_view

spec = importlib.util.spec_from_file_location("made_up_dressed", Path(__file__).with_name("made_up_dressed.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

LIGHT = NEUTRAL + np.random.default_rng(2).normal(0, 0.35, (9, 3))
AXES = {"left": (0, 128, 256), "up": (1, 0, 256), "front": (2, 128, 384), "right": (0, 128, 0), "back": (2, 128, 128)}
"""Axis, row and column of a 256 x 512 world."""


def ball_view(openness=1.0, **camera):
    person = made.ball()
    return render_view(prepare(person, made.shell(person, openness), made.body_model()), made.camera(**camera)).view


@pytest.fixture(scope="module")
def view():
    return ball_view()


# --- worlds -----------------------------------------------------------------------------------------------------------------------


def test_a_world_painted_from_nine_numbers_gives_them_back():
    image = radiance(LIGHT, worlds.directions(128, 256))
    assert np.allclose(worlds.sh_of_world(image), LIGHT, atol=2e-3)


@pytest.mark.parametrize("name", AXES)
def test_light_comes_from_where_the_world_is_bright(name):
    """The middle column is +X, a quarter on is +Z, the top row +Y: as Cycles has it, seen on its renders of a white ball."""
    axis, row, column = AXES[name]
    image = np.zeros((256, 512, 3), np.float32)
    image[row : row + 4, column : column + 4] = 1000
    normals = np.concatenate([np.eye(3), -np.eye(3)])
    lit = irradiance(worlds.sh_of_world(image), normals)[:, 0]
    assert np.argmax(lit) == axis + (3 if name in ("right", "back") else 0)


def test_a_small_lamp_has_its_own_power_and_direction():
    image = np.zeros((256, 512, 3))
    image[60, 200] = 50.0
    solid_angle = (np.sin(np.pi * (0.5 - 60 / 256)) - np.sin(np.pi * (0.5 - 61 / 256))) * 2 * np.pi / 512
    want = 50 * solid_angle * sh_basis(worlds.directions(256, 512)[60, 200])
    assert np.allclose(worlds.sh_of_world(image)[:, 1], want, rtol=1e-9)


def test_turning_a_world_turns_its_light():
    image = np.random.default_rng(0).random((16, 32, 3)).repeat(16, axis=0).repeat(16, axis=1)
    turn = 2 * np.pi * 100 / 512
    spun = worlds.sh_of_world(worlds.turned(image, turn))
    assert np.allclose(spun, rotated(worlds.sh_of_world(image), rotation_matrices(np.array([0, turn, 0]))), atol=1e-9)


def test_light_in_another_frame_lights_the_same():
    rotation = rotation_matrices(np.array([0.3, -1.0, 0.8]))
    normals = np.random.default_rng(1).normal(size=(9, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert np.allclose(irradiance(rotated(LIGHT, rotation), normals @ rotation.T), irradiance(LIGHT, normals), atol=1e-9)
    assert np.allclose(quadric(normals, LIGHT), sh_basis(normals) @ LIGHT, atol=1e-5)


@pytest.mark.parametrize("suffix", [".exr", ".hdr"])
def test_a_world_is_read_as_written(tmp_path, suffix):
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
    image = np.random.default_rng(0).uniform(0.5, 1, (256, 512, 3)).astype(np.float32) * 7
    cv2.imwrite(str(tmp_path / f"sky{suffix}"), image[..., ::-1])
    assert np.allclose(worlds.read_world(tmp_path / f"sky{suffix}"), image, rtol=0.02)


def test_a_resized_world_keeps_its_sun():
    image = np.ones((512, 1024, 3), np.float32)
    image[200, 300] = 30000
    assert np.allclose(worlds.sh_of_world(worlds.resized(image)), worlds.sh_of_world(image), rtol=0.01, atol=0.01)


def test_a_bad_world_is_named(tmp_path):
    with pytest.raises(worlds.WorldFileError, match=r"nowhere\.exr"):
        worlds.read_world(tmp_path / "nowhere.exr")
    (tmp_path / "text.exr").write_text("no picture")
    with pytest.raises(worlds.WorldFileError, match=r"text\.exr"):
        worlds.read_world(tmp_path / "text.exr")
    cv2.imwrite(str(tmp_path / "square.hdr"), np.ones((8, 8, 3), np.float32))
    with pytest.raises(worlds.WorldFileError, match="twice as wide"):
        worlds.read_world(tmp_path / "square.hdr")


def test_worlds_kept_apart_are_left_out(tmp_path):
    for name in ("b.exr", "a.exr", "judged.exr", "note.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in worlds.world_files([tmp_path], ("judged",))] == ["a.exr", "b.exr"]


def test_made_up_worlds_are_lit_and_their_light_is_theirs():
    kinds = set()
    for seed in range(25):
        world = worlds.sample_world(np.random.default_rng(seed), [np.ones((*worlds.SIZE, 3), np.float32)] * (seed % 2))
        kinds.add(world.kind)
        assert np.isfinite(world.image).all()
        assert world.image.min() >= 0
        assert np.allclose(worlds.sh_of_world(world.image), world.light)
        assert world.light[0].min() > 0.05
    assert kinds == {"real", "mixed", "sky", "room"}


# --- lit views --------------------------------------------------------------------------------------------------------------------


def test_the_light_of_a_white_ball_is_found_again_by_least_squares():
    """Three views, so that every side is seen; the ball is white, so its picture is the shading."""
    normals, colours = [], []
    for yaw in (0.0, 2.1, 4.2):
        view = ball_view(yaw=yaw)
        inner = view.alpha == 255
        normals.append(view.normal[inner] / 127 @ view.camera.rotation)
        colours.append(relit(view, LIGHT)[inner])
    answer = sh_basis(np.concatenate(normals)) * IRRADIANCE_FACTORS / np.pi
    found = np.linalg.lstsq(answer, np.concatenate(colours), rcond=None)[0]
    assert np.linalg.norm(found - LIGHT) < 0.02 * np.linalg.norm(LIGHT)


def test_neutral_light_shows_the_albedo_and_shadows_darken(view):
    inner = view.alpha == 255
    grey = replace(view, albedo=np.full_like(view.albedo, 100))
    assert np.allclose(relit(grey, NEUTRAL)[inner], to_linear(np.array(100 / 255)), rtol=0.02)
    dim = ball_view(openness=0.4)
    assert np.allclose(shading(dim, LIGHT)[inner], 0.4 * shading(view, LIGHT)[inner], atol=0.02)


def test_fine_normals_show_between_the_cells_of_the_transfer(view):
    """A stripe one pixel wide turned towards a lamp is as bright as its own normal says, though its cell knows nothing of it."""
    lamp = NEUTRAL + 2 * sh_basis(np.array([1.0, 0.0, 0.0]))[:, None]
    leaning = np.round(127 * view.camera.rotation @ [1.0, 0.0, 0.0]).astype(np.int8)
    striped = view.normal.copy()
    striped[50:80, 64] = leaning
    bright = shading(replace(view, normal=striped), lamp)[55:75, 64]
    assert bright == pytest.approx(irradiance(lamp, np.array([[1.0, 0, 0]]))[0, 0] / np.pi, rel=0.12)
    assert shading(view, lamp)[55:75, 64].max() < 0.8 * bright.min()


def test_the_batch_in_torch_is_the_picture_in_numpy(view):
    other = ball_view(openness=0.6, yaw=2.0)
    for each in (view, other):
        each.albedo[40:70, 40:60] = (200, 90, 30)

    def stacked(picture):
        arrays = [picture(each) for each in (view, other)]
        return torch.tensor(np.stack([np.moveaxis(array, -1, 0) for array in arrays]), dtype=torch.float32)

    lit = relit_batch(
        stacked(lambda v: to_linear(v.albedo / 255)),
        stacked(lambda v: v.normal / 127.0),
        stacked(lambda v: (v.alpha > 0)[..., None] * 1.0),
        stacked(lambda v: v.transfer * v.transfer_scale),
        torch.tensor(np.stack([LIGHT, LIGHT]), dtype=torch.float32),
        torch.tensor(np.stack([rotated(LIGHT, v.camera.rotation) for v in (view, other)]), dtype=torch.float32),
    )
    for row, each in zip(lit, (view, other), strict=True):
        inside = each.alpha > 0
        assert np.allclose(row.permute(1, 2, 0).numpy()[inside], relit(each, LIGHT)[inside], atol=1e-4)


def test_a_sharp_lamp_is_softened_until_nothing_is_less_than_black():
    """Its mean and direction stay; a soft light comes back as it is; twice softened is once softened."""
    lamp = NEUTRAL * 0.1 + 5 * sh_basis(np.array([0.0, 0.6, 0.8]))[:, None] * [1.0, 0.8, 0.5]
    soft = softened(lamp)
    rays = worlds.directions(60, 120).reshape(-1, 3)
    mean = lamp[0] / np.sqrt(4 * np.pi)
    assert (radiance(lamp, rays) / mean).min() < -0.3
    assert -0.105 < (radiance(soft, rays) / mean).min() < -0.05
    assert np.allclose(soft[0], lamp[0])
    assert np.allclose(np.cross(soft[1:4, 0], lamp[1:4, 0]), 0, atol=1e-9)
    assert np.allclose(softened(soft), soft, atol=0.02)
    assert softened(NEUTRAL) is NEUTRAL


def test_gloss_only_adds(view):
    assert (relit(view, LIGHT, 0.05) - relit(view, LIGHT) >= 0).all()
    assert sh_basis(np.array([0.0, 0.0, 1.0]))[0] == pytest.approx(OPEN)


# --- the camera -------------------------------------------------------------------------------------------------------------------


def test_the_tone_curve_keeps_the_middle_and_reaches_white():
    for white, toe in ((1.2, 0.0), (2.0, 0.0), (4.0, 0.0), (4.0, 0.01)):
        curve = camera_effects.tone_curve(np.linspace(1e-4, 6, 400), white, toe)
        assert (np.diff(curve) >= 0).all()
        assert curve.max() == pytest.approx(1)
        assert to_linear(camera_effects.tone_curve(np.array([0.18]), white, toe))[0] == pytest.approx(0.18, rel=0.01)


def test_the_tone_curve_can_be_agx():
    """Greys as Blender 4.5's AgX shows them (save_render of linear 1/128, 1/32, 1/8, 1/2, 1, 2, 4)."""
    linear = np.array([1 / 128, 1 / 32, 1 / 8, 1 / 2, 1, 2, 4])
    shown = np.array([0.059, 0.169, 0.384, 0.667, 0.773, 0.851, 0.914])
    np.testing.assert_allclose(camera_effects.tone_curve(linear, 16.0, 0.008), shown, atol=0.03)
    assert np.abs(camera_effects.tone_curve(linear, 2.0) - shown).max() > 0.1


def test_noise_grows_with_the_light_and_goes_without_it():
    quiet = camera_effects.CameraLook(blur=0, shot=0, read=0, white=4, contrast=0, sharpen=0, quality=0)
    noisy = replace(quiet, shot=0.03)
    patch = np.concatenate([np.full((64, 64, 3), 0.05), np.full((64, 64, 3), 0.5)]).astype(np.float32)
    still = camera_effects.developed(np.random.default_rng(0), patch, quiet).astype(int)
    assert np.ptp(still[:64]) <= 1
    grain = to_linear(camera_effects.developed(np.random.default_rng(0), patch, noisy) / 255)
    assert grain[64:].std() > 1.4 * grain[:64].std() > 0.005


def test_grading_without_any_is_nothing():
    picture = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    plain = camera_effects.CameraLook(contrast=0.0, saturation=1.0)
    assert np.allclose(camera_effects.graded(picture, plain), picture, atol=1e-6)
    grey = camera_effects.graded(picture, replace(plain, saturation=0.0))
    assert np.ptp(grey, axis=2).max() < 1e-6


def test_white_paper_gets_the_brightness_asked_for():
    """Paper facing the camera under even light; under a lamp behind it, it stays dark but a fifth of the metering sees the lamp."""
    camera = made.camera(yaw=1.0)
    even = exposed(NEUTRAL * [0.5, 1.0, 2.0], camera, 0.9, 1.0)
    assert even * [0.5, 1.0, 2.0] == pytest.approx(np.full(3, 0.9))
    assert exposed(NEUTRAL * [0.5, 1.0, 2.0], camera, 0.9, 0.0) == pytest.approx(np.full(3, 0.9 / 3.5 * 3))
    behind = NEUTRAL + 8 * sh_basis(camera.rotation[2])[:, None]
    assert 0.1 < exposed(behind, camera, 0.9, 1.0)[0] < 0.9


def test_person_over_background():
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:30, 10:30] = 1
    person, behind = np.full((40, 40, 3), 0.2, np.float32), np.full((40, 40, 3), 0.8, np.float32)
    whole = backgrounds.composited(person, alpha, behind, 0.3)
    assert np.allclose(whole[20, 20], 0.2, atol=1e-3)
    assert np.allclose(whole[2, 2], 0.8)
    assert 0.2 < whole[20, 10, 0] < 0.4
    assert np.allclose(backgrounds.composited(person, alpha, behind, 0.0)[20, 10], 0.2)


def test_the_world_behind_is_seen_where_its_light_comes_from():
    camera = made.camera(yaw=0.7, pitch=-0.1)
    behind = backgrounds.world_behind((worlds.directions(*worlds.SIZE) + 1).astype(np.float32), camera, 0.5)
    assert np.allclose(behind - 1, backgrounds.rays(camera), atol=0.03)


def test_made_up_ground_is_flat_and_melts_into_what_is_behind():
    camera = made.camera(yaw=0.4, pitch=0.15)
    behind = np.full((128, 128, 3), 7.0, np.float32)
    picture = backgrounds.standing_on(np.random.default_rng(0), behind, NEUTRAL, camera)
    assert (picture[:20] == 7).all()
    assert picture[-20:].max() < 1
    below = replace(camera, translation=camera.translation + camera.rotation @ np.array([0, 5.0, 0]))
    assert (backgrounds.standing_on(np.random.default_rng(0), behind, NEUTRAL, below) == 7).all()


def test_the_ground_is_dark_where_feet_stand_alone(view):
    left = backgrounds.ground_shadow(view.camera, view.alpha / np.float32(255), 0.8)[..., 0]
    foot = view.camera.project(np.array([[0.0, 0.0, 0.0]]))[0].astype(int)
    assert left[foot[1], foot[0]] < 0.7
    assert left[:20].min() > 0.99
    assert left.min() >= 0.2 - 1e-6


def test_a_photograph_is_lit_by_the_light_it_records(view):
    """Under many lights, the brightness of a grey ball's pixels goes with the shading of the recorded light, and repeats from the seed."""
    view = replace(view, albedo=np.full_like(view.albedo, 110))
    for seed in range(6):
        shot = photograph_of(view, np.random.default_rng(seed), [])
        again = photograph_of(view, np.random.default_rng(seed), [])
        assert np.array_equal(shot.pixels, again.pixels)
        assert np.allclose(rotated(shot.light_in_camera, view.camera.rotation.T), shot.light)
        clear = (shot.alpha == 255) & (shot.pixels.max(axis=2) < 250)
        want, have = shading(view, shot.light).mean(axis=2)[clear], shot.pixels.mean(axis=2)[clear]
        assert np.corrcoef(np.log(want + 0.05), have)[0, 1] > 0.7, seed  # a toe bends the dark


def test_something_in_front_hides_and_says_so(view):
    covered = [photograph_of(view, np.random.default_rng(seed), []).alpha for seed in range(30)]
    shares = np.array([alpha.sum() / view.alpha.sum() for alpha in covered])
    assert 1 <= (shares < 0.999).sum() <= 10


def test_a_photograph_to_stand_before_is_cut_to_size(tmp_path):
    path = tmp_path / "street.png"
    cv2.imwrite(str(path), np.full((50, 300, 3), 128, np.uint8))
    crop = backgrounds.photo_crop(np.random.default_rng(0), path, (64, 48))
    assert crop.shape == (48, 64, 3)
    with pytest.raises(FileNotFoundError, match="missing"):
        backgrounds.photo_crop(np.random.default_rng(0), tmp_path / "missing.png", (64, 48))


def test_the_ground_sends_back_a_share_of_what_falls_on_it():
    """Four worlds in five get a ground: below the horizon one colour, darker than the light that falls there; above nothing changes."""
    rng = np.random.default_rng(4)
    image = np.ones((32, 64, 3), np.float32)
    world, grounds = worlds.World(image, worlds.sh_of_world(image), "room"), 0
    for _ in range(40):
        found = worlds.on_ground(rng, world)
        np.testing.assert_array_equal(found.image[:16], image[:16])
        np.testing.assert_allclose(found.light, worlds.sh_of_world(found.image))
        below = found.image[16:]
        assert np.ptp(below, axis=(0, 1)).max() < 1e-6
        assert below.min() > 0
        grounds += below.max() < 0.8
    assert 25 <= grounds <= 39
    dark = worlds.World(image * np.float32([1, 1, 1]), world.light, "room")
    dark.image[:16] = 0
    lit_from_below = [worlds.on_ground(np.random.default_rng(seed), dark).image[16:].max() for seed in range(20)]
    assert min(lit_from_below) < 0.41, "an unlit ground gives nothing of its own"
