"""A view of a person lit: albedo times shading, the shading from the recorded light transfer and nine numbers of light.

Soft light only: spherical harmonics of order 2 with self-shadowing and ambient occlusion, no hard shadow of a sun and no light from one
part of the person to another. Frames with both come from Cycles (`training.photograph`).

The transfer is coarse (a cell is four pixels), normals are not. So what transfer and light give in a cell is split: the shading of its
normal without shadows, and the rest; the rest is smooth and is carried to the pixels, where the pixels' own normals are shaded anew.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as nnf
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from core.camera import Camera
from core.light import IRRADIANCE_FACTORS, rotated, sh_basis
from core.surface.view import to_linear
from training.people.character import View
from training.people.worlds import directions

CELL = 4
"""Pixels per side and cell of the transfer."""

OPEN = 1 / np.sqrt(4 * np.pi)
"""The transfer's first number where nothing hides the sky: Y_00, so that transfer[0] / OPEN is how open a place is."""

_TO_LINEAR = to_linear(np.arange(256) / 255).astype(np.float32)
_SCALES = np.sqrt(np.array([1 / 4, 3 / 4, 3 / 4, 3 / 4, 15 / 4, 15 / 4, 5 / 16, 15 / 4, 15 / 16]) / np.pi)
_BASIS_ALL_ROUND = sh_basis(directions(24, 48).reshape(-1, 3))


def softened(light: ndarray, dip: float = 0.1) -> ndarray:
    """The light (9, 3) with its higher bands lowered as little as keeps its radiance, in every colour, above -dip times the mean.

    A sun in order 2 leaves a dark hole opposite to it, and what sees only the hole would be less than black. Sloan 2017, "Deringing
    Spherical Harmonics": the bands are divided by 1 + λ l²(l+1)². A light that dips less comes back as it is.
    """
    mean = np.maximum(light[0] / np.sqrt(4 * np.pi), 1e-9)
    low, high = 0.0, 4.0  # at 4 no light dips: bands 1 and 2 are down to 1/17 and 1/145
    for step in range(12):
        strength = 0.0 if step == 0 else (low + high) / 2
        calmer = light / (1 + strength * np.repeat([0, 4, 36], [1, 3, 5]))[:, None]
        fine = (_BASIS_ALL_ROUND @ calmer > -dip * mean).all()
        if step == 0 and fine:
            return light
        low, high = (low, strength) if fine else (strength, high)
    return light / (1 + high * np.repeat([0, 4, 36], [1, 3, 5]))[:, None]


def shading(view: View, light: ndarray) -> ndarray:
    """Linear RGB shading (H, W, 3): what albedo is multiplied with; 1 under the neutral light in the open. light: (9, 3), body frame.

    Only where alpha is above zero does it mean anything.
    """
    inside = (view.alpha > 0).astype(np.float32)
    normals = view.normal.astype(np.float32) / 127
    coarse = cv2.resize(normals * inside[..., None], view.transfer.shape[1::-1], interpolation=cv2.INTER_AREA)
    coarse /= np.maximum(np.linalg.norm(coarse, axis=-1, keepdims=True), 1e-6)
    cosines = IRRADIANCE_FACTORS[:, None] / np.pi * rotated(light, view.camera.rotation)
    transfer = view.transfer * view.transfer_scale
    openness = transfer[..., :1] / OPEN
    rest = transfer @ light.astype(np.float32) - openness * quadric(coarse, cosines)
    there = (transfer[..., :1] != 0).astype(np.float32)
    carried = _carried(np.concatenate([rest, openness], axis=-1), there, inside.shape)
    return np.maximum(carried[..., :3] + quadric(normals, cosines) * carried[..., 3:], 0)


def quadric(directions: ndarray, light: ndarray) -> ndarray:
    """sh_basis(directions) @ light in single precision, (…, 3) f4: a quadratic form in x, y and z for every colour, which is quicker."""
    x, y, z = np.moveaxis(directions.astype(np.float32), -1, 0)
    c = (light * _SCALES[:, None]).astype(np.float32)
    colours = [
        c[0, i] - c[6, i] + y * (c[1, i] + c[4, i] * x + c[5, i] * z - c[8, i] * y) + z * (c[2, i] + 3 * c[6, i] * z + c[7, i] * x)
        + x * (c[3, i] + c[8, i] * x)
        for i in range(3)
    ]  # fmt: skip
    return np.stack(colours, axis=-1)


def _carried(cells: ndarray, there: ndarray, shape: tuple[int, int]) -> ndarray:
    """Values (h, w, C) of cells at the pixels (H, W, C), bilinear among the cells that are there (h, w, 1)."""
    weighted = np.concatenate([cells * there, there], axis=-1).astype(np.float32)
    fine = cv2.merge([cv2.resize(part, shape[::-1], interpolation=cv2.INTER_LINEAR) for part in cv2.split(weighted)])
    return fine[..., :-1] / np.maximum(fine[..., -1:], 1e-6)


