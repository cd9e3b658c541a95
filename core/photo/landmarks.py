"""One person's landmarks: BlazePose's second network (Bazarevsky et al. 2020, Grishchenko et al. 2022) on a crop turned upright.

The crop follows the person: its centre is the middle of the hips, its top the direction of the spine.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float, UInt8

from ..skeleton import mirrored as twin_name
from .frame import Frame, square_frame
from .network import Network

LANDMARKS = (
    "nose",
    *("left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "left_mouth", "right_mouth"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("left_heel", "right_heel", "left_toe", "right_toe"),
)
"""The 33 names in BlazePose's order. Left is the person's."""

HIPS, CIRCLE = 33, 34
"""Two points more, for the next crop: the hips' middle, and a point straight above it on the circle about the whole body."""

SIZE = 256
POINTS = 39
"""Points the network gives; those past 34 are not documented and not used."""

MARGIN = 1.25
"""Side of the crop over the circle's diameter: what the network was trained with."""


TWINS = np.array([LANDMARKS.index(twin_name(name)) for name in LANDMARKS] + list(range(len(LANDMARKS), POINTS)))
"""Number of each point's twin on the other side of the body; its own for those in the middle."""


def _both(*joints: str) -> np.ndarray:
    return np.array([LANDMARKS.index(f"{side}_{joint}") for side in ("left", "right") for joint in joints])


ARMS, LEGS = _both("elbow", "wrist", "pinky", "index", "thumb"), _both("knee", "ankle", "heel", "toe")
APART = 10.0
"""Pixels of the crop by which two readings of a limb must differ to count as contradictory: 7.6 was the most on 24 rendered people, all
read rightly; a person with swapped legs had 39."""

CELLS, REACH = 64, 3
"""Cells across the heat maps, and how many of them on each side of a point are looked at."""

CELL = SIZE / CELLS


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network reads in one crop.

    points: (39, 2) pixels of the frame it was read in; visibility, presence: (39,) 0..1; world: (39, 3) metres along the frame's axes;
    mask: (256, 256) 0..1, how likely each pixel shows the person; person: 0..1, how sure the network is that there is one.
    """

    points: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    world: np.ndarray
    mask: np.ndarray
    person: float


def crop_frame(hips: Float[np.ndarray, "2"], circle: Float[np.ndarray, "2"]) -> Frame:
    """The network's square frame about a person, from two photo points: the middle of the hips, and one above it on the body's circle."""
    spine = circle - hips
    radius = max(float(np.hypot(*spine)), 1.0)
    return square_frame(hips, 2 * radius * MARGIN, SIZE, up=spine / radius)


def read(picture: UInt8[np.ndarray, "256 256 3"], network: Network) -> Reading:
    """One run of the network."""
    shapes = ((1, POINTS * 5), (1, 1), (1, SIZE, SIZE, 1), (1, POINTS * 3), (1, CELLS, CELLS, POINTS))
    points, person, mask, world, heat = network(np.float32(picture) / 255, *shapes)
    points = np.float64(points.reshape(POINTS, 5))
    sure = _sigmoid(points[:, 3:])
    exact = refined(points[:, :2], _sigmoid(np.float64(heat)))
    return Reading(
        exact, sure[:, 0], sure[:, 1], np.float64(world.reshape(POINTS, 3)), _sigmoid(np.float32(mask[..., 0])), float(person[0])
    )


def refined(points: Float[np.ndarray, "K 2"], heat: Float[np.ndarray, "C C K"]) -> Float[np.ndarray, "K 2"]:
    """The points moved to the heat's centre of mass in the 7² cells about them, where a cell there is surer than not.

    As in BlazePose; on 24 rendered people it takes the mean 2D error from .0196 to .0172 of the height. The network puts the middle of a
    cell's heat at the cell's corner: with half a cell added, mirrored points would lie a whole cell apart.
    """
    moved = points.copy()
    for number, (column, row) in enumerate(np.int64(np.floor(points / CELL))):
        top, left = max(row - REACH, 0), max(column - REACH, 0)
        near = heat[top : max(row + REACH + 1, 0), left : max(column + REACH + 1, 0), number]
        if near.size and near.max() >= 0.5:
            rows, columns = np.indices(near.shape)
            moved[number] = np.array([(near * (columns + left)).sum(), (near * (rows + top)).sum()]) / near.sum() * CELL
    return moved


def mirrored(reading: Reading) -> Reading:
    """The Reading of the mirrored picture, as if it came from the picture itself: x turned round, left and right swapped."""
    return Reading(
        np.stack([SIZE - reading.points[TWINS, 0], reading.points[TWINS, 1]], axis=1),
        reading.visibility[TWINS],
        reading.presence[TWINS],
        reading.world[TWINS] * (-1, 1, 1),
        reading.mask[:, ::-1],
        reading.person,
    )


def read_person(pixels: UInt8[np.ndarray, "H W 3"], frame: Frame, network: Network) -> tuple[Reading, Frame]:
    """A person's Reading and the frame it is in. The first crop comes from the detector, the second from what was read in the first.

    The second is read as it is and mirrored; the mean is steadier than either.
    """
    first = read(frame.take(pixels), network)
    hips, circle = frame.to_photo(first.points[[HIPS, CIRCLE]])
    better = crop_frame(hips, circle)
    picture = better.take(pixels)
    one, other = read(picture, network), mirrored(read(np.ascontiguousarray(picture[:, ::-1]), network))
    return settled(one, other, seen_from(first, frame, better)), better


def settled(one: Reading, other: Reading, first: Reading) -> Reading:
    """The mean of two readings in one frame, but both arms or both legs as the reading has them that sees them best, where the two differ
    by more than APART: then one of them has left and right swapped, and the mean would lie between the feet."""
    mean = {part.name: (getattr(one, part.name) + getattr(other, part.name)) / 2 for part in fields(Reading)}
    apart = np.hypot(*(one.points - other.points).T)
    for limbs in (ARMS, LEGS):
        if apart[limbs].max() > APART:
            best = max((one, other, first), key=lambda reading: reading.visibility[limbs].sum())
            for part in ("points", "visibility", "presence", "world"):
                mean[part][limbs] = getattr(best, part)[limbs]
    return Reading(**mean)


def seen_from(reading: Reading, frame: Frame, other: Frame) -> Reading:
    """A Reading's points and directions in another frame of the same photo; its mask stays as it is."""
    world = reading.world.copy()
    world[:, :2] = world[:, :2] @ (other.turn.T @ frame.turn).T
    return replace(reading, points=other.from_photo(frame.to_photo(reading.points)), world=world)


def upright_world(reading: Reading, frame: Frame) -> Float[np.ndarray, "33 3"]:
    """World landmarks along the photo's own axes (x right, y down, z away), metres about the hips' middle."""
    world = reading.world[: len(LANDMARKS)].copy()
    world[:, :2] = world[:, :2] @ frame.turn.T
    return world


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
