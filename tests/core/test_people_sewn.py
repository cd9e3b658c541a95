"""What is made to measure: skirts round hips and thighs, hair on a head; on a body of three cylinders and a ball."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.skeleton import JOINT
from training.people import composed, outfits
from training.people.cloth import of_one_cloth
from training.people.long_hair import FOREHEAD, ROWS, Style, curtain, fringe, grown
from training.people.outfits import choose_outfit
from training.people.piece import vertex_normals
from training.people.sewn import AROUND, FACES, GAP, RINGS, Cut, Sewn, hull_radius, sewn

BODY = 13380
STRAIGHT = Cut("straight", 0.0, 0.8, 0.1, 0.0, 0, 0.0, (0.0, 0.0, 0.0, 0.0), 0.0, 0.0, 0.0, (0.0, 0.0, 0.0))
LOOSE = Style(0.01, 0.5, 1.0, 0.0, 10, 0.0, 0.0, 0.1, 0.0, (0.0, 0.0, 0.0), 0.0, 0.0)


HEAD_MIDDLE = EYE = 1.6
HEAD_RADIUS = 0.1


def tube(x, radius, low, high):
    """Points (N, 3) all over an upright cylinder."""
    angle, height = np.meshgrid(np.linspace(0, 2 * np.pi, 32, endpoint=False), np.arange(low, high, 0.02))
    return np.stack([x + radius * np.cos(angle), height, radius * np.sin(angle)], axis=-1).reshape(-1, 3)


@pytest.fixture(scope="module")
def wardrobe():
    """Someone with a trunk, two legs, an arm that hangs beside them and a round head, looking along +Z; of the base mesh's vertices the
    first are theirs, and two balls of ten the eyes."""
    turns = np.random.default_rng(0).normal(size=(1500, 3))
    head = np.array([0, 1.6, 0]) + 0.1 * turns / np.linalg.norm(turns, axis=1, keepdims=True)
    parts = {
        "left_hip": tube(0.1, 0.08, 0.05, 0.9),
        "right_hip": tube(-0.1, 0.08, 0.05, 0.9),
        "spine1": tube(0, 0.15, 0.9, 1.45),
        "head": head,
        "left_elbow": tube(0.35, 0.04, 0.7, 1.3),
    }
    points = np.concatenate(list(parts.values()))
    weights = np.zeros((len(points), 24))
    weights[np.arange(len(points)), np.repeat([JOINT[name] for name in parts], [len(part) for part in parts.values()])] = 1
    number = np.arange(BODY) % len(points)
    eyes = np.repeat([[0.03, 1.6, 0.1], [-0.03, 1.6, 0.1]], 10, axis=0)
    rest, weights = np.concatenate([points[number], eyes]), np.concatenate([weights[number], np.eye(24)[[JOINT["head"]] * 20]])
    joints = np.zeros((24, 3))
    heights = {"spine1": 1.1, "left_hip": 0.9, "left_knee": 0.5, "left_ankle": 0.1, "pelvis": 0.95, "left_shoulder": 1.4, "neck": 1.45}
    for name, height in heights.items():
        joints[JOINT[name]] = (0.18 if name == "left_shoulder" else 0.1 if "left" in name else 0, height, 0)
    shaped = SimpleNamespace(rest=rest, joints=joints, t_joints=joints, t_posed=lambda vertices, weights: vertices)
    kept = np.arange(len(rest))
    triangles = np.stack([kept[:-2], kept[1:-1], kept[2:]], axis=1)
    figure = SimpleNamespace(weights=weights, person=SimpleNamespace(kept=kept, faces=triangles))
    return SimpleNamespace(figure=figure, plain=shaped, plain_t=rest, garments=(), kept={"garments": ()})


def rings(cut, wardrobe):
    return sewn(cut, wardrobe, wardrobe.plain)[0].reshape(RINGS, AROUND, 3)


def test_a_skirt_goes_round_both_legs_and_spans_what_is_between(wardrobe):
    """Everywhere outside of the convex hull of both, which touches neither leg's inner side."""
    ring = rings(Cut(**(STRAIGHT.__dict__ | {"slope": 0.0})), wardrobe)[-1]
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    legs = wardrobe.plain.rest[np.abs(wardrobe.plain.rest[:, 1] - ring[0, 1]) < 0.03][:, [0, 2]]
    legs = legs[np.abs(legs[:, 0]) < 0.2]
    hull = hull_radius(legs, np.column_stack([np.cos(angle), np.sin(angle)]))
    out = np.hypot(ring[:, 0], ring[:, 2]) - hull
    assert (out >= GAP - 1e-9).all()
    assert out.min() < GAP + 0.002
    assert np.abs(ring[:, 0]).max() < 0.25, "the arm is outside"
    before = ring[np.abs(ring[:, 0]) < 0.02]
    assert (np.abs(before[:, 2]) > 0.08).all()


