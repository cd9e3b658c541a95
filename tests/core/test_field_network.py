"""The field's network: pixel-aligned sampling against a slow version, light and shading against numpy, batches, and its weights' file."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import WeightsCorrupt
from core.field.colour import linear_to_srgb, srgb_to_linear
from core.field.config import FieldConfig, from_dict, to_dict
from core.field.encoder import carried_on
from core.field.files import load_field, save_field
from core.field.illumination import IlluminationHead, diffuse_shading, light_told, sh_basis, solved_light
from core.field.network import FieldNetwork, Picture, photo_albedo
from core.field.sampling import fourier, project, sample, sample_volume
from core.light import irradiance
from core.light import sh_basis as sh_basis_numpy
from core.surface.view import to_linear

TINY = FieldConfig(picture=64, widths=(8, 16, 16), features=8, fine=4, hidden=32, layers=2, fourier=2, volume=8, volume_width=4)


def picture_of_noise(config, batch=2, seed=0):
    rng = torch.Generator().manual_seed(seed)
    side, half = config.picture, config.half
    volume = torch.randn(batch, 4, config.volume, config.volume, config.volume, generator=rng) if config.uses_volume else None
    photo = torch.rand(batch, 4, side, side, generator=rng) - torch.tensor([0.5, 0.5, 0.5, 0])[:, None, None]
    return Picture(
        photo,
        torch.randn(batch, 9, half, half, generator=rng),
        torch.tensor([[60.0, 60, 32, 32]]).expand(batch, -1),
        torch.tensor([[0.0, 0, 3]]).expand(batch, -1),
        torch.full((batch, 1), 0.1),
        volume,
        torch.rand(batch, 4, 2 * side, 2 * side, generator=rng) - 0.5,
    )


def points_of_noise(batch=2, count=7, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(batch, count, 3, generator=rng) * 0.4 + torch.tensor([0, 0, 3.0]), torch.randn(batch, count, 10, generator=rng) * 0.3


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return FieldNetwork(TINY).eval()


def test_sampling_equals_the_slow_version():
    """Bilinear between pixel centres, held beyond the edge, whatever the map's own size."""
    rng = np.random.default_rng(0)
    features, side = rng.normal(size=(1, 3, 8, 8)), 16
    pixels = rng.uniform(-3, 19, (20, 2))
    found = sample(torch.tensor(features), torch.tensor(pixels)[None], side)[0].numpy()
    for (x, y), value in zip(pixels, found, strict=True):
        x, y = np.clip(np.array([x, y]) * 8 / side - 0.5, 0, 7)
        left, top = min(int(x), 6), min(int(y), 6)
        part = features[0, :, top : top + 2, left : left + 2]
        across = part[..., 0] * (1 - (x - left)) + part[..., 1] * (x - left)
        np.testing.assert_allclose(value, across[:, 0] * (1 - (y - top)) + across[:, 1] * (y - top), atol=1e-5)


def test_projection_is_the_cameras(made_up):
    camera = made_up.make_camera()
    points = np.random.default_rng(0).normal(size=(9, 3)) * 0.5
    found = project(torch.tensor(camera.to_camera(points))[None], torch.tensor(np.float64(camera.intrinsics))[None])[0].numpy()
    np.testing.assert_allclose(found, camera.project(points), rtol=1e-9)


def test_values_are_carried_on_beyond_their_outline():
    """Inside they stay; beside an arm at 0.4 m it is the arm's depth, beside a trunk at 0 m the trunk's; without anything, otherwise."""
    values, there = torch.zeros(2, 1, 32, 32), torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    values[0, 0, 4:12, 4:8], values[0, 0, :, 24:28] = 0.4, 0.01
    there[0, 0, 4:12, 4:8], there[0, 0, :, 24:28] = True, True
    filled = carried_on(values, there, torch.tensor([-0.1])[None, :, None, None])
    assert torch.equal(filled[there], values[there])
    assert (filled[0, 0, 6:10, 8:10] - 0.4).abs().max() < 0.12
    assert (filled[0, 0, 16:, 29:] - 0.01).abs().max() < 0.02
    assert filled[0].min() >= 0.0
    assert filled[0].max() <= 0.4 + 1e-6
    assert torch.allclose(filled[1], torch.tensor(-0.1))


def test_volume_is_read_along_x_y_z():
    """The value of a cell comes back at the cell's middle: W along x, H along y, D along z."""
    volume = torch.arange(64.0).reshape(1, 1, 4, 4, 4)
    middle = lambda cell: (cell + 0.5) / 4 * 2 - 1  # noqa: E731
    place = torch.tensor([[[middle(3), middle(1), middle(2)]]])
    assert sample_volume(volume, place).item() == pytest.approx(2 * 16 + 1 * 4 + 3, abs=1e-4)


