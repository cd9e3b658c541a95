"""The body's help: fingers come back, what the field has stays, and a hand elsewhere stays single."""

import numpy as np
import pytest

from core.body.distance import BodyDistance
from core.skeleton import JOINT
from core.surface.body_help import (
    BESIDE,
    FACE,
    FAR,
    HOLLOW,
    NEAR,
    NECK,
    ON_FACE,
    OWN,
    ROUND,
    WITHIN,
    body_help,
    confident_parts,
    face_normals,
    helped_distance,
)
from core.surface.regions import face, share_of
from core.surface.surface import vertex_normals


@pytest.fixture(scope="module")
def distance(bent_body):
    return BodyDistance(bent_body.vertices, bent_body.faces)


def nowhere(points):
    """All points lie within the outline."""
    return np.zeros(len(points))


def points_near(body, joint, count=3000, spread=0.06):
    return body.joints[JOINT[joint]] + np.random.default_rng(0).normal(0, spread, (count, 3))


def test_a_hand_that_the_field_lost_comes_back(bent_body, distance):
    """The field is the body but 1.5 cm above it all over; at the hand the helped surface is the body's."""
    points = points_near(bent_body, "left_hand", spread=0.03)
    body = distance.query(points).distance
    helped = body_help(bent_body, distance.query, nowhere)(points, body + 0.015)
    nearest = distance.query(points)
    weight = np.einsum("nk,nk->n", nearest.barycentric, confident_parts(bent_body)[0][bent_body.faces[nearest.face]])
    sure = weight > 0.99
    assert sure.sum() > 20
    np.testing.assert_allclose(helped[sure], body[sure], atol=1e-3)


def test_elsewhere_the_field_stays_as_it_is(bent_body, distance):
    for joint in ("left_knee", "spine2", "right_elbow"):
        points = points_near(bent_body, joint, spread=0.03)
        field = distance.query(points).distance + np.float32(0.015)
        found = body_help(bent_body, distance.query, nowhere)(points, field)
        nearest = distance.query(points)
        weights = np.maximum.reduce(confident_parts(bent_body))[bent_body.faces[nearest.face]]
        none = (weights < 1e-3).all(axis=1)
        assert none.sum() > 100
        np.testing.assert_allclose(found[none], field[none], atol=5e-5)


def test_the_body_only_adds(bent_body, distance):
    """A shoe or a sleeve of the field's is untouched: what is inside stays inside, just as deep."""
    points = points_near(bent_body, "right_foot")
    field = distance.query(points).distance - np.float32(0.03)
    found = body_help(bent_body, distance.query, nowhere)(points, field)
    assert (found <= field + 1e-6).all()
    np.testing.assert_allclose(found[field < -ROUND], field[field < -ROUND])
    assert np.abs(found - field).max() <= ROUND / 4


def test_a_hand_elsewhere_gives_no_second_one(bent_body, distance):
    """Where the field is farther from its surface than FAR inside the body's hand, the photo shows the hand somewhere else."""
    points = points_near(bent_body, "left_hand", spread=0.03)
    body = distance.query(points).distance
    found = body_help(bent_body, distance.query, nowhere)(points, body + np.float32(FAR) + 0.001)
    np.testing.assert_allclose(found, body + np.float32(FAR) + 0.001, atol=1e-6)


def test_a_fist_gets_no_straight_fingers(bent_body, distance):
    """Where the photo shows a third of the hand, the body adds nothing beyond; behind a table, or beside its finger tips, it adds all."""
    parts = confident_parts(bent_body)
    hand = bent_body.vertices[parts[0] > 0.5]
    axis = bent_body.joints[JOINT["left_hand"]] - bent_body.joints[JOINT["left_wrist"]]
    axis /= np.linalg.norm(axis)
    points = points_near(bent_body, "left_hand", spread=0.03)
    field = distance.query(points).distance + np.float32(0.015)
    plain = body_help(bent_body, distance.query, nowhere)(points, field)
    for share, kept in ((0.3, False), (0.1, True), (0.8, True)):
        line = np.quantile(hand @ axis, share)

        def beyond(places, line=line):
            return np.maximum(places @ axis - line, 0)

        found = body_help(bent_body, distance.query, beyond)(points, field)
        out = beyond(points) > BESIDE[1]
        assert out.sum() > 50
        assert (plain[out] < field[out] - 0.005).sum() > 20
        if kept:
            np.testing.assert_array_equal(found, plain)
        else:
            np.testing.assert_allclose(found[out], field[out], atol=1e-6)
            np.testing.assert_array_equal(found[beyond(points) == 0], plain[beyond(points) == 0])


