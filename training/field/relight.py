"""A plate's person under another light, as often as it is trained on: its light transfer, a light from the folder's bank, another camera.

So a network that sees some hundred people sees thousands of lights. Photographs by Cycles are never relit: their shadows are sharp.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy import ndarray
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import avg_pool2d

from core.camera import Camera
from core.field.colour import linear_to_srgb, srgb_to_linear
from core.field.detail import AROUND, SCALE
from core.light import rotated
from core.surface.view import to_linear
from training.field.augment import front_cloth
from training.field.fine import enlarged, of_part
from training.field.folds import folded, ironed, sample_folds
from training.field.plates import Plate
from training.people.camera_effects import CameraLook, developed, sample_look
from training.people.lighting import CELL, relit_batch, softened
from training.people.snapshot import sample_exposure
from training.people.worlds import on_ground, sample_world

LIGHTS = 1500
"""In a bank."""
DIP = 0.6
"""How far below zero, in means, a light's radiance may dip before it is softened. As softened as the plates' own photographs, at .1, half
of order 2 and a fifth of the light from above is lost; a network that learned such lights told them to photographs in the sun."""
FOLDED = 0.5
"""Share of the new photographs whose clothes have folds."""
BANK = "lights.npy"
"""Its file's name, in the folder of the plates."""


def write_bank(folder: Path, worlds: list[ndarray], seed: int) -> None:
    """The bank of lights (N, 9, 3), SH radiance in the body frame before any exposure, unless it is there (a minute)."""
    path = folder / BANK
    if path.exists():
        return
    rng = np.random.default_rng([seed, 77])
    lights = np.stack([on_ground(rng, sample_world(rng, worlds)).light for _ in range(LIGHTS)]).astype(np.float32)
    with (part := path.with_suffix(".part")).open("wb") as file:
        np.save(file, lights)
    part.replace(path)


@lru_cache(maxsize=4)
def bank_of(folder: Path) -> ndarray:
    """The folder's bank of lights. Raises FileNotFoundError where there is none."""
    path = folder / BANK
    if not path.exists():
        raise FileNotFoundError(f"{folder} holds no {BANK}; `python -m training.field.bake` writes it, or train with --relit 0")
    return np.load(path)


def relit(s: dict[str, Tensor], plate: Plate, rng: Generator) -> Tensor:
    """A new photograph (S, S, 3) bytes of the plate's person, half the time with folds in their clothes; the sample's light, normals and
    shading (and its patches' and its fine part's) become those of the photograph."""
    rotation = plate["rotation"].numpy().astype(np.float64)
    light, told = sample_light(rng, bank_of(plate.path.parent), rotation)
    s["light"] = torch.from_numpy(told)
    if rng.random() < FOLDED:
        fold(s, plate, rng)
    look = sample_look(rng)
    look = replace(look, blur=look.blur / 2 if look.blur > 0.6 else 0.0, quality=look.quality if rng.random() < 0.5 else 0)
    transfer, lights = plate["transfer"].float(), (light, np.float32(rotated(light, rotation)))
    covered = torch.minimum(plate["mask"], plate["alpha"])
    if "corner" in s:
        cells, cover = of_part(transfer, s), enlarged(of_part(covered, s))
        s["fine_log_shading"], s["fine_pixels"] = taken(
            s["fine_normal"], s["fine_alpha"], s["fine_albedo"], cells, lights, s["fine_pixels"], cover, rng, look
        )
    if "patch_rays" in s:
        s["patch_shaded"] = patches_under(s["patch_albedo"], plate["patch/transfer"].flatten(0, 1).float(), light)
    s["log_shading"], photo = taken(s["normal"], s["alpha"], s["albedo"], transfer, lights, plate["photo"], covered, rng, look)
    return photo


