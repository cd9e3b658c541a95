"""Plates -> batches: which plate, which body, which points in each step follow from the seed and the step's number alone.

So a run that was stopped goes on with the very batches it would have had. Augmentation against the gap to real photos happens here:
mirroring, hues of clothes, exposure and white balance, masks that bleed or bite.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from core.field.framing import photo_channels
from core.field.network import Picture, linear_to_srgb, srgb_to_linear
from training.field.plates import Plate
from training.field.relight import relit
from training.people.character import LABELS

BODY_SHARE = {"exact": 0.3, "noisy": 0.3, "estimated": 0.4}
"""How often each of a plate's bodies is taken: exact ones too, or the network distrusts them (TRIALS: a fifth of the samples)."""
MIRRORED_SH = (1, 1, 1, -1, -1, 1, 1, -1, 1)
"""Sign of each SH coefficient in a mirror across X: those odd in x change (x, xy, xz)."""
CLOTH = LABELS.index("cloth"), LABELS.index("shoe")


@dataclass(frozen=True, eq=False)
class Patches:
    """Rays for the rendering losses, two patches of 32² a plate, the first before and the second behind: N = 2048.

    rays (B, N, 3) unit; near (B, N): metres along each where tracing may begin; body (B, N, K, 10): what the body says at K depths from
    there; back (B, N) bool: traced from behind; hit, known (B, N) bool: meets the person, and their colour there is known; albedo, shaded
    (B, N, 3): the truth, sRGB 0..1.
    """

    rays: Tensor
    near: Tensor
    body: Tensor
    back: Tensor
    hit: Tensor
    known: Tensor
    albedo: Tensor
    shaded: Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """picture: what the network reads; points (B, N, 3), nearest (B, N, 10); the first `surface` points lie on the surface. The rest is the
    truth, as `plates` names it, in float: alpha (B, 1, H, W), known (B, 1, H, W), normal, albedo (sRGB), log_shading (B, 3, H, W); depth
    (B, 2, h, w) with NaN, normal_back, albedo_back (B, 3, h, w), known_back (B, 1, h, w), label (B, 2, h, w) long with 255; light
    (B, 9, 3); distance (B, N), point_normal, point_albedo (B, N, 3), point_known (B, N), point_label (B, N) long."""

    picture: Picture
    points: Tensor
    nearest: Tensor
    surface: int
    alpha: Tensor
    known: Tensor
    normal: Tensor
    albedo: Tensor
    log_shading: Tensor
    depth: Tensor
    normal_back: Tensor
    albedo_back: Tensor
    known_back: Tensor
    label: Tensor
    light: Tensor
    distance: Tensor
    point_normal: Tensor
    point_albedo: Tensor
    point_known: Tensor
    point_label: Tensor
    patches: Patches | None = None

    def to(self, device: torch.device) -> "Batch":
        def moved(value):
            return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value

        values = {field.name: moved(getattr(self, field.name)) for field in fields(self)}
        values["picture"] = Picture(*(moved(part) for part in self.picture))
        if self.patches is not None:
            values["patches"] = Patches(*(moved(getattr(self.patches, field.name)) for field in fields(Patches)))
        return Batch(**values)


@dataclass(frozen=True)
class Wish:
    """What a batch is to be: so many plates, points on, near and far from the surface; augmented or as they are; shift: with
    depth-ambiguity-aware points for this share of the wrong bodies; patches: only plates that hold some, with them; shares: of the bodies
    by name; relit: share of the augmented samples that get a new light."""

    plates: int = 4
    surface: int = 600
    near: int = 1600
    far: int = 300
    augment: bool = True
    shift: float = 0.0
    patches: bool = False
    shares: tuple[tuple[str, float], ...] = tuple(BODY_SHARE.items())
    relit: float = 0.0


@lru_cache(maxsize=6000)
def _open(path: Path) -> Plate:
    return Plate(path)


def batch_of(files: list[Path], wish: Wish, seed: int, step: int, rank: int = 0) -> Batch:
    """The batch of this step. Plates are taken in an order of chance that goes through all before any comes again."""
    chosen = []
    for place in range(wish.plates):
        number = (step * wish.plates + place) if rank == 0 else (step * wish.plates + place + 7919 * rank)
        epoch, index = divmod(number, len(files))
        chosen.append(files[int(np.random.default_rng([seed, 1, epoch, len(files)]).permutation(len(files))[index])])
    rng = np.random.default_rng([seed, 2, step, rank])
    return joined([sample_of(_open(path), wish, rng) for path in chosen])


