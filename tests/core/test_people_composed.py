"""Composed people: pieces cut, layered and joined; fingers, skirts, prints, and the open body found again."""

from dataclasses import replace

import numpy as np
import pytest

from core.motion.retarget import T_POSE
from core.skeleton import JOINT, posed_joints
from training.makehuman.figure import posed
from training.makehuman.fingers import HOLDS, bend, sample_hands
from training.people.cloth import PRINTS, printed, recoloured
from training.people.exact_body import OpenBody, betas_of, body_truth
from training.people.garments import hung
from training.people.joined import joined, squares
from training.people.layers import LAYER_GAP, SKIN_GAP, layered, pushed_out, without_hidden
from training.people.piece import Piece, rim, subdivided, trimmed, vertex_normals
from training.people.wardrobe import _underneath, allowed, role_of, uv_raster


def sheet(side: int = 5, height: float = 0.0, name: str = "sheet") -> Piece:
    """A square metre of cloth in the plane y = height, seen from above, its UV the whole picture."""
    x, z = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side)))
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.concatenate([np.stack([corner, corner + side, corner + 1], 1), np.stack([corner + 1, corner + side, corner + side + 1], 1)])
    vertices = np.stack([x, np.full_like(x, height), z], axis=1)
    weights = np.zeros((len(x), 24))
    weights[:, 0] = 1
    picture = np.full((8, 8, 4), 255, np.uint8)
    return Piece(name, "cloth", vertices, weights, vertices, faces, np.stack([x, z], 1), faces, picture, False, 8)


def area(piece: Piece) -> float:
    corners = piece.vertices[piece.faces]
    return 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()


def test_subdividing_keeps_the_surface_and_its_uv():
    piece = sheet()
    fine = subdivided(piece)
    assert len(fine.faces) == 4 * len(piece.faces)
    assert np.isclose(area(fine), area(piece))
    assert np.allclose(fine.uv[fine.uv_faces], fine.vertices[fine.faces][..., [0, 2]])
    assert (vertex_normals(fine.vertices, fine.faces)[:, 1] > 0.999).all()


def test_a_cut_ends_in_a_straight_hem_and_takes_the_uv_along():
    piece = sheet(9)
    cut = trimmed(piece, 0.6 - piece.vertices[:, 0])
    assert np.isclose(area(cut), 0.6, atol=0.01)
    assert np.isclose(cut.vertices[np.unique(cut.faces), 0].max(), 0.6)
    assert np.allclose(cut.uv[cut.uv_faces], cut.vertices[cut.faces][..., [0, 2]])
    assert np.allclose(cut.weights.sum(axis=1), 1)


def test_compacting_drops_what_no_face_uses():
    piece = sheet().with_faces(np.arange(32) < 6)
    small = piece.compacted()
    assert len(small.vertices) == len(np.unique(piece.faces)) < len(piece.vertices)
    assert np.array_equal(small.vertices[small.faces], piece.vertices[piece.faces])
    assert np.array_equal(small.uv[small.uv_faces], piece.uv[piece.uv_faces])


def test_the_rim_is_the_open_edge():
    piece = sheet(4)
    assert len(rim(piece.faces)) == 12


def test_garments_end_up_outside_of_the_skin_and_of_each_other():
    skin, inner, outer = sheet(21), subdivided(sheet(9, -0.004)), subdivided(sheet(9, -0.008))
    inner, outer = layered([inner, outer], [1, 2], skin.vertices, skin.faces)
    assert np.allclose(inner.vertices[:, 1], SKIN_GAP, atol=1e-6)
    assert np.allclose(outer.vertices[:, 1], SKIN_GAP + LAYER_GAP, atol=1e-6)


def test_what_stands_off_already_or_is_out_of_reach_stays():
    skin = sheet(21)
    points = np.array([[0.5, 0.02, 0.5], [0.5, -0.3, 0.5]])
    assert np.array_equal(pushed_out(points, skin.vertices, vertex_normals(skin.vertices, skin.faces), 0.003, 0.05), points)


def test_only_what_lies_well_under_another_garment_is_left_out():
    inner, outer = sheet(41), sheet(41, 0.01)
    outer = outer.with_faces((outer.vertices[outer.faces, 0] < 0.61).all(axis=1)).compacted()
    shown = without_hidden([inner, outer], [1, 2])
    middle = shown[0].vertices[shown[0].faces].mean(axis=1)
    assert not ((np.abs(middle[:, 0] - 0.3) < 0.2) & (np.abs(middle[:, 2] - 0.5) < 0.4)).any()
    assert np.isclose(area(shown[0].with_faces(middle[:, 0] > 0.585)), 0.4, atol=0.02)  # from 3 cm inside of the hem on, all is left
    assert len(shown[1].faces) == len(outer.faces)