def relit(view: View, light: ndarray, gloss: float = 0.0) -> ndarray:
    """Linear RGB (H, W, 3) f4, what the camera gets from the person: albedo times shading, and a little gloss; zero far from the person.

    light: (9, 3) SH radiance in the body frame. gloss: share of light that a mirror-like coat of wide lobe throws back; a surface without
    any obeys albedo · (transfer @ light) exactly but for the finer normals.
    """
    picture = np.zeros((*view.alpha.shape, 3), dtype=np.float32)
    rows, columns = np.flatnonzero(view.albedo.any(axis=(1, 2))), np.flatnonzero(view.albedo.any(axis=(0, 2)))
    if len(rows) == 0:
        return picture
    part = np.s_[
        rows[0] // CELL * CELL : -(-(rows[-1] + 1) // CELL) * CELL, columns[0] // CELL * CELL : -(-(columns[-1] + 1) // CELL) * CELL
    ]
    near = cropped(view, part)
    picture[part] = _TO_LINEAR[near.albedo] * shading(near, light)
    if gloss:
        picture[part] += gloss * _reflected(near, light)
    return picture


def cropped(view: View, part: tuple[slice, slice]) -> View:
    """The part of the view between two rows and two columns, all whole multiples of CELL."""
    cells = tuple(slice(side.start // CELL, side.stop // CELL) for side in part)
    fx, fy, cx, cy = view.camera.intrinsics
    moved = np.array([fx, fy, cx - part[1].start, cy - part[0].start])
    size = np.array([part[1].stop - part[1].start, part[0].stop - part[0].start])
    maps = {name: getattr(view, name)[part] for name in ("alpha", "albedo", "normal", "body_normal", "body_alpha", "trusted", "label")}
    camera = Camera(moved, view.camera.rotation, view.camera.translation, size)
    return View(camera=camera, **maps, transfer=view.transfer[cells], transfer_scale=view.transfer_scale)


def _reflected(view: View, light: ndarray) -> ndarray:
    """Light (H, W, 3) from the mirrored direction, blurred like a rough coat's, more of it at grazing angles (Schlick 1994)."""
    height, width = view.alpha.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    fx, fy, cx, cy = view.camera.intrinsics.astype(np.float32)
    away = np.stack([(x - cx) / fx, (y - cy) / fy, np.ones_like(x)], axis=-1)
    away /= np.linalg.norm(away, axis=-1, keepdims=True)
    normals = view.normal.astype(np.float32) / 127
    cosine = np.clip(-(away * normals).sum(axis=-1, keepdims=True), 0, 1)
    lobe = np.repeat([1, 0.8, 0.5], [1, 3, 5])[:, None]  # of a coat as rough as cloth or skin
    mirrored = np.maximum(quadric(away + 2 * cosine * normals, lobe * rotated(light, view.camera.rotation)), 0)
    transfer = view.transfer[..., :1] * view.transfer_scale[:1]
    openness = _carried(transfer / OPEN, (transfer != 0).astype(np.float32), view.alpha.shape)
    grazing = 1 + 5 * (1 - cosine) ** 5 * np.clip(cosine / 0.15, 0, 1)  # none where a smoothed normal points away
    return mirrored * np.clip(openness, 0, 1) * grazing


def relit_batch(
    albedo: Float[Tensor, "B 3 H W"],
    normal: Float[Tensor, "B 3 H W"],
    inside: Float[Tensor, "B 1 H W"],
    transfer: Float[Tensor, "B 9 h w"],
    light: Float[Tensor, "B 9 3"],
    light_in_camera: Float[Tensor, "B 9 3"],
) -> Float[Tensor, "B 3 H W"]:
    """`relit` without gloss for a batch, on any device. albedo linear; normal unit, camera frame; inside 1 where alpha is above zero."""
    coarse = nnf.normalize(nnf.interpolate(normal * inside, transfer.shape[2:], mode="area"), dim=1, eps=1e-6)
    cosines = torch.as_tensor(IRRADIANCE_FACTORS / np.pi, dtype=light.dtype, device=light.device)[:, None] * light_in_camera
    openness = transfer[:, :1] / OPEN
    rest = torch.einsum("bkhw,bkc->bchw", transfer, light) - openness * torch.einsum("bkhw,bkc->bchw", _basis(coarse), cosines)
    there = (transfer[:, :1] != 0).to(rest.dtype)
    cells = torch.cat([rest * there, openness * there, there], dim=1)
    fine = nnf.interpolate(cells, inside.shape[2:], mode="bilinear", align_corners=False)
    carried = fine[:, :4] / fine[:, 4:].clamp_min(1e-6)
    plain = torch.einsum("bkhw,bkc->bchw", _basis(normal), cosines) * carried[:, 3:]
    return albedo * (carried[:, :3] + plain).clamp_min(0)


def _basis(directions: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 9 H W"]:
    """`core.light.sh_basis` in torch."""
    x, y, z = directions.unbind(1)
    linear, product, zonal, tesseral = (np.sqrt(n / (d * np.pi)) for n, d in ((3, 4), (15, 4), (5, 16), (15, 16)))
    band2 = [product * x * y, product * y * z, zonal * (3 * z * z - 1), product * x * z, tesseral * (x * x - y * y)]
    return torch.stack([torch.full_like(x, OPEN), linear * y, linear * z, linear * x, *band2], dim=1)
