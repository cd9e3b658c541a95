"""A person's mask: which pixels of the photo show them."""

import numpy as np
from jaxtyping import Float, UInt8

from .frame import Frame


def person_mask(pixels: UInt8[np.ndarray, "H W 3"], logits: Float[np.ndarray, "h w"], frame: Frame) -> UInt8[np.ndarray, "H W"]:
    """The network's mask, 0..255, at the photo's resolution. logits: positive on the person, in `frame`."""
    sure = 1 / (1 + np.exp(-np.clip(np.float64(logits), -50, 50)))
    photo = Frame(np.zeros(2), np.eye(2), (pixels.shape[1], pixels.shape[0]))
    return np.uint8(np.round(255 * frame.give(np.float32(sure), photo)))
