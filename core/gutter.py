"""Gutters: colour for the texels of a texture that no surface point has, so that filtering never brings in black. Numpy only."""

import numpy as np
from numpy import ndarray

RINGS = 3
"""Texels round every chart that take the mean of their coloured neighbours: what is looked up when a texture is seen close."""


def fill(picture: ndarray, known: ndarray) -> ndarray:
    """The picture (H, W, C), float32, with every texel that is not known (H, W) coloured from those around.

    The RINGS next to known texels first; what is left from ever smaller copies of the picture (pull and push, Gortler et al. 1996, "The
    Lumigraph"), just as a renderer's smaller copies average it. A picture without a known texel becomes zero.
    """
    picture = np.where(known[..., None], picture, 0).astype(np.float32)
    known = known.astype(np.float32)
    for _ in range(RINGS):
        picture, known = _ring(picture, known)
    return _pull_push(picture, known)


def _ring(picture: ndarray, known: ndarray) -> tuple[ndarray, ndarray]:
    """The picture with one more ring of texels, each the mean of its known neighbours."""
    total, count = np.zeros_like(picture), np.zeros_like(known)
    height, width = known.shape
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            to = (slice(max(down, 0), height + min(down, 0)), slice(max(across, 0), width + min(across, 0)))
            of = (slice(max(-down, 0), height + min(-down, 0)), slice(max(-across, 0), width + min(-across, 0)))
            total[to] += picture[of]
            count[to] += known[of]
    new = (known == 0) & (count > 0)
    picture = picture.copy()
    picture[new] = total[new] / count[new][:, None]
    return picture, np.where(new, 1, known).astype(np.float32)


def _pull_push(picture: ndarray, known: ndarray) -> ndarray:
    """The picture, black where not known, with those texels from its half-size copy, which is filled the same way."""
    height, width = known.shape
    if known.all() or not known.any() or height * width == 1:
        return picture
    even = ((0, height % 2), (0, width % 2))
    padded, weight = np.pad(picture, (*even, (0, 0))), np.pad(known, even)
    shape = (padded.shape[0] // 2, 2, padded.shape[1] // 2, 2)
    count = weight.reshape(shape).sum(axis=(1, 3))
    half = padded.reshape(*shape, -1).sum(axis=(1, 3)) / np.maximum(count, 1)[..., None]
    half = _pull_push(half, (count > 0).astype(np.float32))
    return np.where(known[..., None] > 0, picture, half.repeat(2, axis=0).repeat(2, axis=1)[:height, :width])
