"""Shells of made-up solids and sheets, the winding number on a lattice, and light transfer, against what geometry says."""

import numpy as np
import pytest
import trimesh

from core.light import irradiance
from training.people.character import BodyTruth, DressedPerson
from training.people.rounding import is_coarse, rounded
from training.people.shell import CARD_RADIUS, NoShell, outer_shell, without_caves
from training.people.transfer import light_transfer
from training.people.winding import crossings, lattice_around, winding_number

CELL = 0.02


def ball(radius=0.2, middle=(0.0, 0.0, 0.0), fineness=3):
    mesh = trimesh.creation.icosphere(fineness, radius)
    return np.array(mesh.vertices) + middle, np.array(mesh.faces)


def person(*parts, cards=0, alpha=None):
    """A person of (vertices, faces) parts, the last `cards` of them cards. Each has its own eighth of the texture, in its own red."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    vertices = np.concatenate([vertices for vertices, _ in parts]).astype(float)
    faces = np.concatenate([faces + start for (_, faces), start in zip(parts, starts, strict=False)])
    part = np.repeat(np.arange(len(parts)), [len(faces) for _, faces in parts])
    uv = np.concatenate([np.full((len(v), 2), [(n + 0.5) / 8, 0.5]) for n, (v, _) in enumerate(parts)])
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[..., 0] = np.repeat(20 + 25 * np.arange(8), 8)
    body = BodyTruth(np.zeros((24, 3)), np.zeros(10), np.zeros(3), 0.0, 0.0)
    is_card = part >= len(parts) - cards
    return DressedPerson(
        "p", "artist", vertices, np.arange(len(vertices)), faces, is_card, part % 5, uv, texture, alpha, None, np.zeros((24, 3)), body
    )


def square(side, middle, cells=1):
    """Faces looking along +Z."""
    steps = np.linspace(-side / 2, side / 2, cells + 1)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    vertices = np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3) + middle
    corner = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    return vertices, np.concatenate(
        [np.stack([corner, corner + cells + 1, corner + cells + 2], 1), np.stack([corner, corner + cells + 2, corner + 1], 1)]
    )


def mesh_of(shell):
    mesh = trimesh.Trimesh(shell.vertices, shell.faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0  # faces look outward
    return mesh


def test_the_winding_number_counts_overlapping_solids_exactly():
    (first, faces), (second, _) = ball(0.2), ball(0.2, (0.2, 0, 0))
    soup, both = np.concatenate([first, second]), np.concatenate([faces, faces + len(first)])
    lattice = lattice_around(soup, CELL, 0.08)
    number = winding_number(lattice, crossings(soup, both, lattice))
    nodes = lattice.origin + CELL * np.moveaxis(np.indices(lattice.shape), 0, -1)
    away = [0.2 - np.linalg.norm(nodes - middle, axis=-1) for middle in ([0, 0, 0], [0.2, 0, 0])]
    clear = np.minimum(*np.abs(away)) > 0.004  # the balls are polyhedra
    truth = sum((depth > 0).astype(float) for depth in away)
    np.testing.assert_allclose(number[clear], truth[clear], atol=2e-3)


def test_the_winding_number_of_an_open_surface_is_its_solid_angle():
    vertices, faces = ball(0.2)
    keep = (vertices[faces][:, :, 1] < 0.1).all(axis=1)  # a bowl, a cap cut off
    lattice = lattice_around(vertices, CELL, 0.3)  # the lattice repeats itself, so the far copies must be far
    number = winding_number(lattice, crossings(vertices, faces[keep], lattice))
    corners = vertices[faces[keep]]
    for point in ([0, 0, 0], [0, -0.12, 0.05], [0.1, 0.06, 0]):
        node = np.round((np.array(point) - lattice.origin) / CELL).astype(int)
        a, b, c = (corners[:, k] - (lattice.origin + CELL * node) for k in range(3))
        la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
        below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
        exact = np.arctan2(np.einsum("nc,nc->n", a, np.cross(b, c)), below).sum() / (2 * np.pi)
        assert number[tuple(node)] == pytest.approx(exact, abs=0.06)


def test_a_balls_shell_lies_on_the_ball_and_is_closed():
    shell = outer_shell(person(ball()), CELL)
    mesh = mesh_of(shell)
    radius = np.linalg.norm(shell.vertices, axis=1)
    assert radius.max() <= 0.2 + 0.02 * CELL  # vertices keep this far from the lattice's nodes
    assert radius.min() > 0.2 - 0.004  # far less than a cell: the ball itself is a polyhedron
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.008, rel=0.03)
    assert (np.einsum("vc,vc->v", shell.normals, shell.vertices) / radius).min() > 0.95


def test_two_overlapping_balls_have_one_shell_with_each_ones_colour_and_label():
    shell = outer_shell(person(ball(), ball(middle=(0.2, 0, 0))), CELL)
    mesh = mesh_of(shell)
    assert len(mesh.split()) == 1
    outside_both = np.minimum(np.linalg.norm(shell.vertices, axis=1), np.linalg.norm(shell.vertices - [0.2, 0, 0], axis=1))
    assert outside_both.min() > 0.19
    left, right = shell.vertices[:, 0] < 0.08, shell.vertices[:, 0] > 0.12
    assert set(shell.albedo[left, 0]) == {20}
    assert set(shell.albedo[right, 0]) == {45}
    assert set(shell.label[left]) == {0}
    assert set(shell.label[right]) == {1}


def test_a_hollow_is_filled_and_a_crumb_is_left_out():
    outer, (inner, faces) = ball(0.2), ball(0.12)
    crumb = ball(0.025, (0.4, 0, 0))
    shell = outer_shell(person(outer, (inner, faces[:, ::-1]), crumb), CELL)
    assert len(mesh_of(shell).split()) == 1
    assert np.linalg.norm(shell.vertices, axis=1).min() > 0.19
    assert shell.vertices[:, 0].max() < 0.21


def test_a_cave_behind_a_slit_is_filled_but_one_with_a_wide_mouth_is_not():
    block = np.zeros((20, 20, 20), bool)
    block[4:16, 4:16, 4:16] = True
    block[7:13, 7:13, 7:13] = False
    slit, mouth = block.copy(), block.copy()
    slit[9, 7:13, :7] = False
    mouth[7:13, 7:13, :7] = False
    assert without_caves(slit)[7:13, 7:13, 7:13].all()
    np.testing.assert_array_equal(without_caves(mouth), mouth)


def test_a_card_close_to_the_skin_only_colours_it():
    middle, height = np.array([0.0, 0.0, 0.2]), 0.001
    brow = (np.array([[-0.03, -0.01, 0], [0.03, -0.01, 0], [0.03, 0.01, 0], [-0.03, 0.01, 0]]) + middle, np.array([[0, 1, 2], [0, 2, 3]]))
    cube = trimesh.creation.box((0.4, 0.4, 2 * (0.2 - height)))
    shell = outer_shell(person((np.array(cube.vertices), np.array(cube.faces)), brow, cards=1), 0.006)
    under = (np.abs(shell.vertices[:, 0]) < 0.028) & (np.abs(shell.vertices[:, 1]) < 0.008) & (shell.vertices[:, 2] > 0.19)
    assert shell.vertices[:, 2].max() < 0.2 - height + 1e-3
    assert set(shell.albedo[under, 0]) == {45}
    far = np.abs(shell.vertices[:, 0]) > 0.06
    assert set(shell.albedo[far, 0]) == {20}


def test_a_card_grows_a_shell_of_hair_only_where_it_is_opaque():
    card = (np.array([[0.15, -0.1, 0], [0.35, -0.1, 0], [0.35, 0.1, 0], [0.15, 0.1, 0.0]]), np.array([[0, 1, 2], [0, 2, 3]]))
    one = person(ball(), card, cards=1)
    shell = outer_shell(one, 0.006)
    mesh_of(shell)
    hair = shell.vertices[:, 0] > 0.22
    assert shell.vertices[:, 0].max() == pytest.approx(0.35 + CARD_RADIUS, abs=0.006)
    assert np.abs(shell.vertices[hair, 2]).max() < CARD_RADIUS + 0.002
    assert set(shell.albedo[hair, 0]) == {45}
    clear = person(ball(), card, cards=1, alpha=np.where(np.arange(64) < 8, 255, 0).astype(np.uint8) * np.ones((64, 1), np.uint8))
    assert outer_shell(clear, 0.01).vertices[:, 0].max() < 0.21


def test_a_single_sheet_of_cloth_stays_as_a_thin_shell():
    sheet = square(0.3, (0.3, 0.0, 0.0), 4)
    shell = outer_shell(person(ball(), sheet), 0.01)
    mesh_of(shell)
    there = (shell.vertices[:, 0] > 0.25) & (shell.vertices[:, 0] < 0.4)
    assert there.any()
    assert np.abs(shell.vertices[there, 2]).max() < 0.009


def test_nothing_has_no_shell():
    clear = (np.array([[0, 0, 0], [1e-4, 0, 0], [0, 1e-4, 0]]), np.array([[0, 1, 2]]))
    with pytest.raises(NoShell, match="enclose nothing"):
        outer_shell(person(clear, cards=1, alpha=np.zeros((64, 64), np.uint8)), CELL)


# --- transfer ---------------------------------------------------------------------------------------------------------------------


def test_a_balls_transfer_is_its_irradiance_over_pi():
    vertices, _ = ball(0.3, fineness=4)
    normals = vertices / 0.3
    light = np.random.default_rng(0).normal(0, 1, (9, 3)) + np.eye(9, 3) * 3
    np.testing.assert_allclose(light_transfer(vertices, normals) @ light, irradiance(light, normals) / np.pi, atol=1e-5)


def test_a_floor_under_a_ceiling_loses_the_light_from_above():
    floor, below, above = (square(0.5, (0, 0, height), 60)[0] for height in (0, 0.1, 0.12))
    points = np.concatenate([floor, below, above])
    normals = np.repeat([[0, 0, 1.0], [0, 0, -1.0], [0, 0, 1.0]], len(floor), axis=0)
    transfer = light_transfer(points, normals)
    white = transfer[:, 0] / np.sqrt(4 * np.pi) * 4 * np.pi  # under light of radiance one from everywhere
    middle = np.linalg.norm(floor, axis=1).argmin()
    half, slant = 0.25, np.hypot(0.25, 0.1)
    hidden = 4 / np.pi * half / slant * np.arctan(half / slant)  # the form factor of a square over its middle
    assert white[middle] == pytest.approx(1 - hidden, abs=0.06)
    corner = np.linalg.norm(floor - [0.25, 0.25, 0], axis=1).argmin()
    assert white[middle] < 0.4 < white[corner] < 0.95


def test_shadows_come_from_the_side_of_what_hides():
    vertices = np.concatenate([ball(0.2, fineness=4)[0], ball(0.2, (0.42, 0, 0), 4)[0]])
    normals = np.concatenate([ball(0.2, fineness=4)[0]] * 2) / 0.2
    transfer = light_transfer(vertices, normals)
    free = light_transfer(vertices[: len(vertices) // 2], normals[: len(vertices) // 2])
    facing, away = normals[: len(free), 0] > 0.9, normals[: len(free), 0] < -0.1
    np.testing.assert_allclose(transfer[: len(free)][away], free[away], atol=1e-6)
    share = transfer[: len(free)][facing, 3] / free[facing, 3]  # of the light from +x
    assert share.mean() < 0.4
    assert share.max() < 0.75


# --- rounding ---------------------------------------------------------------------------------------------------------------------


def test_rounding_brings_a_coarse_ball_nearer_to_a_ball_and_leaves_it_closed():
    coarse = person(ball(0.2, fineness=1))
    fine = rounded(coarse)
    assert len(fine.faces) == 4 * len(coarse.faces)
    np.testing.assert_array_equal(fine.vertices[: len(coarse.vertices)], coarse.vertices)
    middles = np.linalg.norm(fine.vertices[len(coarse.vertices) :], axis=1)
    straight = np.linalg.norm(coarse.vertices[coarse.faces][:, :2].mean(axis=1), axis=1)
    assert np.abs(middles - 0.2).max() < 0.4 * np.abs(straight - 0.2).max()
    mesh = trimesh.Trimesh(fine.vertices, fine.faces, process=False)
    assert mesh.is_watertight
    assert mesh.volume > 0
    assert is_coarse(coarse)
    assert not is_coarse(person(ball(0.05, fineness=4)))


def test_rounding_keeps_seams_together():
    vertices, faces = ball(0.2, fineness=1)
    split = person((vertices[faces].reshape(-1, 3), np.arange(3 * len(faces)).reshape(-1, 3)))
    split.same_point[:] = faces.ravel()
    fine = rounded(split)
    _, welded = np.unique(fine.same_point, return_inverse=True)
    assert trimesh.Trimesh(np.zeros((welded.max() + 1, 3)), welded[fine.faces], process=False).is_watertight
    for number in np.unique(fine.same_point):
        assert np.ptp(fine.vertices[fine.same_point == number], axis=0).max() < 1e-9
