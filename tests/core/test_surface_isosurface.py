"""The surface of a field: coarse to fine against the dense grid, closed, outward, and what is promised of fields that are no distances."""

import numpy as np
import pytest
import trimesh
from scipy import ndimage
from skimage.measure import marching_cubes

from core.errors import EmptySurface, FieldNotFinite
from core.surface.crossings import CORNERS, Crossed, crossed_cells, grid_over
from core.surface.isosurface import CELLS, isosurface, marched
from core.surface.parts import largest_part

LOW, HIGH = np.array([-0.5, -0.9, -0.4]), np.array([0.5, 0.9, 0.4])


def ball(centre, radius):
    return lambda points: np.linalg.norm(points - np.asarray(centre), axis=1) - radius


def union(*fields):
    return lambda points: np.minimum.reduce([field(points) for field in fields])


def capsule(start, end, radius):
    start, along = np.asarray(start, float), np.asarray(end, float) - start

    def distance(points):
        share = np.clip((points - start) @ along / (along @ along), 0, 1)
        return np.linalg.norm(points - start - share[:, None] * along, axis=1) - radius

    return distance


def torus(points):
    return np.hypot(np.hypot(points[:, 0], points[:, 1]) - 0.3, points[:, 2]) - 0.05


def bumpy(seed):
    """A random smooth field that changes by no more than a metre a metre."""
    rng = np.random.default_rng(seed)
    waves, phase = rng.normal(0, 6, (4, 3)), rng.uniform(0, 2 * np.pi, 4)
    weight = rng.uniform(0.2, 1, 4)
    weight /= (weight * np.linalg.norm(waves, axis=1)).sum()
    return lambda points: np.sin(points @ waves.T + phase) @ weight


def person(points):
    """A trunk with arms of 2 cm across, one of them bent round to the front."""
    parts = [capsule((0, -0.5, 0), (0, 0.4, 0), 0.12), ball((0, 0.65, 0), 0.1), capsule((0.1, 0.35, 0), (0.44, 0.1, 0.1), 0.01)]
    parts += [capsule((-0.1, 0.35, 0), (-0.3, 0.2, 0), 0.01), capsule((-0.3, 0.2, 0), (-0.1, 0.1, 0.3), 0.01)]
    return union(*parts)(points)


class Counted:
    def __init__(self, field):
        self.field, self.asked = field, 0

    def __call__(self, points):
        self.asked += len(points)
        return self.field(points)


def dense(field, grid):
    """Every node asked; the border outside."""
    nodes = np.argwhere(np.ones(grid.shape + 1, bool))
    values = np.float32(field(grid.places(nodes))).reshape(grid.shape + 1)
    inner = np.zeros(values.shape, bool)
    inner[1:-1, 1:-1, 1:-1] = True
    return np.where(inner, values, np.maximum(values, np.float32(grid.cell)))


def dense_cells(field, grid):
    """The crossed cells of the dense grid."""
    values = dense(field, grid)
    around = np.stack([values[tuple(slice(c, c + n) for c, n in zip(corner, grid.shape, strict=True))] for corner in CORNERS], axis=-1)
    inside = around < 0
    cells = np.argwhere(inside.any(axis=-1) & ~inside.all(axis=-1))
    return Crossed(cells, around[tuple(cells.T)])


def in_order(crossed, grid):
    order = np.argsort(grid.keys(crossed.cells))
    return crossed.cells[order], crossed.values[order]


