"""What ties both halves: the armature Blender evaluates moves the mesh where core's skeleton and skinning say."""

import bpy
import numpy as np
import pytest

TENTH_OF_A_MILLIMETRE = 1e-4


def evaluated_vertices(surface) -> np.ndarray:
    """World positions (V, 3) of the object's vertices with its modifiers applied, Blender's frame."""
    evaluated = surface.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(evaluated.data.vertices), dtype=np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


@pytest.fixture
def person(part, avatar):
    return part("scene.person").parts(part("scene.person").build_person(avatar, "walk"))


def test_photo_pose_is_the_avatar_surface(part, avatar, person):
    expected = part("scene.frames").body_to_blender(avatar.vertices)
    np.testing.assert_allclose(evaluated_vertices(person["surface"]), expected, atol=TENTH_OF_A_MILLIMETRE)


@pytest.mark.parametrize("seed", range(5))
def test_any_pose_moves_the_mesh_as_core_says(part, avatar, person, pose_points, random_pose, seed):
    pose, translation = random_pose(seed + 1)
    part("scene.armature").apply_pose(person["armature"], pose, translation)
    posed = pose_points(avatar.rest_vertices, avatar.skin_joints, avatar.skin_weights, pose, avatar.rest_joints, translation)
    np.testing.assert_allclose(
        evaluated_vertices(person["surface"]), part("scene.frames").body_to_blender(posed), atol=TENTH_OF_A_MILLIMETRE
    )


def test_zero_pose_is_the_rest_mesh(part, avatar, person):
    part("scene.armature").apply_pose(person["armature"], np.zeros((24, 3)), np.zeros(3))
    rest = part("scene.frames").body_to_blender(avatar.rest_vertices)
    np.testing.assert_allclose(evaluated_vertices(person["surface"]), rest, atol=1e-6)


def test_bone_heads_are_the_joints(part, avatar, person):
    bpy.context.view_layer.update()
    heads = np.array([person["armature"].pose.bones[name].head for name in part("core.skeleton").JOINT_NAMES])
    np.testing.assert_allclose(heads, part("scene.frames").body_to_blender(avatar.joints), atol=TENTH_OF_A_MILLIMETRE)


def test_bones_are_the_skeleton(part, person):
    parent_of = part("core.skeleton").PARENT_OF
    bones = person["armature"].data.bones
    assert {bone.name: bone.parent.name if bone.parent else None for bone in bones} == parent_of
    assert all(bone.length > 0.01 for bone in bones)


def test_keyed_poses_play_back(part, avatar, person, pose_points, random_pose):
    poses = {10: random_pose(1), 20: random_pose(2)}
    for frame, (pose, translation) in poses.items():
        part("scene.armature").apply_pose(person["armature"], pose, translation, frame=frame)
    for frame, (pose, translation) in poses.items():
        bpy.context.scene.frame_set(frame)
        posed = pose_points(avatar.rest_vertices, avatar.skin_joints, avatar.skin_weights, pose, avatar.rest_joints, translation)
        np.testing.assert_allclose(
            evaluated_vertices(person["surface"]), part("scene.frames").body_to_blender(posed), atol=TENTH_OF_A_MILLIMETRE
        )


def test_z_points_up_and_the_chest_towards_the_front_view(part):
    frames = part("scene.frames")
    np.testing.assert_allclose(frames.body_to_blender(np.eye(3)), [(1, 0, 0), (0, 0, 1), (0, -1, 0)])
