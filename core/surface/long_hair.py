"""Hair that falls on both sides of the neck falls behind it, too.

Of someone with loose hair who faces the camera, the photo shows hair beside the neck, and the field makes thin curtains of it, with a bare
neck between them from behind. Where the outline shows such curtains and the field has nothing behind the neck between them, that is filled,
from the back of the head down to the shoulders: half an ellipse in each row of the picture.

It is for real photos, in which the network takes fair hair for skin: two of six have heads of hair by it. Of eight made-up people with
loose hair four show it on both sides of the neck (exact bodies), and of three of those the field has it by itself: filled without asking,
the four's Chamfer distance grew by .05 cm.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d

from ..body.fitted import FittedBody
from ..camera import Camera
from ..field.encoder import HAIR, SKIN
from ..field.network import Encoded
from ..skeleton import JOINT
from .raster import rasterise
from .regions import face, share_of
from .surface import vertex_normals
from .tones import common

TOWARDS, UPRIGHT = 0.5, 0.8
"""Cosines: between where the face looks and the camera, and between the head's way up and the picture's, from which a head counts."""

BESIDE, LONG = 0.012, 0.05
"""Metres by which hair must stand out on both sides of head and neck; and down which in all it must."""

STANDS_OFF = 0.012
"""Metres of hair behind the back of the head and of the shoulders."""

OTHERS = 0.015
"""Metres round the rest of the body, arms and hands and shoulders, that may be theirs."""

EVEN = 0.012
"""Metres over which the sides are made even, from row to row."""

GROWS = 0.06
"""Metres from the top down over which the filling grows from the head's own width to the hair's."""

NEARLY, RESTS = 0.08, 0.1
"""Where hair is seen down to within NEARLY of the neck's end, metres, it goes on RESTS below that, and lies on the back."""

NARROWS, SINKS = 0.6, 0.01
"""Share of its width that it has left at its end there; and metres that its end lies under the back's skin, so that no edge stands off."""

HANGS = 0.8
"""Share of the way from the head's middle to the neck's end down to which it hangs straight from the head; then it goes on to the back."""

ROUNDED = 0.015
"""Metres by which its edges are rounded."""

SLOPE = 0.5
"""What the filling's depth is multiplied by: it must not claim to be farther than it is."""

OFF, THERE = 0.025, 0.65
"""Where the field has more than THERE of the filling that lies farther than OFF from the body, metres, hair is there without help."""

ACROSS, ALONG = (-0.5, -0.25, 0, 0.25, 0.5), (0.3, 0.5, 0.7)
"""Where the field is asked, in each row: shares of the half width to either side, and of the way from the neck's axis to the back."""

Distance = Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]]
"""Metres, at points in the camera's frame."""


class Curtains(NamedTuple):
    """What the picture shows beside the neck, from a top row down (R,). left, right: columns of the outline; middle, back: depths of the
    neck's axis and of what lies behind, metres; pixels (S, S): the hair beside head and neck."""

    top: int
    left: ndarray
    right: ndarray
    middle: ndarray
    back: ndarray
    pixels: ndarray


class Hair(NamedTuple):
    """What hangs behind the neck. outside: how far points of the camera's frame lie outside of it, metres, negative inside; colours (K, 3):
    those that are common in what is seen of it, sRGB 0..1."""

    outside: Distance
    colours: ndarray


