"""Plates and batches: what comes back from disk, what follows from the step's number, mirrors, other lights, worn masks, wrong bodies."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.field.conditioning import BodyInView
from core.light import irradiance, sh_basis
from training.field import relight
from training.field.augment import hue_turn, mirrored, worn
from training.field.batch import Wish, batch_of, chosen_body, sample_of
from training.field.bodies import shifted
from training.field.body_noise import noisy, put_back
from training.field.plates import Plate, PlateInvalid, plate_files, write_plate
from training.field.relight import relit

WISH = Wish(plates=2, surface=20, near=40, far=10)


def test_a_plate_comes_back(plates, ball_plate):
    arrays, about = ball_plate(3)
    plate = Plate(plates / "people-00000-03-0.safetensors")
    assert plate.bodies == about["bodies"]
    for name, values in arrays.items():
        assert np.array_equal(plate[name].numpy(), values, equal_nan=values.dtype.kind == "f"), name
    assert np.array_equal(plate.rows("distance", 5, 9).numpy(), arrays["distance"][5:9])


def test_files_that_are_no_plates_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(PlateInvalid, match=r"a\.safetensors is no plate"):
        Plate(path)
    write_plate(path, {"photo": np.zeros(3, np.uint8)}, {"bodies": [], "version": 99})
    with pytest.raises(PlateInvalid, match="version 99"):
        Plate(path)


def test_a_step_always_has_the_same_batch(plates):
    files = plate_files(plates)
    one, again, other = (batch_of(files, WISH, 7, step) for step in (4, 4, 5))
    assert torch.equal(one.picture.photo, again.picture.photo)
    assert torch.equal(one.points, again.points)
    assert not torch.equal(one.points, other.points)


def test_every_plate_has_its_turn(plates):
    """In three steps of two, all six; no plate twice."""
    files = plate_files(plates)
    plain = replace(WISH, augment=False)
    seen = torch.cat([batch_of(files, plain, 1, step).light for step in range(3)])
    assert len(torch.unique(seen[:, 1, 0])) == 6


def test_the_mirror_is_true_to_geometry(plates):
    """In the mirrored sample points still lie as far from the ball, which has moved to the other side, and land on its mirrored picture."""
    plate = Plate(plate_files(plates)[0])
    sample = sample_of(plate, replace(WISH, augment=False), np.random.default_rng(0))
    turned = mirrored(sample)
    middle = turned["pelvis"]
    np.testing.assert_allclose(middle, plate["pelvis"] * torch.tensor([-1.0, 1, 1]))
    np.testing.assert_allclose((turned["points"] - middle).norm(dim=1) - 0.4, turned["distance"], atol=2e-3)
    away = torch.nn.functional.normalize(turned["points"] - middle, dim=1)
    np.testing.assert_allclose(turned["point_normal"], away, atol=0.02)
    np.testing.assert_allclose(turned["nearest"][:, 1:4], away, atol=0.01)
    pixel = middle[:2] / middle[2] * turned["intrinsics"][:2] + turned["intrinsics"][2:]
    column, row = (int(side) for side in pixel)
    np.testing.assert_allclose(turned["normal"][:, row, column], [0, 0, -1], atol=0.15)
    assert all(torch.equal(sample[name], mirrored(turned)[name]) for name in ("photo", "points", "light", "intrinsics", "maps"))


def test_a_relit_ball_is_shaded_as_the_formula_says(plates, monkeypatch):
    """In the open the shading is the irradiance over pi of the sample's own light; the light is another each time, and the same again."""
    monkeypatch.setattr(relight, "DIP", 1e3)  # nothing softened
    monkeypatch.setattr(relight, "FOLDED", 0.0)
    plate = Plate(plate_files(plates)[0])
    plain = sample_of(plate, replace(WISH, augment=False), np.random.default_rng(3))
    lights = []
    for seed in (1, 2, 1):
        s = dict(plain)
        photo = relit(s, plate, np.random.default_rng(seed))
        normal = s["normal"][:, 24:40:3, 24:40:3].flatten(1).T.numpy().astype(np.float64)
        shading = np.maximum(irradiance(s["light"].numpy().astype(np.float64), normal) / np.pi, 2e-3)
        found = s["log_shading"][:, 24:40:3, 24:40:3].flatten(1).T.exp().numpy()
        np.testing.assert_allclose(found, shading, atol=0.03 * shading.mean())
        assert photo.dtype == torch.uint8
        assert photo.shape == (64, 64, 3)
        lights.append((s["light"], photo))
    assert not torch.equal(lights[0][0], lights[1][0])
    assert torch.equal(lights[0][0], lights[2][0])
    assert torch.equal(lights[0][1], lights[2][1])


