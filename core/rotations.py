"""Unit quaternions (w, x, y, z; float64) beside rotation matrices and axis-angle vectors, for motion: numpy only, any leading shape."""

import numpy as np


def quaternions(matrices: np.ndarray) -> np.ndarray:
    """Quaternions (…, 4), w not negative, of rotation matrices (…, 3, 3).

    Of four formulas that differ in which component they take the root of, the one whose component is largest loses no digits
    (Shepperd 1978). Row k of `scaled` is that quaternion times four times its component k.
    """
    m = np.asarray(matrices, dtype=np.float64)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    x, y, z = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    scaled = np.stack(
        [
            np.stack([1 + xx + yy + zz, x, y, z], axis=-1),
            np.stack([x, 1 + xx - yy - zz, xy, xz], axis=-1),
            np.stack([y, xy, 1 - xx + yy - zz, yz], axis=-1),
            np.stack([z, xz, yz, 1 - xx - yy + zz], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.diagonal(scaled, axis1=-2, axis2=-1), axis=-1)
    found = np.take_along_axis(scaled, best[..., None, None], axis=-2)[..., 0, :]
    found = found / np.linalg.norm(found, axis=-1, keepdims=True)
    return np.where(found[..., :1] < 0, -found, found)


def matrices(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices (…, 3, 3) of unit quaternions (…, 4)."""
    w, x, y, z = np.moveaxis(np.asarray(quaternions, dtype=np.float64), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def axis_angles(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (…, 3), radians, at most half a turn long, of rotation matrices (…, 3, 3)."""
    found = quaternions(matrices)
    sine = np.linalg.norm(found[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, found[..., :1])
    return found[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2)


def slerp(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The rotations (…, 4) that lie `share` of the way from the first to the second, the shorter way round, at even speed.

    share: broadcast against the quaternions without their last axis (Shoemake 1985).
    """
    cosine = np.sum(first * second, axis=-1, keepdims=True)
    second, cosine = np.where(cosine < 0, -second, second), np.abs(cosine)
    angle = np.arccos(np.clip(cosine, -1, 1))
    share = np.asarray(share, dtype=np.float64)[..., None]
    near = angle < 1e-6  # there the sines' quotient has no digits left, and the straight way is as good
    sine = np.where(near, 1, np.sin(angle))
    start = np.where(near, 1 - share, np.sin((1 - share) * angle) / sine)
    end = np.where(near, share, np.sin(share * angle) / sine)
    mixed = start * first + end * second
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


def yaw(matrix: np.ndarray) -> float:
    """The turn in radians about +Y that a rotation (3, 3) holds: what is left when the shortest turn of the Y axis is taken away."""
    w, _, y, _ = quaternions(matrix).tolist()
    return 2 * float(np.arctan2(y, w))