def hair_behind(body: FittedBody, camera: Camera, encoded: Encoded, distance: Distance, bare: Distance) -> Hair | None:
    """The hair behind the neck; None where none is seen to fall on both sides, and where the field has it. camera: of the finest mask that
    the network reads; distance: the field's; bare: the fitted body's."""
    found = curtains(body, camera, *person_in(encoded, int(camera.size[0]))) if faces_the_camera(body) else None
    if found is None:
        return None
    within = inner_points(found, camera)
    within = within[bare(within) > OFF]
    if not len(within) or (distance(within) < 0).mean() > THERE:
        return None
    side = encoded.photo_albedo.shape[-1]
    hair = found.pixels.reshape(side, -1, side, len(found.pixels) // side).any(axis=(1, 3))
    colours = encoded.photo_albedo[0].permute(1, 2, 0).cpu()[torch.from_numpy(hair)]
    return Hair(filling_of(found, camera), common(colours).double().numpy())


def inner_points(found: Curtains, camera: Camera) -> Float[ndarray, "N 3"]:
    """Points of the camera's frame spread over the middle of the filling."""
    grid = np.meshgrid(np.arange(len(found.left)), ACROSS, ALONG, indexing="ij")
    row, across, along = (part.ravel() for part in grid)
    left, right, middle, back = (line[row] for line in found[1:5])
    depth = middle + along * (back - middle)
    column = (left + right) / 2 + across * (right - left) / 2
    flat = (np.column_stack([column, found.top + row + 0.5]) - camera.intrinsics[2:]) / camera.intrinsics[:2]
    return np.column_stack([flat, np.ones(len(row))]) * depth[:, None]


def filling_of(found: Curtains, camera: Camera) -> Distance:
    """How far points of the camera's frame lie outside of the half ellipses behind these curtains."""
    focal, rows = camera.intrinsics, np.arange(len(found.left)) + 0.5

    def filling(points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        depth = np.maximum(points[:, 2], 1e-6)
        column, row = (points[:, :2] / depth[:, None] * focal[:2] + focal[2:]).T
        left, right, middle, back = (np.interp(row - found.top, rows, line) for line in found[1:5])
        metre = depth / focal[0]
        wide, deep = np.maximum((right - left) / 2, 1e-6), np.maximum(back - middle, 1e-3)
        across, along = (column - (left + right) / 2) / wide, (depth - middle) / deep
        round_ = (np.hypot(across, along) - 1) * np.minimum(wide * metre, deep)
        beyond = np.maximum(found.top - row, row - found.top - len(rows)) * metre
        sides = np.stack([round_, middle - depth, beyond])
        outside = np.linalg.norm(np.maximum(sides + ROUNDED, 0), axis=0) - ROUNDED
        return SLOPE * np.maximum(outside, sides.max(axis=0))

    return filling


def faces_the_camera(body: FittedBody) -> bool:
    """Whether the head looks towards the camera, more or less, and stands upright in the picture."""
    part, turn = face(body), body.camera.rotation
    if not part.any():
        return False
    looks = vertex_normals(body.vertices, body.faces)[part].mean(axis=0) @ turn.T
    up = body.joints[JOINT["head"]] - body.joints[JOINT["neck"]]
    up = up / max(np.linalg.norm(up), 1e-9) @ turn.T
    return bool(-looks[2] > TOWARDS * np.linalg.norm(looks) and -up[1] > UPRIGHT)


def person_in(encoded: Encoded, side: int) -> tuple[Bool[ndarray, "S S"], Bool[ndarray, "S S"]]:
    """Where the picture, `side` pixels a side, shows the person; and where that is skin or hair."""
    picture = encoded.picture
    mask = (picture.photo if picture.fine is None else picture.fine)[0, 3].cpu().numpy() > 0.5
    share = encoded.maps.label_front[0].softmax(dim=0)[[SKIN, HAIR]].sum(dim=0).cpu().numpy()
    return mask, mask & (cv2.resize(share, (side, side), interpolation=cv2.INTER_LINEAR) > 0.5)


def curtains(body: FittedBody, camera: Camera, mask: Bool[ndarray, "S S"], soft: Bool[ndarray, "S S"]) -> Curtains | None:
    """What the picture shows beside head and neck, from the head's middle down to the neck's end. mask: the person; soft: skin or hair."""
    skull, bare = share_of(body, "head") > 0.5, share_of(body, "head", "neck") > 0.5
    points, pixels = camera.to_camera(body.vertices), camera.project(body.vertices)
    neck, metre = silhouette_of(body, camera, bare), float(points[skull, 2].mean() / camera.intrinsics[0])
    others = cv2.dilate(np.uint8(silhouette_of(body, camera, ~bare)), disc(OTHERS / metre)) > 0
    top = max(int(pixels[skull, 1].mean()), 0)
    rows = top + np.flatnonzero(neck[top:].any(axis=1))
    if not len(rows):
        return None
    inside = (soft & ~others | neck & mask)[rows]
    own = np.array([np.flatnonzero(row)[[0, -1]] + (0, 1) for row in neck[rows]])
    sides = np.array([run_at(row, int(ends.mean())) for row, ends in zip(inside, own, strict=True)])
    out = np.maximum((sides - own) * (-1, 1), 0)
    shown = out.min(axis=1) * metre > BESIDE
    if shown.sum() * metre < LONG:
        return None
    lines = hanging(own, out, int(np.flatnonzero(shown)[-1]) + 1, metre)
    share = np.arange(lines.shape[1]) / len(rows)
    middle = camera.to_camera(body.joints[[JOINT["head"], JOINT["neck"]]])[:, 2]
    off = pixels - (lines[:, -1].mean(), rows[-1])
    end = (np.abs(off[:, 0]) < np.ptp(lines[:, -1]) / 2) & (np.abs(off[:, 1] * metre / RESTS - 1) < 0.3)
    behind = [points[skull, 2].max() + STANDS_OFF, points[end, 2].max(initial=middle[1]) - SINKS]
    back = np.interp(share, [HANGS, 1 + RESTS / (len(rows) * metre)], behind)
    column, hair = np.arange(len(mask)), np.zeros_like(mask)
    hair[rows] = inside & (column >= sides[:, :1]) & (column < sides[:, 1:]) & ~neck[rows] & shown[:, None]
    return Curtains(top, *lines, np.interp(share, [0, 1], middle), back, hair)


def hanging(own: Float[ndarray, "R 2"] | Int[ndarray, "R 2"], out: Float[ndarray, "R 2"], last: int, metre: float) -> Float[ndarray, "2 H"]:
    """The hair's left and right column in each row, from the head's middle down to where it ends. own: those of head and neck; out: how far
    the hair stands out to either side; last: rows down to its end beside the neck; metre: of a pixel's side."""
    grown = np.minimum(np.arange(last) * metre / GROWS, 1)[:, None]
    lines = gaussian_filter1d(own[:last] + grown * out[:last] * (-1, 1), EVEN / metre, axis=0, mode="nearest").T
    if (len(own) - last) * metre >= NEARLY:
        return lines
    below = len(own) + round(RESTS / metre)
    lines = np.pad(lines, ((0, 0), (0, below - last)), mode="edge")
    narrow = np.interp(np.arange(below), [len(own), below], [1, NARROWS])
    return lines.mean(axis=0) + (lines - lines.mean(axis=0)) * narrow


def run_at(row: Bool[ndarray, " S"], column: int) -> tuple[float, float]:
    """Where the row is true without a break around a column: from, to; nowhere if it is not true there."""
    if not row[column]:
        return float(column), float(column)
    out = np.flatnonzero(~row)
    before, after = out[out < column], out[out > column]
    return float(before[-1] + 1 if len(before) else 0), float(after[0] if len(after) else len(row))


def silhouette_of(body: FittedBody, camera: Camera, part: Bool[ndarray, " V"]) -> Bool[ndarray, "S S"]:
    """What the camera would see of the body's part alone."""
    return rasterise(body.vertices, body.faces[part[body.faces].all(axis=1)], camera).face >= 0


def disc(radius: float) -> ndarray:
    side = 2 * max(round(radius), 1) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
