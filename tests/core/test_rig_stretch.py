"""Surfaces in which parts of the person touch: every vertex moves with its own part, and the measure counts what is torn."""

import dataclasses

import numpy as np
import pytest

from core.rig.parts import PART_OF_JOINT, PARTS, _averaging, _without_islands, surface_parts
from core.rig.rest import posed, rest_pose
from core.rig.skin import skin_from_body
from core.rig.stretch import FACTOR, SHORT, poses, stretches
from core.skeleton import JOINT
from core.surface.subdivision import mesh_edges
from core.surface.surface import vertex_normals


def torn_at_rest(vertices, faces, body, taken):
    """Which edges (E,) are stretched in the T pose, and the edges (E, 2)."""
    rest = rest_pose(vertices, taken[0], taken[1].astype(float), body.pose, body.rest_joints, body.translation)
    edges, _ = mesh_edges(faces)
    length = [np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1) for points in (vertices, rest)]
    return length[1] > FACTOR * np.maximum(length[0], SHORT), edges, rest


def test_parts_that_touch_stay_apart_though_the_body_is_fitted_badly(arms_down):
    """A body 3 cm to the side has its arm where the hip's surface is: the closest point alone tears twice as many edges."""
    body, vertices, faces, _ = arms_down
    off = dataclasses.replace(body, vertices=body.vertices + np.array([0.03, 0, 0]))
    careful, _, _ = torn_at_rest(vertices, faces, body, skin_from_body(vertices, off, faces))
    careless, _, _ = torn_at_rest(vertices, faces, body, skin_from_body(vertices, off))
    assert careful.sum() < 0.5 * careless.sum()


def test_only_what_touches_is_torn(arms_down):
    """In the T pose the stretched edges are the seams: few, and nearly all between two parts."""
    body, vertices, faces, _ = arms_down
    joints, weights = skin_from_body(vertices, body, faces)
    torn, edges, rest = torn_at_rest(vertices, faces, body, (joints, weights))
    part = surface_parts(vertices, vertex_normals(vertices, faces), faces, body)
    assert 0 < torn.mean() < 0.02
    assert (part[edges[torn, 0]] != part[edges[torn, 1]]).mean() > 0.8
    assert stretches(vertices, faces, rest, joints, weights.astype(float), body.rest_joints)["T"].count == torn.sum()


def test_parts_are_those_of_the_nearest_bone(arms_down):
    """Where one bone is clearly nearer than any other part's, that part has the vertex."""
    body, vertices, faces, distance = arms_down
    part = surface_parts(vertices, vertex_normals(vertices, faces), faces, body)
    every = np.stack([distance[:, number == PART_OF_JOINT].min(axis=1) for number in range(len(PARTS))], axis=1)
    clear = np.sort(every, axis=1)[:, 1] > every.min(axis=1) + 0.06
    assert clear.mean() > 0.5
    assert (part[clear] == every[clear].argmin(axis=1)).mean() > 0.995


def test_an_island_goes_to_what_surrounds_it():
    """A strip of a hundred and one squares in three parts, with two vertices of another part in the middle of the first."""
    near, far = np.arange(202).reshape(2, 101)
    faces = np.concatenate([np.stack([near[:-1], near[1:], far[:-1]], 1), np.stack([near[1:], far[1:], far[:-1]], 1)])
    clean = np.where(np.arange(202) % 101 < 40, 0, np.where(np.arange(202) % 101 < 70, 1, 3))
    noisy = clean.copy()
    noisy[[20, 121]] = 3
    assert (_without_islands(noisy, _averaging(faces, 202)) == clean).all()


def test_stretch_of_a_made_up_edge():
    """Three vertices, two on the hands and one on the head: in the A pose the hands come nearer by as much as the arms say."""
    rest_joints = np.zeros((24, 3))
    for side, sign in (("left", 1), ("right", -1)):
        for joint, x in (("shoulder", 0.2), ("elbow", 0.5), ("wrist", 0.8)):
            rest_joints[JOINT[f"{side}_{joint}"]] = sign * x, 1.4, 0
    rest = np.array([[0.8, 1.4, 0], [-0.8, 1.4, 0], [0, 1.6, 0]])
    joints = np.tile(np.array([[JOINT["left_wrist"]], [JOINT["right_wrist"]], [JOINT["head"]]]), (1, 4)).astype(np.int16)
    weights = np.tile([1.0, 0, 0, 0], (3, 1))
    photo = np.array([[0.01, 1.0, 0], [-0.01, 1.0, 0], [0, 1.6, 0]])
    found = stretches(photo, np.array([[0, 1, 2]]), rest, joints, weights, rest_joints)
    assert found["T"] == (pytest.approx(1 / 3), 1, pytest.approx(1.6))
    a = posed(rest, joints, weights, poses()["A"], rest_joints, np.zeros(3))
    assert found["A"].longest == pytest.approx(a[0, 0] - a[1, 0])
    assert found["A"].longest == pytest.approx(2 * (0.2 + 0.6 * np.cos(0.785)))
    assert found["T"].longest > found["walk"].longest
