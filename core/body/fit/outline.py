"""The person's outline against the body's: where the body's edge should lie in the picture.

The body's own edge is found by drawing it small; each pixel of the edge is a point of the skin with an outward direction, and along that
direction the mask's edge is looked for. Then the fit moves the points (skin, so pose and shape alike), and they are found anew. Clothes are
outside of the body: the mask's edge may lie farther out at little cost, farther in at a high one; hair likewise, at no cost at all.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from ...camera import Camera
from ...skeleton import JOINT
from ...surface.raster import rasterise, window
from .kinematics import SIZE
from .skin import Skin

LONGEST = 160
"""Pixels of the drawing's longer side: a centimetre each for someone standing."""

CLOTH = 0.012
"""Metres that the mask's edge usually lies outside the body's."""
OUTSIDE, INSIDE = 0.03, 0.012
"""Standard deviations in metres: of the mask's edge farther out than that, as loose clothes put it, and farther in, as nothing does."""
REACH = 0.12
"""Metres on each side of the body's edge within which the mask's is looked for."""
PULLS = 20.0
"""How many independent observations the whole outline counts as: its pixels err together, and so do clothes. On 67 photographs by Cycles,
none of which the lifter was trained on, 15, 20 and 30 were alike (root 5.04 to 5.06 cm, skin 3.89 to 3.91; 60: 5.11 and 3.97; no outline:
5.14 and 3.92), 2D the same for all four. Holding the landmarks' pose (4°) as well brought skin .02 nearer for .004 of IoU."""
ALIKE = 0.6
"""Least cosine between the two edges' directions: else it is the edge of something else."""
HAIRY = [JOINT["head"], JOINT["neck"]]
HANDS = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("wrist", "hand")]
"""Whose fingers the body does not bend: their edges say nothing of the body. Feet's do, though they wear shoes: with them toes and ankles
came from .0143 of the height to .0126 in the picture, on 40 photographs by Cycles, and all else stayed."""


