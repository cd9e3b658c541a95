"""What the stage `photo` hands on: the photo itself, and each person found in it. All pixels are the original photo's (upright) ones."""

from dataclasses import dataclass

from numpy import ndarray


@dataclass(frozen=True)
class Photo:
    """One decoded photo, upright (EXIF rotation applied).

    pixels: (H, W, 3) uint8 sRGB; alpha: (H, W) uint8, or None where the file had none or was opaque all over; focal: focal length in
    pixels from EXIF, or None; name: the file's name.
    """

    pixels: ndarray
    alpha: ndarray | None
    focal: float | None
    name: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True)
class Person:
    """One person in a photo.

    box: (4,) x0 y0 x1 y1, pixels; score: the detector's, 0..1; landmarks: (33, 2) pixels, BlazePose's order (see `landmarks.LANDMARKS`);
    visibility, presence: (33,) 0..1; world_landmarks: (33, 3) metres about the hips' midpoint along the camera's axes (x right, y down,
    z away), turned upright with the photo; mask: (H, W) uint8, 255 inside the person, soft at the edge; warnings: sentences about what
    could not be done as well as usual.
    """

    box: ndarray
    score: float
    landmarks: ndarray
    visibility: ndarray
    presence: ndarray
    world_landmarks: ndarray
    mask: ndarray
    warnings: tuple[str, ...] = ()