def joined(samples: list[dict[str, Tensor]]) -> Batch:
    """Samples stacked, ranges turned into the network's."""
    s = {key: torch.stack([sample[key] for sample in samples]) for key in samples[0] if key != "surface"}
    picture = Picture(s["photo"], s["maps"], s["intrinsics"], s["pelvis"], s["spread"], s.get("volume"))
    names = {field.name for field in fields(Batch)} - {"picture", "surface", "patches"}
    patches = Patches(**{field.name: s[f"patch_{field.name}"] for field in fields(Patches)}) if "patch_rays" in s else None
    return Batch(picture=picture, surface=int(samples[0]["surface"]), patches=patches, **{name: s[name] for name in names})


def sample_of(plate: Plate, wish: Wish, rng: Generator) -> dict[str, Tensor]:
    """One plate's arrays in float, by the names of Batch and Picture."""
    body = chosen_body(plate, wish, rng)
    rows, surface = chosen_rows(plate, wish, rng)
    s = {name: plate[name].float() for name in ("intrinsics", "pelvis", "light")}
    for name in ("points", "distance", "point_normal", "point_albedo"):
        s[name] = cut(plate, name, rows).float()
    s["point_normal"], s["point_albedo"] = s["point_normal"] / 127, s["point_albedo"] / 255
    s["point_known"] = (cut(plate, "point_trusted", rows) >= 250).float()
    s["point_label"] = cut(plate, "point_label", rows).long()
    s["nearest"], shift = cut(plate, f"{body}/nearest", rows).float(), cut(plate, f"{body}/shift", rows).float()
    s["points"] = s["points"] + shift[:, None] * s["points"] / s["points"].norm(dim=1, keepdim=True)
    s["maps"], s["spread"] = plate[f"{body}/maps"].float(), plate[f"{body}/spread"].float()
    if f"{body}/volume" in plate.file.keys():  # noqa: SIM118 a safetensors file is no dict
        s["volume"] = plate[f"{body}/volume"].float()
    for name in ("alpha", "normal", "albedo", "log_shading"):
        s[name] = chw(plate[name])
    s["normal"], s["albedo"] = s["normal"] / 127, s["albedo"] / 255
    s["alpha"], s["known"] = s["alpha"] / 255, (chw(plate["trusted"]) >= 250).float()
    s["depth"] = plate["depth"].float()
    if body == "shifted":  # the truth moves with the wrong body in the pictures of depth too
        there = (s["maps"][:1] > 0) & (plate["exact/maps"][:1] > 0)
        s["depth"] = s["depth"] + torch.where(there, s["maps"][4:6] - plate["exact/maps"][4:6].float(), 0)
    s["normal_back"], s["albedo_back"] = chw(plate["normal_back"]) / 127, chw(plate["albedo_back"]) / 255
    s["known_back"], s["label"] = (chw(plate["trusted_back"]) >= 250).float(), plate["label"].long()
    if wish.patches:
        s |= patch_of(plate, body)
    photo, mask = plate["photo"], plate["mask"]
    if wish.augment:
        if plate.about["made"] == "relit" and rng.random() < wish.relit:
            photo = relit(s, plate, rng)
        photo = recoloured(photo, s, plate, rng)
        mask = worn(mask, rng)
    s["photo"] = photo_channels(photo[None], mask[None])[0]
    s["surface"] = torch.tensor(surface)
    return mirrored(s) if wish.augment and rng.random() < 0.5 else s


def patch_of(plate: Plate, body: str) -> dict[str, Tensor]:
    """The plate's two patches, by the names of Patches."""
    s = {f"patch_{name}": plate[f"patch/{name}"].flatten(0, 1) for name in ("rays", "near", "hit", "known", "albedo", "shaded")}
    back = torch.zeros(plate["patch/near"].shape, dtype=torch.bool)
    back[1] = True
    s |= {f"patch_{name}": s[f"patch_{name}"].float() / 255 for name in ("albedo", "shaded")}
    s |= {f"patch_{name}": s[f"patch_{name}"] > 0 for name in ("hit", "known")}
    return s | {"patch_back": back.flatten(), "patch_body": plate[f"{body}/patch"].flatten(0, 1).float()}


