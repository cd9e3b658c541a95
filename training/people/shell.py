"""The watertight outer shell of a dressed person: what the field learns.

Inside is where the winding number of all solid faces together is above a half, and within a ball round every sample of what has no
inside: hair cards and cloth modelled as a single sheet. Whatever the outside does not reach is filled. Marching cubes gives the shell
its topology on the lattice; each vertex lies on an edge of it and is moved to where that edge crosses the person's own surface, so the
shell is not the lattice's rounding of the surface but points of it, with their colours.
"""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from core.surface.surface import vertex_normals
from training.people.character import DressedPerson, Shell
from training.people.subject import pyramid, texels
from training.people.transfer import light_transfer
from training.people.winding import Crossings, Lattice, crossings, lattice_around, winding_number

CELL = 0.006
"""Metres between lattice nodes."""

HAIR = ((0.0014, 0.0055), (0.006, 0.007))
"""From what height above the solid how much hair (metres) there is round each sample of a card: strands fill what cards leave open. Below
the first height there is none: brows and cropped hair only colour the skin."""
CARD_RADIUS = HAIR[-1][1]

BLENDED = 12
"""Samples whose colours are averaged at a place on hair: single ones of a curly texture would be spots."""

SHEET_RADIUS = 0.6
"""Cells round each sample of a single sheet of cloth: just enough that the lattice cannot miss it."""

SMALLEST_PART = 0.004
"""Of the largest part's volume; looser parts (a stray tuft of hair, an earring) are left out."""

OPAQUE = 128
"""Alpha from which a texel of a card is there."""


class NoShell(ValueError):
    """The faces of a person enclose nothing."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Points (N, 3) on the person's faces (N,), by barycentric weights (N, 3)."""

    points: ndarray
    face: ndarray
    weights: ndarray

    def only(self, kept: ndarray) -> "Samples":
        """Those where kept (N,) is true."""
        return Samples(self.points[kept], self.face[kept], self.weights[kept])

    @staticmethod
    def joined(*parts: "Samples") -> "Samples":
        """All of them."""
        return Samples(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("points", "face", "weights")))


def outer_shell(person: DressedPerson, cell: float = CELL) -> Shell:
    """The person's shell, in the body frame. cell: metres between lattice nodes. Raises NoShell."""
    lattice = lattice_around(person.vertices, cell, CARD_RADIUS + 3 * cell)
    solid = np.flatnonzero(~person.cards)
    found = [_of_faces(one, solid) for one in crossings(person.vertices, person.faces[solid], lattice)]
    number, surface = winding_number(lattice, found), _on_edges(person, found)
    cards, sheets = card_samples(person, 0.6 * cell), sheet_samples(person, lattice, surface, number > 0.5)
    height = _height_above(person, cards, surface)
    balls = np.maximum(hair_depth(lattice, cards.points, height), ball_depth(lattice, sheets.points, SHEET_RADIUS * cell))
    value = np.maximum(number - 0.5, balls)
    inside = outer_solid(value > 0)
    vertices, faces, edge = lattice_surface(value, inside)
    vertices, where, own = on_the_surface(lattice, vertices, edge, inside, found, balls)
    vertices = smoothed(vertices, faces, ~own)
    loose = Samples.joined(cards, sheets, surface)
    where = with_nearest(where, ~own, vertices, loose)
    where = with_painted(where, own, vertices, cards.only(height < HAIR[0][0]), cell)
    normals = vertex_normals(vertices, faces)
    albedo, trusted = colours(person, where, cell)
    albedo[~own] = blended_colours(person, vertices[~own], where.only(~own), loose, cell)
    label = person.label[where.face].astype(np.uint8)
    return Shell(vertices.astype(np.float32), faces, normals.astype(np.float32), albedo, trusted, label, light_transfer(vertices, normals))


def _of_faces(found: Crossings, numbers: ndarray) -> Crossings:
    """The crossings with the faces' numbers in the whole person."""
    return Crossings(found.axis, found.node, found.along, found.enters, numbers[found.face], found.weights)


# --- what has no inside -----------------------------------------------------------------------------------------------------------


def card_samples(person: DressedPerson, spacing: float) -> Samples:
    """Samples of the cards where their texture is opaque, about spacing apart (metres)."""
    samples = face_samples(person, np.flatnonzero(person.cards), spacing)
    if person.alpha is None or not len(samples.face):
        return samples
    return samples.only(texels(person.alpha, _uv(person, samples)) >= OPAQUE)


