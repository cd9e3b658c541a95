"""The detail head, the parts of plates it learns from, and the folds it sees."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate, normalize

from core.field.colour import linear_to_srgb
from core.field.detail import AROUND, DARK, PER_FEATURE, DetailHead, contrast_of, cut
from core.field.encoder import Maps
from core.field.illumination import diffuse_shading, diffuse_slope
from training.field.augment import mirrored
from training.field.batch import Wish, batch_of, sample_of
from training.field.fine import RIM, of_part, sample_corner, without_rim
from training.field.folds import STEEPEST, WAVES, folded, ironed, sample_folds
from training.field.losses import detail_losses
from training.field.plates import Plate, plate_files

WISH = Wish(plates=2, surface=20, near=40, far=10, fine=64)
LIGHT = torch.tensor([3.0, -0.6, 0.4, 0.3, 0.2, -0.3, 0.1, 0.2, -0.1])[None, :, None].expand(1, 9, 3)


def maps_of_noise(side=32):
    rng = torch.Generator().manual_seed(3)
    towards = torch.tensor([0.0, 0, -2])[None, :, None, None]
    normal = normalize(torch.randn(1, 3, side, side, generator=rng) * 0.3 + towards, dim=1)
    return Maps(normal, 0.2 * torch.randn(1, 3, side, side, generator=rng), *[torch.zeros(1)] * 5)


@pytest.fixture
def head():
    torch.manual_seed(0)
    return DetailHead(6, 16).eval()


def test_a_new_head_says_what_the_encoder_says(head):
    """Its correction starts at nothing: the coarse maps enlarged."""
    maps = maps_of_noise()
    found = head(torch.rand(1, 4, 64, 64), torch.randn(1, 6, 16, 16), maps, LIGHT)
    np.testing.assert_allclose(
        found.log_shading.detach(), interpolate(maps.log_shading, scale_factor=2.0, mode="bilinear", align_corners=False), atol=1e-6
    )
    np.testing.assert_allclose(found.normal.detach().norm(dim=1), 1, atol=1e-5)


def test_a_part_is_answered_as_in_the_whole(head):
    """Away from the part's rim, where the head would see beyond it."""
    torch.nn.init.normal_(head.leave.weight, std=0.05)
    maps, fine, features = maps_of_noise(64), torch.rand(1, 4, 128, 128), torch.randn(1, 6, 32, 32)
    corner = torch.tensor([[4, 10]])
    x, y = (PER_FEATURE * int(place) for place in corner[0])
    with torch.no_grad():
        whole = head(fine, features, maps, LIGHT)
        part = head(fine[:, :, y : y + 64, x : x + 64], features, maps, LIGHT, corner)
    inner = slice(RIM + 4, 64 - RIM - 4)
    # group normalisation sees the part alone, so the answers are alike, not the same
    away = (whole.normal[:, :, y : y + 64, x : x + 64] - part.normal)[:, :, inner, inner].abs().mean()
    assert away < 0.02
    assert torch.equal(cut(features, corner, 5)[0], features[0, :, 10:15, 4:9])


def test_the_slope_of_shading_is_its_derivative():
    """Against finite differences along two directions of the tangent plane."""
    normal = maps_of_noise(8).normal_front.double()
    light = LIGHT.double()
    slope = diffuse_slope(normal, light)
    assert (slope * normal).sum(dim=1).abs().max() < 1e-6

    def log_shading(directions):
        return diffuse_shading(directions.flatten(2).transpose(1, 2), light).mean(dim=2).log().unflatten(1, (8, 8))

    for axis in (torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0.2])):
        axis = axis.double()[None, :, None, None]
        along = normalize(axis - (axis * normal).sum(dim=1, keepdim=True) * normal, dim=1)
        step = 1e-4
        grown = (log_shading(normalize(normal + step * along, dim=1)) - log_shading(normalize(normal - step * along, dim=1))) / (2 * step)
        np.testing.assert_allclose((slope * along).sum(dim=1), grown, atol=1e-4)


def test_contrast_is_brightness_against_what_lies_around():
    """None on one colour, whatever lies beside the person; a stripe twice as bright stands out by the logarithm of it."""
    linear = torch.full((1, 3, 64, 64), 0.2)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 8:56] = 1
    photo = lambda values: torch.cat([(linear_to_srgb(values) - 0.5) * mask, mask], 1)  # noqa: E731
    assert contrast_of(photo(linear)).abs().max() < 1e-5
    linear[..., 30, :] = 0.4
    found = contrast_of(photo(linear))[0, 0]
    share = 1 / (3 * AROUND)
    assert found[30, 30] == pytest.approx((1 - share) * np.log((0.4 + DARK) / (0.2 + DARK)), rel=0.1)
    assert found[30, 60] == 0
    assert found[2, 30] == pytest.approx(0, abs=1e-5)


