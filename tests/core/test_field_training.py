"""Training runs: they go on to the same numbers, they learn, and they refuse what does not fit."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.field.config import FieldConfig
from core.field.files import save_field
from core.field.network import FieldNetwork
from training.field import train
from training.field.batch import BODY_SHARE, Wish, batch_of
from training.field.checkpoint import RunningMean, load_checkpoint, save_checkpoint
from training.field.muon import Muon, optimisers_of, orthogonal
from training.field.plates import Plate, plate_files, write_plate
from training.field.usual_light import usual_light

TINY = FieldConfig(picture=64, widths=(8, 16, 16), features=8, fine=4, hidden=32, layers=2, fourier=2, blocks=2)


def options(plates, out, steps, **more) -> argparse.Namespace:
    out.mkdir(exist_ok=True)
    given = {"plates": [plates], "out": out, "size": "small", "init": None, "steps": steps, "minutes": 0,
             "batch": 2, "surface": 20, "near": 40,
             "far": 10, "rate": 1e-3, "seed": 0, "workers": 0, "bf16": False, "optimiser": "muon", "every": 60, "log": 1, "patches": 2,
             "shift": 0.0, "relit": 0.5, "loose": 1, "kept": train.JUDGED, "grow": False,
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


def test_the_bodys_volume_trains_too(ball_plate, tmp_path, monkeypatch):
    """PaMIR's voxels go through convolutions in three dimensions, which are laid out otherwise than a picture's."""
    folder = tmp_path / "plates"
    folder.mkdir()
    arrays, facts = ball_plate(0)
    voxels = np.random.default_rng(0).random((4, 8, 8, 8)).astype(np.float16)
    write_plate(folder / "people-00000-00-0.safetensors", arrays | {f"{body}/volume": voxels for body in facts["bodies"]}, facts)
    monkeypatch.setitem(train.SIZES, "small", replace(TINY, volume=8, volume_width=4))
    given = options(folder, tmp_path / "run", 2, conditioning="volume", relit=0.0, patches=0)
    train.train(given)
    moved = load_file(tmp_path / "run" / "checkpoint.safetensors")
    steps = [value for name, value in moved.items() if name.startswith("exp_avg/volume_encoder")]
    assert any(value.ndim == 5 for value in steps)
    assert all(value.abs().max() > 0 for value in steps)


@pytest.mark.parametrize("optimiser", ["muon", "adamw"])
def test_training_learns(plates, tmp_path, tiny, optimiser):
    """Sixty steps on six balls: the surface is learned away from the body's, which is five centimetres inside."""
    train.train(options(plates, tmp_path / "run", 60, log=1, patches=0, rate=4e-3, optimiser=optimiser))
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    first, last = (np.mean([line["on_surface"] for line in part if "on_surface" in line]) for part in (log[:3], log[-6:]))
    assert last < 0.5 * first


def test_checkpoints_of_another_configuration_are_refused(tmp_path):
    network = FieldNetwork(TINY)
    save_checkpoint(tmp_path / "a.safetensors", network, RunningMean(network), optimisers_of(network, 1e-3, True), 3)
    other = FieldNetwork(replace(TINY, hidden=48))
    with pytest.raises(ValueError, match="another configuration"):
        load_checkpoint(tmp_path / "a.safetensors", other, RunningMean(other), optimisers_of(other, 1e-3, True))


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
    assert torch.equal(grown.illumination.code[0].weight, old.illumination.code[0].weight)
    assert grown.encoder.to_fine.weight.shape != old.encoder.to_fine.weight.shape


