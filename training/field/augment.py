"""Augmentation against the gap to real photos: mirrors, hues of clothes, exposure and white balance, masks that bleed or bite."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from core.field.colour import linear_to_srgb, srgb_to_linear
from training.field.plates import Plate
from training.people.character import LABELS

MIRRORED_SH = (1, 1, 1, -1, -1, 1, 1, -1, 1)
"""Sign of each SH coefficient in a mirror across X: those odd in x change (x, xy, xz)."""
CLOTH = LABELS.index("cloth"), LABELS.index("shoe")


class Recolouring(NamedTuple):
    """turn (3, 3): colour matrix of the clothes, or None; gain (3,): of the light."""

    turn: Tensor | None
    gain: Tensor


def sample_recolouring(rng: Generator) -> Recolouring:
    """Three times in five the clothes' hue turns; exposure and white balance always change a little."""
    turn = None
    if rng.random() < 0.6:
        turn = torch.tensor(hue_turn(float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(0.5, 1.1))), dtype=torch.float32)
    return Recolouring(turn, torch.tensor(np.exp(rng.normal(0, 0.08) + rng.normal(0, 0.06, 3)), dtype=torch.float32))


def recoloured(photo: Tensor, recolouring: Recolouring, cloth: Float[Tensor, "H W"]) -> Tensor:
    """The photo (H, W, 3) bytes, recoloured. cloth: 1 where clothes are."""
    turn, gain = recolouring
    linear = srgb_to_linear(photo.float() / 255)
    if turn is not None:
        linear = linear + cloth[..., None] * ((linear @ turn.T).clamp(0, 1) - linear)
    return (255 * linear_to_srgb((linear * gain).clamp(0, 1)) + 0.5).to(torch.uint8)


def recolour_truth(s: dict[str, Tensor], recolouring: Recolouring, plate: Plate, cloth: Float[Tensor, "H W"]) -> None:
    """The sample's truth (and its patches') as the recoloured photo has it. cloth: 1 where the picture shows clothes."""
    turn, gain = recolouring
    if turn is not None:
        back = torch.isin(plate["label"][1], torch.tensor(CLOTH, dtype=torch.uint8)).float()
        s["albedo"] = turned(s["albedo"].permute(1, 2, 0), turn, cloth).permute(2, 0, 1)
        s["albedo_back"] = turned(s["albedo_back"].permute(1, 2, 0), turn, back).permute(2, 0, 1)
        s["point_albedo"] = turned(s["point_albedo"], turn, torch.isin(s["point_label"], torch.tensor(CLOTH)).float())
        if "patch_rays" in s:
            share = torch.isin(plate["patch/label"].flatten(), torch.tensor(CLOTH, dtype=torch.uint8)).float()
            for name in ("patch_albedo", "patch_shaded"):
                s[name] = turned(s[name], turn, share)
    s["light"] = s["light"] * gain
    s["log_shading"] = s["log_shading"] + gain.log()[:, None, None]
    if "patch_rays" in s:
        s["patch_shaded"] = linear_to_srgb((srgb_to_linear(s["patch_shaded"]) * gain).clamp(0, 1))


def front_cloth(plate: Plate, side: int) -> Float[Tensor, "side side"]:
    """1 where the plate's picture shows clothes, at this size."""
    cloth = torch.isin(plate["label"][:1], torch.tensor(CLOTH, dtype=torch.uint8)).float()
    return interpolate(cloth[None], size=(side, side), mode="bilinear", align_corners=False)[0, 0]


def turned(albedo: Float[Tensor, "*B 3"], turn: Float[Tensor, "3 3"], share: Float[Tensor, "*B"]) -> Float[Tensor, "*B 3"]:
    """sRGB albedo with its hue turned in linear light, where share is 1."""
    linear = srgb_to_linear(albedo)
    return linear_to_srgb(linear + share[..., None] * ((linear @ turn.T).clamp(0, 1) - linear))


def hue_turn(angle: float, saturation: float) -> np.ndarray:
    """The colour matrix (3, 3) that turns hues about grey by an angle, radians, and scales their distance from it."""
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return grey + saturation * (np.cos(angle) * (np.eye(3) - grey) + np.sin(angle) * cross)


def worn(mask: Tensor, rng: Generator) -> Tensor:
    """The mask (H, W) bytes as a segmenter would have it: smoother, wider or narrower, with bites and blobs at its edge."""
    if rng.random() < 0.25:
        return mask
    size = 2 * int(rng.integers(1, 4)) + 1
    soft = avg_pool2d(mask[None, None].float() / 255, size, 1, size // 2, count_include_pad=False)
    noise = torch.from_numpy(rng.normal(0, 1, (1, 1, 12, 12)).astype(np.float32))
    wave = interpolate(noise, size=mask.shape, mode="bicubic", align_corners=False)
    level = (0.5 + float(rng.normal(0, 0.15)) + float(rng.uniform(0, 0.25)) * wave).clamp(0.2, 0.8)
    return (((soft - level) * 4 + 0.5).clamp(0, 1)[0, 0] * 255).to(torch.uint8)


def mirrored(s: dict[str, Tensor]) -> dict[str, Tensor]:
    """The sample in a mirror: pictures flipped, everything that points in x negated."""
    side = s["photo"].shape[-1]
    flipped = {name: s[name].flip(-1) for name in ("photo", "maps", "alpha", "known", "normal", "albedo", "log_shading", "depth",
                                                    "normal_back", "albedo_back", "known_back", "label")}  # fmt: skip
    s = s | flipped | {name: value.flip(-1) for name, value in s.items() if name.startswith("fine_")}
    turn = torch.tensor([-1.0, 1, 1])
    for name in ("normal", "normal_back", "fine_normal"):
        if name in s:
            s[name] = s[name] * turn[:, None, None]
    if "corner" in s:
        s["corner"] = torch.stack([side // 2 - s["corner"][0] - s["fine_photo"].shape[-1] // 4, s["corner"][1]])
    s["maps"] = s["maps"] * torch.tensor([1.0, -1, 1, 1, 1, 1, -1, 1, 1])[:, None, None]
    for name in ("points", "point_normal", "pelvis"):
        s[name] = s[name] * turn
    told = torch.tensor([1.0, -1, 1, 1, -1, 1, 1, -1, 1, 1])
    s["nearest"] = s["nearest"] * told
    if "patch_rays" in s:
        s["patch_rays"], s["patch_body"] = s["patch_rays"] * turn, s["patch_body"] * told
    s["light"] = s["light"] * torch.tensor(MIRRORED_SH)[:, None]
    s["intrinsics"] = torch.cat([s["intrinsics"][:2], side - s["intrinsics"][2:3], s["intrinsics"][3:]])
    if "volume" in s:
        s["volume"] = s["volume"].flip(-1) * torch.tensor([1.0, -1, 1, 1])[:, None, None, None]
    return s