def test_a_hull_is_a_circles_own():
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    ways = np.column_stack([np.cos(angle), np.sin(angle)])
    assert np.allclose(hull_radius(0.3 * ways, ways[::7]), 0.3, atol=1e-4)


def test_it_hangs_from_the_waist_as_far_as_it_is_long_and_widens_by_its_slope(wardrobe):
    ring = rings(STRAIGHT, wardrobe)
    assert np.allclose(ring[0, :, 1], 1.1)
    assert np.allclose(ring[-1, :, 1], 1.1 - 0.8)
    wide = ring[..., 0].max(axis=1)
    free = (ring[:, 0, 1] < 0.85) & (ring[:, 0, 1] > 0.35)
    assert np.allclose(np.diff(wide[free]) / -np.diff(ring[free, 0, 1]), 0.1, atol=1e-6)


@pytest.mark.parametrize("folds", [5, 8, 24])
def test_so_many_folds_go_round_the_hem(wardrobe, folds):
    cut = Cut(**(STRAIGHT.__dict__ | {"slope": 0.5, "folds": folds, "depth": 0.03}))
    hem, plain = (rings(one, wardrobe)[-1] for one in (cut, Cut(**(cut.__dict__ | {"depth": 0.0}))))
    out = np.linalg.norm((hem - plain)[:, [0, 2]], axis=1)
    assert out.max() <= 0.03 + 1e-9
    assert out.min() < 0.01
    deep = out > out.mean()
    assert (deep & ~np.roll(deep, 1)).sum() == folds


def test_a_skirt_is_turned_outwards_and_its_hem_is_held_out_where_it_should_be(wardrobe):
    cut = Cut(**(STRAIGHT.__dict__ | {"held": 0.3, "towards": (0.0, 0.0, np.pi / 2)}))
    vertices, weights = sewn(cut, wardrobe, wardrobe.plain)
    outwards = vertices - vertices.mean(axis=0) * (1, 0, 1) - np.array([0, 1, 0]) * vertices[:, 1:2]
    assert (np.einsum("va,va->v", vertex_normals(vertices, FACES), outwards) > 0).all()
    hem = vertices[-AROUND:]
    plain = rings(STRAIGHT, wardrobe)[-1]
    front, back = hem[:, 2].argmax(), hem[:, 2].argmin()
    assert hem[front, 2] - plain[:, 2].max() == pytest.approx(0.3 * (0.65 / 0.8) ** 1.5, abs=0.03)
    assert hem[front, 1] > plain[0, 1] + 0.1
    assert hem[back, 2] == pytest.approx(plain[:, 2].min(), abs=0.01)
    assert np.allclose(weights.sum(axis=1), 1)