def test_a_wider_and_deeper_network_begins_with_the_answers_it_grew_from(plates, tmp_path, monkeypatch, tiny):
    old = FieldNetwork(replace(TINY, blocks=1)).eval()
    for parameter in old.parameters():  # nothing at nothing, or new blocks and layers could hide there
        torch.nn.init.normal_(parameter, std=0.2)
    save_field(old, tmp_path / "old.safetensors", half=False)
    monkeypatch.setitem(train.SIZES, "small", replace(TINY, hidden=TINY.hidden + 24, layers=TINY.layers + 1, blocks=3))
    grown = train.beginning(options(plates, tmp_path / "run", 1, init=tmp_path / "old.safetensors", grow=True)).eval()
    batch = batch_of(plate_files(plates), Wish(plates=2, surface=20, near=40, far=10, augment=False), 0, 0)
    with torch.no_grad():
        answers = [network(batch.picture, batch.points, batch.nearest)[1] for network in (old, grown)]
    torch.testing.assert_close(answers[1].distance, answers[0].distance, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(answers[1].albedo, answers[0].albedo, rtol=1e-4, atol=1e-5)
    assert grown.mlp.enter.weight[TINY.hidden :].abs().sum() > 0, "new units are there to be learned with"


def test_usual_lights_are_those_of_the_photographs(plates):
    """Mean and spread of the plates' own lights over their own shading."""
    files = plate_files(plates)
    wish = Wish(plates=2, surface=20, near=40, far=10, augment=False)
    mean, precision = usual_light(files, wish, 0, batches=3)
    lights = []
    for file in files:
        plate = Plate(file)
        there = (plate["mask"].numpy() > 230)[..., None]
        shading = (np.exp(np.float32(plate["log_shading"])) * there).sum((0, 1)) / there.sum()
        lights.append(plate["light"].numpy().T / shading[:, None])
    lights = np.concatenate(lights)
    np.testing.assert_allclose(mean, lights.mean(0), atol=1e-4)
    np.testing.assert_allclose(np.linalg.inv(precision.double()), np.cov(lights.T) + 1e-3 * np.eye(9), atol=1e-3)


def test_rays_go_with_exact_bodies_where_points_are_shifted(plates):
    for shift, wanted in ((0.0, dict(BODY_SHARE)), (1.0, {"exact": 1.0})):
        seen = []
        steps = train.Steps(plate_files(plates), Wish(plates=2, surface=20, near=40, far=10, shift=shift), 0, 0, 4, 0, patches=2)
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
    files = [Path(f"people-00000-{person:02d}-{view}.safetensors") for person in range(50) for view in (0, 3)]
    learned, judged = train.divided(files)
    assert len(judged) == 4
    assert not {file.stem[:15] for file in learned} & {file.stem[:15] for file in judged}


def test_wide_clothes_come_more_often(plates, monkeypatch):
    """The balls' clothes are all five centimetres wide."""
    files = plate_files(plates)
    assert train.loose_more_often(files, 1) == files
    assert sorted(train.loose_more_often(files, 3)) == sorted(3 * files)
    monkeypatch.setattr(train, "LOOSE", 0.06)
    assert train.loose_more_often(files, 3) == files


def test_the_rate_rises_and_falls():
    assert train.rate_at(0, 1000, 1.0) < 0.02
    assert train.rate_at(100, 1000, 1.0) > 0.9
    assert train.rate_at(999, 1000, 1.0) < 0.03


def test_orthogonal_steps_have_singular_values_of_about_one():
    """Whatever the gradient's were, tall or wide; its singular vectors stay."""
    for shape in ((24, 60), (60, 24), (16, 16)):
        matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0)) @ torch.diag(torch.logspace(0, -1.2, shape[1]))
        found = orthogonal(matrix)
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        inner = left.T @ found @ right.T
        assert (inner - torch.diag(inner.diagonal())).abs().max() < 1e-3
        assert inner.diagonal().min() > 0.3
        assert inner.diagonal().max() < 1.3


def test_muon_moves_a_convolution_as_a_matrix_and_leaves_the_ends_to_adamw():
    weight = torch.nn.Parameter(torch.randn(6, 3, 3, 3, generator=torch.Generator().manual_seed(0)))
    before, weight.grad = weight.detach().clone(), torch.randn(6, 3, 3, 3, generator=torch.Generator().manual_seed(1))
    Muon([weight], 0.01).step()
    moved = (weight - before * (1 - 0.01 * 0.01)).flatten(1)
    want = -0.01 * 0.2 * 27**0.5 * orthogonal(0.0975 * weight.grad.flatten(1))
    torch.testing.assert_close(moved.detach(), want, atol=1e-6, rtol=1e-4)
    network = FieldNetwork(TINY)
    inner, rest = optimisers_of(network, 1e-3, True)
    held = [{id(one) for group in part.param_groups for one in group["params"]} for part in (inner, rest)]
    assert not held[0] & held[1]
    assert held[0] | held[1] == {id(one) for one in network.parameters()}
    assert id(network.mlp.leave.weight) in held[1]
    assert id(network.mlp.layers[0].weight) in held[0]
    assert id(network.encoder.downs[0].weight) in held[0]
