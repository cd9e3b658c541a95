"""Shoes and hands end, along the line of sight, where the body's feet and hands do.

A photo shows where a shoe is, and not how far it reaches along the ray. Where the fitted foot lies a centimetre beside the one in the
photo, a longer shoe explains that as well as a lower one does, and the field fills all that it may be: toes as long as a hand, flat along
the rays; and a fist becomes two, one behind the other. Of depth the body is the better witness: what the field takes for a shoe or for
skin, and the body's nearest point is on a foot or a hand, ends AHEAD before and behind that part's own depths. Cloth is left as it is,
because a hem may hang anywhere about a foot.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from ..body.distance import Nearest
from ..body.fitted import FittedBody
from ..field.encoder import SHOE, SKIN
from .body_help import PARTS
from .regions import share_of

AHEAD = 0.03
"""Metres before and behind a bare foot that its shoe reaches along the line of sight; a hand's flesh does not reach so far."""

ROUND = 0.01
"""Metres over which that end and the surface run into each other."""

ROOM = 0.25
"""Metres round feet and hands in which this holds; farther off the field makes none."""

OUTSIDE = 0.03
"""Metres: where the field is larger than this there is nothing to end."""

KIND = 0.25, 0.75
"""Shares of shoe and skin between which the field comes to be sure that a point is of a foot or a hand."""

Limit = Callable[[Float[ndarray, "N 3"], Float[ndarray, " N"]], Float[ndarray, " N"]]


def depth_limited(
    body: FittedBody, query: Callable[[Float[ndarray, "N 3"]], Nearest], labels: Callable[[Float[ndarray, "N 3"]], Float[ndarray, "N 5"]]
) -> Limit:
    """A function of points (camera frame, metres) and the field's distances there that gives the limited distances, float32.

    query: the body's nearest points; labels: what the field takes points for, shares of one; both of points in the camera's frame.
    """
    places = body.camera.to_camera(body.vertices)
    ends = [share_of(body, *joints) for joints in PARTS]
    boxes = [(places[end > 0.5].min(axis=0), places[end > 0.5].max(axis=0)) for end in ends]

    def limit(points: Float[ndarray, "N 3"], field: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
        limited = field.astype(np.float32)
        for end, (low, high) in zip(ends, boxes, strict=True):
            rows = np.flatnonzero((field < OUTSIDE) & ((points > low - ROOM) & (points < high + ROOM)).all(axis=1))
            beyond = np.maximum(low[2] - points[rows, 2], points[rows, 2] - high[2]) - AHEAD
            reached = beyond > limited[rows] - ROUND
            rows, beyond = rows[reached], beyond[reached]
            near = query(points[rows])
            share = np.einsum("nk,nk->n", near.barycentric, end[body.faces[near.face]])
            rows, beyond, share = rows[share > 0], beyond[share > 0], share[share > 0]
            sure = (labels(points[rows])[:, [SKIN, SHOE]].sum(axis=1) - KIND[0]) / (KIND[1] - KIND[0])
            limited[rows] += share * np.clip(sure, 0, 1) * (both(limited[rows], beyond) - limited[rows])
        return limited

    return limit


def both(first: Float[ndarray, " N"], second: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
    """The larger of two distances, the edge between them rounded: the distance to what lies inside both surfaces."""
    edge = np.maximum(ROUND - np.abs(first - second), 0) / ROUND
    return np.maximum(first, second) + ROUND / 4 * edge**2
