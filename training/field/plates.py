"""A plate: one photograph of one person ready for training, in a .safetensors file that is read without being copied.

The picture is square, `side` pixels; `half` is half of that. Directions and points are in the camera's frame; distances in metres.

    photo (S, S, 3) u1, mask (S, S) u1         the framed photograph and the person's coverage of it
    alpha (S, S) u1                            the same without what stands before them
    normal (S, S, 3) i1, albedo (S, S, 3) u1   of the nearest surface: unit times 127; sRGB
    log_shading (S, S, 3) f2                   natural logarithm of the linear shading under the photograph's light
    fine/photo, alpha, normal, albedo, log_shading, trusted
                                               the same in a picture of 2 S
    transfer (9, S / 4, S / 4) f2              light transfer: with an SH light in the body frame it gives the shading; see `relight`
    trusted (S, S) u1                          255 where the albedo is known
    depth (2, h, h) f2                         of the nearest and farthest surface, from the pelvis; NaN where nobody is
    normal_back (h, h, 3) i1, albedo_back (h, h, 3) u1, trusted_back (h, h) u1
    label (2, h, h) u1                         front and back, numbers of LABELS; 255 where nobody is
    light (9, 3) f4, intrinsics (4,) f4, pelvis (3,) f4; rotation (3, 3) f4 from the body frame to the camera's
    points (N, 3) f4, distance (N,) f2, point_normal (N, 3) i1, point_albedo (N, 3) u1, point_trusted, point_label (N,) u1
                                               the first `surface` of them lie on the surface
    of each body k that the metadata names:
    k/maps (9, h, h) f2, k/nearest (N, 10) f2, k/shift (N,) f2, k/spread (1,) f4
                                               what it says; shift: metres along its ray that a point moves (PaMIR)
    k/patch (2, 1024, 8, 10) f2                what it says along the rays of the patches, if there are any:
    patch/rays (2, 1024, 3) f4, near (2, 1024) f4, hit, known, label (2, 1024) u1, albedo, shaded (2, 1024, 3) u1,
    patch/transfer (2, 1024, 9) f2
                                               32² rays before and as many behind; see `training.field.patches`
    k/volume (4, D, D, D) f2                   where asked for
"""

import json
from pathlib import Path

import numpy as np
import torch
from numpy import ndarray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

VERSION = 3


class PlateInvalid(ValueError):
    """A file that is no plate of this version; the sentence names it."""


def write_plate(path: Path, arrays: dict[str, ndarray], about: dict) -> None:
    """The file appears whole or not at all. about: JSON; it holds at least `bodies`, `surface`, `near` (points of each kind), `side`,
    `made`: "relit" or "cycles"."""
    half = path.with_suffix(".part")
    save_file(
        {key: np.ascontiguousarray(value) for key, value in arrays.items()}, half, {"about": json.dumps({"version": VERSION} | about)}
    )
    half.replace(path)


class Plate:
    """A plate opened for reading: nothing is read before it is asked for. Raises PlateInvalid."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self.file = safe_open(path, "pt")
            self.about = json.loads(self.file.metadata()["about"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise PlateInvalid(f"{path} is no plate: {error}") from error
        if self.about["version"] != VERSION:
            raise PlateInvalid(f"{path} is a plate of version {self.about['version']}; {VERSION} was expected")
        self.bodies: list[str] = self.about["bodies"]

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.file.get_tensor(name)

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """Some rows of an array, the others unread."""
        return self.file.get_slice(name)[start:stop]

    def block(self, name: str, top: int, bottom: int, left: int, right: int) -> torch.Tensor:
        """A part of a picture, the others' rows unread."""
        return self.file.get_slice(name)[top:bottom, left:right]


def plate_files(*folders: Path) -> list[Path]:
    """Every finished plate of the folders, in each sorted by name."""
    return [file for folder in folders for file in sorted(Path(folder).glob("*.safetensors"))]
