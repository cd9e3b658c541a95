"""Skin weights of any surface, taken from the fitted body beneath it: those of the closest body point that faces the same way."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from ..body.distance import closest_on_triangles
from ..body.fitted import FittedBody
from ..surface.subdivision import mesh_edges
from ..surface.surface import Surface, vertex_normals

INFLUENCES = 4
"""Joints per vertex, as glTF and game engines take them."""

TURN = 0.03
"""Metres that a unit of difference between normals counts for: a body point that faces the other way is as good as one 6 cm farther."""

CANDIDATES = 6
"""Body faces tried per vertex, by the distance of their centres."""

FAR = 0.02
"""Metres. Surface farther than this from the body (skirts, hair) has its weights smoothed: the closest point jumps there."""

SMOOTHING_STEPS = 20


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
    points that face the same way are preferred (an arm at the hip does not drag the hip along), and weights far from the body are
    smoothed; without them the closest point decides.
    """
    normals = None if faces is None else vertex_normals(vertices, faces)
    face, barycentric, distance = closest_on_body(vertices, body, normals)
    weights = np.einsum("vk,vkj->vj", barycentric, body.skin_weights[body.faces[face]])
    twin_distance, twin = cKDTree(body.vertices).query(vertices)
    same = twin_distance < 1e-6
    weights[same] = body.skin_weights[twin[same]]
    if faces is not None:
        weights = _smoothed(weights, np.where(same, 0, distance), faces)
    return strongest(weights)


def strongest(weights: Float[ndarray, "V 24"]) -> tuple[Int[ndarray, "V 4"], Float[ndarray, "V 4"]]:
    """The four strongest joints of each vertex, strongest first, and their weights scaled to sum to 1."""
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    kept = np.take_along_axis(weights, joints, axis=1)
    return joints.astype(np.int16), (kept / kept.sum(axis=1, keepdims=True)).astype(np.float32)


def closest_on_body(
    vertices: Float[ndarray, "V 3"], body: FittedBody, normals: Float[ndarray, "V 3"] | None = None
) -> tuple[Int[ndarray, " V"], Float[ndarray, "V 3"], Float[ndarray, " V"]]:
    """The closest body point of each vertex: body face, barycentric coordinates on it, distance in metres.

    With normals, closest in position and direction together (see TURN). The centres of CANDIDATES faces are nearest first; the exact
    closest point decides among them.
    """
    corners = body.vertices[body.faces]
    place, facing = corners.mean(axis=1), np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = TURN * facing / np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-20)
    wanted = vertices
    if normals is not None:
        place, wanted = np.hstack([place, facing]), np.hstack([vertices, TURN * normals])
    _, nearby = cKDTree(place).query(wanted, k=min(CANDIDATES, len(place)))
    face = np.zeros(len(vertices), dtype=np.int64)
    barycentric = np.zeros((len(vertices), 3))
    distance = np.zeros(len(vertices))
    best = np.full(len(vertices), np.inf)
    for candidate in nearby.T:
        on_face = closest_on_triangles(vertices, corners[candidate])
        gap = np.linalg.norm(np.einsum("vk,vkc->vc", on_face, corners[candidate]) - vertices, axis=1)
        cost = gap if normals is None else np.hypot(gap, np.linalg.norm(facing[candidate] - TURN * normals, axis=1))
        better = cost < best
        best[better], face[better], barycentric[better], distance[better] = cost[better], candidate[better], on_face[better], gap[better]
    return face, barycentric, distance


def _smoothed(weights: ndarray, distance: ndarray, faces: ndarray) -> ndarray:
    """Weights averaged with their neighbours', the more the farther from the body (fully from 3 × FAR), untouched within FAR."""
    far = np.flatnonzero((distance > FAR) & (np.bincount(faces.ravel(), minlength=len(weights)) > 0))
    if not len(far):
        return weights
    share = np.minimum((distance[far, None] - FAR) / (2 * FAR), 1)
    edges, _ = mesh_edges(faces)
    here, there = np.concatenate([edges, edges[:, ::-1]]).T
    mean = csr_array((1 / np.bincount(here)[here], (here, there)), shape=(len(weights), len(weights)))[far]
    weights = weights.copy()
    for _ in range(SMOOTHING_STEPS):
        weights[far] += share * (mean @ weights - weights[far])
    return weights
