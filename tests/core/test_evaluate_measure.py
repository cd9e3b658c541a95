"""Everything measured of one result: a perfect one is perfect, from any camera that sees it so; and the rows made of many."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.body.model import BodyArrays, BodyModel
from core.camera import Camera
from core.light import irradiance, rotated
from core.photo.person import Person, Photo
from core.surface.surface import Surface
from training import evaluate_relight
from training.evaluate import measure, methods, rows, texture
from training.evaluate.case import Case
from training.evaluate.colour import GAINS, lit
from training.evaluate.pictures import Picture, behind, take
from training.people.subject import prepare
from training.people.views import render_view

spec = importlib.util.spec_from_file_location("made_up_dressed", Path(__file__).with_name("made_up_dressed.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

TURN = Rotation.from_rotvec([0.2, -0.7, 0.4]).as_matrix()
LIGHT = np.outer([3.0, 1.2, 0.9, 0.3, 0, 0, 0.2, 0, 0], [1.0, 0.9, 0.7])

SAME = 0.97
"""Least SSIM of a ball's picture and its own made another way: edges are drawn differently."""


@pytest.fixture(scope="module")
def case():
    """A grey ball with a bright stripe, photographed: the photo is its shaded self on blue."""
    rng = np.random.default_rng(0)
    texture = np.full((64, 64, 3), 90, np.uint8)
    texture[:, 20:36] = (180, 120, 100)
    person = replace(made.ball(texture=texture), joints=made.MIDDLE + rng.normal(0, 0.2, (24, 3)))
    colour = np.where((person.uv[:, :1] * 64 - 0.5 >= 19.5) & (person.uv[:, :1] * 64 - 0.5 < 35.5), (180, 120, 100), 90)
    shell = replace(made.shell(person), albedo=colour.astype(np.uint8))
    camera = made.camera(size=128, yaw=1.0)
    alpha = render_view(prepare(person, shell, made.body_model()), camera).view.alpha
    pixels = np.where(alpha[..., None] > 0, np.full(3, 70), np.array([20, 30, 200])).astype(np.uint8)
    return Case(person, shell, Photo(pixels, None, None, "ball.jpg"), alpha, camera, LIGHT, "relit")


def trial_of(case, joints=None, vertices=None, camera=None, light=LIGHT, albedo=None):
    """The truth itself as a method's result, or what replaces parts of it."""
    vertices = np.float64(case.shell.vertices) if vertices is None else vertices
    surface = Surface(vertices, case.shell.faces, case.shell.albedo if albedo is None else albedo, np.ones(len(vertices)))
    body = methods.exact_body(case, made.body_model())
    body = replace(body, joints=case.person.joints if joints is None else joints, camera=case.camera if camera is None else camera)
    return methods.Trial(methods.exact_person(case), body, methods.Result(surface, light), 1.5)


def check_perfect(found):
    assert found["chamfer_cm"] == pytest.approx(0, abs=1e-3)
    assert found["volume_iou"] == pytest.approx(1, abs=2e-3)
    assert found["silhouette_iou"] > 0.98
    assert found["normal_error_deg"] < 1.5
    assert found["normal_error_back_deg"] < 1.5
    assert found["albedo_mae"] == pytest.approx(0, abs=1e-4)
    assert found["albedo_mae_hidden"] == pytest.approx(0, abs=1e-4)
    assert min(found[name] for name in ("albedo_ssim_front", "albedo_ssim_back", "shaded_ssim", "shaded_ssim_back")) > SAME
    assert found["light_error"] == pytest.approx(0, abs=1e-6)
    assert found["light_direction_deg"] == pytest.approx(0, abs=1e-3)


def test_the_truth_is_perfect(case):
    found = measure.measure(case, trial_of(case), inside=None)
    check_perfect(found)
    assert "joint_error_cm" not in found
    assert found["seconds"] == 1.5