def test_fourier_has_values_then_octaves():
    found = fourier(torch.tensor([[0.25]]), 2)[0]
    np.testing.assert_allclose(found, [0.25, np.sin(np.pi / 4), np.sin(np.pi / 2), np.cos(np.pi / 4), np.cos(np.pi / 2)], atol=1e-6)


def test_spherical_harmonics_are_cores():
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(30, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    light = rng.normal(size=(9, 3))
    np.testing.assert_allclose(sh_basis(torch.tensor(directions)).numpy(), sh_basis_numpy(directions), atol=1e-12)
    shading = diffuse_shading(torch.tensor(directions)[None], torch.tensor(light)[None])[0].numpy()
    np.testing.assert_allclose(shading, irradiance(light, directions) / np.pi, atol=1e-12)


def test_light_is_solved_from_its_own_shading():
    """From normals all round the light itself, of each of a batch; from one's own shading no other light than the estimate."""
    rng = torch.Generator().manual_seed(0)
    normals = torch.nn.functional.normalize(torch.randn(2, 500, 3, generator=rng, dtype=torch.float64), dim=2)
    light, guess = torch.randn(2, 9, 3, generator=rng, dtype=torch.float64), torch.zeros(2, 9, 3, dtype=torch.float64)
    share, held = torch.full((2, 500, 1), 1 / 500, dtype=torch.float64), torch.eye(9)
    np.testing.assert_allclose(solved_light(normals, diffuse_shading(normals, light), share, guess, 1e-9 * held), light, atol=1e-5)
    np.testing.assert_allclose(solved_light(normals, diffuse_shading(normals, guess + 1), share, guess + 1, held), guess + 1, atol=1e-9)


def test_maps_tell_their_light_where_the_person_is_seen():
    """Shading made by a light tells that light; what is not seen does not count."""
    rng = torch.Generator().manual_seed(1)
    normals = torch.nn.functional.normalize(torch.randn(1, 3, 64, 64, generator=rng), dim=1)
    light, head = torch.zeros(1, 9, 3), IlluminationHead(8)
    light[:, 0], light[:, 3] = 2.0, 0.8
    shading = diffuse_shading(normals.flatten(2).transpose(1, 2), light).transpose(1, 2).unflatten(2, (64, 64))
    seen = (torch.arange(64) < 32).float().expand(1, 1, 64, 64)
    log = shading.clamp_min(1e-3).log()
    found = light_told(normals, torch.where(seen > 0, log, 3.0), seen, head.usual, head.precision)
    np.testing.assert_allclose(found[:, 0], light[:, 0], rtol=0.02)
    np.testing.assert_allclose(found[:, 3], 0.73 * light[:, 3], rtol=0.05)  # the mean of Y² is 1 / 4π: .0796 / (.0796 + 15 · TRUST)
    np.testing.assert_allclose(found, light_told(normals, log, seen, head.usual, head.precision), atol=1e-5)
    assert light_told(normals, log, torch.zeros_like(seen), head.usual, head.precision).isfinite().all(), "nobody there"


def test_what_nobody_sees_of_the_light_is_the_usual():
    """Normals of one half alone, under a light whose other half follows from it in all lights before: that half is told too."""
    rng = torch.Generator().manual_seed(2)
    normals = torch.nn.functional.normalize(torch.randn(1, 3, 64, 64, generator=rng), dim=1)
    normals[:, 2] = -normals[:, 2].abs()
    before = torch.zeros(400, 9)  # x tells y, and the mean is always 3
    before[:, 0], before[:, 3] = 3.0, torch.randn(400, generator=rng)
    before[:, 1] = 2 * before[:, 3]
    usual, precision = before.mean(0), torch.linalg.inv(torch.cov(before.T) + 1e-4 * torch.eye(9))
    normals[:, 1] = 0.0  # nothing is turned up or down
    normals = torch.nn.functional.normalize(normals, dim=1)
    light = torch.zeros(1, 9, 3)
    light[:, 0], light[:, 3], light[:, 1] = 3.0, 0.5, 1.0
    shading = diffuse_shading(normals.flatten(2).transpose(1, 2), light).transpose(1, 2).unflatten(2, (64, 64))
    seen = torch.ones(1, 1, 64, 64)
    level = shading.mean(dim=(2, 3)).mean()
    found = light_told(normals, shading.clamp_min(1e-3).log(), seen, usual / level, precision * level**2)
    np.testing.assert_allclose(found[0, [0, 1, 3]], light[0, [0, 1, 3]], rtol=0.05)
    blind = IlluminationHead(8)
    assert light_told(normals, shading.clamp_min(1e-3).log(), seen, blind.usual, blind.precision)[0, 1].abs().max() < 0.05


def test_photo_over_its_shading_is_its_albedo():
    rng = torch.Generator().manual_seed(0)
    albedo, log_shading = torch.rand(1, 3, 4, 4, generator=rng), -torch.rand(1, 3, 4, 4, generator=rng)
    photo = linear_to_srgb(srgb_to_linear(albedo) * log_shading.exp())
    np.testing.assert_allclose(photo_albedo(torch.cat([photo - 0.5, torch.ones(1, 1, 4, 4)], 1), log_shading), albedo, atol=1e-4)
    np.testing.assert_allclose(srgb_to_linear(albedo), to_linear(albedo.numpy()), atol=1e-6)


@pytest.mark.parametrize("conditioning", ["none", "nearest", "volume", "both"])
def test_every_conditioning_answers_and_learns(conditioning):
    """Shapes, ranges, and a derivative in every weight: nothing in the network is idle."""
    config = FieldConfig(**{**TINY.__dict__, "conditioning": conditioning})
    torch.manual_seed(0)
    network = FieldNetwork(config)
    encoded, answer = network(picture_of_noise(config), *points_of_noise())
    assert answer.distance.shape == (2, 7)
    assert answer.albedo.shape == (2, 7, 3)
    np.testing.assert_allclose(answer.alpha.sum(-1).detach(), 1, atol=1e-5)
    assert ((answer.albedo >= 0) & (answer.albedo <= 1)).all()
    normals = torch.nn.functional.normalize(torch.randn(2, 5, 3), dim=-1)
    losses = [answer.distance.square().sum(), answer.albedo.sum(), answer.label.square().sum(), encoded.light.square().sum()]
    losses += [(picture**2).sum() * (1 + number) for number, picture in enumerate(encoded.maps)]
    losses += [
        network.shading(normals, encoded.light).square().sum(),
        encoded.maps.normal_front[:, 0].sum(),
        encoded.maps.normal_back[:, 1].sum(),
        encoded.detail.normal[:, 0].sum(),
        encoded.detail.log_shading.square().sum(),
    ]
    sum(losses).backward()
    first = {name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.abs().sum() > 0}
    zero_at_start = {
        name for name in first if ".layers." in name or name.startswith(("detail.enter", "detail.to"))
    }  # before layers that start at zero
    assert first == zero_at_start


def test_a_batch_equals_its_singles(network):
    picture, (points, nearest) = picture_of_noise(TINY), points_of_noise()
    with torch.no_grad():
        _, whole = network(picture, points, nearest)
        for number in range(2):
            one = Picture(*(part if part is None else part[number : number + 1] for part in picture))
            _, single = network(one, points[number : number + 1], nearest[number : number + 1])
            np.testing.assert_allclose(single.distance[0], whole.distance[number], atol=1e-5)
            np.testing.assert_allclose(single.albedo[0], whole.albedo[number], atol=1e-5)


def test_an_untrained_field_is_nearly_the_body(network):
    """The body's distance plus a residual that starts small: training begins from the body's own surface."""
    picture, (points, nearest) = picture_of_noise(TINY), points_of_noise()
    with torch.no_grad():
        distance = network(picture, points, nearest)[1].distance
    assert (distance - nearest[..., 0]).abs().max() < 0.1


# --- files -------------------------------------------------------------------------------------------------------------------------


def test_weights_come_back(network, tmp_path):
    save_field(network, tmp_path / "field.safetensors", half=False)
    back = load_field(tmp_path / "field.safetensors", expected=TINY)
    assert back.config == TINY
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in back.state_dict().items())


