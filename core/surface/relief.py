"""The surface brought to the normals that the photo shows.

The encoder's normals, front and back, are a few degrees nearer to the truth than the field's own skin, though smoother: what they take away
is mostly the field's unrest. As Nehab et al. 2005 ("Efficiently combining positions and normals for precise 3D geometry", section 4), a
linear system weighs both witnesses: every edge should be square to the normal told at its middle, and no vertex should leave its place.
Vertices move along their own evened normals only, so that nothing slides over the outline.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import cg

from ..camera import Camera
from .raster import rasterise
from .seen import GRAZING, SQUARE, bilinear
from .subdivision import mesh_edges
from .surface import vertex_normals

WAVE, SMOOTH, STRANGE = 0.4, 0.1, 2.0
"""WAVE, metres: of waves shorter than this the normals are believed, of longer ones the places. SMOOTH: how strongly neighbours that
nothing is told of move alike, beside 1 for an edge that a normal is told of. STRANGE: radians of disagreement between told and own normal
at which the told one counts for half.

Chosen among eleven settings on numbers 30 to 40 of the validation set: with .5, .5 and 1 the normals' error was 15.07 degrees, Chamfer
.945 cm, the outline's IoU .950; so 14.76, .944 and .953. A second round made normals better still (14.5) and Chamfer worse (.960).
"""

FARTHEST = 0.015
"""Metres that a vertex may move: what goes farther is no relief."""

EVENINGS = 4
"""Rounds in which the directions that vertices move in are averaged with their neighbours': corners of marching cubes' slivers lie so near
to each other that along their own normals they would pass each other, and the triangle would turn over."""

UNFOLDINGS = 3
"""Rounds at most in which what turned over all the same (one triangle in a hundred) is drawn flat."""

BEHIND = 0.01
"""Metres a vertex may lie behind (or, at the back, before) what its pixel sees."""

Mesh = tuple[Float[ndarray, "V 3"], Int[ndarray, "F 3"]]


def relieved(mesh: Mesh, told: Float[ndarray, "V 3"], trust: Float[ndarray, " V"]) -> Mesh:
    """The mesh with its vertices moved along their normals so far that the normals become those told, as far as each is trusted (0..1)."""
    vertices, faces = mesh
    own, (edges, _) = vertex_normals(vertices, faces), mesh_edges(faces)
    start, end = edges.T
    away = np.arccos(np.clip((own * told).sum(axis=1), -1, 1))
    around = _neighbours(edges, len(vertices))
    own = _evened(own, around)
    trust = trust / (1 + (away / STRANGE) ** 2)
    normal = told[start] + told[end]
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    weight = np.minimum(trust[start], trust[end])
    along = vertices[end] - vertices[start]
    length = np.linalg.norm(along, axis=1)
    rows = np.arange(len(edges))
    turned = _differences(rows, start, end, -(normal * own[start]).sum(axis=1), (normal * own[end]).sum(axis=1), len(vertices))
    alike = _differences(rows, start, end, -np.ones(len(edges)), np.ones(len(edges)), len(vertices))
    held = 3 * (2 * np.pi * length.mean() / WAVE) ** 2
    square = turned.T @ diags_array(weight) @ turned + SMOOTH * alike.T @ diags_array(1 - weight) @ alike
    square = (square + held * eye_array(len(vertices))).tocsr()
    right = -turned.T @ (weight * (normal * along).sum(axis=1))
    moved, _ = cg(square, right, rtol=1e-3, maxiter=300, M=diags_array(1 / square.diagonal()))
    return unfolded(vertices + np.clip(moved, -FARTHEST, FARTHEST)[:, None] * own, faces, around, own), faces


def unfolded(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"], around: csr_array, out: Float[ndarray, "V 3"]) -> ndarray:
    """The vertices, those of triangles that turn their backs to `out` drawn to the middle of their neighbours, UNFOLDINGS times at
    most. around: `_neighbours`."""
    count = around.sum(axis=1)[:, None]
    for _ in range(UNFOLDINGS):
        first, second, third = (vertices[faces[:, number]] for number in range(3))
        over = (np.cross(second - first, third - first) * out[faces].sum(axis=1)).sum(axis=1) < 0
        folded = np.unique(faces[over])
        if not len(folded):
            break
        vertices = vertices.copy()
        vertices[folded] = around[folded] @ vertices / count[folded]
    return vertices


def _neighbours(edges: ndarray, count: int) -> csr_array:
    """1 where two vertices share an edge."""
    first, second = edges.T
    return csr_array((np.ones(2 * len(edges)), (np.r_[first, second], np.r_[second, first])), shape=(count, count))


def _evened(directions: ndarray, around: csr_array) -> ndarray:
    """Unit directions (V, 3) averaged with their neighbours', EVENINGS times."""
    for _ in range(EVENINGS):
        directions = directions + around @ directions
        directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    return directions


def _differences(rows: ndarray, start: ndarray, end: ndarray, first: ndarray, second: ndarray, count: int) -> csr_array:
    """The matrix (E, V) with these two numbers in each row, at the columns of the edge's ends."""
    return csr_array((np.concatenate([first, second]), (np.tile(rows, 2), np.concatenate([start, end]))), shape=(len(rows), count))


def leaning(told: Float[ndarray, "N 3"], others: Float[ndarray, "N 3"], share: Float[ndarray, " N"]) -> Float[ndarray, "N 3"]:
    """Unit normals between those told and others, so far (share, 0..1) towards the others."""
    mixed = (1 - share)[:, None] * told + share[:, None] * others
    return mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)


def told_normals(
    mesh: Mesh, camera: Camera, front: Float[ndarray, "H W 3"], back: Float[ndarray, "h w 3"], inside: Float[ndarray, "H W"]
) -> tuple[Float[ndarray, "V 3"], Float[ndarray, " V"]]:
    """What the maps of normals tell each vertex (V, 3), unit, and how far it is to be trusted (V,), 0..1.

    camera: of the maps; front, back: of the nearest and the farthest surface, body frame; inside: 1 where the picture shows the person.
    """
    vertices, faces = mesh
    own, places, pixels = vertex_normals(vertices, faces), camera.to_camera(vertices), camera.project(vertices)
    cosine = -((own @ camera.rotation.T) * places).sum(axis=1) / np.linalg.norm(places, axis=1)
    told, trust = own.copy(), np.zeros(len(vertices))
    width, height = (int(side) for side in camera.size)
    column, row = np.clip(np.floor(pixels).astype(int), 0, [width - 1, height - 1]).T
    for picture, farthest, sign in ((front, False, 1), (back, True, -1)):
        depth = rasterise(vertices, faces, camera, farthest=farthest).depth[row, column]
        shown = sign * (places[:, 2] - depth) < BEHIND
        facing = np.clip((sign * cosine - GRAZING) / (SQUARE - GRAZING), 0, 1) * shown
        chosen = facing > 0
        seen = bilinear(picture, pixels[chosen] * (np.array(picture.shape[1::-1]) / (width, height)))
        told[chosen] = seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)
        trust[chosen] = facing[chosen]
    return told, trust * bilinear(inside[..., None], pixels)[:, 0]