def fold(s: dict[str, Tensor], plate: Plate, rng: Generator) -> None:
    """Puts folds into the sample's normals where there are clothes, and takes those that are painted on out of their albedo."""
    side, painted = s["normal"].shape[-1], float(rng.uniform(0, 0.4))
    slopes, cloth = torch.from_numpy(sample_folds(rng, SCALE * side)), front_cloth(plate, side)
    s["normal"] = folded(s["normal"], avg_pool2d(slopes, SCALE), cloth)
    s["albedo"] = ironed(s["albedo"], s["alpha"], (1 - painted) * cloth, AROUND // SCALE)
    if "corner" in s:
        share = enlarged(of_part(cloth, s))
        s["fine_normal"] = folded(s["fine_normal"], of_part(slopes, s), share)
        s["fine_albedo"] = ironed(s["fine_albedo"], s["fine_alpha"], (1 - painted) * share, AROUND)


def taken(
    normal: Tensor, alpha: Tensor, albedo: Tensor, transfer: Tensor, lights: tuple[ndarray, ndarray], old: Tensor, cover: Tensor,
    rng: Generator, look: CameraLook,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Log-shading (3, S, S) under the light (in the body's and in the camera's frame) and the photograph (S, S, 3) bytes that a camera
    takes: the person where `cover` (S, S) bytes says, before the old photograph."""
    inside = (alpha > 0).float()
    shading = shading_of(normal, inside, transfer, *lights)
    person = (srgb_to_linear(albedo) * shading * inside).permute(1, 2, 0).numpy()
    seen = cover.numpy()[..., None] / np.float32(255)
    picture = (seen * person + (1 - seen) * to_linear(old.numpy() / 255)).astype(np.float32)
    return shading.clamp(2e-3, 20).log(), torch.from_numpy(developed(rng, picture, look))


def sample_light(rng: Generator, bank: ndarray, rotation: ndarray) -> tuple[ndarray, ndarray]:
    """One of the bank's lights turned about the vertical and exposed for this camera: (9, 3) f4 in the body frame, `softened` a little for
    the shading; and as it is, which is what the network is to tell, in the camera's."""
    turn = rng.uniform(0, 2 * np.pi)
    about = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    light = rotated(bank[rng.integers(len(bank))].astype(np.float64), about) * np.exp(rng.normal(0, 0.05, 3))
    camera = Camera(np.array([1.0, 1, 0, 0]), rotation, np.zeros(3), np.array([1, 1]))
    light = light * sample_exposure(rng, light, camera)
    return np.float32(softened(light, DIP)), np.float32(rotated(light, rotation))


def shading_of(normal: Tensor, inside: Tensor, transfer: Tensor, light: ndarray, light_in_camera: ndarray) -> Tensor:
    """Linear shading (3, S, S), self-shadowed. normal (3, S, S), inside (1, S, S), transfer (9, S / 4, S / 4)."""
    one = torch.ones(1, 3, *normal.shape[1:])
    lights = torch.from_numpy(light)[None], torch.from_numpy(light_in_camera)[None]
    return relit_batch(one, normal[None], inside[None], transfer[None], *lights)[0]


def patches_under(albedo: Tensor, transfer: Tensor, light: ndarray) -> Tensor:
    """The patches' lit colours (N, 3), sRGB: albedo (N, 3) sRGB, transfer (N, 9)."""
    shading = (transfer @ torch.from_numpy(light)).clamp_min(0)
    return linear_to_srgb((srgb_to_linear(albedo) * shading).clamp(0, 1))


def framed_transfer(transfer: ndarray, take) -> ndarray:
    """A view's transfer (h, w, 9) in a plate's frame, (9, S / CELL, S / CELL) f2; zero where nobody is. take: the frame's own, in cells."""
    there = (transfer[..., :1] != 0).astype(np.float32)
    parts = [take(np.ascontiguousarray(part)) for part in np.split(np.float32(transfer) * there, 3, axis=-1)]
    share = take(there[..., 0])[..., None]
    values = np.concatenate(parts, axis=-1) / np.maximum(share, 1e-6) * (share > 0.05)
    return np.ascontiguousarray(values.transpose(2, 0, 1)).astype(np.float16)


def cells_of(square):
    """The square's frame over a view's cells, a cell of the frame for CELL² of its pixels."""
    return replace(square, origin=square.origin / CELL, axes=square.axes, size=(square.size[0] // CELL, square.size[1] // CELL))