def test_squares_never_overlap_and_what_is_too_much_is_refused():
    sides = [256, 1024, 512, 512, 256, 512, 512, 512, 256]
    corners, side = squares(sides)
    used = np.zeros((side, side), int)
    for (x, y), own in zip(corners, sides, strict=True):
        assert x + own <= side
        assert y + own <= side
        used[y : y + own, x : x + own] += 1
    assert used.max() == 1
    with pytest.raises(ValueError, match="do not fit"):
        squares([1024] * 5)


def test_joined_pieces_see_their_own_pictures_and_keep_their_points():
    red, green = sheet(3), sheet(4, 1.0)
    red.picture[..., :3], green.picture[..., :3] = (255, 0, 0), (0, 255, 0)
    green.picture[:, :4, 3] = 0
    whole = joined([red, replace(green, cards=True, label="hair")])
    pixel = (np.array([0, 1]) + [1, -1] * whole.uv[whole.faces].mean(axis=1)) * len(whole.texture)
    column, row = pixel.astype(int).T
    assert np.array_equal(whole.texture[row, column], np.where(whole.cards[:, None], [0, 255, 0], [255, 0, 0]))
    clear = whole.alpha[row, column] == 0
    assert np.array_equal(clear, whole.cards & (whole.vertices[whole.faces].mean(axis=1)[:, 0] < 0.5))
    assert len(np.unique(whole.same_point)) == len(red.vertices) + len(green.vertices)


def test_a_seam_splits_vertices_but_not_points():
    piece = sheet(2)
    seam = replace(piece, uv=np.concatenate([piece.uv, piece.uv * 0.5]), uv_faces=piece.uv_faces + np.array([[0], [4]]))
    whole = joined([seam])
    assert len(whole.vertices) == 6
    assert len(np.unique(whole.same_point)) == 4


def test_fingers_bend_about_their_own_roots_one_after_the_other():
    knuckles = np.zeros((2, 5, 3, 3))
    knuckles[..., 0] = [0.0, 1.0, 2.0]
    turns = np.tile(np.eye(3), (2, 5, 3, 1, 1))
    quarter = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # +X down to -Y
    turns[0, 1, 1:] = quarter
    moves = bend(knuckles, turns)
    tip = moves[5, :, :3] @ [3.0, 0, 0] + moves[5, :, 3]
    assert np.allclose(tip, [0.0, -1.0, 0.0])  # one along, one down, one back
    assert np.allclose(moves[15:, :, :3], np.eye(3))
    assert np.allclose(moves[15:, :, 3], 0)


def test_a_fist_curls_towards_the_palm_on_both_sides():
    for seed in range(20):
        turns, kinds = sample_hands(np.random.default_rng(seed))
        assert set(kinds) <= set(HOLDS)
        for hand, sign, kind in zip(turns, (1, -1), kinds, strict=True):
            if kind in ("fist", "half_closed"):
                assert (sign * hand[1:, :, 2] < 0).all()


def test_a_skirt_spans_from_thigh_to_thigh():
    x = np.linspace(-0.2, 0.2, 9)
    low = np.stack([x, np.full(9, T_POSE[JOINT["left_hip"], 1] - 0.3), np.zeros(9)], axis=1)
    pelvis = np.zeros((9, 24))
    pelvis[:, JOINT["pelvis"]] = 1
    weights = hung(pelvis, low, T_POSE)
    left, right = (weights[:, [JOINT[f"{side}_hip"], JOINT[f"{side}_knee"]]].sum(axis=1) for side in ("left", "right"))
    assert np.allclose(left + right, 1)
    assert np.allclose(left, right[::-1])
    assert (np.diff(left) >= 0).all()
    assert np.isclose(left[4], 0.5)
    assert left[-1] > 0.95
    high = low + np.array([0, 0.4, 0])
    assert np.array_equal(hung(pelvis, high, T_POSE), pelvis)


PLACES = np.stack([*np.meshgrid(np.linspace(-0.3, 0.3, 64), np.linspace(0.4, -0.4, 64)), np.zeros((64, 64))], axis=-1)


