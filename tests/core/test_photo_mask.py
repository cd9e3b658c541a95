"""Masks: the guided filter against its definition, and outlines found again on made-up pictures."""

import numpy as np
import pytest

from core.photo import mask as mask_module
from core.photo.frame import Frame, square_frame
from core.photo.guided import guided_coefficients, solved
from core.photo.mask import ASTRAY, mask_overlap, person_mask, sharpen, work_frame
from core.photo.person import Photo


def slow_guided(guide, mask, radius, eps):
    """The guided filter by its definition: a least-squares fit in every window, then the mean of all windows over a pixel."""
    height, width = mask.shape
    pad = [(radius, radius)] * 2
    wide_guide, wide_mask = np.pad(guide, [*pad, (0, 0)], "symmetric"), np.pad(mask, pad, "symmetric")
    fits = np.zeros((height, width, 4))
    for y in range(height):
        for x in range(width):
            colours = wide_guide[y : y + 2 * radius + 1, x : x + 2 * radius + 1].reshape(-1, 3)
            values = wide_mask[y : y + 2 * radius + 1, x : x + 2 * radius + 1].ravel()
            centred = colours - colours.mean(axis=0)
            a = np.linalg.solve(centred.T @ centred / len(values) + eps * np.eye(3), centred.T @ values / len(values))
            fits[y, x] = [*a, values.mean() - a @ colours.mean(axis=0)]
    wide = np.pad(fits, [*pad, (0, 0)], "symmetric")
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            mean = wide[y : y + 2 * radius + 1, x : x + 2 * radius + 1].reshape(-1, 4).mean(axis=0)
            out[y, x] = mean[:3] @ guide[y, x] + mean[3]
    return out


def test_guided_filter_against_its_definition():
    rng = np.random.default_rng(0)
    guide, mask = np.float32(rng.uniform(size=(14, 17, 3))), np.float32(rng.uniform(size=(14, 17)) > 0.5)
    a, b = guided_coefficients(guide, mask, 2, 1e-2)
    assert np.allclose((a * guide).sum(axis=-1) + b, slow_guided(guide, mask, 2, 1e-2), atol=1e-4)


def test_guided_filter_keeps_a_constant_mask():
    guide = np.float32(np.random.default_rng(0).uniform(size=(10, 12, 3)))
    a, b = guided_coefficients(guide, np.full((10, 12), 0.7, np.float32), 3, 1e-4)
    assert np.allclose(a, 0, atol=1e-3)
    assert np.allclose((a * guide).sum(axis=-1) + b, 0.7, atol=1e-4)


def test_solved_against_numpy():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(4, 5, 3, 3))
    matrices, right = half @ half.swapaxes(-1, -2) + 0.1 * np.eye(3), rng.normal(size=(4, 5, 3))
    assert np.allclose(solved(matrices, right), np.linalg.solve(matrices, right[..., None])[..., 0])


def ellipse(width: int, height: int, centre, radii) -> np.ndarray:
    y, x = np.mgrid[:height, :width] + 0.5
    return ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 < 1


def scene(width: int, height: int, centre, radii, alpha=None) -> tuple[Photo, np.ndarray]:
    """A reddish ellipse before a bluish ground, both a little noisy, and where it is."""
    inside = ellipse(width, height, centre, radii)
    noise = np.random.default_rng(0).normal(0, 6, (height, width, 3))
    pixels = np.where(inside[..., None], (190, 80, 60), (60, 90, 160)) + noise
    return Photo(np.uint8(pixels.clip(0, 255)), alpha, None, "made up"), inside


def coarse_of(frame: Frame, centre, radii) -> np.ndarray:
    """A network's blurred mask of an ellipse in the photo, 0..1, in the frame."""
    y, x = np.mgrid[: frame.size[1], : frame.size[0]] + 0.5
    places = frame.to_photo(np.stack([x.ravel(), y.ravel()], axis=1))
    away = np.hypot((places[:, 0] - centre[0]) / radii[0], (places[:, 1] - centre[1]) / radii[1]) - 1
    return (1 / (1 + np.exp(away * min(radii) / frame.step))).reshape(frame.size[::-1])


@pytest.mark.parametrize("work", [900, 110])
def test_outline_is_found_again(monkeypatch, work):
    """From a coarse mask that is off by two of its own pixels, also where the photo is larger than the working picture."""
    monkeypatch.setattr(mask_module, "WORK", work)
    centre, radii = np.array([100.0, 110.0]), np.array([50.0, 80.0])
    photo, truth = scene(200, 220, centre, radii)
    frame = square_frame(centre, 220.0, 128)
    coarse = coarse_of(frame, centre + 1.2 * frame.step, radii + 0.8 * frame.step)
    mask, warnings = person_mask(photo, coarse, frame, [])
    before = mask_overlap(frame.give(np.float32(coarse), Frame(np.zeros(2), np.eye(2), photo.size)) > 0.5, truth)
    assert mask.shape == truth.shape
    assert mask_overlap(mask > 127, truth) > 0.985 > 0.96 > before
    assert warnings == ()