def test_it_hides_the_legs_it_covers_and_nothing_else(wardrobe):
    skirt = Sewn(STRAIGHT, wardrobe, np.full((16, 16, 4), 255, np.uint8))
    heights = wardrobe.plain.rest[skirt.hides, 1]
    assert heights.min() > 0.3
    assert heights.max() < 1.1
    assert np.abs(wardrobe.plain.rest[skirt.hides, 0]).max() < 0.2, "the arm is not covered"
    assert skirt.hides.sum() > 1000
    assert skirt.places.shape == (RINGS * AROUND, 3)
    covered, places = skirt.pixel_places
    assert covered.mean() > 0.9
    assert np.allclose(places[covered][:, 1].min(), 0.3, atol=0.06)


def test_a_dress_is_of_one_cloth():
    """Two garments that meet: where they are at the same place, they have the same colour."""
    places = np.stack(np.meshgrid(np.linspace(-0.3, 0.3, 64), np.linspace(0, 1, 64), [0.0], indexing="ij"), axis=-1)[:, :, 0]
    garment = (np.full((64, 64, 4), 200, np.uint8), np.ones((64, 64), bool), places)
    upside_down = (garment[0], garment[1], places[::-1])
    for seed in range(6):
        (first, second), _ = of_one_cloth(np.random.default_rng(seed), [garment, upside_down])
        if seed == 0:
            assert not np.array_equal(first, of_one_cloth(np.random.default_rng(99), [garment])[0][0])
        assert np.abs(first[::-1].astype(int) - second).mean() < 12  # marl's grain is drawn anew


def test_only_training_wears_what_is_sewn(wardrobe):
    who = SimpleNamespace(sex="female", years=30.0, child=False)
    worn = {
        validation: [worn.garment for seed in range(60) for worn in choose_outfit(np.random.default_rng(seed), wardrobe, who, validation)]
        for validation in (True, False)
    }
    assert not any(isinstance(garment, Sewn) for garment in worn[True])
    assert sum(isinstance(garment, Sewn) for garment in worn[False]) > 5


def test_a_coat_is_of_one_cloth_and_hangs_over_trousers(monkeypatch, wardrobe):
    monkeypatch.setattr(outfits, "COATS", 1.0)
    kinds = {"top": "Shirt", "trousers": "Jeans", "shoes": "Boots high"}
    garments = [SimpleNamespace(name=name, role=role, sexes=("male",), years=(0, 99), stands_off=0.0) for role, name in kinds.items()]
    garments.append(SimpleNamespace(name="Shoes low", role="shoes", sexes=("male",), years=(0, 99), stands_off=0.0))
    wardrobe = SimpleNamespace(**(wardrobe.__dict__ | {"garments": garments, "kept": {"garments": []}}))
    who = SimpleNamespace(sex="male", years=30.0, child=False)
    for seed in range(10):
        worn = {one.garment.role: one for one in choose_outfit(np.random.default_rng(seed), wardrobe, who, False)}
        assert worn["skirt"].one_cloth
        assert worn["top"].one_cloth
        assert not worn["trousers"].one_cloth
        assert worn["trousers"].layer < worn["skirt"].layer < worn["top"].layer
        assert worn["trousers"].shorten == 0
        assert "shoes" not in worn or worn["shoes"].garment.name == "Shoes low"
    assert not any(isinstance(one.garment, Sewn) for one in choose_outfit(np.random.default_rng(0), wardrobe, who, True))


def test_a_curtain_of_hair_leaves_the_face_free_and_goes_round_the_head(wardrobe):
    vertices, weights, faces, _ = curtain(LOOSE, wardrobe, wardrobe.plain)
    assert vertices[:, 1].max() == pytest.approx(1.645)
    assert vertices[:, 1].min() == pytest.approx(1.145, abs=1e-6)
    beside_face = vertices[vertices[:, 1] > 1.55]
    assert (np.arctan2(np.abs(beside_face[:, 0]), beside_face[:, 2]) > LOOSE.opening - 0.05).all()
    assert (np.linalg.norm(beside_face[:, [0, 2]], axis=1) > 0.1 * np.sin(np.arccos(0.45)) - 0.01).all()
    assert np.allclose(weights.sum(axis=1), 1)
    assert faces.max() < len(vertices)


