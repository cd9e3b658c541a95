"""Skin weights from the body and the rest pose: exact where they can be, safe where they cannot."""

import dataclasses

import numpy as np
import pytest

from core.rig.rest import posed, rest_pose
from core.rig.skin import closest_on_body, closest_on_triangles, skin, skin_from_body, strongest
from core.skeleton import JOINT
from core.surface.subdivision import refined, subdivide
from core.surface.surface import Surface, vertex_normals


def dense(joints, weights):
    full = np.zeros((len(joints), 24))
    np.put_along_axis(full, joints.astype(int), weights.astype(float), axis=1)
    return full


def parameters(body):
    return body.pose, body.rest_joints, body.translation


def test_the_body_itself_has_the_bodys_weights(bent_body):
    joints, weights = skin_from_body(bent_body.vertices, bent_body, bent_body.faces)
    assert joints.dtype == np.int16
    assert weights.dtype == np.float32
    assert joints.shape == weights.shape == (len(bent_body.vertices), 4)
    assert np.allclose(dense(joints, weights), bent_body.skin_weights, atol=1e-6)


def test_four_strongest_sum_to_one():
    rng = np.random.default_rng(0)
    full = rng.dirichlet(np.ones(24), size=50)
    joints, weights = strongest(full)
    assert np.allclose(weights.sum(axis=1), 1)
    assert (np.diff(weights, axis=1) <= 0).all()
    fifth = np.sort(full, axis=1)[:, -5]
    assert (np.take_along_axis(full, joints.astype(int), axis=1) > fifth[:, None]).all()


def test_a_finer_surface_has_weights_in_between(t_body):
    vertices, faces = subdivide(t_body.vertices, t_body.faces)
    _, weights = skin_from_body(vertices, t_body, faces)
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-6)
    centre = t_body.vertices[t_body.faces].mean(axis=1)
    found = dense(*skin_from_body(centre, t_body))
    expected = dense(*strongest(t_body.skin_weights[t_body.faces].mean(axis=1)))
    assert np.allclose(found, expected, atol=1e-6)


def test_hands_in_each_other_stay_apart(made_up):
    """Forearms pushed through each other: the refined surface moves no vertex with the other arm, where the closest point would."""
    pose = np.zeros((24, 3))
    for side, sign in (("left", 1), ("right", -1)):
        pose[JOINT[f"{side}_shoulder"]] = 0, -sign * 1.4, 0
        pose[JOINT[f"{side}_elbow"]] = 0, -sign * 1.6, 0
    body = made_up.make_body(pose, made_up.make_camera())
    vertices, faces = subdivide(body.vertices, body.faces)
    weights = refined(body.skin_weights, body.faces)
    surface = Surface(vertices, faces, np.zeros(vertices.shape, np.uint8), np.zeros(len(vertices)), weights)
    assert np.abs(dense(*skin(surface, body)) - dense(*strongest(weights))).max() < 1e-6
    assert np.abs(dense(*skin_from_body(vertices, body)) - weights).max() > 0.5


def test_a_surface_without_weights_takes_the_bodys(bent_body):
    vertices = bent_body.vertices
    bare = Surface(vertices, bent_body.faces, np.zeros(vertices.shape, np.uint8), np.zeros(len(vertices)))
    assert np.allclose(dense(*skin(bare, bent_body)), bent_body.skin_weights, atol=1e-6)


def test_closest_points_equal_trying_every_face(t_body):
    rng = np.random.default_rng(1)
    points = t_body.vertices[rng.integers(len(t_body.vertices), size=20)] + rng.normal(size=(20, 3)) * 0.01
    face, barycentric, distance = closest_on_body(points, t_body)
    corners = t_body.vertices[t_body.faces]
    for number, point in enumerate(points):
        tried = np.einsum("fk,fkc->fc", closest_on_triangles(np.tile(point, (len(corners), 1)), corners), corners)
        assert distance[number] == pytest.approx(np.linalg.norm(tried - point, axis=1).min(), abs=1e-9)
    on_body = np.einsum("vk,vkc->vc", barycentric, corners[face])
    assert np.allclose(np.linalg.norm(on_body - points, axis=1), distance)


def test_closest_on_a_triangle_equals_trying_all_of_it():
    rng = np.random.default_rng(2)
    points, triangles = rng.normal(size=(40, 3)), rng.normal(size=(40, 3, 3))
    found = np.einsum("nk,nkc->nc", closest_on_triangles(points, triangles), triangles)
    u, v = np.meshgrid(np.linspace(0, 1, 60), np.linspace(0, 1, 60))
    grid = np.stack([1 - u - v, u, v], axis=-1)[u + v <= 1 + 1e-9]
    tried = np.linalg.norm(np.einsum("gk,nkc->ngc", grid, triangles) - points[:, None], axis=2).min(axis=1)
    distance = np.linalg.norm(found - points, axis=1)
    assert (distance <= tried + 1e-9).all()
    assert np.allclose(distance, tried, atol=0.05)


