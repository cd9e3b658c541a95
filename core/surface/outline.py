"""The person's outline as evidence of the surface: where the photo shows the person and the field shows nothing, the field gives way.

A hem that flies, the end of a wide skirt, hair in the wind: the network sees in the photo that somebody is there, but where along the ray
is a guess between many depths, and the mean of many guesses is above zero everywhere. Each such ray has a place where the field comes
nearest to zero; made even with those of the rays beside it, and more so the farther from zero, these places are a sheet of cloth that is
joined on to what there is. There the field is lowered by as much as is lacking, and a little more.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray
from torch.nn.functional import avg_pool2d

from ..field.encoder import carried_on
from ..field.network import Picture
from .evening import within_even
from .seen import bilinear

MOST = 0.12
"""Metres that the field is lowered by at most: what lies farther from any surface is no part of it (a bag, a mask gone wrong)."""

THICK, FADING = 0.01, 1.5
"""Metres below zero that the field has in the sheet; and how fast it is lowered less before and behind, a metre a metre: faster than a
distance grows, or the nearest place would be reached too. The sheet is 1 to 4 cm thick."""

DEEP, STEPS = 0.3, 25
"""Metres before and behind the body's middle in which a ray is looked along, and the places where it is asked: 2.5 cm apart."""

SURE = 0.9
"""Share of a pixel within the outline from which it counts."""

EVEN, DOUBTED = 3.0, 0.02
"""Pixels of the feature map over which depths are made even; metres of the field at which a depth counts a third."""

Distance = Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]]
"""Metres, at points in the camera's frame."""


def outline_help(picture: Picture, distance: Distance) -> Distance:
    """By how much the field is to be lowered at points in the camera's frame, for the network's picture. distance: the field itself."""
    lacking, depth = lacking_in(picture, distance)
    mask = picture.photo[0, 3].cpu().numpy()
    intrinsics, scale = picture.intrinsics[0].double().cpu().numpy(), len(mask) / len(lacking)
    sheet = np.stack([lacking, depth], axis=-1)

    def lowered(points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        pixels = points[:, :2] / np.maximum(points[:, 2:], 1e-6) * intrinsics[:2] + intrinsics[2:]
        by, where = bilinear(sheet, pixels / scale).T
        within = ((pixels > 0) & (pixels < len(mask))).all(axis=1) & (by > 0)
        by = within * np.maximum(by - FADING * np.abs(points[:, 2] - where), 0)
        by[within] *= bilinear(mask[..., None], pixels[within])[:, 0]
        return by

    return lowered


def lacking_in(picture: Picture, distance: Distance) -> tuple[Float[ndarray, "h w"], Float[ndarray, "h w"]]:
    """For each pixel of the feature map, metres by which the field is to be lowered, 0 where it need not be or MOST would not do; and the
    depth at which, metres."""
    pixels, middle = np.argwhere(wanted(picture)), middle_of(picture)
    lacking, places = np.zeros(middle.shape), tuple(pixels.T)
    if not len(pixels):
        return lacking, middle
    rays = rays_through(picture, pixels)
    depths = middle[places][:, None] + np.linspace(-DEEP, DEEP, STEPS)
    found = distance((rays[:, None] * depths[..., None]).reshape(-1, 3)).reshape(depths.shape)
    best = found.argmin(axis=1)
    least, nearest = found.min(axis=1), np.take_along_axis(depths, best[:, None], axis=1)[:, 0]
    even = made_even(middle, places, nearest, np.exp(-np.maximum(least, 0) / DOUBTED))
    rows = np.flatnonzero((least > -THICK) & (least < MOST))
    there = tuple(pixels[rows].T)
    away = distance(rays[rows] * even[there][:, None])
    lacking[there] = np.where(away < MOST, np.maximum(away + THICK, 0), 0)
    return lacking, even


def made_even(
    middle: Float[ndarray, "h w"], places: tuple[ndarray, ndarray], depths: Float[ndarray, " N"], weights: Float[ndarray, " N"]
) -> Float[ndarray, "h w"]:
    """The depths at these places averaged with those about them; elsewhere they run out into `middle`."""
    off, told = np.zeros(middle.shape), np.zeros(middle.shape)
    off[places], told[places] = depths - middle[places], weights
    return middle + within_even(off, told, EVEN, 1e-4)


def wanted(picture: Picture) -> Bool[ndarray, "h w"]:
    """The pixels of the feature map that the photo's person covers and the fitted body does not."""
    inside = avg_pool2d(picture.photo[:, 3:], 2)[0, 0] > SURE
    return (inside & (picture.body[0, 0] < 0.5)).cpu().numpy()


def middle_of(picture: Picture) -> Float[ndarray, "h w"]:
    """Depth of the body's middle in each pixel of the feature map, carried on beyond the body, metres."""
    body = picture.body
    slab = torch.zeros(1, 2, 1, 1, dtype=body.dtype, device=body.device)
    depth = carried_on(body[:, 4:6], body[:, :1] > 0, slab)[0].mean(dim=0) + picture.pelvis[0, 2]
    return depth.double().cpu().numpy()


def rays_through(picture: Picture, pixels: ndarray) -> Float[ndarray, "N 3"]:
    """Points at depth 1, camera frame, of the rays through the middles of pixels (N, 2) of the feature map, row and column."""
    intrinsics = picture.intrinsics[0].double().cpu().numpy() * (picture.body.shape[-1] / picture.photo.shape[-1])
    flat = (pixels[:, ::-1] + 0.5 - intrinsics[2:]) / intrinsics[:2]
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