def _height_above(person: DressedPerson, samples: Samples, surface: Samples) -> ndarray:
    """Metres (N,) that the samples stand off the plane of the nearest of the surface's samples, infinite where none is near."""
    if not len(surface.points) or not len(samples.points):
        return np.full(len(samples.points), np.inf)
    distance, nearest = cKDTree(surface.points).query(samples.points, distance_upper_bound=2 * CARD_RADIUS)
    close = np.flatnonzero(np.isfinite(distance))
    height = np.full(len(samples.points), np.inf)
    below = surface.only(nearest[close])
    height[close] = np.abs(np.einsum("nc,nc->n", samples.points[close] - below.points, _face_normals(person, below.face)))
    return height


def _face_normals(person: DressedPerson, face: ndarray) -> ndarray:
    """Unit normals (N, 3) of faces (N,)."""
    corners = person.vertices[person.faces[face]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def hair_depth(lattice: Lattice, points: ndarray, height: ndarray) -> ndarray:
    """`ball_depth` of hair round the points (N, 3), which stand so high (N,) above the solid."""
    depth = np.full(lattice.shape, -1, np.float32)
    for (low, radius), (high, _) in zip(HAIR, (*HAIR[1:], (np.inf, 0)), strict=True):
        depth = np.maximum(depth, ball_depth(lattice, points[(height >= low) & ((height < high) | (high == np.inf))], radius))
    return depth


def sheet_samples(person: DressedPerson, lattice: Lattice, crossed: Samples, inside: ndarray) -> Samples:
    """Samples of solid faces with no inside close behind them: single sheets, and whatever is too thin for the lattice."""
    faces = np.unique(crossed.face[_thin(person, crossed, lattice, inside)])
    samples = face_samples(person, faces, 0.35 * lattice.cell)
    return samples.only(_thin(person, samples, lattice, inside))


def _thin(person: DressedPerson, samples: Samples, lattice: Lattice, inside: ndarray) -> ndarray:
    """True (N,) where three quarters of a cell behind the face it is still outside."""
    behind = (samples.points - lattice.origin) / lattice.cell - 0.75 * _face_normals(person, samples.face)
    return ndimage.map_coordinates(inside.astype(np.float32), behind.T, order=1) < 0.25


def face_samples(person: DressedPerson, faces: ndarray, spacing: float) -> Samples:
    """Samples all over some faces (N,), about spacing apart (metres)."""
    corners = person.vertices[person.faces[faces]]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1, initial=0)
    parts = np.maximum(np.ceil(longest / spacing), 1).astype(np.int64)
    face, weights = [np.zeros(0, np.int64)], [np.zeros((0, 3))]
    for count in np.unique(parts):
        grid = _grid_in_triangle(int(count))
        these = faces[parts == count]
        face.append(np.repeat(these, len(grid)))
        weights.append(np.tile(grid, (len(these), 1)))
    return _samples(person, np.concatenate(face), np.concatenate(weights))


def _grid_in_triangle(count: int) -> ndarray:
    """Barycentric weights (N, 3) of the middles of count² equal triangles, those that point the other way left out."""
    first, second = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    kept = first + second < count
    grid = (np.stack([first[kept], second[kept]], axis=1) + 1 / 3) / count
    return np.column_stack([grid, 1 - grid.sum(axis=1)])


def _on_edges(person: DressedPerson, found: list[Crossings]) -> Samples:
    """The crossings as samples."""
    return _samples(person, np.concatenate([one.face for one in found]), np.concatenate([one.weights for one in found]))


def _samples(person: DressedPerson, face: ndarray, weights: ndarray) -> Samples:
    return Samples(np.einsum("nk,nkc->nc", weights, person.vertices[person.faces[face]]), face, weights)


def _uv(person: DressedPerson, samples: Samples) -> ndarray:
    return np.einsum("nk,nkc->nc", samples.weights, person.uv[person.faces[samples.face]])


def ball_depth(lattice: Lattice, points: ndarray, radius: float) -> ndarray:
    """How deep each node is in the union of balls round the points, in cells, negative outside; never below -1."""
    depth = np.full(lattice.shape, -1, np.float32)
    if len(points):
        node = np.round((points - lattice.origin) / lattice.cell).astype(np.int64)
        near = np.zeros(lattice.shape, bool)
        near[tuple(node.T)] = True
        reach = int(np.ceil(radius / lattice.cell + 1))
        near = ndimage.maximum_filter(near, 2 * reach + 1)
        places = lattice.origin + lattice.cell * np.argwhere(near)
        distance, _ = cKDTree(points).query(places, distance_upper_bound=radius + lattice.cell)
        depth[near] = np.maximum((radius - distance) / lattice.cell, -1)
    return depth


