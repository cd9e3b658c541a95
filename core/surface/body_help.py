"""The body's help where the field's surface is thinner than the field can see: hands, feet and face; and inside the head.

Fingers are as wide as two pixels of what the network reads. Where the picture does not show them it averages over where they may be, and
the average of many fingers is none: the field is a little above zero all over the hand. There the body is the better witness, so the
surface is that of both together (a smooth union), if three things hold:

- the body's nearest point belongs to a hand, a foot or the face (`confident`, by skin weights, soft at the wrists and ankles);
- the two agree to within NEAR metres. Farther apart they speak of different places: the photo shows the hand elsewhere than the fit put it,
  and a union would give the person two. The help fades out from NEAR to FAR;
- the field is the one that lacks something. The body only ever adds: sleeves, shoes and hair stay as the field has them.

The fitted body's fingers are straight, and a fist's are not. Where the outline in the photo says that a hand is a fist, the body adds
nothing to it that would lie outside the outline.

And a little under the skin of its head, all is head: what the field hollows there, it hollows wrongly.

The body's face also helps with its normals (`face_normals`): eyes, nose and lips are finer than the picture's normals.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from ..body.distance import Nearest
from ..body.fitted import FittedBody
from .regions import face, share_of
from .surface import vertex_normals

NEAR, FAR = 0.02, 0.035
"""Metres of disagreement up to which the body helps fully, and from which it does not."""

ROUND = 0.002
"""Metres over which the two surfaces run into each other; where they coincide it adds a quarter of this."""

ROOM = 0.05
"""Metres round the hands, the feet and the face in which the body is asked."""

FACE = 0.5
"""How much the body helps in the face: half, because a fitted body's face is nobody's in particular, though it has a nose and ears."""

OWN = 0.6
"""How much of the normals in the face are the body's, beside the picture's. With the picture's alone faces are as near to the truth (on 14
people, numbers 30 to 43 of the validation set: 20.1 degrees with an exact body and 25.7 with an estimated one; so 20.1 and 25.5; with
neither 23.1 and 29.5), but eyes and lips are flat."""

ON_FACE = 0.012, 0.025
"""Metres from the body's face up to which a surface is that face, and from which it is something else: hair, a scarf, a hand."""

WITHIN = 0.003
"""Metres under the skin of the body's head from which on all is inside."""

NECK = 0.1
"""Metres by which that gives way where the body is no longer head but neck."""

BESIDE = 0.006, 0.015
"""Metres beside the person's outline up to which a hand is helped fully, and from which it is not."""

SHOWN, FIST = 0.2, 0.4
"""A hand is a fist, and the outline counts, where more than these shares of its vertices lie within the outline and well beside it. On six
real photos: three fists have .43 to .56 beside it, open hands .30 at most, and hands behind a thing little within it."""

HOLLOW = 0.05
"""Metres: a field that is larger than this within the head knows of no person there, and gets no head either."""

PARTS = (("left_wrist", "left_hand"), ("right_wrist", "right_hand"), ("left_ankle", "left_foot"), ("right_ankle", "right_foot"))
"""The joints of each hand and foot."""

Near = Callable[[Float[ndarray, "N 3"]], tuple[ndarray, ndarray, ndarray]]
Blend = Callable[[Float[ndarray, "N 3"], Float[ndarray, " N"]], Float[ndarray, " N"]]