def test_an_arm_near_the_hip_does_not_drag_it(made_up):
    """A sheet over the hip, nearer to the hanging hand than to the hip but facing as the hip does, moves with the hip."""
    pose = np.zeros((24, 3))
    pose[JOINT["left_shoulder"]] = 0, 0, -1.45
    body = made_up.make_body(pose, made_up.make_camera())
    arm = body.skin_weights[:, [JOINT[f"left_{name}"] for name in ("elbow", "wrist", "hand")]].sum(axis=1)
    normals = vertex_normals(body.vertices, body.faces)
    inner_arm = np.flatnonzero((arm > 0.95) & (normals[:, 0] < -0.9) & (body.vertices[:, 1] > 0.8) & (body.vertices[:, 1] < 0.95))
    sheet = body.vertices[inner_arm] + 0.004 * normals[inner_arm]
    outward = np.tile([1.0, 0, 0], (len(sheet), 1))
    arm_side = arm[body.faces].mean(axis=1)
    careless, _, _ = closest_on_body(sheet, body)
    careful, _, _ = closest_on_body(sheet, body, outward)
    assert len(sheet) > 5
    assert (arm_side[careless] > 0.9).all()
    assert (arm_side[careful] < 0.1).all()


def test_of_two_sides_the_one_that_faces_alike_wins(t_body):
    """Two faces 2 cm apart, back to back: a point 9 mm from the one belongs to the other where it faces as that does."""
    square = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])
    slab = dataclasses.replace(t_body, vertices=np.concatenate([square, square - (0, 0, 0.02)]), faces=np.array([[0, 1, 2], [3, 5, 4]]))
    point = np.array([[0.02, 0.02, -0.009]])
    assert closest_on_body(point, slab)[0] == 0
    for face, direction in enumerate((1.0, -1.0)):
        assert closest_on_body(point, slab, np.array([[0, 0, direction]]))[0] == face


def test_weights_far_from_the_body_are_smooth(t_body):
    """A tube skirt round both legs: between its sides the weights pass gradually, where the closest point alone jumps."""
    around, height = np.meshgrid(np.linspace(0, 2 * np.pi, 64, endpoint=False), np.linspace(0.3, 0.7, 20))
    skirt = np.stack([0.3 * np.sin(around), height, 0.3 * np.cos(around)], axis=-1).reshape(-1, 3)
    corner, right = np.arange(19 * 64), np.roll(np.arange(20 * 64).reshape(20, 64), -1, axis=1).ravel()
    faces = np.concatenate(
        [np.stack([corner, right[corner], right[corner + 64]], axis=1), np.stack([corner, right[corner + 64], corner + 64], axis=1)]
    )
    smooth, sharp = dense(*skin_from_body(skirt, t_body, faces)), dense(*skin_from_body(skirt, t_body))
    jump = [np.abs(weights[faces[:, 0]] - weights[faces[:, 1]]).max() for weights in (smooth, sharp)]
    assert jump[0] < 0.5 * jump[1]
    assert np.allclose(smooth.sum(axis=1), 1, atol=1e-6)


def test_rest_pose_of_the_posed_body_is_its_rest(bent_body):
    taken = skin_from_body(bent_body.vertices, bent_body)
    assert np.abs(rest_pose(bent_body.vertices, *taken, *parameters(bent_body)) - bent_body.rest_vertices).max() < 1e-5


def test_rest_and_back_is_the_same(bent_body):
    rng = np.random.default_rng(4)
    vertices = bent_body.vertices + rng.normal(size=bent_body.vertices.shape) * 0.01
    taken = skin_from_body(vertices, bent_body)
    rest = rest_pose(vertices, *taken, *parameters(bent_body))
    assert np.abs(posed(rest, *taken, *parameters(bent_body)) - vertices).max() < 1e-5


def test_zero_pose_only_takes_the_translation_away(t_body):
    taken = skin_from_body(t_body.vertices, t_body)
    assert np.allclose(rest_pose(t_body.vertices, *taken, *parameters(t_body)), t_body.vertices - t_body.translation)


@pytest.mark.parametrize("degrees", [150, 179, 180])
def test_a_twist_that_collapses_the_blend_stays_near_the_body(t_body, degrees):
    """Half wrist, half elbow, twisted round the arm: beyond 168° the strongest joint decides, and nothing flies away."""
    pose = np.zeros((24, 3))
    pose[JOINT["left_wrist"]] = np.radians(degrees), 0, 0
    body = dataclasses.replace(t_body, pose=pose)
    joints = np.tile([JOINT["left_wrist"], JOINT["left_elbow"], 0, 0], (20, 1)).astype(np.int16)
    weights = np.tile([0.5, 0.5, 0, 0], (20, 1)).astype(np.float32)
    vertices = np.random.default_rng(5).normal(size=(20, 3)) * 0.03 + body.rest_joints[JOINT["left_wrist"]] + body.translation
    rest = rest_pose(vertices, joints, weights, *parameters(body))
    there = np.linalg.norm(posed(rest, joints, weights, *parameters(body)) - vertices, axis=1)
    if degrees < 168:
        assert there.max() < 1e-5
    else:
        assert np.linalg.norm(rest - body.rest_joints[JOINT["left_wrist"]], axis=1).max() < 0.2
        assert np.allclose(rest[:, 0], vertices[:, 0] - body.translation[0], atol=1e-6)
