"""Skin weights of any surface, taken from the fitted body beneath it: those of the closest point, facing the same way, of its own part."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ..body.distance import closest_on_triangles
from ..body.fitted import FittedBody
from ..surface.subdivision import mesh_edges
from ..surface.surface import Surface, vertex_normals
from .parts import PARTS, TURN, body_parts, places_facing, surface_parts

INFLUENCES = 4
"""Joints per vertex, as glTF and game engines take them."""

CANDIDATES = 6
"""Body faces tried per vertex, by the distance of their centres."""

FAR = 0.02
"""Metres. Surface farther than this from the body (skirts, hair) has its weights smoothed: the closest point jumps there."""

HOLD = 0.04
"""How much a vertex at FAR holds on to its own weights against each neighbour's; less with the square of its distance. So smoothing reaches
about 1 / √HOLD = 5 vertices at FAR, and 25 at ten centimetres, which is from one leg to the other across a skirt."""

ARMS = [PARTS.index("left_arm"), PARTS.index("right_arm")]

SEAM = 1.0
"""Sum of differences between the weights of neighbours from which on they are different parts that touch. At most 2."""


def skin(surface: Surface, body: FittedBody) -> tuple[Int[ndarray, "V 4"], Float[ndarray, "V 4"]]:
    """Joints (int16) and weights (float32, summing to 1) of each vertex: the surface's own where it knows them, else the body's beneath.

    Its own are exact where parts of the body touch or pass through each other (a hand in a hand), and the closest point may be on either.
    """
    if surface.skin_weights is not None:
        return strongest(surface.skin_weights)
    return skin_from_body(surface.vertices, body, surface.faces)


def skin_from_body(
    vertices: Float[ndarray, "V 3"], body: FittedBody, faces: Int[ndarray, "F 3"] | None = None
) -> tuple[Int[ndarray, "V 4"], Float[ndarray, "V 4"]]:
    """Joints (int16) and weights (float32, summing to 1) of each surface vertex; vertices in the photo's pose, metres, body frame.

    A vertex that is a vertex of the body has the body's weights, down to its four strongest joints. With the surface's faces, body
    points that face the same way and belong to the vertex's own part are taken (an arm at the hip does not drag the hip along), and weights
    far from the body are smoothed; without them the closest point decides.
    """
    normals = None if faces is None else vertex_normals(vertices, faces)
    part = None if faces is None else surface_parts(vertices, normals, faces, body)
    face, barycentric, distance = closest_on_body(vertices, body, normals, part)
    weights = np.einsum("vk,vkj->vj", barycentric, body.skin_weights[body.faces[face]])
    twin_distance, twin = cKDTree(body.vertices).query(vertices)
    same = twin_distance < 1e-6
    weights[same] = body.skin_weights[twin[same]]
    if faces is not None:
        weights = _smoothed(weights, np.where(same, 0, distance), part, faces)
    return strongest(weights)


def strongest(weights: Float[ndarray, "V 24"]) -> tuple[Int[ndarray, "V 4"], Float[ndarray, "V 4"]]:
    """The four strongest joints of each vertex, strongest first, and their weights scaled to sum to 1."""
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    kept = np.take_along_axis(weights, joints, axis=1)
    return joints.astype(np.int16), (kept / kept.sum(axis=1, keepdims=True)).astype(np.float32)


def closest_on_body(
    vertices: Float[ndarray, "V 3"],
    body: FittedBody,
    normals: Float[ndarray, "V 3"] | None = None,
    part: Int[ndarray, " V"] | None = None,
) -> tuple[Int[ndarray, " V"], Float[ndarray, "V 3"], Float[ndarray, " V"]]:
    """The closest body point of each vertex: body face, barycentric coordinates on it, distance in metres.

    With normals, closest in position and direction together (see TURN); with parts, on that part of the body only. The centres of
    CANDIDATES faces are nearest first; the exact closest point decides among them.
    """
    face = np.zeros(len(vertices), dtype=np.int64)
    barycentric, distance = np.zeros((len(vertices), 3)), np.zeros(len(vertices))
    owner = np.zeros(len(body.faces), dtype=np.int64) if part is None else body_parts(body)
    for number in np.unique(owner):
        mine, wanted = np.flatnonzero(owner == number), np.flatnonzero(number == (0 if part is None else part))
        rows = np.arange(len(vertices)) if part is None else wanted
        if len(rows):
            facing = None if normals is None else normals[rows]
            face[rows], barycentric[rows], distance[rows] = _closest_of(vertices[rows], facing, body, mine)
    return face, barycentric, distance


def _closest_of(vertices: ndarray, normals: ndarray | None, body: FittedBody, faces: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """The same among some of the body's faces."""
    corners, places = body.vertices[body.faces[faces]], places_facing(body)[faces]
    place, facing = (places[:, :3], places[:, 3:])
    wanted = vertices if normals is None else np.hstack([vertices, TURN * normals])
    _, nearby = cKDTree(place if normals is None else places).query(wanted, k=min(CANDIDATES, len(place)))
    face, barycentric = np.zeros(len(vertices), dtype=np.int64), np.zeros((len(vertices), 3))
    distance, best = np.zeros(len(vertices)), np.full(len(vertices), np.inf)
    for candidate in nearby.reshape(len(vertices), -1).T:
        on_face = closest_on_triangles(vertices, corners[candidate])
        gap = np.linalg.norm(np.einsum("vk,vkc->vc", on_face, corners[candidate]) - vertices, axis=1)
        cost = gap if normals is None else np.hypot(gap, np.linalg.norm(facing[candidate] - TURN * normals, axis=1))
        better = cost < best
        best[better], face[better], barycentric[better], distance[better] = cost[better], candidate[better], on_face[better], gap[better]
    return faces[face], barycentric, distance


def _smoothed(weights: ndarray, distance: ndarray, part: ndarray, faces: ndarray) -> ndarray:
    """Weights (V, 24) that are as even over the surface as their distance from the body allows; untouched within FAR of it.

    The minimum of the sum over vertices of hold |w - given|² and over edges of |w - w'|². Where two parts touch (see SEAM) nothing passes
    from the one to the other, but between torso and legs away from the body: that is a skirt, which is one piece.
    """
    far = distance > FAR
    edges, _ = mesh_edges(faces)
    apart = np.abs(weights[edges[:, 0]] - weights[edges[:, 1]]).sum(axis=1) > SEAM
    skirt = far & ~np.isin(part, ARMS)
    edges = edges[far[edges].any(axis=1) & (skirt[edges].all(axis=1) | ~apart)]
    here, there = np.concatenate([edges, edges[:, ::-1]]).T
    count = np.bincount(here, minlength=len(weights))
    free = np.flatnonzero(far & (count > 0))
    if not len(free):
        return weights
    hold = HOLD * (FAR / distance[free]) ** 2
    links = csr_array((np.ones(len(here)), (here, there)), shape=(len(weights), len(weights)))[free]
    held = np.where(far[:, None], 0, weights)
    system = (diags_array(hold + count[free]) - links[:, free]).tocsc()
    used = np.flatnonzero(weights.any(axis=0))
    smooth = weights.copy()
    smooth[np.ix_(free, used)] = splu(system).solve((hold[:, None] * weights[free] + links @ held)[:, used])
    return np.maximum(smooth, 0)