def body_help(
    body: FittedBody,
    query: Callable[[Float[ndarray, "N 3"]], Nearest],
    beside: Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]],
) -> Blend:
    """A function of points (body frame, metres) and the field's distances there that gives the helped distances, float32.

    query: the body's nearest points to points of the body frame, as `BodyDistance` gives them; beside: how far points lie beside the
    person's outline in the photo, metres, 0 within it and outside the photo.
    """
    parts = confident_parts(body)
    weights_at = weights_near(body, [*parts, share_of(body, "head")], query)
    fists = [number for number in (0, 1) if is_fist(beside(body.vertices[parts[number] > 0.5]))]

    def blend(points: Float[ndarray, "N 3"], field: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
        lacking = np.flatnonzero(field > -ROUND)
        near, weights, distance = weights_at(points[lacking])
        rows = lacking[near]
        if fists:
            off = (BESIDE[1] - beside(points[rows])) / (BESIDE[1] - BESIDE[0])
            weights[:, fists] *= np.clip(off, 0, 1).astype(np.float32)[:, None]
        found = helped_distance(field[rows].astype(np.float32), distance, weights[:, :-1].max(axis=1))
        head = distance + WITHIN + NECK * (1 - weights[:, -1])
        helped = field.astype(np.float32)
        helped[rows] = np.where(field[rows] < HOLLOW, np.minimum(found, head), found)
        return helped

    return blend


def is_fist(beside: Float[ndarray, " N"]) -> bool:
    """Whether a hand whose vertices lie so far beside the person's outline, metres, is one."""
    return bool(len(beside) and (beside <= 0).mean() > SHOWN and (beside > BESIDE[1]).mean() > FIST)


def weights_near(body: FittedBody, parts: list[Float[ndarray, " V"]], query: Callable[[Float[ndarray, "N 3"]], Nearest]) -> Near:
    """A function of points (N, 3) that gives the rows (M,) of those within ROOM of one of the P parts, the weight (M, P) of each part at
    their nearest body point, 0..1, and the distance (M,) to it, metres."""
    weights = np.stack(parts, axis=1).astype(np.float32)
    boxes = [(body.vertices[part > 0].min(axis=0) - ROOM, body.vertices[part > 0].max(axis=0) + ROOM) for part in parts if part.any()]

    def at(points: Float[ndarray, "N 3"]) -> tuple[Int[ndarray, " M"], Float[ndarray, "M P"], Float[ndarray, " M"]]:
        inside = [((points > low) & (points < high)).all(axis=1) for low, high in boxes]
        rows = np.flatnonzero(np.logical_or.reduce(inside)) if boxes else np.zeros(0, np.int64)
        found = query(points[rows])
        return rows, np.einsum("nk,nkp->np", found.barycentric, weights[body.faces[found.face]]), found.distance

    return at


def face_normals(
    body: FittedBody, query: Callable[[Float[ndarray, "N 3"]], Nearest], points: Float[ndarray, "N 3"]
) -> tuple[Int[ndarray, " M"], Float[ndarray, "M 3"], Float[ndarray, " M"]]:
    """The rows (M,) of points near the body's face, its unit normal at the nearest of its points, and how much that is to be believed,
    0..OWN. query: see `body_help`."""
    part = face(body) * share_of(body, "head")
    corners = body.vertices[part > 0]
    low, high = (corners.min(axis=0) - ON_FACE[1], corners.max(axis=0) + ON_FACE[1]) if len(corners) else (np.inf, -np.inf)
    rows = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
    found = query(points[rows])
    at = body.faces[found.face]
    normals = np.einsum("nk,nkc->nc", found.barycentric, vertex_normals(body.vertices, body.faces)[at])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    near = np.clip((ON_FACE[1] - np.abs(found.distance)) / (ON_FACE[1] - ON_FACE[0]), 0, 1)
    return rows, normals, OWN * near * np.einsum("nk,nk->n", found.barycentric, part[at])


def confident_parts(body: FittedBody) -> list[Float[ndarray, " V"]]:
    """How much each vertex of the body may help, 0..1, by part: hands, feet, face."""
    return [share_of(body, *joints) for joints in PARTS] + [FACE * face(body) * share_of(body, "head")]


def helped_distance(field: Float[ndarray, " N"], body: Float[ndarray, " N"], weight: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
    """The field's distance, brought so far (weight, 0..1) towards its smooth union with the body's; never above the field's."""
    round_ = np.maximum(ROUND - np.abs(field - body), 0) / ROUND
    union = np.minimum(field, body) - ROUND / 4 * round_**2
    agree = np.clip((FAR - (field - body)) / (FAR - NEAR), 0, 1)
    return field + weight * agree * (union - field)