@dataclass(frozen=True)
class Outline:
    """Distance of skin points from lines in the picture, along the lines' normals.

    skin: the points; targets, normals: (N, 2) a point of each line and its outward unit normal, on the plane at distance 1; scale: (N,)
    one over the standard deviation there, for metres at the person's distance.
    """

    skin: Skin
    targets: np.ndarray
    normals: np.ndarray
    scale: np.ndarray
    robust: float | None = 2.5

    def __call__(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self.skin.points(unknowns)
        depth = np.maximum(points.values[:, 2:], 0.1)
        flat = points.values[:, :2] / depth
        flat_by = (points.jacobian[:, :2] - flat[:, :, None] * points.jacobian[:, 2:]) / depth[:, :, None]
        residual = self.scale * ((flat - self.targets) * self.normals).sum(axis=1)
        return residual, self.scale[:, None] * np.einsum("na,nap->np", self.normals, flat_by).reshape(-1, SIZE)


@dataclass(frozen=True)
class Edge:
    """A drawn body's edge: corners (N, 3) and barycentric (N, 3) of its points, pixels (N, 2), outward unit normals (N, 2)."""

    corners: np.ndarray
    barycentric: np.ndarray
    pixels: np.ndarray
    normals: np.ndarray


def outline(skin: Skin, faces: np.ndarray, unknowns: np.ndarray, mask: np.ndarray, camera: Camera, pulls: float = PULLS) -> Outline | None:
    """The term at these unknowns; None where body and mask have no edge in common.

    skin, faces: the whole body; mask: (H, W) uint8; camera: in its own frame (no rotation, no translation), at the photo's size; pulls: see
    PULLS.
    """
    places = skin.places(unknowns)
    small, seen = close_up(places, mask, camera)
    edge = body_edge(places, faces, small)
    moved = to_mask(edge, seen, REACH * small.intrinsics[0] / unknowns[-1]) - 0.5  # the rim's pixels lie half a pixel inside the edge
    part = skin.weights.argmax(axis=1)[edge.corners[:, 0]]
    distance = moved * unknowns[-1] / small.intrinsics[0] - CLOTH
    kept = np.isfinite(distance) & ~np.isin(part, HANDS) & ~(np.isin(part, HAIRY) & (distance > -CLOTH))
    if not kept.any():
        return None
    distance, normals = distance[kept], edge.normals[kept]
    places = (edge.pixels[kept] - small.intrinsics[2:]) / small.intrinsics[:2]
    scale = np.sqrt(pulls / max(kept.sum(), pulls)) / np.where(distance > 0, OUTSIDE, INSIDE) * unknowns[-1]
    points = skin.on_faces(edge.corners[kept], edge.barycentric[kept])
    return Outline(points, places + normals * (distance / unknowns[-1])[:, None], normals, scale)


def close_up(places: np.ndarray, mask: np.ndarray, camera: Camera) -> tuple[Camera, Float[np.ndarray, "h w"]]:
    """The camera that sees the body and the mask alone, small; and the mask as it sees it, 0..1, NaN outside the photo."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.max(axis=1) > 127), np.flatnonzero(mask.max(axis=0) > 127)
    points = camera.project(places[places[:, 2] > 0.1])
    low = np.maximum(np.minimum(points.min(axis=0), [columns[0], rows[0]]), -0.5 * np.array([width, height]))
    high = np.minimum(np.maximum(points.max(axis=0), [columns[-1], rows[-1]]), 1.5 * np.array([width, height]))
    margin = 0.03 * (high - low).max()
    low, high = low - margin, high + margin
    size = np.maximum(2, np.round(LONGEST * (high - low) / (high - low).max())).astype(int)
    small = window(camera, np.concatenate([low, low + size * (high - low).max() / LONGEST]), tuple(size.tolist()))
    step = (high - low).max() / LONGEST
    blurred = cv2.GaussianBlur(np.float32(mask) / 255, (0, 0), max(0.5 * step, 0.3))
    x, y = np.meshgrid(low[0] + (np.arange(size[0]) + 0.5) * step - 0.5, low[1] + (np.arange(size[1]) + 0.5) * step - 0.5)
    seen = cv2.remap(blurred, np.float32(x), np.float32(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    return small, np.where(outside, np.nan, seen)


def body_edge(places: np.ndarray, faces: np.ndarray, small: Camera) -> Edge:
    """The edge of the body's silhouette as the small camera draws it."""
    drawn = rasterise(places, faces, small)
    shape = np.uint8(drawn.face >= 0)
    rim = (shape > 0) & (cv2.erode(shape, np.ones((3, 3), np.uint8), borderValue=1) == 0)
    soft = cv2.GaussianBlur(np.float32(shape), (0, 0), 1.5)
    down, right = np.gradient(soft)
    row, column = np.nonzero(rim)
    normals = -np.stack([right[row, column], down[row, column]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    pixels = np.stack([column, row], axis=1) + 0.5
    return Edge(faces[drawn.face[row, column]], np.float64(drawn.barycentric[row, column]), pixels, normals)


def to_mask(edge: Edge, seen: Float[np.ndarray, "h w"], reach: float) -> Float[np.ndarray, "N"]:
    """Pixels from each point of the edge outward to the mask's edge, negative inward; NaN where there is none within reach, where it runs
    another way, or where the photo ends."""
    steps = np.arange(-np.ceil(reach), np.ceil(reach) + 1)
    where = edge.pixels[:, None] + steps[:, None] * edge.normals[:, None]
    along = sampled(seen, where)
    inside = along >= 0.5
    here = len(steps) // 2
    crossing = np.where(inside[:, :-1] & ~inside[:, 1:], np.abs(steps[:-1] + 0.5), np.inf)  # from in to out, as the body's own edge goes
    nearest = crossing.argmin(axis=1)
    row = np.arange(len(nearest))
    first, second = along[row, nearest], along[row, nearest + 1]
    distance = steps[nearest] + (first - 0.5) / np.maximum(first - second, 1e-6)
    down, right = np.gradient(cv2.GaussianBlur(np.nan_to_num(np.float32(seen)), (0, 0), 1.5))
    spot = edge.pixels + distance[:, None] * edge.normals
    slope = -np.stack([sampled(right, spot[:, None])[:, 0], sampled(down, spot[:, None])[:, 0]], axis=1)
    agree = (slope * edge.normals).sum(axis=1) / (np.linalg.norm(slope, axis=1) + 1e-9) > ALIKE
    found = np.isfinite(crossing[row, nearest]) & np.isfinite(along[:, here]) & np.isfinite(first + second) & agree
    return np.where(found, distance, np.nan)


def sampled(picture: np.ndarray, points: Float[np.ndarray, "N T 2"]) -> Float[np.ndarray, "N T"]:
    """The picture's values at points, bilinear; NaN outside."""
    x, y = (np.float32(points[..., axis] - 0.5) for axis in (0, 1))
    return cv2.remap(np.float32(picture), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"))
