"""Coarse to fine against the dense grid; closed, outward, one part; and the fields that have no surface."""

import numpy as np
import pytest
import trimesh

from core.errors import EmptySurface, FieldNotFinite
from core.surface.isosurface import can_hold_surface, isosurface, largest_part, marched, sparse_grid

LOW, HIGH = np.array([-0.5, -0.9, -0.3]), np.array([0.5, 0.9, 0.3])


def capsule(points, start, end, radius):
    start, end = np.array(start), np.array(end)
    along = np.clip((points - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
    return np.linalg.norm(points - start - along[:, None] * (end - start), axis=1) - radius


def two_balls(points):
    return np.minimum(np.linalg.norm(points - [0, 0.2, 0], axis=1) - 0.25, np.linalg.norm(points - [-0.05, -0.15, 0], axis=1) - 0.2)


def thin_arms(points):
    arms = [capsule(points, (0, y, 0), (x, y + 0.3, 0.1), 0.02) for x, y in ((0.4, 0.1), (-0.4, 0.1), (0.3, -0.6), (-0.3, -0.6))]
    return np.minimum.reduce([capsule(points, (0, -0.7, 0), (0, 0.6, 0), 0.1), *arms])


def torus(points):
    return np.hypot(np.hypot(points[:, 0], points[:, 1]) - 0.3, points[:, 2]) - 0.07


def wavy(points):
    """A body with waves on it: 1-Lipschitz is what its parts add up to at most."""
    waves = sum(
        np.sin(points @ np.array(direction) * 25 + phase) for direction, phase in (((1, 0, 0), 0), ((0.3, 0.9, 0.2), 1), ((0, -0.5, 1), 2))
    )
    return 0.6 * capsule(points, (0, -0.5, 0), (0, 0.5, 0), 0.2) + 0.4 * waves / (3 * 25)


FIELDS = [two_balls, thin_arms, torus, wavy]


def dense(field, step, shape):
    places = np.argwhere(np.ones(shape, bool))
    return field(LOW + places * step).astype(np.float32).reshape(shape)


@pytest.mark.parametrize("field", FIELDS)
def test_same_surface_as_the_dense_grid(field):
    """Vertex for vertex."""
    values, step = sparse_grid(field, LOW, HIGH, 96)
    whole = dense(field, step, values.shape)
    for found, true in zip(marched(values), marched(whole), strict=True):
        assert found.shape == true.shape
        np.testing.assert_allclose(found, true, atol=1e-4)


@pytest.mark.parametrize("field", FIELDS)
def test_few_points_are_asked(field):
    """The finer the grid, the smaller the share that is asked; nothing twice."""
    asked = []

    def counting(points):
        asked.append(points)
        return field(points)

    values, _ = sparse_grid(counting, LOW, HIGH, 160)
    points = np.concatenate(asked)
    assert len(np.unique(np.round(points, 6), axis=0)) == len(points)
    assert len(points) < 0.2 * values.size


@pytest.mark.parametrize("field", FIELDS)
def test_closed_outward_and_on_the_zero(field):
    vertices, faces = isosurface(field, LOW, HIGH, 128)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    step = 1.8 / 128
    assert np.abs(field(vertices)).max() < 0.4 * step  # in the crease between two parts straight edges are off most


def test_a_ball_to_a_fraction_of_a_cell():
    vertices, _ = isosurface(lambda points: np.linalg.norm(points, axis=1) - 0.25, LOW, HIGH, 128)
    radius = np.linalg.norm(vertices, axis=1)
    assert abs(radius.mean() - 0.25) < 2e-4
    assert np.abs(radius - 0.25).max() < 1e-3


def test_a_field_steeper_than_the_bound_is_still_closed():
    """A blob far smaller than the coarsest cell, in a field that does not tell of it from afar, may be missed; what is found is whole."""
    blob = np.array([0.41, 0.77, 0.2])

    def field(points):
        near = np.linalg.norm(points - blob, axis=1)
        return np.where(near < 0.015, near - 0.012, np.linalg.norm(points, axis=1) - 0.2)

    vertices, faces = isosurface(field, LOW, HIGH, 96)
    assert trimesh.Trimesh(vertices, faces, process=False).is_watertight
    assert np.linalg.norm(vertices, axis=1).max() < 0.3


def test_cut_by_the_box_it_is_closed_there():
    vertices, faces = isosurface(lambda points: capsule(points, (0, -2, 0), (0, 2, 0), 0.1), LOW, HIGH, 64)
    assert trimesh.Trimesh(vertices, faces, process=False).is_watertight
    assert vertices[:, 1].min() < -0.89


def test_floaters_and_cavities_are_dropped():
    """A ball with a hollow in it and a smaller ball beside it: one part of one shell remains."""

    def field(points):
        ball = np.linalg.norm(points, axis=1) - 0.25
        hollow = 0.1 - np.linalg.norm(points, axis=1)
        return np.minimum(np.maximum(ball, hollow), np.linalg.norm(points - [0, 0.6, 0], axis=1) - 0.15)

    vertices, faces = isosurface(field, LOW, HIGH, 96)
    radius = np.linalg.norm(vertices, axis=1)
    assert radius.min() > 0.24
    assert radius.max() < 0.26
    assert trimesh.Trimesh(vertices, faces, process=False).volume == pytest.approx(4 / 3 * np.pi * 0.25**3, rel=0.02)


def test_parts_are_weighed_by_what_they_enclose():
    big, small = trimesh.creation.icosphere(1, 0.3), trimesh.creation.icosphere(3, 0.1)
    faces = np.concatenate([small.faces, big.faces + len(small.vertices)])
    vertices, faces = largest_part(np.concatenate([small.vertices, big.vertices + 1.0]), faces)
    assert len(vertices) == len(big.vertices)
    assert len(faces) == len(big.faces)


def test_the_bound_keeps_what_may_hold_a_zero():
    """Both signs; or too small a value all round. A plane beside the cell, farther than a part of it, is seen to leave it alone."""
    values = np.full((3, 2, 2), 0.3, np.float32)
    values[2] = 0.05
    assert can_hold_surface(values, 0.3).ravel().tolist() == [False, True]
    values[2] = 0.9
    values[2, 0, 0] = -0.9
    assert can_hold_surface(values, 0.01).ravel().tolist() == [False, True]
    beside = np.arange(2, dtype=np.float32)[:, None, None] + np.zeros((2, 2, 2), np.float32)
    assert can_hold_surface(beside + 0.1, 1.0).all()
    assert not can_hold_surface(beside + 0.5, 1.0).any()


def test_no_cell_with_a_surface_is_left_alone():
    """Random balls at every distance from a cell: where the cell does hold a zero, it is kept."""
    rng = np.random.default_rng(0)
    inside = np.stack(np.meshgrid(*[np.linspace(0, 1, 9)] * 3, indexing="ij"), -1).reshape(-1, 3)
    corners = np.stack(np.meshgrid(*[[0.0, 1]] * 3, indexing="ij"), -1)
    left = 0
    for _ in range(400):
        middle, radius = rng.uniform(-3, 4, 3), rng.uniform(0.05, 3)
        found = can_hold_surface(np.float32(np.linalg.norm(corners - middle, axis=-1) - radius), 1.0)[0, 0, 0]
        truth = np.linalg.norm(inside - middle, axis=1) - radius
        assert found or not (truth.min() <= 0 <= truth.max())
        left += not found
    assert left > 100


def test_fields_without_a_surface_are_refused():
    with pytest.raises(EmptySurface, match="nobody"):
        isosurface(lambda points: np.ones(len(points)), LOW, HIGH, 64)
    with pytest.raises(FieldNotFinite, match="no numbers"):
        isosurface(lambda points: np.where(points[:, 0] > 0.2, np.nan, 1.0), LOW, HIGH, 64)