def chosen_body(plate: Plate, wish: Wish, rng: Generator) -> str:
    """The name of one of the plate's bodies, as often as the wish says."""
    there = [(name, share) for name, share in wish.shares if name in plate.bodies]
    shares = np.array([share for _, share in there])
    name = there[int(rng.choice(len(there), p=shares / shares.sum()))][0]
    can = name != "exact" and "shifted" in plate.bodies and not wish.patches  # rays are not moved
    return "shifted" if can and rng.random() < wish.shift else name


def chosen_rows(plate: Plate, wish: Wish, rng: Generator) -> tuple[list[tuple[int, int]], int]:
    """Runs of rows (start, stop) on, near and far from the surface; they lie in an order of chance. And how many are on the surface."""
    bounds = plate.about["surface"], plate.about["near"]
    total = plate.file.get_slice("distance").get_shape()[0]
    runs = []
    for low, high, want in ((0, bounds[0], wish.surface), (bounds[0], bounds[0] + bounds[1], wish.near), (sum(bounds), total, wish.far)):
        want = min(want, high - low)
        start = low + int(rng.integers(high - low - want + 1))
        runs.append((start, start + want))
    return runs, runs[0][1] - runs[0][0]


def cut(plate: Plate, name: str, rows: list[tuple[int, int]]) -> Tensor:
    return torch.cat([plate.rows(name, start, stop) for start, stop in rows])


def chw(picture: Tensor) -> Tensor:
    """(H, W) or (H, W, C) of any type as float (C, H, W)."""
    return (picture[..., None] if picture.ndim == 2 else picture).permute(2, 0, 1).float()


def mirrored(s: dict[str, Tensor]) -> dict[str, Tensor]:
    """The sample in a mirror: pictures flipped, everything that points in x negated."""
    side = s["photo"].shape[-1]
    flipped = {name: s[name].flip(-1) for name in ("photo", "maps", "alpha", "known", "normal", "albedo", "log_shading", "depth",
                                                    "normal_back", "albedo_back", "known_back", "label")}  # fmt: skip
    s = s | flipped
    turn = torch.tensor([-1.0, 1, 1])
    for name in ("normal", "normal_back"):
        s[name] = s[name] * turn[:, None, None]
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


def recoloured(photo: Tensor, s: dict[str, Tensor], plate: Plate, rng: Generator) -> Tensor:
    """The photo (H, W, 3) bytes with its clothes' hue turned (truth with it), and exposure and white balance changed (light with it)."""
    linear = srgb_to_linear(photo.float() / 255)
    if rng.random() < 0.6:
        turn = torch.tensor(hue_turn(float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(0.5, 1.1))), dtype=torch.float32)
        cloth = torch.isin(plate["label"], torch.tensor(CLOTH, dtype=torch.uint8)).float()
        front = interpolate(cloth[None, :1], size=photo.shape[:2], mode="bilinear", align_corners=False)[0, 0]
        linear = linear + front[..., None] * ((linear @ turn.T).clamp(0, 1) - linear)
        s["albedo"] = turned(s["albedo"].permute(1, 2, 0), turn, front).permute(2, 0, 1)
        s["albedo_back"] = turned(s["albedo_back"].permute(1, 2, 0), turn, cloth[1]).permute(2, 0, 1)
        s["point_albedo"] = turned(s["point_albedo"], turn, torch.isin(s["point_label"], torch.tensor(CLOTH)).float())
        if "patch_rays" in s:
            share = torch.isin(plate["patch/label"].flatten(), torch.tensor(CLOTH, dtype=torch.uint8)).float()
            for name in ("patch_albedo", "patch_shaded"):
                s[name] = turned(s[name], turn, share)
    gain = torch.tensor(np.exp(rng.normal(0, 0.08) + rng.normal(0, 0.06, 3)), dtype=torch.float32)
    s["light"] = s["light"] * gain
    s["log_shading"] = s["log_shading"] + gain.log()[:, None, None]
    if "patch_rays" in s:
        s["patch_shaded"] = linear_to_srgb((srgb_to_linear(s["patch_shaded"]) * gain).clamp(0, 1))
    return (255 * linear_to_srgb((linear * gain).clamp(0, 1)) + 0.5).to(torch.uint8)


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
