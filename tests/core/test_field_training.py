"""Training the field: plates from a made-up person, batches that follow from the step, losses against truth, ray-traced patches against an
analytic ball, and runs that go on to the same numbers."""

import argparse
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.optim import AdamW

from core.field.conditioning import BodyInView
from core.field.config import FieldConfig
from core.field.files import save_field
from core.field.network import Answer, FieldNetwork
from core.light import IRRADIANCE_FACTORS, irradiance, sh_basis
from training.field import relight, train
from training.field.batch import BODY_SHARE, Patches, Wish, batch_of, chosen_body, hue_turn, mirrored, sample_of, worn
from training.field.bodies import shifted
from training.field.body_noise import noisy, put_back
from training.field.checkpoint import RunningMean, load_checkpoint, save_checkpoint
from training.field.losses import gradient_of, light_losses, masked, normal_loss
from training.field.patches import DEPTHS, REACH, SIDE, body_along, detail_loss, traced
from training.field.plates import Plate, PlateInvalid, plate_files, write_plate
from training.field.relight import relit, write_bank

TINY = FieldConfig(picture=64, widths=(8, 16, 16), features=8, fine=4, hidden=32, layers=2, fourier=2)
POINTS = {"surface": 60, "near": 160, "far": 40}


def ball_transfer(front, middle, hit, side):
    """The light transfer (9, side / 4, side / 4) of a ball in the open: the cosine-weighted basis at the normal."""
    basis = sh_basis((front - middle) / 0.4) * IRRADIANCE_FACTORS / np.pi * hit[..., None]
    cells = lambda picture: picture.reshape(side // 4, 2, side // 4, 2, -1).mean(axis=(1, 3))  # noqa: E731
    return np.ascontiguousarray((cells(basis) / np.maximum(cells(1.0 * hit), 0.25)).transpose(2, 0, 1)).astype(np.float16)


def ball_plate(seed: int, side: int = 64) -> tuple[dict, dict]:
    """A plate of a ball of 40 cm, 3 m away, whose body is a ball of 35 cm; colours and light are noise, geometry is true."""
    rng = np.random.default_rng(seed)
    half, middle, radius, body_radius = side // 2, np.array([0.05, -0.1, 3.0]), 0.4, 0.35
    intrinsics = np.array([3.0 * side, 3.0 * side, side / 2, side / 2])
    y, x = np.mgrid[:half, :half] * 2 + 1.0
    rays = np.stack([(x - intrinsics[2]) / intrinsics[0], (y - intrinsics[3]) / intrinsics[1], np.ones_like(x)], -1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    along = rays @ middle
    inside = radius**2 - (middle @ middle - along**2)
    hit, root = inside > 0, np.sqrt(np.maximum(inside, 0))
    points = middle + rng.normal(0, 1, (260, 3)) * 0.3
    points[:60] = middle + radius * (points[:60] - middle) / np.linalg.norm(points[:60] - middle, axis=1, keepdims=True)
    normal = (points - middle) / np.linalg.norm(points - middle, axis=1, keepdims=True)
    far = np.linalg.norm(points - middle, axis=1)
    front, back = ((rays * (along + sign * root)[..., None]) for sign in (-1, 1))
    big = lambda picture: np.repeat(np.repeat(picture, 2, 0), 2, 1)  # noqa: E731

    def nearest(places):
        away = places - middle
        length = np.linalg.norm(away, axis=-1, keepdims=True)
        return np.concatenate([length - body_radius, away / length, away / length, body_radius * away / length], -1).astype(np.float16)

    arrays = {
        "photo": big(rng.integers(0, 256, (half, half, 3), np.uint8)),
        "mask": big(np.uint8(255 * hit)), "alpha": big(np.uint8(255 * hit)),
        "normal": np.round(127 * big((front - middle) / radius) * big(hit)[..., None]).astype(np.int8),
        "albedo": big(rng.integers(0, 256, (half, half, 3), np.uint8)),
        "log_shading": rng.normal(-0.5, 0.2, (side, side, 3)).astype(np.float16),
        "trusted": np.full((side, side), 255, np.uint8),
        "transfer": ball_transfer(front, middle, hit, side), "rotation": np.eye(3, dtype=np.float32),
        "depth": np.where(hit, np.stack([front[..., 2], back[..., 2]]) - middle[2], np.nan).astype(np.float16),
        "normal_back": np.round(127 * (back - middle) / radius * hit[..., None]).astype(np.int8),
        "albedo_back": rng.integers(0, 256, (half, half, 3), np.uint8),
        "trusted_back": np.full((half, half), 255, np.uint8),
        "label": np.where(hit, rng.integers(0, 5, (2, half, half)), 255).astype(np.uint8),
        "light": rng.normal(0, 0.3, (9, 3)).astype(np.float32) + np.float32(np.eye(9)[:, :1] * 3),
        "intrinsics": np.float32(intrinsics), "pelvis": np.float32(middle),
        "points": np.float32(points), "distance": np.float16(far - radius),
        "point_normal": np.round(127 * normal).astype(np.int8),
        "point_albedo": rng.integers(0, 256, (260, 3), np.uint8),
        "point_trusted": np.full(260, 255, np.uint8), "point_label": rng.integers(0, 5, 260).astype(np.uint8),
    }  # fmt: skip
    maps = np.zeros((9, half, half), np.float16)
    maps[0] = hit
    turned = rays[:SIDE, :SIDE].reshape(1, -1, 3).repeat(2, 0)
    reach = np.linalg.norm(middle) + np.array([-radius, radius])[:, None] - REACH + np.zeros((2, SIDE * SIDE))
    places = turned[:, :, None] * (reach[..., None] + np.linspace(0, 2 * REACH, DEPTHS))[..., None]
    arrays |= {
        "patch/rays": np.float32(turned), "patch/near": np.float32(reach),
        "patch/hit": np.uint8(rng.random((2, SIDE * SIDE)) < 0.7), "patch/known": np.full((2, SIDE * SIDE), 1, np.uint8),
        "patch/label": np.full((2, SIDE * SIDE), 2, np.uint8),
        "patch/transfer": rng.normal(0, 0.2, (2, SIDE * SIDE, 9)).astype(np.float16),
        "patch/albedo": rng.integers(0, 256, (2, SIDE * SIDE, 3), np.uint8),
        "patch/shaded": rng.integers(0, 256, (2, SIDE * SIDE, 3), np.uint8),
    }  # fmt: skip
    for body in ("exact", "noisy"):
        arrays |= {
            f"{body}/maps": maps, f"{body}/nearest": nearest(points), f"{body}/shift": np.zeros(260, np.float16),
            f"{body}/spread": np.zeros(1, np.float32), f"{body}/patch": nearest(places),
        }  # fmt: skip
    return arrays, {
        "made": "relit",
        "bodies": ["exact", "noisy"],
        "side": side,
        "patches": True,
        "surface": POINTS["surface"],
        "near": POINTS["near"],
    }


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plates")
    for number in range(6):
        write_plate(folder / f"people-00000-{number:02d}-0.safetensors", *ball_plate(number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relight, "LIGHTS", 6)
        write_bank(folder, [], 0)
    return folder


WISH = Wish(plates=2, surface=20, near=40, far=10)


# --- plates and batches ------------------------------------------------------------------------------------------------------------


def test_a_plate_comes_back(plates):
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


def test_a_relit_ball_is_shaded_as_the_formula_says(plates):
    """In the open the shading is the irradiance over pi of the sample's own light; the light is another each time, and the same again."""
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


def test_photographs_by_cycles_are_never_relit(plates, tmp_path):
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


# --- bodies ------------------------------------------------------------------------------------------------------------------------


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


# --- losses ------------------------------------------------------------------------------------------------------------------------


class Ball:
    """A field that is a ball: what the network would answer, were it perfect; its colour says where it was asked."""

    shading = staticmethod(lambda normals, light: torch.zeros_like(normals))

    def __init__(self, middle=(0.05, -0.1, 3.0), radius=0.4):
        self.middle, self.radius = torch.tensor(middle), radius

    def ask(self, encoded, points, nearest):
        away = points - self.middle
        colour = 0.5 + away
        return Answer(away.norm(dim=-1) - self.radius, colour, colour, colour, torch.zeros(*points.shape[:2], 5))


def test_the_gradient_of_a_ball_points_outwards():
    points = torch.tensor([[[0.05, -0.1, 2.5], [0.5, -0.1, 3.0]]])
    found = gradient_of(Ball(), None, points, torch.zeros(1, 2, 10), Ball().ask(None, points, None).distance)
    np.testing.assert_allclose(found, [[[0, 0, -1], [1, 0, 0]]], atol=5e-3)


def test_the_gradient_follows_the_body():
    """A network that answers with the body's distance has its direction as gradient: the body's answer is continued linearly."""
    body = SimpleNamespace(ask=lambda encoded, points, nearest: SimpleNamespace(distance=nearest[..., 0]))
    nearest = torch.randn(1, 4, 10)
    np.testing.assert_allclose(gradient_of(body, None, torch.randn(1, 4, 3), nearest, nearest[..., 0]), nearest[..., 1:4], atol=1e-3)


def test_losses_of_the_truth_are_nothing():
    normals = torch.nn.functional.normalize(torch.randn(2, 3, 4, 4), dim=1)
    assert normal_loss(normals, normals, torch.ones(2, 1, 4, 4)) < 1e-5
    assert normal_loss(normals, -normals, torch.ones(2, 1, 4, 4)) > 2
    assert masked(torch.ones(1, 3, 2, 2), torch.tensor([[[[1.0, 0], [0, 0]]]])) == 1
    light = torch.randn(2, 9, 3)
    batch = SimpleNamespace(light=light, normal=torch.randn(2, 3, 8, 8), log_shading=torch.zeros(2, 3, 8, 8), alpha=torch.ones(2, 1, 8, 8))
    found = light_losses(Ball(), SimpleNamespace(light=light), batch)
    assert found["light"] < 1e-6
    assert found["shading"] == 0


@pytest.fixture
def rays():
    """Two patches of rays at a ball: to its front, and through it to its back."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE * 0.08 - 0.04
    directions = np.stack([x + 0.05 / 3, y - 0.1 / 3, np.ones_like(x)], -1).reshape(-1, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    middle = np.array([0.05, -0.1, 3.0])
    along = directions @ middle
    root = np.sqrt(0.16 - (middle @ middle - along**2))
    t = np.concatenate([along - root, along + root])
    rng = np.random.default_rng(0)
    back = np.repeat([False, True], SIDE * SIDE)
    hits = np.tile(directions, (2, 1)) * t[:, None]
    tensors = [np.tile(directions, (2, 1)), t - REACH + rng.uniform(-0.02, 0.02, len(t)), np.zeros((len(t), DEPTHS, 10)), back,
               np.ones(len(t), bool), np.ones(len(t), bool), 0.5 + hits - middle, np.zeros((len(t), 3))]  # fmt: skip
    return Patches(*(torch.tensor(part if part.dtype == bool else np.float32(part))[None] for part in tensors)), torch.tensor(
        t, dtype=torch.float32
    )


def test_traced_rays_meet_the_ball(rays):
    """To a tenth of a millimetre, in front and behind."""
    patches, truth = rays
    t, distance = traced(Ball(), None, patches)
    np.testing.assert_allclose(t[0], truth, atol=1e-4)
    assert distance.abs().max() < 1e-3


def test_the_body_along_a_ray_is_linear_between_its_places():
    body = torch.arange(DEPTHS, dtype=torch.float32)[None, None, :, None].expand(1, 1, -1, 10)
    patches = SimpleNamespace(near=torch.tensor([[2.0]]), body=body)
    for place in (0.0, 2.25, 6.5):
        t = torch.tensor([[2.0 + place / (DEPTHS - 1) * 2 * REACH]])
        assert body_along(patches, t)[0, 0, 0].item() == pytest.approx(place, abs=1e-3)


def test_rendered_colours_are_those_of_the_hit(rays):
    from training.field.patches import patch_losses

    patches, _ = rays
    batch = SimpleNamespace(patches=patches)
    parts = patch_losses(Ball(), SimpleNamespace(light=None), batch)
    assert parts["patch_albedo"] < 1e-4
    smaller = patch_losses(Ball(radius=0.39), SimpleNamespace(light=None), batch)
    assert smaller["patch_albedo"] > 10 * parts["patch_albedo"]
    assert patch_losses(Ball(), None, SimpleNamespace(patches=None)) == {}


def test_rays_past_the_person_keep_their_distance(rays):
    from training.field.patches import patch_losses

    patches, _ = rays
    missed = replace(patches, hit=torch.zeros_like(patches.hit))
    assert patch_losses(Ball(), SimpleNamespace(light=None), SimpleNamespace(patches=missed))["patch_miss"] > 0.5
    far = Ball(middle=(2.0, 2.0, 3.0))
    assert patch_losses(far, SimpleNamespace(light=None), SimpleNamespace(patches=missed))["patch_miss"] == 0


def test_detail_sees_what_colour_does_not():
    """A pattern shifted in brightness has the same detail; another pattern has not."""
    rng = torch.Generator().manual_seed(0)
    picture, where = torch.rand(1, 2 * SIDE * SIDE, 3, generator=rng), torch.ones(1, 2 * SIDE * SIDE, 1)
    assert detail_loss(picture + 0.2, picture, where) < 1e-5
    assert detail_loss(picture.flip(1), picture, where) > 0.1


# --- the loop ----------------------------------------------------------------------------------------------------------------------


def options(plates, out, steps, **more) -> argparse.Namespace:
    out.mkdir(exist_ok=True)
    given = {"plates": [plates], "out": out, "size": "small", "init": None, "steps": steps, "minutes": 0,
             "batch": 2, "surface": 20, "near": 40,
             "far": 10, "rate": 1e-3, "seed": 0, "workers": 0, "bf16": False, "every": 60, "log": 1, "patches": 2,
             "shift": 0.0, "relit": 0.5, "grow": False,
             "conditioning": None, "no_body_maps": False, "no_read_maps": False,
             "weight": [], "shares": tuple(BODY_SHARE.items())}  # fmt: skip
    return argparse.Namespace(**given | more)


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(train.SIZES, "small", TINY)


def test_a_stopped_run_goes_on_to_the_same_numbers(plates, tmp_path, tiny, monkeypatch):
    """Four steps at once, and two and two: the same weights, to the last bit."""
    train.train(options(plates, tmp_path / "whole", 4))
    real = train.one_step

    def stops(*args):
        if args[-1] == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(train, "one_step", stops)
    monkeypatch.setattr(train, "save", train.save)
    halves = options(plates, tmp_path / "halves", 4, every=0)
    with pytest.raises(KeyboardInterrupt):
        train.train(halves)
    monkeypatch.setattr(train, "one_step", real)
    train.train(halves)
    whole, stopped = (load_file(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "halves"))
    assert whole.keys() == stopped.keys()
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert {"patch_albedo", "distance", "map_normal"} <= set(log[0])
    assert any("estimated/distance" in line for line in log)
    assert (tmp_path / "whole" / "field.safetensors").exists()
    assert list((tmp_path / "whole").glob("sheet-*.jpg"))


def test_training_learns(plates, tmp_path, tiny):
    """Sixty steps on six balls: the surface is learned away from the body's, which is five centimetres inside."""
    train.train(options(plates, tmp_path / "run", 60, log=1, patches=0, rate=4e-3))
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    first, last = (np.mean([line["on_surface"] for line in part if "on_surface" in line]) for part in (log[:3], log[-6:]))
    assert last < 0.3 * first


def test_checkpoints_of_another_configuration_are_refused(tmp_path):
    network = FieldNetwork(TINY)
    mean, optimiser = RunningMean(network), AdamW(network.parameters())
    save_checkpoint(tmp_path / "a.safetensors", network, mean, optimiser, 3)
    other = FieldNetwork(replace(TINY, hidden=48))
    with pytest.raises(ValueError, match="another configuration"):
        load_checkpoint(tmp_path / "a.safetensors", other, RunningMean(other), AdamW(other.parameters()))


def test_trained_weights_grow_into_another_size(plates, tmp_path, tiny):
    """What fits is kept, what does not is new; without --grow the old size is kept whole."""
    old = FieldNetwork(replace(TINY, fine=8))
    save_field(old, tmp_path / "old.safetensors", half=False)
    given = options(plates, tmp_path / "run", 1, init=tmp_path / "old.safetensors")
    assert train.beginning(given).config.fine == 8
    given.grow = True
    grown = train.beginning(given)
    assert grown.config == TINY
    assert torch.equal(grown.mlp.enter.weight, old.mlp.enter.weight)
    assert grown.encoder.to_fine.weight.shape != old.encoder.to_fine.weight.shape


def test_rays_go_with_exact_bodies_where_points_are_shifted(plates):
    for shift, wanted in ((0.0, dict(BODY_SHARE)), (1.0, {"exact": 1.0})):
        seen = []
        steps = train.Steps(plate_files(plates), replace(WISH, shift=shift), 0, 0, 4, 0, patches=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train, "batch_of", lambda files, wish, *rest, seen=seen: seen.append(wish))
            steps[0], steps[1]
        assert seen[0].patches
        assert dict(seen[0].shares) == wanted
        assert dict(seen[1].shares) == dict(BODY_SHARE)


def test_no_plates_no_training(tmp_path, tiny):
    with pytest.raises(FileNotFoundError, match=r"training\.field\.bake"):
        train.train(options(tmp_path, tmp_path / "run", 1))


def test_people_are_judged_apart():
    """No person is on both sides: their plates go together."""
    from pathlib import Path

    files = [Path(f"people-00000-{person:02d}-{view}.safetensors") for person in range(50) for view in (0, 3)]
    learned, judged = train.divided(files)
    assert len(judged) == 4
    assert not {file.stem[:15] for file in learned} & {file.stem[:15] for file in judged}


def test_the_rate_rises_and_falls():
    assert train.rate_at(0, 1000, 1.0) < 0.02
    assert train.rate_at(100, 1000, 1.0) > 0.9
    assert train.rate_at(999, 1000, 1.0) < 0.03