def test_turned_frame_changes_little():
    centre, radii = np.array([100.0, 110.0]), np.array([50.0, 80.0])
    photo, truth = scene(200, 220, centre, radii)
    frame = square_frame(centre, 230.0, 128, up=np.array([0.6, -0.8]))
    mask, _ = person_mask(photo, coarse_of(frame, centre, radii), frame, [])
    assert mask_overlap(mask > 127, truth) > 0.99


def test_person_cut_by_the_photos_edge(monkeypatch):
    """A mask that reaches the photo's edge reaches it fully, also when it was made smaller: no dark rim."""
    monkeypatch.setattr(mask_module, "WORK", 60)
    centre, radii = np.array([100.0, 230.0]), np.array([60.0, 120.0])
    photo, _ = scene(200, 220, centre, radii)
    frame = square_frame(np.array([100.0, 180.0]), 280.0, 128)
    mask, _ = person_mask(photo, coarse_of(frame, centre, radii), frame, [])
    assert mask[-1, 60:140].min() > 240


def test_other_people_stay_outside():
    left, right, radii = np.array([70.0, 110.0]), np.array([140.0, 110.0]), np.array([40.0, 80.0])
    photo, truth = scene(220, 220, left, radii)
    other_truth = ellipse(220, 220, right, radii)
    pixels = np.where((other_truth & ~truth)[..., None], np.uint8([190, 80, 60]), photo.pixels)  # dressed alike
    frame = square_frame(np.array([105.0, 110.0]), 220.0, 128)
    greedy = np.maximum(coarse_of(frame, left, radii), 0.8 * coarse_of(frame, right, radii))
    other = (coarse_of(frame, right, radii), frame)
    alone, _ = person_mask(Photo(pixels, None, None, ""), greedy, frame, [])
    beside, _ = person_mask(Photo(pixels, None, None, ""), greedy, frame, [other])
    core = ellipse(220, 220, right, radii - 12)
    assert alone[core].mean() > 200
    assert beside[core].max() == 0
    assert beside[ellipse(220, 220, left, radii - 12)].min() > 200


def test_files_own_cutout_is_the_mask():
    centre, radii = np.array([100.0, 110.0]), np.array([50.0, 80.0])
    alpha = np.uint8(np.where(ellipse(200, 220, centre, radii), 255, 0))
    alpha[:, 100] = alpha[:, 100] // 2  # a detail no outline would find
    photo, _ = scene(200, 220, centre, radii, alpha)
    frame = square_frame(centre, 220.0, 128)
    mask, _ = person_mask(photo, coarse_of(frame, centre, radii), frame, [])
    assert np.array_equal(mask, alpha)


def test_alpha_that_is_no_cutout_is_not():
    centre, radii = np.array([100.0, 110.0]), np.array([50.0, 80.0])
    alpha = np.full((220, 200), 255, np.uint8)
    alpha[:5, :5] = 0
    photo, truth = scene(200, 220, centre, radii, alpha)
    frame = square_frame(centre, 220.0, 128)
    mask, _ = person_mask(photo, coarse_of(frame, centre, radii), frame, [])
    assert mask_overlap(mask > 127, truth) > 0.99


def test_gone_astray_is_the_coarse_mask_with_a_warning():
    """A thin person whose colours are the background's, and the other way round in the band: GrabCut swallows or loses them."""
    coarse = np.zeros((120, 120), np.float32)
    coarse[50:60, 10:110] = 0.7  # nowhere sure, so colours alone decide
    coarse[54:56, 58:62] = 0.99
    picture = np.full((120, 120, 3), (60, 90, 160), np.uint8)
    picture[54:56, 58:62] = (190, 80, 60)
    mask, warnings = sharpen(picture, coarse, np.zeros((120, 120), bool), 3.0)
    assert warnings == (ASTRAY,)
    assert np.array_equal(mask, coarse)


def test_work_frame_is_bounded():
    frame = square_frame(np.array([3000.0, 2500.0]), 5000.0, 128)
    work = work_frame(coarse_of(frame, (3000, 2500), (1000, 2000)), frame, (6000, 5000))
    assert max(work.size) <= 900
    assert work.from_photo(np.array([[3000.0, 500.0], [3000.0, 4500.0]]))[:, 1].min() > 0