def test_the_truth_in_another_frame_at_another_size_and_distance_is_perfect(case):
    """Body frame turned, moved and made two thirds as large, the camera nearer: the same picture, so everything as good."""
    scale, shift = 2 / 3, np.array([0.4, -0.2, 1.0])
    joints, vertices = (scale * points @ TURN.T + shift for points in (case.person.joints, np.float64(case.shell.vertices)))
    rotation = case.camera.rotation @ TURN.T
    camera = Camera(case.camera.intrinsics, rotation, scale * case.camera.translation - rotation @ shift, case.camera.size)
    assert camera.project(vertices) == pytest.approx(case.camera.project(np.float64(case.shell.vertices)), abs=1e-6)
    found = measure.measure(case, trial_of(case, joints, vertices, camera, rotated(LIGHT, TURN)), inside=case.person.joints)
    check_perfect(found)
    assert found["joint_error_cm"] == pytest.approx(0, abs=1e-6)
    assert found["joint_error_pa_cm"] == pytest.approx(0, abs=1e-6)
    unturned = measure.measure(case, trial_of(case, joints, vertices, camera, LIGHT), inside=case.person.joints)
    assert unturned["light_error"] > 0.1
    assert unturned["shaded_ssim"] < found["shaded_ssim"] - 0.005


def test_a_body_that_turns_wrongly_is_not_turned_back(case):
    """Turned about its middle under the same camera: a ball keeps its shape, so only joints, colours and the light tell."""
    turn = Rotation.from_rotvec([0, 0.8, 0]).as_matrix()
    joints, vertices = ((points - made.MIDDLE) @ turn.T + made.MIDDLE for points in (case.person.joints, np.float64(case.shell.vertices)))
    found = measure.measure(case, trial_of(case, joints, vertices, light=rotated(LIGHT, turn)), inside=case.person.joints)
    assert found["joint_error_cm"] > 5
    assert found["joint_error_pa_cm"] == pytest.approx(0, abs=1e-6)
    assert found["albedo_mae"] > 0.01
    assert found["light_error"] > 0.02


def test_errors_of_colour_are_told_apart_by_side(case):
    """Wrong only where the camera does not look: the visible error stays nothing, the hidden one is the offset."""
    behind = (np.float64(case.shell.vertices) - made.MIDDLE) @ (case.eye - made.MIDDLE) < made.RADIUS**2  # beyond the horizon
    albedo = np.where(behind[:, None], case.shell.albedo + 25, case.shell.albedo).astype(np.uint8)
    found = measure.measure(case, trial_of(case, albedo=albedo), inside=None)
    assert found["albedo_mae"] == pytest.approx(0, abs=1e-3)
    assert found["albedo_mae_hidden"] == pytest.approx(25 / 255, rel=0.1)  # less in the row of faces on the horizon
    assert found["albedo_ssim_front"] > 0.97


def test_the_photo_as_albedo_is_measured_where_it_shows_the_person(case):
    found = measure.measure(case, trial_of(case), inside=None)
    points = case.points
    assert 0.2 < points.visible.mean() < 0.5
    assert not (points.visible & points.hidden).any()
    assert points.photo[points.visible] == pytest.approx(np.full((points.visible.sum(), 3), 70 / 255), abs=0.01)
    expected = np.abs(70 / 255 - points.albedo[points.visible]).mean()
    assert found["albedo_mae_of_photo"] == pytest.approx(expected, abs=2e-3)


def test_a_part_that_is_missing_counts_in_ssim(case):
    """The true picture with its left half gone: equal wherever both show the person, so only their union tells."""
    side = case.sides[0]
    left = np.arange(side.mask.shape[1]) < side.mask.shape[1] // 2
    half = Picture(side.mask & ~left, side.normal, side.albedo)
    whole = Picture(side.mask, side.normal, side.albedo)
    dark = 0.1 * side.albedo  # far from the grey round it
    assert measure.picture_ssim(whole, side, dark, dark) == pytest.approx(1)
    assert measure.picture_ssim(half, side, dark, dark) < 0.7


def test_colours_that_were_filled_in_do_not_count(case):
    nowhere = replace(case, shell=replace(case.shell, trusted=np.zeros_like(case.shell.trusted)))
    assert not (nowhere.points.visible | nowhere.points.hidden).any()
    assert np.isnan(measure.colours_at_points(nowhere, nowhere.mesh, case.shell.albedo / 255)["albedo_mae"])


