"""A made-up plate: a ball with another ball for a body. Geometry is true; colours and light are noise."""

import numpy as np

from core.light import IRRADIANCE_FACTORS, sh_basis
from training.field.patches import DEPTHS, REACH, SIDE

POINTS = {"surface": 60, "near": 160, "far": 40}


def ball_transfer(front, middle, hit, side):
    """The light transfer (9, side / 4, side / 4) of a ball in the open: the cosine-weighted basis at the normal."""
    basis = sh_basis((front - middle) / 0.4) * IRRADIANCE_FACTORS / np.pi * hit[..., None]
    cells = lambda picture: picture.reshape(side // 4, 2, side // 4, 2, -1).mean(axis=(1, 3))  # noqa: E731
    return np.ascontiguousarray((cells(basis) / np.maximum(cells(1.0 * hit), 0.25)).transpose(2, 0, 1)).astype(np.float16)


def ball_plate(seed: int, side: int = 64) -> tuple[dict, dict]:
    """A plate of a ball of 40 cm, 3 m away, whose body is a ball of 35 cm; colours and light are noise, geometry is true."""
    rng = np.random.default_rng(seed)
    half, middle, radius, body_radius = side // 2, np.array([0.05, -0.1, 3.0]), 0.4, 0.35
    intrinsics = np.array([3.0 * side, 3.0 * side, side / 2, side / 2])
    y, x = np.mgrid[:half, :half] * 2 + 1.0
    rays = np.stack([(x - intrinsics[2]) / intrinsics[0], (y - intrinsics[3]) / intrinsics[1], np.ones_like(x)], -1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    along = rays @ middle
    inside = radius**2 - (middle @ middle - along**2)
    hit, root = inside > 0, np.sqrt(np.maximum(inside, 0))
    points = middle + rng.normal(0, 1, (260, 3)) * 0.3
    points[:60] = middle + radius * (points[:60] - middle) / np.linalg.norm(points[:60] - middle, axis=1, keepdims=True)
    normal = (points - middle) / np.linalg.norm(points - middle, axis=1, keepdims=True)
    far = np.linalg.norm(points - middle, axis=1)
    front, back = ((rays * (along + sign * root)[..., None]) for sign in (-1, 1))
    big = lambda picture: np.repeat(np.repeat(picture, 2, 0), 2, 1)  # noqa: E731

    def nearest(places):
        away = places - middle
        length = np.linalg.norm(away, axis=-1, keepdims=True)
        return np.concatenate([length - body_radius, away / length, away / length, body_radius * away / length], -1).astype(np.float16)

    arrays = {
        "photo": big(rng.integers(0, 256, (half, half, 3), np.uint8)),
        "mask": big(np.uint8(255 * hit)), "alpha": big(np.uint8(255 * hit)),
        "normal": np.round(127 * big((front - middle) / radius) * big(hit)[..., None]).astype(np.int8),
        "albedo": big(rng.integers(0, 256, (half, half, 3), np.uint8)),
        "log_shading": rng.normal(-0.5, 0.2, (side, side, 3)).astype(np.float16),
        "trusted": np.full((side, side), 255, np.uint8),
        "transfer": ball_transfer(front, middle, hit, side), "rotation": np.eye(3, dtype=np.float32),
        "depth": np.where(hit, np.stack([front[..., 2], back[..., 2]]) - middle[2], np.nan).astype(np.float16),
        "normal_back": np.round(127 * (back - middle) / radius * hit[..., None]).astype(np.int8),
        "albedo_back": rng.integers(0, 256, (half, half, 3), np.uint8),
        "trusted_back": np.full((half, half), 255, np.uint8),
        "label": np.where(hit, rng.integers(0, 5, (2, half, half)), 255).astype(np.uint8),
        "light": rng.normal(0, 0.3, (9, 3)).astype(np.float32) + np.float32(np.eye(9)[:, :1] * 3),
        "intrinsics": np.float32(intrinsics), "pelvis": np.float32(middle),
        "points": np.float32(points), "distance": np.float16(far - radius),
        "point_normal": np.round(127 * normal).astype(np.int8),
        "point_albedo": rng.integers(0, 256, (260, 3), np.uint8),
        "point_trusted": np.full(260, 255, np.uint8), "point_label": rng.integers(0, 5, 260).astype(np.uint8),
    }  # fmt: skip
    arrays |= {f"fine/{name}": big(arrays[name]) for name in ("photo", "alpha", "normal", "albedo", "log_shading", "trusted")}
    maps = np.zeros((9, half, half), np.float16)
    maps[0] = hit
    turned = rays[:SIDE, :SIDE].reshape(1, -1, 3).repeat(2, 0)
    reach = np.linalg.norm(middle) + np.array([-radius, radius])[:, None] - REACH + np.zeros((2, SIDE * SIDE))
    places = turned[:, :, None] * (reach[..., None] + np.linspace(0, 2 * REACH, DEPTHS))[..., None]
    arrays |= {
        "patch/rays": np.float32(turned), "patch/near": np.float32(reach),
        "patch/hit": np.uint8(rng.random((2, SIDE * SIDE)) < 0.7), "patch/known": np.full((2, SIDE * SIDE), 1, np.uint8),
        "patch/label": np.full((2, SIDE * SIDE), 2, np.uint8),
        "patch/transfer": rng.normal(0, 0.2, (2, SIDE * SIDE, 9)).astype(np.float16),
        "patch/albedo": rng.integers(0, 256, (2, SIDE * SIDE, 3), np.uint8),
        "patch/shaded": rng.integers(0, 256, (2, SIDE * SIDE, 3), np.uint8),
    }  # fmt: skip
    for body in ("exact", "noisy"):
        arrays |= {
            f"{body}/maps": maps, f"{body}/nearest": nearest(points), f"{body}/shift": np.zeros(260, np.float16),
            f"{body}/spread": np.zeros(1, np.float32), f"{body}/patch": nearest(places),
        }  # fmt: skip
    return arrays, {
        "made": "relit",
        "bodies": ["exact", "noisy"],
        "side": side,
        "patches": True,
        "surface": POINTS["surface"],
        "near": POINTS["near"],
    }
