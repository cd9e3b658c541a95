"""A square picture of one person, with the way back to the photo."""

from dataclasses import dataclass

import numpy as np

from .frame import Frame, square_frame
from .person import Person, Photo


@dataclass(frozen=True, eq=False)
class Crop:
    """A person's square.

    pixels: (S, S, 3) uint8 sRGB; mask: (S, S) uint8; frame: where it lies in the photo: `frame.to_photo` and `frame.from_photo` map points.
    """

    pixels: np.ndarray
    mask: np.ndarray
    frame: Frame


def square_crop(photo: Photo, person: Person, size: int, margin: float = 0.1) -> Crop:
    """The square of size² pixels about a person's box, with `margin` times its longer side left free all round.

    Shrunk without aliasing. Outside the photo the picture repeats its nearest edge pixel, and the mask is 0.
    """
    extent = person.box[2:] - person.box[:2]
    side = float(extent.max()) * (1 + 2 * margin)
    frame = square_frame((person.box[:2] + person.box[2:]) / 2, side, size)
    return Crop(frame.take(photo.pixels, edge=True), frame.take(person.mask), frame)