FIELDS = {
    "two balls": union(ball((0, -0.25, 0), 0.3), ball((0, 0.2, 0.05), 0.22)),
    "two balls apart": union(ball((0.2, -0.5, 0), 0.2), ball((-0.2, 0.5, 0.05), 0.015)),
    "thin arms": person,
    "torus": torus,
    **{f"bumpy {seed}": bumpy(seed) for seed in range(4)},
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("cells", [48, 80])
def test_coarse_to_fine_is_the_dense_grid(name, cells):
    """The same cells with bit for bit the same values."""
    grid = grid_over(LOW, HIGH, cells)
    field = Counted(FIELDS[name])
    found = in_order(crossed_cells(field, grid), grid)
    exact = in_order(dense_cells(FIELDS[name], grid), grid)
    for one, other in zip(found, exact, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(found[0]) > 20
    assert field.asked < np.prod(grid.shape + 1) * (1 if name.startswith("bumpy") else 0.1)  # bumps are everywhere


@pytest.mark.parametrize("name", FIELDS)
def test_the_mesh_is_scikit_images_of_the_dense_grid(name):
    grid = grid_over(LOW, HIGH, 64)
    vertices, faces = marched(crossed_cells(FIELDS[name], grid), grid)
    expected, expected_faces, _, _ = marching_cubes(dense(FIELDS[name], grid), 0.0)
    expected = grid.places(expected.astype(np.float64))
    mesh, other = trimesh.Trimesh(vertices, faces, process=False), trimesh.Trimesh(expected, expected_faces, process=False)
    assert len(vertices) == pytest.approx(len(np.unique(expected.round(7), axis=0)), rel=0.002)
    assert mesh.area == pytest.approx(other.area, rel=5e-4)
    assert mesh.volume == pytest.approx(other.volume, rel=5e-4)
    off = np.abs(trimesh.proximity.ProximityQuery(other).vertex(vertices)[0])
    assert (off > 0.03 * grid.cell).mean() < 0.005  # where corners are almost zero, ambiguous cells may be joined the other way


@pytest.mark.parametrize("name", FIELDS)
def test_surfaces_are_closed_and_outward(name):
    """Every edge has two faces that run along it in opposite directions, even where the surface is cut by the box."""
    grid = grid_over(LOW, HIGH, 64)
    vertices, faces = marched(crossed_cells(FIELDS[name], grid), grid)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.area_faces.min() > 1e-6 * grid.cell**2
    outward = FIELDS[name](mesh.triangles_center + 0.3 * grid.cell * mesh.face_normals)
    inward = FIELDS[name](mesh.triangles_center - 0.3 * grid.cell * mesh.face_normals)
    border = (np.abs(mesh.triangles_center - grid.origin) < 1.5 * grid.cell).any(axis=1)
    border |= (np.abs(mesh.triangles_center - grid.places(grid.shape)) < 1.5 * grid.cell).any(axis=1)
    assert (outward > inward)[~border].mean() > 0.99


def test_noise_is_closed_too():
    """Fields whose sign changes at random use every one of marching cubes' cases."""
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(size=(20, 20, 20))
        grid = grid_over(np.zeros(3), np.full(3, 16 * 0.01), 16)  # 17 nodes a side
        field = lambda points, noise=noise: 0.01 * noise[tuple(np.round(points / 0.01).astype(int).T)]  # noqa: E731
        vertices, faces = marched(dense_cells(field, grid), grid)
        edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
        assert trimesh.Trimesh(vertices, faces, process=False).volume > 0


def test_a_ball_has_its_size_and_place():
    """To a hundredth of a cell: the field is straight along every edge but for its curvature."""
    centre = np.array([0.07, -0.2, 0.03])
    vertices, faces = isosurface(ball(centre, 0.3), LOW, HIGH, 96)
    cell = 1.8 / 96
    assert np.abs(np.linalg.norm(vertices - centre, axis=1) - 0.3).max() < 0.02 * cell
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.euler_number == 2
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.027, rel=3e-3)


def test_few_nodes_are_asked_at_standard():
    """At most 3 % of the grid of the box at the quality everyone gets, for a person-sized shape, the safety factor included."""
    field = Counted(person)
    grid = grid_over(LOW, HIGH, CELLS["standard"])
    crossed_cells(field, grid)
    assert field.asked < 0.03 * np.prod(grid.shape + 1)


def test_a_field_too_steep_still_gives_whole_surfaces():
    """Twenty times a distance far away, a twentieth of it near: bounds mislead, and yet what is found is closed and of the dense grid."""
    grid = grid_over(LOW, HIGH, 96)
    steep = union(
        ball((0, -0.3, 0), 0.3), lambda points: 20 * ball((0, 0.37, 0), 0.31)(points), capsule((0, 0.3, 0), (0.4, 0.8, 0.3), 0.02)
    )
    field = lambda points: np.float32(steep(points))  # noqa: E731
    found, exact = crossed_cells(field, grid), dense_cells(field, grid)
    known = dict(zip(grid.keys(exact.cells).tolist(), exact.values, strict=True))
    for key, values in zip(grid.keys(found.cells).tolist(), found.values, strict=True):
        np.testing.assert_array_equal(values, known[key])
    mesh = trimesh.Trimesh(*marched(found, grid), process=False)
    whole = trimesh.Trimesh(*marched(exact, grid), process=False)
    assert mesh.is_watertight
    sizes, whole_sizes = (sorted(len(part.faces) for part in each.split()) for each in (mesh, whole))
    assert set(sizes) <= set(whole_sizes)  # each part found is whole; a part may be missed


def test_a_surface_is_followed_into_cells_that_were_ruled_out():
    """A thin spike out of a ball of which the ball's own values say it cannot be there."""
    grid = grid_over(LOW, HIGH, 96)

    def spiked(points):
        spike = (np.hypot(points[:, 0], points[:, 2]) < 0.03) & (points[:, 1] > 0) & (points[:, 1] < 0.7)
        return np.where(spike, np.minimum(-0.005, ball((0, 0, 0), 0.2)(points)), ball((0, 0, 0), 0.2)(points))

    asked = Counted(spiked)
    found, exact = in_order(crossed_cells(asked, grid), grid), in_order(dense_cells(spiked, grid), grid)
    np.testing.assert_array_equal(found[0], exact[0])
    np.testing.assert_array_equal(found[1], exact[1])
    assert asked.asked < 0.2 * np.prod(grid.shape + 1)


def test_nothing_is_asked_twice():
    asked = []

    def field(points):
        asked.append(points)
        return person(points)

    crossed_cells(field, grid_over(LOW, HIGH, 96))
    points = np.concatenate(asked)
    assert len(np.unique(points.round(7), axis=0)) == len(points)


def test_a_blob_that_the_field_does_not_tell_of_may_be_missed():
    """Far smaller than the coarsest cell and steeper than the bound; what is found is the ball, whole."""
    blob = ball((0.41, 0.77, 0.2), 0.012)
    field = lambda points: np.where(blob(points) < 0.003, blob(points), ball((0, 0, 0), 0.2)(points))  # noqa: E731
    grid = grid_over(LOW, HIGH, 96)
    mesh = trimesh.Trimesh(*marched(crossed_cells(field, grid), grid), process=False)
    assert mesh.is_watertight
    assert np.linalg.norm(mesh.vertices, axis=1).max() < 0.21


def test_the_border_is_outside():
    """A shape that sticks out of the box is closed at its border."""
    vertices, faces = isosurface(ball((0.5, 0, 0), 0.3), LOW, HIGH, 64)
    grid = grid_over(LOW, HIGH, 64)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight
    assert mesh.volume > 0
    assert vertices[:, 0].max() <= grid.places(grid.shape)[0]


def test_floaters_and_cavities_go():
    hollow = lambda points: np.maximum(ball((0, -0.2, 0), 0.3)(points), -ball((0, -0.2, 0), 0.15)(points))  # noqa: E731
    vertices, faces = isosurface(union(hollow, ball((0.3, 0.5, 0), 0.08), ball((-0.3, 0.6, 0.1), 0.05)), LOW, HIGH, 80)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.body_count == 1
    assert mesh.is_watertight
    np.testing.assert_allclose(np.linalg.norm(vertices - (0, -0.2, 0), axis=1), 0.3, atol=1e-3)


def test_the_largest_part_has_its_own_vertices_only():
    small, large = trimesh.creation.icosphere(1, 0.1), trimesh.creation.icosphere(2, 0.3)
    inside_out = trimesh.creation.icosphere(3, 0.4)
    inside_out.invert()
    both = trimesh.util.concatenate([small, large, inside_out])
    vertices, faces = largest_part(np.array(both.vertices), np.array(both.faces))
    np.testing.assert_array_equal(vertices, large.vertices)
    np.testing.assert_array_equal(faces, large.faces)


def test_a_field_without_surface_is_refused():
    for value in (1.0, 0.02):
        with pytest.raises(EmptySurface, match="nobody") as error:
            isosurface(lambda points, value=value: np.full(len(points), value), LOW, HIGH, 48)
        assert error.value.hint


def test_a_part_without_volume_is_refused():
    with pytest.raises(EmptySurface, match="encloses nothing"):
        largest_part(np.eye(3), np.array([[0, 1, 2], [0, 2, 1]]))


def test_a_field_of_no_numbers_is_refused():
    def broken(points):
        return np.where(points[:, 1] > 0.28, np.nan, ball((0, 0, 0), 0.3)(points))

    with pytest.raises(FieldNotFinite, match="no numbers") as error:
        isosurface(broken, LOW, HIGH, 48)
    assert error.value.hint


def test_memory_follows_the_surface_not_the_grid():
    """The largest arrays are those of stride 2: at 512 cells an eighth of the grid, never the grid."""
    import tracemalloc

    tracemalloc.start()
    grid = grid_over(np.full(3, -0.5), np.full(3, 0.5), 256)
    crossed_cells(ball((0, 0, 0), 0.1), grid)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * np.prod(grid.shape + 1)  # bytes: less than the dense grid as float32


def test_smooth_random_fields_have_several_parts_to_compare():
    """The bumpy fields above are no trivial case."""
    counts = [ndimage.label(dense(bumpy(seed), grid_over(LOW, HIGH, 48)) < 0)[1] for seed in range(4)]
    assert max(counts) > 1
