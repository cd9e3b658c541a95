"""Plates -> batches: which plate, which body, which points in each step follow from the seed and the step's number alone.

So a run that was stopped goes on with the very batches it would have had. `augment` says what happens to them against the gap to real
photos, `relight` under which light they are photographed anew, `fine` which part of them the detail head sees.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from core.field.framing import photo_channels
from core.field.network import Picture
from training.field.augment import front_cloth, mirrored, recolour_truth, recoloured, sample_recolouring, worn
from training.field.fine import Fine, add_part, enlarged, of_part, recolour_part, without_rim
from training.field.plates import Plate
from training.field.relight import relit

BODY_SHARE = {"exact": 0.3, "noisy": 0.3, "estimated": 0.4}
"""How often each of a plate's bodies is taken: exact ones too, or the network distrusts them (TRIALS: a fifth of the samples)."""


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
    fine: Fine | None = None

    def to(self, device: torch.device) -> "Batch":
        def moved(value):
            return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value

        values = {field.name: moved(getattr(self, field.name)) for field in fields(self)}
        values["picture"] = Picture(*(moved(part) for part in self.picture))
        for name, kind in (("patches", Patches), ("fine", Fine)):
            if (part := values[name]) is not None:
                values[name] = kind(*(moved(getattr(part, field.name)) for field in fields(kind)))
        return Batch(**values)


@dataclass(frozen=True)
class Wish:
    """What a batch is to be: so many plates, points on, near and far from the surface; augmented or as they are; shift: with
    depth-ambiguity-aware points for this share of the wrong bodies; patches: only plates that hold some, with them; shares: of the bodies
    by name; relit: share of the augmented samples that get a new light; fine: pixels a side of the part at twice the size, 0 for none."""

    plates: int = 4
    surface: int = 600
    near: int = 1600
    far: int = 300
    augment: bool = True
    shift: float = 0.0
    patches: bool = False
    shares: tuple[tuple[str, float], ...] = tuple(BODY_SHARE.items())
    relit: float = 0.0
    fine: int = 0


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
    told = [s.get(name) for name in ("volume", "fine_photo", "corner")]
    picture = Picture(s["photo"], s["maps"], s["intrinsics"], s["pelvis"], s["spread"], *told)
    names = {field.name for field in fields(Batch)} - {"picture", "surface", "patches", "fine"}
    patches = Patches(**{field.name: s[f"patch_{field.name}"] for field in fields(Patches)}) if "patch_rays" in s else None
    fine = Fine(**{field.name: s[f"fine_{field.name}"] for field in fields(Fine)}) if "corner" in s else None
    return Batch(picture=picture, surface=int(samples[0]["surface"]), patches=patches, fine=fine, **{name: s[name] for name in names})


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
    if wish.fine:
        add_part(s, plate, wish.fine, rng if wish.augment else None)
    photo, mask = plate["photo"], plate["mask"]
    if wish.augment:
        photo, mask = augmented(s, plate, photo, mask, wish, rng)
    s["photo"] = photo_channels(photo[None], mask[None])[0]
    if wish.fine:
        fine_mask = enlarged(of_part(mask, s)).to(torch.uint8)
        s["fine_photo"] = photo_channels(s.pop("fine_pixels")[None], fine_mask[None])[0]
        s["fine_alpha"] = without_rim(s["fine_alpha"], s["corner"], 2 * len(mask))
    s["surface"] = torch.tensor(surface)
    return mirrored(s) if wish.augment and rng.random() < 0.5 else s


def augmented(s: dict[str, Tensor], plate: Plate, photo: Tensor, mask: Tensor, wish: Wish, rng: Generator) -> tuple[Tensor, Tensor]:
    """The photo and the mask in other light and colours and less exact; the sample's truth, and its fine part, go with them."""
    if plate.about["made"] == "relit" and rng.random() < wish.relit:
        photo = relit(s, plate, rng)
    cloth, recolouring = front_cloth(plate, len(mask)), sample_recolouring(rng)
    recolour_truth(s, recolouring, plate, cloth)
    if wish.fine:
        recolour_part(s, recolouring, cloth)
    return recoloured(photo, recolouring, cloth), worn(mask, rng)


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
