"""A frame: a rectangular grid of small-picture pixels laid over the photo, moved, turned and scaled. It maps both ways, points and pixels.

Points are (x, y) with (0, 0) at the corner of the top-left pixel, in the photo as in the frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

CORNER_TO_CENTRE = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
"""From our pixel corners to OpenCV's coordinates, in which (0, 0) is the top-left pixel's centre."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Where a picture of `size` (width, height) lies in the photo.

    origin: (2,) the photo's point under the picture's top-left corner; axes: (2, 2), its columns are the photo's steps for one pixel to the
    right and one pixel down. Right angles and square pixels only.
    """

    origin: np.ndarray
    axes: np.ndarray
    size: tuple[int, int]

    @property
    def step(self) -> float:
        """Photo pixels per frame pixel."""
        return float(np.hypot(*self.axes[:, 0]))

    @property
    def turn(self) -> np.ndarray:
        """Rotation (2, 2) that takes directions in the frame to directions in the photo."""
        return self.axes / self.step

    def to_photo(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """The photo's points under the frame's."""
        return points @ self.axes.T + self.origin

    def from_photo(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """The frame's points over the photo's."""
        return (points - self.origin) @ np.linalg.inv(self.axes).T

    def take(self, photo: np.ndarray, edge: bool = False) -> np.ndarray:
        """The photo's content in this frame, (h, w) or (h, w, C), free of aliasing: shrunk by area first, then turned bilinearly.

        Outside the photo it is 0, or the nearest edge pixel's colour with `edge`.
        """
        (x0, y0), (x1, y1) = self._window(photo)
        part = photo[y0:y1, x0:x1]
        shrink = np.maximum(1, np.round(np.array([x1 - x0, y1 - y0]) * min(1.0, 1 / self.step))).astype(int)
        small = cv2.resize(part, tuple(shrink.tolist()), interpolation=cv2.INTER_AREA)
        to_part = np.eye(3)
        to_part[:2] = np.column_stack([self.axes, self.origin - (x0, y0)])
        to_small = np.diag([*(shrink / (x1 - x0, y1 - y0)), 1]) @ to_part
        border = cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT
        return _warp(small, to_small, self.size, border)

    def give(self, values: np.ndarray, other: "Frame", edge: bool = False) -> np.ndarray:
        """A picture in this frame, seen in another frame of the same photo, bilinearly.

        Where this frame does not reach it is 0, or the nearest edge pixel's value with `edge`.
        """
        back = np.linalg.inv(self.matrix) @ other.matrix
        return _warp(values, back, other.size, cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT)

    @property
    def matrix(self) -> np.ndarray:
        """Frame to photo, (3, 3) homogeneous."""
        matrix = np.eye(3)
        matrix[:2] = np.column_stack([self.axes, self.origin])
        return matrix

    def _window(self, photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The photo's whole pixels that the frame touches and a little around them, at least one pixel."""
        width, height = self.size
        corners = self.to_photo(np.array([[0.0, 0], [width, 0], [0, height], [width, height]]))
        limit = np.array(photo.shape[1::-1])
        margin = 2 * max(1.0, self.step)
        low = np.clip(np.floor(corners.min(axis=0) - margin), 0, limit - 1)
        high = np.clip(np.ceil(corners.max(axis=0) + margin), low + 1, limit)
        return low.astype(int), high.astype(int)


def square_frame(centre: np.ndarray, side: float, size: int, up: np.ndarray | None = None) -> Frame:
    """A frame of size² pixels over the square of that centre and side in photo pixels; `up` is the photo's unit direction of its top."""
    ux, uy = (0.0, -1.0) if up is None else up
    axes = np.array([[-uy, -ux], [ux, -uy]]) * (side / size)
    return Frame(np.asarray(centre) - axes @ np.array([size / 2, size / 2]), axes, (size, size))


def box_frame(box: np.ndarray, longest: int) -> Frame:
    """An upright frame over a box (x0 y0 x1 y1) of whole photo pixels, its longer side at most `longest` pixels and never enlarged."""
    extent = np.asarray(box[2:]) - box[:2]
    step = max(1.0, float(extent.max()) / longest)
    width, height = np.maximum(1, np.ceil(extent / step)).astype(int).tolist()
    return Frame(np.float64(box[:2]), np.eye(2) * step, (width, height))


def _warp(values: np.ndarray, to_values: np.ndarray, size: tuple[int, int], border: int) -> np.ndarray:
    """Bilinear samples of `values`, one for each pixel of a new picture; to_values (3, 3) takes its points to theirs."""
    matrix = CORNER_TO_CENTRE @ to_values @ np.linalg.inv(CORNER_TO_CENTRE)
    return cv2.warpAffine(values, matrix[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border)
