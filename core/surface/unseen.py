"""Colours for what the photo does not show, as one sparse linear system over the body's mesh.

Colour spreads over the rest body like heat, much more easily round a limb than along it, so that the unseen back takes the colours of
the seen rim at its own height; and it is pulled towards what is known: the photo where it was seen, the mirror twin, hair on the scalp,
skin on face and hands. Minimised is the integral of |gradient|² + |colour - known|² / length², with linear finite elements.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ..body.fitted import FittedBody
from .regions import crown, face, hands, head_directions, limb_axes, scalp, share_of, twins
from .view import View

ALONG = 0.002
"""Heat conducted along the limb, against 1 round it: edges blur by a twentieth of their way round, and a belt stays at its height."""

SEEN, MIRRORED, HAIR, SKIN = 0.002, 0.01, 0.02, 0.05
"""Metres from which on each kind of knowledge outweighs its surroundings. A twin counts as far as it was seen better, hair and skin as far
as a vertex was not seen."""

BREATH = 30.0
"""Metres: the same for the photo's colour at a hidden vertex' pixel. Next to nothing, but parts with no seen vertex at all (an eye's back,
legs behind a table) still get a colour."""


HAIRDO = 0.1
"""Metres round the body's bald head within which the person's pixels are hair."""

FEW = 8
"""Samples that a middle colour wants."""


def complete(body: FittedBody, view: View, colour: Float[ndarray, "V 3"], seen: Float[ndarray, " V"]) -> Float[ndarray, "V 3"]:
    """Colours (sRGB 0..1) of all the body's vertices: close to `colour` where `seen` (0..1) is high, plausible elsewhere."""
    twin, paired = twins(body)
    bare = face(body) | hands(body)
    known = [
        (seen**4 / SEEN**2 + 1 / BREATH**2, colour),
        (np.where(paired, np.maximum(seen[twin] - seen, 0), 0) ** 2 / MIRRORED**2, colour[twin]),
        ((1 - seen) * scalp(body) / HAIR**2, hair_colour(body, view, colour, seen)),
        ((1 - seen) * bare / SKIN**2, skin_colour(body, colour, seen)),
    ]
    stiffness, area = conduction(body)
    pull = area * sum(weight for weight, _ in known)
    target = area[:, None] * sum(weight[:, None] * value for weight, value in known)
    system = csc_array(diags_array(pull) + stiffness)
    return np.clip(splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(target), 0, 1)


def conduction(body: FittedBody) -> tuple[csc_array, Float[ndarray, " V"]]:
    """The stiffness matrix (V, V) of linear elements on the rest body, which conducts ALONG the limbs as little as it says, and each
    vertex' share of the area, m².
    """
    corners = np.float64(body.rest_vertices[body.faces])
    opposite = np.roll(corners, 1, axis=1) - np.roll(corners, -1, axis=1)
    normal = np.cross(opposite[:, 0], opposite[:, 1])
    twice_area = np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    gradient = np.cross(normal[:, None], opposite) / twice_area[:, None, None] ** 2
    conducted = np.eye(3) - (1 - ALONG) * limb_axes(body)[body.faces].mean(axis=1)
    flow = gradient @ conducted @ gradient.swapaxes(1, 2)
    rows, columns = np.repeat(body.faces, 3, axis=1).ravel(), np.tile(body.faces, 3).ravel()
    count = len(body.rest_vertices)
    stiffness = coo_array(((flow * twice_area[:, None, None] / 2).ravel(), (rows, columns)), shape=(count, count))
    return csc_array(stiffness), np.bincount(body.faces.ravel(), np.repeat(twice_area / 6, 3), count) + 1e-12


def hair_colour(body: FittedBody, view: View, colour: Float[ndarray, "V 3"], seen: Float[ndarray, " V"]) -> Float[ndarray, "3"]:
    """The middle colour of what is seen on the crown, and of the person's pixels round the upper head that the bald body does not cover.

    Where too little of both is seen, that of the seen scalp; where none is (a photo cut off at the forehead), of the whole head.
    """
    upper = scalp(body) & (head_directions(body)[:, 1] > 0)
    pixels = np.argwhere(view.inside & (view.raster.face < 0))
    distance, nearest = cKDTree(view.camera.project(body.vertices)).query(pixels[:, ::-1] + 0.5)
    around = pixels[upper[nearest] & (distance < HAIRDO * view.pixels_per_metre)]
    best = np.concatenate([view.colour[around[:, 0], around[:, 1]], colour[crown(body) & (seen > 0.2)]])
    choices = [best, colour[scalp(body) & (seen > 0.2)], colour[share_of(body, "head") > 0.5]]
    return np.median(next((samples for samples in choices if len(samples) >= FEW), colour), axis=0)


def skin_colour(body: FittedBody, colour: Float[ndarray, "V 3"], seen: Float[ndarray, " V"]) -> Float[ndarray, "3"]:
    """The middle colour of the face where it is seen, else of the hands; of the whole person where neither is."""
    regions = [face(body) & (seen > 0.5), hands(body) & (seen > 0.5), seen > 0]
    region = next((region for region in regions if region.sum() >= FEW), np.ones(len(seen), dtype=bool))
    return np.median(colour[region], axis=0)