def test_painted_folds_are_ironed_out_and_colours_stay():
    stripes = 0.3 + 0.1 * torch.sin(torch.arange(64.0) * 0.8)[None, :, None].expand(3, 64, 64)
    albedo = linear_to_srgb(stripes * torch.tensor([1.0, 0.7, 0.4])[:, None, None])
    share = (torch.arange(64) < 32).float().expand(64, 64)
    found = ironed(albedo, torch.ones(1, 64, 64), share, AROUND)
    assert torch.allclose(found[:, :, 32:], albedo[:, :, 32:], atol=1e-5)
    assert found[0, 8:56, :32].std() < 0.25 * albedo[0, 8:56, :32].std()
    hue = lambda colour: float((colour[0] / colour[2])[8:56, :32].mean())  # noqa: E731
    assert hue(found) == pytest.approx(hue(albedo), rel=0.02)


def test_parts_lie_over_their_place(plates):
    """What the part shows is what the picture shows there, relit, folded and recoloured too; its corner lies on the transfer's cells."""
    plate = Plate(plate_files(plates)[0])
    for seed in range(6):
        s = sample_of(plate, replace(WISH, relit=1.0), np.random.default_rng(seed))
        assert (s["corner"] % 2 == 0).all()
        for name in ("normal", "albedo"):
            shrunk = torch.nn.functional.avg_pool2d(s[f"fine_{name}"][None], 2)[0]
            away = (of_part(s[name], s) - shrunk).abs() * (of_part(s["alpha"], s) > 0.9)
            assert away.mean() < 0.05, name
        lit = torch.nn.functional.avg_pool2d(s["fine_log_shading"][None], 2)[0]
        assert ((of_part(s["log_shading"], s) - lit).abs() * of_part(s["alpha"], s)).mean() < 0.15


def test_parts_go_through_the_mirror(plates):
    plate = Plate(plate_files(plates)[0])
    s = sample_of(plate, replace(WISH, augment=False), np.random.default_rng(0))
    s["corner"] = torch.tensor([4, 2])
    turned = mirrored(s)
    assert turned["corner"].tolist() == [32 - 4 - 16, 2]
    back = mirrored(turned)
    assert all(torch.equal(s[name], back[name]) for name in s if name.startswith("fine_") or name == "corner")
    assert torch.equal(turned["fine_normal"][0], -s["fine_normal"][0].flip(-1))


def test_parts_are_of_the_person_and_within_the_picture():
    alpha = torch.zeros(256, 256)
    alpha[40:240, 100:130] = 1
    rng = np.random.default_rng(0)
    corners = np.array([sample_corner(alpha, 256, 512, rng) for _ in range(200)])
    assert corners.min() >= 0
    assert corners.max() <= 64
    assert (corners[:, 1] < 10).mean() > 0.25, "the head's share"
    assert sample_corner(torch.zeros(256, 256), 256, 512, rng) == [0, 0]


def test_the_rim_is_not_judged_where_the_picture_goes_on():
    found = without_rim(torch.ones(1, 64, 64), torch.tensor([0, 4]), 128)
    assert found[0, 30, 0] == 1, "the picture's own edge"
    assert found[0, :RIM].sum() == 0
    assert found[0, :, -RIM:].sum() == 0
    assert found[0, RIM:-RIM, : 64 - RIM].min() == 1


def test_flat_cloth_tilts_as_its_slope_says():
    """A slope of .3 along x on cloth that faces the camera; nothing where no cloth is, nor where no surface is."""
    normal = torch.zeros(3, 4, 4)
    normal[2] = -1
    normal[:, :, 3] = 0
    slopes, cloth = torch.zeros(2, 4, 4), torch.zeros(4, 4)
    slopes[0], cloth[:2] = 0.3, 1
    found = folded(normal, slopes, cloth)
    np.testing.assert_allclose(found[:, 0, 0], np.array([-0.3, 0, -1]) / np.hypot(0.3, 1), atol=1e-6)
    assert torch.equal(found[:, 2:], normal[:, 2:])
    assert (found[:, :, 3] == 0).all()


def test_folds_are_as_steep_and_as_wide_as_they_say():
    """Root mean squares of the slopes to about a half; from crease to crease some ten to forty pixels."""
    steep, waves = [], []
    for seed in range(30):
        slopes = sample_folds(np.random.default_rng(seed), 512)
        steep.append(np.sqrt((slopes**2).sum(0).mean()))
        turns = [np.diff(np.sign(part), axis=along).astype(bool).mean() for part, along in ((slopes[0], 1), (slopes[1], 0))]
        waves.append(2 / max(turns))
    assert 0.05 < min(steep) < max(steep) < STEEPEST
    assert WAVES[0] / 2 < np.median(waves) < WAVES[1]


def test_the_truths_own_detail_costs_nothing(plates):
    batch = batch_of(plate_files(plates), replace(WISH, augment=False), 0, 0)

    class Encoded:
        detail = type("Detail", (), {"normal": batch.fine.normal, "log_shading": batch.fine.log_shading})

    found = detail_losses(Encoded, batch)
    assert found["detail_normal"] < 1e-3
    assert found["detail_edge"] == 0
    assert found["detail_shading"] == 0
    Encoded.detail = None
    assert detail_losses(Encoded, batch) == {}