# --- the shell on the lattice -----------------------------------------------------------------------------------------------------


def outer_solid(inside: ndarray) -> ndarray:
    """The solid with all that the outside reaches only through a slit filled in, and its smallest parts left out. Raises NoShell."""
    filled = without_caves(~_reached(~inside))
    part, count = ndimage.label(filled)
    if count == 0:
        raise NoShell("the person's faces enclose nothing")
    size = np.bincount(part.ravel())
    size[0] = 0
    return (size >= SMALLEST_PART * size.max())[part]


def _reached(free: ndarray) -> ndarray:
    """The free nodes that the lattice's corner reaches."""
    part, _ = ndimage.label(free)
    return part == part[0, 0, 0]


def without_caves(inside: ndarray) -> ndarray:
    """The solid, and what lies behind slits of less than two cells: a mouth behind its lips, the air under a shirt."""
    free = ndimage.binary_erosion(~inside, border_value=1)
    part, count = ndimage.label(free)
    caves = (part > 0) & (part != part[0, 0, 0])
    return (inside | ndimage.binary_dilation(caves, np.ones((3, 3, 3)))) if count > 1 else inside


def lattice_surface(value: ndarray, inside: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """Marching cubes (Lewiner et al. 2003): vertices (V, 3) in cells, faces (F, 3), and each vertex's edge (V, 4): lower node and axis,
    axis -1 for the rare ones inside of a cell."""
    safe = np.where(inside, np.clip(value, 0.1, 1), np.clip(value, -1, -0.1))  # so that no vertex falls on a node
    vertices, faces, _, _ = marching_cubes(safe, 0)
    off = np.abs(vertices - np.round(vertices))
    axis = np.where((np.sort(off, axis=1)[:, 1] < 1e-3), np.argmax(off, axis=1), -1)
    lower = np.round(vertices).astype(np.int64)
    on = np.flatnonzero(axis >= 0)
    lower[on, axis[on]] = np.floor(vertices[on, axis[on]])
    return vertices.astype(np.float64), np.ascontiguousarray(faces[:, ::-1]), np.column_stack([lower, axis])


def on_the_surface(lattice: Lattice, vertices, edge, inside, found, balls) -> tuple[ndarray, Samples, ndarray]:
    """Vertices (V, 3) in metres, moved along their edges to the outermost thing there, the place of the person they show, and whether
    they lie on it (V,): others are the shell of hair or bridge a hole."""
    places, known = vertices.copy(), np.zeros(len(vertices), bool)
    face, weights = np.zeros(len(vertices), np.int64), np.zeros((len(vertices), 3))
    for axis, crossing in enumerate(found):
        rows = np.flatnonzero(edge[:, 3] == axis)
        lower, step = edge[rows, :3] @ lattice.steps, lattice.steps[axis]
        up = inside.ravel()[lower]  # going up leads out
        hit, solid = outermost(crossing, lower, up)
        below, above = balls.ravel()[lower], balls.ravel()[lower + step]
        round_ = (below > 0) != (above > 0)
        ball = np.where(round_, below / np.where(round_, below - above, 1), np.where(up, -1, 2))
        reach = np.where(solid, crossing.along[hit] if len(crossing.along) else 0, np.where(up, -1, 2))
        own = solid & np.where(up, reach >= ball, reach <= ball)
        along = np.where(own, reach, ball)
        moved = own | round_
        places[rows[moved], axis] = edge[rows[moved], axis] + np.clip(along[moved], 0.02, 0.98)  # a face keeps some area
        face[rows[own]], weights[rows[own]], known[rows[own]] = crossing.face[hit[own]], crossing.weights[hit[own]], True
    points = lattice.origin + lattice.cell * places
    return points, Samples(points, face, weights), known


def with_nearest(where: Samples, which: ndarray, vertices: ndarray, loose: Samples) -> Samples:
    """The vertices' places (V,), those asked for (V,) replaced by the nearest sample."""
    _, nearest = cKDTree(loose.points).query(vertices[which])
    return _replaced(where, which, loose, nearest)


def with_painted(where: Samples, own: ndarray, vertices: ndarray, paint: Samples, cell: float) -> Samples:
    """The vertices' places (V,), those on the surface itself replaced by what is painted close over them."""
    if not len(paint.points):
        return where
    distance, nearest = cKDTree(paint.points).query(vertices, distance_upper_bound=0.6 * cell)
    covered = own & np.isfinite(distance)
    return _replaced(where, covered, paint, nearest[covered])


def _replaced(where: Samples, which: ndarray, source: Samples, rows: ndarray) -> Samples:
    face, weights = where.face.copy(), where.weights.copy()
    face[which], weights[which] = source.face[rows], source.weights[rows]
    return Samples(where.points, face, weights)


def smoothed(vertices: ndarray, faces: ndarray, free: ndarray, rounds: int = 6) -> ndarray:
    """The vertices, those that are free (V,) drawn to the mean of their neighbours a few times; the others stay."""
    pairs = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    pairs = pairs[free[pairs[:, 0]]]  # a closed surface has every edge in both directions
    count = np.maximum(np.bincount(pairs[:, 0], minlength=len(vertices)), 1)
    for _ in range(rounds):
        mean = np.stack([np.bincount(pairs[:, 0], vertices[pairs[:, 1], axis], len(vertices)) for axis in range(3)], axis=1)
        vertices = np.where(free[:, None], 0.5 * (vertices + mean / count[:, None]), vertices)
    return vertices


def outermost(crossing: Crossings, lower: ndarray, up: ndarray) -> tuple[ndarray, ndarray]:
    """For edges given by their lower nodes (N,) the number of the crossing that leads out of the solid and lies farthest out, and
    whether there is one (N,). up: true where out is upwards."""
    hit, there = np.zeros(len(lower), np.int64), np.zeros(len(lower), bool)
    for upwards in (True, False):
        mine, rows = np.flatnonzero(crossing.enters != upwards), np.flatnonzero(up == upwards)
        nodes = crossing.node[mine]
        place = np.searchsorted(nodes, lower[rows], "right") - 1 if upwards else np.searchsorted(nodes, lower[rows], "left")
        valid = (place >= 0) & (place < len(nodes))
        valid[valid] = nodes[place[valid]] == lower[rows[valid]]
        hit[rows[valid]], there[rows[valid]] = mine[place[valid]], True
    return hit, there


# --- colour -----------------------------------------------------------------------------------------------------------------------


def colours(person: DressedPerson, where: Samples, cell: float) -> tuple[ndarray, ndarray]:
    """Albedo (V, 3) and trusted (V,), uint8, from the level of the texture whose texels are about as large as a cell."""
    uv, trusted = _uv(person, where), np.full(len(where.face), 255, np.uint8)
    area, across = _areas(person.vertices[person.faces]), _areas(np.pad(person.uv[person.faces], ((0, 0), (0, 0), (0, 1))))
    texel = np.sqrt(area / np.maximum(across, 1e-12)) / person.texture.shape[0]
    levels = pyramid(person.texture)
    level = np.clip(np.round(np.log2(cell / np.maximum(texel, 1e-9))), 0, min(2, len(levels) - 1))[where.face]
    albedo = np.zeros((len(uv), 3), np.uint8)
    for number in np.unique(level).astype(int):
        albedo[level == number] = texels(levels[number], uv[level == number])
    if person.trusted is not None:
        trusted = texels(person.trusted, uv)
    return albedo, trusted


def blended_colours(person: DressedPerson, vertices: ndarray, where: Samples, loose: Samples, cell: float) -> ndarray:
    """Albedo (N, 3) uint8 at vertices off the surface: the mean of the nearest samples that have the nearest one's label."""
    if not len(vertices):
        return np.zeros((0, 3), np.uint8)
    _, near = cKDTree(loose.points).query(vertices, k=min(BLENDED, len(loose.points)))
    near = near.reshape(len(vertices), -1)
    used, place = np.unique(near, return_inverse=True)
    colour = colours(person, Samples(loose.points[used], loose.face[used], loose.weights[used]), cell)[0][place.reshape(near.shape)]
    alike = (person.label[loose.face[near]] == person.label[where.face][:, None]).astype(np.float32)
    return np.round(np.einsum("nk,nkc->nc", alike, colour.astype(np.float32)) / alike.sum(axis=1)[:, None]).astype(np.uint8)


def _areas(corners: ndarray) -> ndarray:
    """Areas (F,) of triangles (F, 3, 3)."""
    return 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