def test_the_other_side_is_seen_upright_from_as_far(case):
    """The camera carried round: the pivot stays on its pixel and as far away, up stays up, and what was near is far."""
    pivot = made.MIDDLE
    other = behind(case.camera, pivot)
    assert other.project(pivot) == pytest.approx(case.camera.project(pivot))
    assert other.to_camera(pivot) == pytest.approx(case.camera.to_camera(pivot))
    above = pivot + np.array([0, 0.1, 0])
    assert other.project(above) == pytest.approx(case.camera.project(above))
    front = pivot + 0.3 * np.array([np.sin(1.0), 0, np.cos(1.0)])  # towards the camera
    assert case.camera.to_camera(front)[2] < case.camera.to_camera(pivot)[2] < other.to_camera(front)[2]


# --- textures ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ball_body():
    """A body model that is the ball itself, UVs included."""
    ball, weights = made.ball(), np.zeros((49 * 97, 24))
    weights[:, 0] = 1
    nothing, evenly = np.zeros((len(weights), 3, 10)), np.full((24, len(weights)), 1 / len(weights))
    return BodyModel(BodyArrays(ball.vertices, ball.faces, nothing, evenly, weights, uv=ball.uv, uv_faces=ball.faces))


def test_a_texture_baked_from_the_truth_is_the_persons_own(case, ball_body):
    """u goes round the ball: texels in the stripe's columns have its colour, the others the ground's, but for the faces on its edge."""
    baked, where = texture.baked(ball_body, case.shell.vertices, case.mesh, case.shell.albedo / 255)
    assert where.mean() > 0.98
    inside = (np.arange(texture.SIDE) + 0.5) / texture.SIDE * 64
    stripe, ground = (inside > 21.5) & (inside < 34.5), (inside < 18.5) | (inside > 37.5)
    rows_in = slice(10, -10)  # columns meet at the poles
    assert 255 * baked[rows_in, stripe] == pytest.approx(np.broadcast_to([180, 120, 100], baked[rows_in, stripe].shape), abs=1)
    assert 255 * baked[rows_in, ground] == pytest.approx(90, abs=1)


def test_textures_are_compared_by_ssim_and_psnr(case, ball_body):
    def compared(albedo):
        trial = trial_of(case, albedo=albedo)
        trial = trial._replace(body=replace(trial.body, vertices=case.mesh.vertices))
        return texture.compare_textures(case, trial, ball_body)

    assert compared(case.shell.albedo) == pytest.approx({"texture_ssim": 1, "texture_psnr": 100})
    darker = compared(case.shell.albedo - np.uint8(51))
    assert darker["texture_psnr"] == pytest.approx(-20 * np.log10(0.2), abs=1e-3)
    assert darker["texture_ssim"] < 0.9
    assert texture.compare_textures(case, trial_of(case), made.body_model()) == {}


# --- rows -------------------------------------------------------------------------------------------------------------------------


def test_a_row_is_the_mean_of_those_found_and_families_stand_apart():
    each = [
        {"name": "a", "family": "composed", "found": True, "p2s_cm": 1.0, "albedo_mae": float("nan")},
        {"name": "b", "family": "artist", "found": True, "p2s_cm": 4.0, "albedo_mae": 0.1},
        {"name": "c", "family": "artist", "found": False},
    ]
    made_rows = rows.to_rows("body", "estimated", each)
    assert [row["family"] for row in made_rows] == ["all", "composed", "artist"]
    assert [row["p2s_cm"] for row in made_rows] == [2.5, 1.0, 4.0]
    assert [row["missed"] for row in made_rows] == [1, 0, 1]
    assert made_rows[0]["albedo_mae"] == 0.1
    assert made_rows[1]["albedo_mae"] is None
    assert made_rows[0]["each"][0]["albedo_mae"] is None
    assert set(rows.FIGURES) <= made_rows[0].keys()
    assert "| body | estimated | 2 | 2.50 |" in rows.table(made_rows, {"p2s_cm": ("P2S", 2), "light_error": ("light", 3)})
    assert "1." in "\n".join(rows.report(made_rows, ["cycles"]))


