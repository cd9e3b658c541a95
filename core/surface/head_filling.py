"""What is surely inside the head: the fitted body's head without its mouth, nostrils and eye sockets.

The body has a mouth, and a field that follows it would have a hole from cheek to cheek and a torn chin. Hollows are found as in
mathematical morphology (Serra 1982): the head's inside, closed with a ball, holds all that no ball of that size can enter from without.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.ndimage import binary_fill_holes, distance_transform_edt, map_coordinates

from ..body.fitted import FittedBody
from .regions import share_of

STEP = 0.005
"""Metres between the lattice's nodes."""

BALL = 0.014
"""Metres: radius of the ball. An open mouth is narrower than two of them, the place between chin and chest is wider."""

WITHIN = 0.003
"""Metres under the closed head from which on all is head: what lies above is the field's."""

Filling = Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]]


def head_filling(body: FittedBody, inside: Callable[[Float[ndarray, "N 3"]], Bool[ndarray, " N"]]) -> Filling:
    """Points (N, 3) -> metres (N,) to what is surely inside the head, negative inside it. Infinite away from the head, and everywhere for a
    body whose head has no vertices of its own. inside: whether points of the body frame are in the body."""
    own = body.vertices[share_of(body, "head") > 0.9].astype(np.float64)
    if len(own) < 4:
        return lambda points: np.full(len(points), np.inf)
    low, high = own.min(axis=0) - 2 * BALL, own.max(axis=0) + 2 * BALL
    counts = np.ceil((high - low) / STEP).astype(int) + 1
    nodes = np.stack(np.meshgrid(*(np.arange(count) for count in counts), indexing="ij"), axis=-1).reshape(-1, 3)
    depth = depth_in(closed(inside(low + nodes * STEP).reshape(counts))) - WITHIN

    def filling(points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        distance = np.full(len(points), np.inf)
        near = np.flatnonzero(((points > low) & (points < low + (counts - 1) * STEP)).all(axis=1))
        distance[near] = -map_coordinates(depth, ((points[near] - low) / STEP).T, order=1)
        return distance

    return filling


def closed(solid: Bool[ndarray, "X Y Z"]) -> Bool[ndarray, "X Y Z"]:
    """The solid and all that no ball can enter from without, however wide it is inside."""
    if not solid.any():
        return solid
    swollen = distance_transform_edt(~solid) * STEP < BALL
    deep = distance_transform_edt(swollen) * STEP
    plugged = solid | (deep > BALL - STEP)  # a node too thick, or lips that are thinner than two nodes would leak
    cavity = binary_fill_holes(plugged) & ~plugged
    whole = solid | (deep > BALL)
    return whole | (distance_transform_edt(~cavity) < 1.5) if cavity.any() else whole


def depth_in(solid: Bool[ndarray, "X Y Z"]) -> Float[ndarray, "X Y Z"]:
    """Metres from each node to the solid's border, positive inside."""
    return STEP * (distance_transform_edt(solid) - distance_transform_edt(~solid))