def test_the_light_told_is_the_sun_itself_not_its_softened_self():
    """What shades the person dips no farther below zero than it may; what the network is to tell keeps all of a sharp lamp."""
    sun = 3 * sh_basis(np.array([[0.0, 1.0, 0.0]]))[0][:, None] * np.ones(3)
    sun[0] = 1.0
    shading, told = relight.sample_light(np.random.default_rng(0), sun[None], np.eye(3))
    powers = [np.linalg.norm(light[4:] / light[0]) for light in (sun, told, shading)]
    assert powers[1] == pytest.approx(powers[0], rel=0.01)
    assert powers[2] < 0.8 * powers[0]


def test_photographs_by_cycles_are_never_relit(plates, tmp_path, ball_plate):
    arrays, about = ball_plate(0)
    write_plate(tmp_path / "people-00000-00-0c.safetensors", arrays, about | {"made": "cycles"})  # no bank lies beside it
    sample_of(Plate(tmp_path / "people-00000-00-0c.safetensors"), replace(WISH, relit=1.0), np.random.default_rng(0))
    write_plate(tmp_path / "people-00000-00-0.safetensors", arrays, about)
    with pytest.raises(FileNotFoundError, match=r"training\.field\.bake"):
        sample_of(Plate(tmp_path / "people-00000-00-0.safetensors"), replace(WISH, relit=1.0), np.random.default_rng(0))


def test_wrong_bodies_are_shifted_as_often_as_wished_and_never_with_rays(plates):
    plate = Plate(plate_files(plates)[0])
    plate.bodies.append("shifted")
    shares = (("noisy", 1.0),)
    rng = np.random.default_rng(0)
    names = [chosen_body(plate, replace(WISH, shift=0.5, shares=shares), rng) for _ in range(200)]
    assert 70 < names.count("shifted") < 130
    assert {chosen_body(plate, replace(WISH, shift=1.0, patches=True, shares=shares), rng) for _ in range(20)} == {"noisy"}
    assert {chosen_body(plate, replace(WISH, shift=1.0, shares=(("exact", 1.0),)), rng) for _ in range(20)} == {"exact"}


def test_hues_turn_about_grey():
    turn = hue_turn(2 * np.pi / 3, 1.0)
    np.testing.assert_allclose(turn @ [1, 0, 0], [0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(hue_turn(0.7, 0.5) @ [0.4, 0.4, 0.4], [0.4, 0.4, 0.4], atol=1e-9)
    np.testing.assert_allclose(hue_turn(0.0, 1.0), np.eye(3), atol=1e-9)


def test_masks_wear_at_their_edge_only():
    mask = torch.zeros(128, 128, dtype=torch.uint8)
    mask[30:100, 30:100] = 255
    for seed in range(8):
        found = worn(mask, np.random.default_rng(seed))
        assert (found[45:85, 45:85] == 255).all()
        assert (found[:15] == 0).all()


def test_noise_of_level_none_is_none():
    pose, betas = np.random.default_rng(0).normal(0, 0.3, (24, 3)), np.ones(10)
    same, shape = noisy(np.random.default_rng(1), pose, betas, 0.0)
    np.testing.assert_allclose(same, pose, atol=1e-12)
    np.testing.assert_allclose(shape, betas)
    other, _ = noisy(np.random.default_rng(1), pose, betas, 1.0)
    assert 0.05 < np.abs(other - pose).mean() < 0.15


def test_a_body_merely_moved_and_scaled_is_put_back():
    """Another place and another size look the same from one camera, and come back to the same place and size."""
    rng = np.random.default_rng(0)
    joints = rng.normal(0, 0.4, (24, 3)) + np.array([0.2, 0, 4])
    vertices = rng.normal(0, 0.4, (50, 3)) + np.array([0.2, 0, 4])
    intrinsics = np.array([500.0, 500, 256, 256])
    back = put_back(1.3 * vertices + [0, 0.5, 1], 1.3 * joints + [0, 0.5, 1], joints, intrinsics)
    np.testing.assert_allclose(back, vertices, atol=1e-6)


def test_depth_shift_is_how_far_the_body_moved():
    """PaMIR's depth-ambiguity-aware points: a body pushed away along the view takes the points with it."""
    import trimesh

    mesh = trimesh.creation.icosphere(3, 0.3)
    exact = BodyInView(mesh.vertices + np.array([0, 0, 3]), np.array(mesh.faces), np.array(mesh.vertices), np.array([0, 0, 3.0]), 0.0)
    wrong = replace(exact, vertices=exact.vertices + np.array([0, 0, 0.07]))
    points = np.array([[0, 0, 2.6], [0, 0, 3.4], [0.05, 0, 2.7]])
    np.testing.assert_allclose(shifted(wrong, exact, points), 0.07, atol=1e-3)
