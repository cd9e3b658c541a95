"""Skin weights of a person in Blender: smoothed, and cut where parts that touched are joined."""

import dataclasses

import bpy
import numpy as np
import pytest


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


def weights_of(part, person) -> np.ndarray:
    return part("scene.mesh").dense_weights(part("scene.person").parts(person)["surface"])


def test_smoothing_is_the_mean_of_neighbours(part, person):
    """One whole step against the same by hand, down to four joints that sum to one."""
    before = weights_of(part, person)
    mesh = part("scene.person").parts(person)["surface"].data
    assert bpy.ops.doppel.smooth_weights(steps=1, strength=1) == {"FINISHED"}
    after = weights_of(part, person)
    for vertex in (0, 30, 101):
        near = [sum(edge.vertices) - vertex for edge in mesh.edges if vertex in edge.vertices]
        mean = before[near].mean(axis=0)
        mean[np.argsort(-mean, kind="stable")[4:]] = 0
        np.testing.assert_allclose(after[vertex], mean / mean.sum(), atol=1e-5)
    assert ((after > 0).sum(axis=1) <= 4).all()
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-5)


def test_more_steps_even_out_more_and_strength_none_nothing(part, person):
    edges = np.array([edge.vertices for edge in part("scene.person").parts(person)["surface"].data.edges])

    def unevenness() -> float:
        weights = weights_of(part, person)
        return float(np.abs(weights[edges[:, 0]] - weights[edges[:, 1]]).sum())

    found = [unevenness()]
    for strength, steps in ((0, 5), (0.5, 2), (0.5, 20)):
        bpy.ops.doppel.smooth_weights(strength=strength, steps=steps)
        found.append(unevenness())
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    assert found[3] < 0.8 * found[2] < 0.8 * found[0]


def test_only_the_selected_vertices_change_out_of_edit_mode_too(part, person):
    surface, before = part("scene.person").parts(person)["surface"], weights_of(part, person)
    chosen = np.zeros(len(before), dtype=bool)
    chosen[:40] = True
    bpy.context.view_layer.objects.active = surface
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_mode(type="VERT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    surface.data.vertices.foreach_set("select", chosen)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.doppel.smooth_weights(selected=True)
    assert bpy.context.mode == "EDIT_MESH"
    bpy.ops.object.mode_set(mode="OBJECT")
    changed = np.abs(weights_of(part, person) - before).max(axis=1) > 1e-6
    assert changed[:40].any()
    assert not changed[40:].any()


@pytest.fixture
def clasped(part, avatar):
    """A ball that is one piece in the photo, its left half on the left wrist and its right half on the right one."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=4, radius=0.1)
    ball = bpy.context.object
    points = np.array([vertex.co for vertex in ball.data.vertices])
    faces = np.array([polygon.vertices for polygon in ball.data.polygons])
    bpy.data.meshes.remove(ball.data)
    joint, transforms = part("core.skeleton").JOINT, part("core.skeleton").joint_transforms(avatar.pose, avatar.rest_joints)
    owner = np.where(points[:, 0] > 0, joint["left_wrist"], joint["right_wrist"])
    rest = np.stack([np.linalg.solve(transforms[j], [*point, 1])[:3] for j, point in zip(owner, points, strict=True)])
    made = dataclasses.replace(
        avatar,
        vertices=points + avatar.translation,
        rest_vertices=rest,
        faces=faces,
        albedo=np.full((len(points), 3), 128),
        skin_joints=np.tile(owner[:, None], (1, 4)),
        skin_weights=np.tile([1.0, 0, 0, 0], (len(points), 1)),
        uv=np.random.default_rng(0).random((len(faces), 3, 2)),
        texture=np.zeros((8, 8, 3)),
    )
    return part("scene.person").build_person(made, "clasped")


def test_cut_seams_leaves_two_closed_pieces(part, clasped):
    surface = part("scene.person").parts(clasped)["surface"]
    before = np.array([loop.uv for loop in surface.data.uv_layers.active.data])
    assert bpy.ops.doppel.cut_seams() == {"FINISHED"}
    mesh = surface.data
    sides = np.sort([edge for polygon in mesh.polygons for edge in polygon.edge_keys], axis=1)
    assert (np.unique(sides, axis=0, return_counts=True)[1] == 2).all()
    weights = part("scene.mesh").dense_weights(surface)
    owner = weights.argmax(axis=1)
    assert (weights.max(axis=1) == 1).all()
    assert set(owner) == {part("core.skeleton").JOINT[f"{side}_wrist"] for side in ("left", "right")}
    assert (owner[sides[:, 0]] == owner[sides[:, 1]]).all()
    known = np.round(before, 5)
    assert all((np.abs(known - np.array(loop.uv)).max(axis=1) < 2e-5).any() for loop in mesh.uv_layers.active.data)
    left = len(mesh.polygons)
    assert bpy.ops.doppel.cut_seams() == {"FINISHED"}
    assert len(mesh.polygons) == left


def test_seams_need_the_photos_pose(part, clasped):
    del part("scene.person").parts(clasped)["armature"][part("scene.armature").PHOTO_POSE]
    with pytest.raises(RuntimeError, match="The photo's pose was not kept"):
        bpy.ops.doppel.cut_seams()