@pytest.mark.parametrize("kind", PRINTS)
def test_prints_give_colours(kind):
    colours = printed(np.random.default_rng(3), kind, PLACES, 0.5)
    assert colours.shape == PLACES.shape
    assert colours.min() >= 0
    assert colours.max() <= 1
    assert (np.ptp(colours.reshape(-1, 3), axis=0).max() > 0.05) == (kind != "plain")


def test_recoloured_cloth_keeps_its_light_and_shade():
    picture = np.full((4, 4, 4), 255, np.uint8)
    picture[..., :3] = 100
    picture[0, :, :3] = 60
    done = recoloured(picture, np.ones((4, 4), bool), np.array([0.5, 0.25, 0.1]))
    assert np.allclose(done[1, 0, :3] / 255, [0.5, 0.25, 0.1], atol=0.005)
    assert (done[0, 0, :3] < done[1, 0, :3]).all()


def test_held_out_names_are_kept_from_training_and_used_for_judging():
    names = ["coat", "suit top", "suit bottom", "suitcase"]
    assert allowed(names, ("suit",), False) == [True, False, False, True]
    assert allowed(names, ("suit",), True) == [False, True, True, False]
    assert allowed(["coat"], ("suit",), True) == [True]


@pytest.mark.parametrize(
    ("low", "high", "role"),
    [(-0.84, -0.5, "shoes"), (0.74, 0.85, "hat"), (0.70, 0.74, "glasses"), (-0.75, 0.2, "trousers"), (-0.25, 0.19, "skirt"),
     (0.1, 0.58, "top"), (-0.3, 0.58, "dress"), (-0.75, 0.6, "suit")],
)  # fmt: skip
def test_what_a_garment_is_follows_from_what_it_covers(low, high, role):
    assert role_of(np.array([[0, low, 0], [0, high, 0]])) == role


def test_a_dress_leaves_the_underwear_it_brings_along():
    outer, inner = sheet(21), sheet(5, -0.01)
    vertices = np.concatenate([outer.vertices, 0.5 * inner.vertices + [0.25, -0.005, 0.25]])[:, [0, 2, 1]]
    faces = np.concatenate([outer.faces, inner.faces + len(outer.vertices)])[:, ::-1]
    piece = np.repeat([0, 1], [len(outer.vertices), len(inner.vertices)])
    small = vertices * 0.5
    assert np.array_equal(_underneath(small, faces, piece), piece == 1)
    assert not _underneath(vertices * 1.5, faces, piece).any()  # as high as a slip


def test_a_texture_knows_which_face_covers_each_pixel():
    piece = sheet(2)
    raster = uv_raster(piece.uv, piece.uv_faces, 16)
    places = raster.interpolate(piece.faces, piece.vertices)
    rows, columns = np.mgrid[:16, :16]
    assert np.allclose(places[..., 0], (columns + 0.5) / 16)
    assert np.allclose(places[..., 2], 1 - (rows + 0.5) / 16)


def made_up_open_body() -> OpenBody:
    rng = np.random.default_rng(0)
    template, shapes = rng.normal(size=(60, 3)), rng.normal(size=(60, 3, 10))
    regressor, weights = rng.dirichlet(np.ones(60), 24), rng.dirichlet(np.ones(24), 60)
    basis = shapes.reshape(-1, 10)
    return OpenBody(template, shapes, regressor, weights, np.arange(60).reshape(20, 3), np.linalg.pinv(basis))


def test_the_open_body_is_found_again():
    body, betas = made_up_open_body(), np.linspace(-2, 2, 10)
    assert np.allclose(betas_of(body, body.template + body.shapedirs @ betas), betas)


def test_a_person_who_is_the_open_body_leaves_nothing_over():
    body, betas, pose = made_up_open_body(), np.linspace(-1, 1, 10), np.random.default_rng(1).normal(0, 0.4, (24, 3))
    nude = body.template + body.shapedirs @ betas
    rest_joints = body.regressor @ nude
    shift = np.array([0.3, 1.0, -0.2])
    bare = posed(nude, body.weights, pose, rest_joints) + shift
    truth = body_truth(body, nude, pose, posed_joints(pose, rest_joints) + shift, bare)
    assert np.allclose(truth.translation, shift)
    assert np.allclose(truth.betas, betas)
    assert truth.joint_residual_cm < 1e-6
    assert truth.skin_residual_cm < 1e-6
