"""Photo, person and body framed as the network reads them: a square round both, the person alone, and the camera of that square."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray

from ..body.fitted import FittedBody
from ..errors import NoPersonFound
from ..photo.frame import Frame, square_frame
from ..photo.person import Person, Photo
from .conditioning import BodyInView, body_in_view, body_maps
from .config import FieldConfig
from .detail import SCALE
from .network import Picture
from .volume import voxels

MARGIN = 0.06
"""Of the square's side, left free on each side of person and body."""


@dataclass(frozen=True, eq=False)
class Framed:
    """picture: what the network reads, batch of one; body: in the camera's frame; frame: where the square lies in the photo; intrinsics
    (4,): fx fy cx cy of the square's camera, whose frame is that of the photo's camera."""

    picture: Picture
    body: BodyInView
    frame: Frame
    intrinsics: ndarray


def framed(photo: Photo, person: Person, body: FittedBody, config: FieldConfig) -> Framed:
    """The network's picture of one person. Raises NoPersonFound where the person's mask is empty."""
    square = square_round(person.mask, body.camera.project(body.vertices), config.picture, photo.name)
    intrinsics = intrinsics_of(body.camera.intrinsics, square)
    view = body_in_view(body)
    picture = picture_of(*in_square(photo, person, square), intrinsics, view, config)
    if config.detail:
        picture = picture._replace(fine=as_channels(*in_square(photo, person, finer(square))))
    return Framed(picture, view, square, intrinsics)


def in_square(photo: Photo, person: Person, square: Frame) -> tuple[UInt8[ndarray, "S S 3"], UInt8[ndarray, "S S"]]:
    """The photo's pixels and the person's mask in the square."""
    return square.take(photo.pixels, edge=True), square.take(person.mask)


def finer(square: Frame) -> Frame:
    """The same square in the detail's pixels."""
    width, height = square.size
    return replace(square, axes=square.axes / SCALE, size=(SCALE * width, SCALE * height))


def square_round(mask: UInt8[ndarray, "H W"], body: Float[ndarray, "V 2"], side: int, name: str = "photo") -> Frame:
    """The square, `side` pixels a side, round the mask (255 inside) and the body's pixels; it may reach beyond the photo."""
    rows, columns = np.flatnonzero((mask >= 128).any(axis=1)), np.flatnonzero((mask >= 128).any(axis=0))
    if not len(rows):
        raise NoPersonFound(f"{name}: the person's outline is empty")
    low = np.minimum(body.min(axis=0), [columns[0], rows[0]])
    high = np.maximum(body.max(axis=0), [columns[-1] + 1, rows[-1] + 1])
    return square_frame((low + high) / 2, float((high - low).max()) / (1 - 2 * MARGIN), side)


def intrinsics_of(intrinsics: Float[ndarray, "4"], square: Frame) -> Float[ndarray, "4"]:
    """The camera's fx fy cx cy in the square's pixels."""
    return np.concatenate([intrinsics[:2], intrinsics[2:] - square.origin]) / square.step


def picture_of(
    pixels: UInt8[ndarray, "H W 3"], mask: UInt8[ndarray, "H W"], intrinsics: Float[ndarray, "4"], body: BodyInView, config: FieldConfig
) -> Picture:
    """The network's input from a framed square."""
    maps = body_maps(body, intrinsics, config.picture, config.half)
    return Picture(
        photo=as_channels(pixels, mask),
        body=torch.from_numpy(maps)[None],
        intrinsics=torch.from_numpy(np.float32(intrinsics))[None],
        pelvis=torch.from_numpy(np.float32(body.pelvis))[None],
        spread=torch.full((1, 1), float(body.spread)),
        volume=torch.from_numpy(voxels(body, config.volume))[None] if config.uses_volume else None,
    )


def as_channels(pixels: UInt8[ndarray, "H W 3"], mask: UInt8[ndarray, "H W"]) -> Float[torch.Tensor, "1 4 H W"]:
    """`photo_channels` of one picture."""
    return photo_channels(torch.from_numpy(pixels.copy())[None], torch.from_numpy(mask.copy())[None])


def photo_channels(pixels: UInt8[torch.Tensor, "B H W 3"], mask: UInt8[torch.Tensor, "B H W"]) -> Float[torch.Tensor, "B 4 H W"]:
    """Masked sRGB less a half (zero outside the person), and the mask."""
    inside = mask[:, None].float() / 255
    return torch.cat([(pixels.permute(0, 3, 1, 2).float() / 255 - 0.5) * inside, inside], dim=1)