def test_hair_falls_over_the_shoulders_not_through_them(wardrobe):
    vertices = curtain(LOOSE, wardrobe, wardrobe.plain)[0]
    low = vertices[(vertices[:, 1] < 1.35)]
    inside = np.hypot(low[:, 0], low[:, 2])
    assert len(low) > 500
    assert (inside < 0.15).mean() < 0.1
    assert inside.min() > 0.1


def test_thick_hair_stands_off_the_scalp_and_a_knot_sits_behind(wardrobe):
    rng, up = np.random.default_rng(0), Style(**(LOOSE.__dict__ | {"length": 0.0, "knot": 0.04, "knot_at": 0.3}))
    hair = grown(rng, wardrobe, wardrobe.plain, np.array([0.3, 0.2, 0.1]), up)
    assert hair.label == "hair"
    assert hair.name == "grown, put up"
    assert hair.vertices[:, 2].min() < -0.13
    assert np.allclose(hair.weights[:, JOINT["head"]], 1)
    assert np.abs(hair.picture[..., :3].astype(float).mean(axis=(0, 1)) / 255 - (0.3, 0.2, 0.1)).max() < 0.1


def test_a_fringe_lies_on_the_forehead_and_ends_where_it_is_cut(wardrobe):
    style = replace(LOOSE, fringe=0.02, swept=0.03, fringe_thick=0.006, uneven=0.0, ridge=0.0)
    vertices, weights, faces, _ = fringe(style, wardrobe, wardrobe.plain)
    rows = vertices.reshape(ROWS // 2, -1, 3)
    np.testing.assert_allclose(rows[-1, [0, -1], 1], [EYE + 0.02 - 0.03, EYE + 0.02 + 0.03], atol=1e-6)
    low = vertices[vertices[:, 1] < EYE + 0.05]
    off = np.linalg.norm(low[:, [0, 2]], axis=1)
    skin = np.sqrt(np.clip(HEAD_RADIUS**2 - (low[:, 1] - HEAD_MIDDLE) ** 2, 0, None))
    assert np.abs(off - skin - 0.008).max() < 0.006
    assert np.abs(np.arctan2(low[:, 0], low[:, 2])).max() <= FOREHEAD + 0.03
    middle = faces[len(faces) // 2]
    outwards = np.cross(vertices[middle[1]] - vertices[middle[0]], vertices[middle[2]] - vertices[middle[0]])
    assert outwards[2] > 0, "seen from the front"
    assert np.allclose(weights[:, JOINT["head"]], 1)


def test_only_training_has_hair_grown(monkeypatch, wardrobe):
    """Of thirty women for training more than half; of thirty for judging none."""
    piece = SimpleNamespace(name="grown, loose")
    for name in ("eyes", "worn_on_head", "with_scalp"):
        monkeypatch.setattr(composed.heads, name, lambda *given: SimpleNamespace(name="other"))
    monkeypatch.setattr(composed.heads, "skin", lambda *given: (SimpleNamespace(name="skin"), "skins"))
    monkeypatch.setattr(composed.heads, "hair_colour", lambda *given: np.array([0.3, 0.2, 0.1]))
    monkeypatch.setattr(composed.heads, "choose_hair", lambda *given: None)
    monkeypatch.setattr(composed.garments, "covered_skin", lambda *given: None)
    monkeypatch.setattr(composed, "grown", lambda *given: piece)
    wardrobe = SimpleNamespace(brows=[None], lashes=[None])
    who = SimpleNamespace(sex="female")

    def grown_of(held_out):
        heads = [composed.with_head(np.random.default_rng(seed), wardrobe, who, None, [], [], held_out) for seed in range(30)]
        assert [facts["hair"] != "none" for _, facts in heads] == [piece in pieces for pieces, _ in heads]
        return sum(piece in pieces for pieces, _ in heads)

    assert grown_of(True) == 0
    assert 8 < grown_of(False) < 22