def test_every_figure_of_the_tables_is_a_figure_of_the_rows():
    assert {name for columns in rows.TABLES.values() for name in columns} <= set(rows.FIGURES)


def test_one_constant_serves_everybody_and_the_mean_light_is_the_others():
    first, second = np.abs(np.log2(GAINS) - 1), np.abs(np.log2(GAINS) + 1)
    lights = [np.zeros((9, 3)) + light * np.eye(9)[:, :1] for light in (2.0, 4.0)]
    found = rows.baselines([measure.Notes(first + second, lights[0]), measure.Notes(2 * first, lights[1])])
    assert found[0]["gain"] == found[1]["gain"] == pytest.approx(2)
    assert found[0]["albedo_mae_of_photo_gain"] == pytest.approx(2)
    assert found[1]["albedo_mae_of_photo_gain"] == pytest.approx(0)
    assert found[0]["light_error_of_mean"] == pytest.approx(1)  # lit by the other's, twice its own
    assert found[1]["light_error_front_of_mean"] == pytest.approx(0.5)
    assert "light_error_of_mean" not in rows.baselines([measure.Notes(first, lights[0])])[0]


# --- the exact body ---------------------------------------------------------------------------------------------------------------


def test_the_exact_person_and_body_are_the_cases(case):
    """A cube body at rest: its joints are the model's, its person's box is the mask's, and only true joints are landmarks."""
    body = methods.exact_body(case, made.body_model())
    assert body.vertices.min(axis=0) == pytest.approx([-0.1, 0.3, -0.1], abs=1e-6)
    assert body.camera is case.camera
    person = methods.exact_person(case)
    assert isinstance(person, Person)
    rows_in, columns_in = np.nonzero(case.mask > 127)
    assert person.box.tolist() == [columns_in.min(), rows_in.min(), columns_in.max() + 1, rows_in.max() + 1]
    assert np.isfinite(person.landmarks).all(axis=1).sum() == person.visibility.sum() == 12


def test_a_method_is_timed_and_gets_what_is_true(case):
    seen = []

    def method(photo, person, body):
        seen.append((photo, person.mask, body.camera))
        return methods.Result(trial_of(case).result.surface, None)

    trial = methods.try_exact(case, method, made.body_model())
    assert seen[0][0] is case.photo
    assert seen[0][1] is case.mask
    assert trial.seconds >= 0


# --- the relight check -------------------------------------------------------------------------------------------------------------


def photographed(case, light):
    """The case under a light, its photograph the true albedo times irradiance."""
    side = take(case.mesh, case.shell.albedo / 255, case.camera)
    shading = irradiance(light, side.normal) / np.pi
    pixels = np.where(side.mask[..., None], np.round(255 * lit(side.values, shading)), 40).astype(np.uint8)
    return replace(case, photo=Photo(pixels, None, None, "lit.jpg"), light=light)


def test_the_truth_is_the_same_under_two_lights_and_looks_like_its_photos(case):
    pair = evaluate_relight.Pair(photographed(case, LIGHT), photographed(case, LIGHT * [1.0, 1.2, 1.6]))
    found = evaluate_relight.compare(pair, lambda one: methods.Result(trial_of(one).result.surface, one.light))
    assert found["photo_difference"] > 0.03
    assert found["albedo_difference"] == pytest.approx(0, abs=1e-6)
    assert found["albedo_difference_hidden"] == pytest.approx(0, abs=1e-6)
    assert found["error_of_mean"] < 0.01
    assert found["psnr"] > 35
    assert found["psnr_of_grey"] < 27


def test_a_photo_taken_for_albedo_differs_as_the_photos_do_and_a_wrong_exposure_shows_once(case):
    pair = evaluate_relight.Pair(photographed(case, LIGHT), photographed(case, LIGHT * [1.0, 1.2, 1.6]))

    def darker(one):
        surface = trial_of(one).result.surface
        gain = 1.0 if one is pair.first else 0.6
        return methods.Result(replace(surface, albedo=np.uint8(surface.albedo * gain)), one.light / 2)

    found = evaluate_relight.compare(pair, darker)
    assert found["albedo_difference"] > 0.1
    assert found["psnr"] < 22
    assert found["psnr_gained"] > found["psnr"] + 10