def test_weights_of_another_configuration_are_refused(network, tmp_path):
    path = tmp_path / "field.safetensors"
    save_field(network, path)
    with pytest.raises(WeightsCorrupt, match="another configuration"):
        load_field(path, expected=FieldConfig())
    wider = FieldConfig(**{**TINY.__dict__, "hidden": 48})
    save_file(load_file(path), path, {"config": json.dumps(to_dict(wider))})
    with pytest.raises(WeightsCorrupt, match="does not fit"):
        load_field(path)


def test_weights_that_are_no_numbers_are_refused(network, tmp_path):
    path = tmp_path / "field.safetensors"
    save_field(network, path)
    tensors = load_file(path)
    tensors["mlp.leave.bias"][0] = float("nan")
    save_file(tensors, path, {"config": json.dumps(to_dict(TINY))})
    with pytest.raises(WeightsCorrupt, match="not finite"):
        load_field(path)


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x08\0\0\0\0\0\0\0{}      "])
def test_files_that_hold_no_field_are_refused(content, tmp_path):
    path = tmp_path / "field.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsCorrupt, match="holds no field"):
        load_field(path)


def test_configurations_of_other_versions_are_refused():
    assert from_dict(to_dict(TINY)) == TINY
    with pytest.raises(WeightsCorrupt, match="another version"):
        from_dict(to_dict(TINY) | {"depth": 3})
    with pytest.raises(WeightsCorrupt, match="cannot be"):
        from_dict(to_dict(TINY) | {"conditioning": "hearsay"})
