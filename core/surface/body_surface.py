"""The stage `surface`: photo, person and fitted body in, a coloured surface out.

This is the seam for a learned clothed surface: another function of the same arguments takes this one's place in the pipeline. Here the
surface is the body itself, refined, with the photo's colours where they are seen and plausible ones where not.
"""

import numpy as np

from ..body.fitted import FittedBody
from ..photo.person import Person, Photo
from .seen import colours_seen, confidence
from .subdivision import refined, subdivide
from .surface import Surface
from .unseen import complete
from .view import look

SUBDIVISIONS = {"draft": 0, "standard": 1, "high": 2}
"""Times that each face becomes four, by quality."""

LONGEST = {"draft": 768, "standard": 1024, "high": 2048}
"""Longer side in pixels of the photo's part that colours are read from, by quality: finer than the spacing of the vertices."""

UNSURE = 0.25
"""Confidence up to which the completed colour is shown, fine detail of the photo coming in above it and ruling from twice as much."""


def body_surface(photo: Photo, person: Person, body: FittedBody, quality: str) -> Surface:
    """The fitted body's surface in the photo's pose, coloured from the photo. quality: a key of SUBDIVISIONS.

    Raises NoPersonFound where the person's mask is empty.
    """
    view = look(photo, person, body, LONGEST[quality])
    colour = colours_seen(view, body.vertices, body.faces)
    albedo = complete(body, view, colour, confidence(view, body.vertices, body.faces))
    vertices, faces, weights = body.vertices.astype(np.float64), body.faces, body.skin_weights
    for _ in range(SUBDIVISIONS[quality]):
        albedo, weights = refined(albedo, faces), refined(weights, faces)
        vertices, faces = subdivide(vertices, faces)
    seen = confidence(view, vertices, faces)
    share = shown_share(seen)[:, None]
    albedo = share * colours_seen(view, vertices, faces) + (1 - share) * albedo
    return Surface(vertices, faces, np.round(255 * np.clip(albedo, 0, 1)).astype(np.uint8), seen, weights)


def shown_share(seen: np.ndarray) -> np.ndarray:
    """How far the photo's own colour is shown, 0..1, over the completed one, where it is seen with this confidence, 0..1."""
    return np.clip((seen - UNSURE) / UNSURE, 0, 1)
