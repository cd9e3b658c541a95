"""The part of a plate at twice the picture's size that the detail head learns from in one step: which, its truth, its photograph."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import interpolate

from core.field.detail import PER_FEATURE, SCALE
from training.field.augment import Recolouring, recoloured, turned
from training.field.plates import Plate
from training.people.lighting import CELL

STEP = SCALE * CELL // PER_FEATURE
"""A part's corner lies on a cell of the light transfer: every so many pixels of the feature map."""
ON_HEAD = 0.3
"""Share of parts that lie about the upper end of the person: faces are small, and looked at most."""
RIM = 12
"""Pixels at a part's edge that are not judged: the head sees beyond them when the picture is whole."""


@dataclass(frozen=True, eq=False)
class Fine:
    """The truth of a batch's parts, each as `batch.Batch` names it, at the fine size; alpha is zero on the rim."""

    alpha: Tensor
    known: Tensor
    normal: Tensor
    albedo: Tensor
    log_shading: Tensor


def add_part(s: dict[str, Tensor], plate: Plate, side: int, rng: Generator | None) -> None:
    """Puts a part of `side` pixels into the sample: corner, fine_alpha, fine_normal and so on, and fine_pixels (side, side, 3) bytes.
    rng: draws where; None for the corner of the picture."""
    whole = SCALE * plate.about["side"]
    s["corner"] = torch.tensor([0, 0] if rng is None else sample_corner(s["alpha"][0], side, whole, rng))
    x, y = (int(place) * PER_FEATURE for place in s["corner"])
    for name in ("photo", "alpha", "normal", "albedo", "log_shading", "trusted"):
        values = plate.block(f"fine/{name}", y, y + side, x, x + side)
        if name == "photo":
            s["fine_pixels"] = values
        else:
            values = values.float()
            s[f"fine_{name}"] = values[None] if values.ndim == 2 else values.permute(2, 0, 1)
    s["fine_normal"], s["fine_albedo"] = s["fine_normal"] / 127, s["fine_albedo"] / 255
    s["fine_alpha"], s["fine_known"] = s["fine_alpha"] / 255, (s.pop("fine_trusted") >= 250).float()


def sample_corner(alpha: Tensor, side: int, whole: int, rng: Generator) -> list[int]:
    """Corner (x, y) in pixels of the feature map of a part about some pixel of the person."""
    last = (whole - side) // PER_FEATURE
    rows, columns = np.nonzero(alpha.numpy() > 0.5)
    if last <= 0 or not len(rows):
        return [0, 0]
    high = rows <= rows.min() + 0.15 * (np.ptp(rows) + 1)
    chosen = int(rng.choice(np.flatnonzero(high) if rng.random() < ON_HEAD else len(rows)))
    middle = np.array([columns[chosen], rows[chosen]]) * SCALE / PER_FEATURE
    corner = middle - side / PER_FEATURE / 2 + rng.uniform(-8, 8, 2)
    return np.clip(np.round(corner / STEP) * STEP, 0, last // STEP * STEP).astype(int).tolist()


def of_part(picture: Tensor, s: dict[str, Tensor]) -> Tensor:
    """The part of a whole picture (..., H, W) of any size."""
    scale, side = picture.shape[-1] / (SCALE * s["alpha"].shape[-1]), s["fine_alpha"].shape[-1]
    x, y, side = (round(PER_FEATURE * scale * place) for place in (*s["corner"].tolist(), side / PER_FEATURE))
    return picture[..., y : y + side, x : x + side]


def recolour_part(s: dict[str, Tensor], recolouring: Recolouring, cloth: Tensor) -> None:
    """The part as the whole is recoloured. cloth (H, W): 1 where the picture shows clothes."""
    share = enlarged(of_part(cloth, s))
    s["fine_pixels"] = recoloured(s["fine_pixels"], recolouring, share)
    if recolouring.turn is not None:
        s["fine_albedo"] = turned(s["fine_albedo"].permute(1, 2, 0), recolouring.turn, share).permute(2, 0, 1)
    s["fine_log_shading"] = s["fine_log_shading"] + recolouring.gain.log()[:, None, None]


def enlarged(part: Tensor) -> Tensor:
    """A part (H, W) of the picture in the pixels of the detail."""
    return interpolate(part[None, None].float(), scale_factor=float(SCALE), mode="bilinear", align_corners=False)[0, 0]


def without_rim(alpha: Tensor, corner: Tensor, whole: int) -> Tensor:
    """Alpha (1, M, M), zero on the part's rim but where that is the picture's own. whole: pixels of the whole picture's side."""
    side, alpha = alpha.shape[-1], alpha.clone()
    x, y = (int(place) * PER_FEATURE for place in corner)
    for place, dimension in ((x, -1), (y, -2)):
        if place > 0:
            alpha.narrow(dimension, 0, RIM).zero_()
        if place + side < whole:
            alpha.narrow(dimension, side - RIM, RIM).zero_()
    return alpha