def test_a_hollow_head_is_filled(bent_body, distance):
    """The field sees a mouth as wide as the head, everywhere 2 cm from its surface: under the body's skin all is head, less and less so
    towards the neck."""
    points = points_near(bent_body, "head", spread=0.08)
    nearest = distance.query(points)
    head = np.einsum("nk,nk->n", nearest.barycentric, share_of(bent_body, "head")[bent_body.faces[nearest.face]])
    filling = nearest.distance + WITHIN + NECK * (1 - head)
    deep = filling < -0.002
    assert deep.sum() > 100
    hollow = np.full(len(points), 0.02, np.float32)
    found = body_help(bent_body, distance.query, nowhere)(points, hollow)
    assert (found[deep] <= filling[deep] + 1e-5).all()
    far = np.full(len(points), HOLLOW + 0.01, np.float32)
    assert (body_help(bent_body, distance.query, nowhere)(points, far) > 0).all()


def test_the_union_is_smooth_and_fades():
    """No jumps: neither where the two meet nor where the help ends; and half the weight is half the way."""
    body = np.float32(np.linspace(-0.05, 0.05, 20001))
    for field in (0.0, 0.01, 0.03):
        found = helped_distance(np.full_like(body, field), body, np.ones_like(body))
        assert np.abs(np.diff(found)).max() < 5 * (body[1] - body[0])
    one = np.ones(1, np.float32)
    assert helped_distance(0.01 * one, -0.005 * one, one)[0] == pytest.approx(-0.005, abs=1e-6)
    assert helped_distance(0.01 * one, -0.005 * one, 0.5 * one)[0] == pytest.approx(0.0025, abs=1e-6)
    assert helped_distance(0.0 * one, -(NEAR + FAR) / 2 * one, one)[0] == pytest.approx(-(NEAR + FAR) / 4, abs=1e-6)


def test_hands_feet_and_face_are_confident(t_body):
    hands, feet, face = np.maximum(*confident_parts(t_body)[:2]), np.maximum(*confident_parts(t_body)[2:4]), confident_parts(t_body)[4]
    assert 0 < face.max() <= FACE
    assert hands.max() > 0.95
    assert feet.max() > 0.95
    head = t_body.rest_vertices[face > 0.9 * face.max()]
    assert (head[:, 2] > t_body.rest_joints[JOINT["head"], 2] - 0.03).all()
    trunk = np.linalg.norm(t_body.rest_vertices - t_body.rest_joints[JOINT["spine2"]], axis=1) < 0.15
    assert max(part[trunk].max() for part in (hands, feet, face)) < 0.02


def test_the_face_tells_its_normals_where_the_surface_lies_on_it(bent_body, distance):
    """On the face its own normals, as much as OWN; hair well off it, the back of the head and the rest of the body nothing."""
    normals = vertex_normals(bent_body.vertices, bent_body.faces)
    part = face(bent_body) * share_of(bent_body, "head")
    sure = np.flatnonzero(part > 0.6)
    assert len(sure) > 20
    rows, told, share = face_normals(bent_body, distance.query, bent_body.vertices)
    place = {row: at for at, row in enumerate(rows)}
    chosen = np.array([place[row] for row in sure])
    np.testing.assert_allclose((told[chosen] * normals[sure]).sum(axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(share[chosen], OWN * part[sure], atol=1e-3)
    with_a_face = np.unique(bent_body.faces[face(bent_body)[bent_body.faces].any(axis=1)])
    assert share[~np.isin(rows, with_a_face)].max(initial=0) < 0.02

    off = bent_body.vertices[sure] + (ON_FACE[1] + 0.004) * normals[sure]
    rows, _, share = face_normals(bent_body, distance.query, off)
    beyond = np.abs(distance.query(off[rows]).distance) >= ON_FACE[1]
    assert beyond.any()
    assert not share[beyond].any()
