"""What ties both halves: the armature Blender evaluates moves the mesh where core's skeleton and skinning say."""

import subprocess
import sys
from pathlib import Path

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


ASK_THE_BODY = """
import sys
from pathlib import Path
import numpy as np, torch
from core.body.files import load_body
body = load_body(Path("weights/body_female.npz"), dtype=torch.float64)
random = np.random.default_rng(0)
betas, pose, translation = random.normal(size=(4, 10)), random.normal(size=(4, 24, 3)) * 0.6, random.normal(size=(4, 3))
output = body(*map(torch.tensor, (betas, pose, translation)))
rest = body.rest(torch.tensor(betas))
np.savez(sys.argv[1], pose=pose, translation=translation, posed=output.vertices, rest=rest.vertices, rest_joints=rest.joints,
         weights=body.skin_weights, faces=body.faces)
"""


@pytest.fixture(scope="module")
def body_says(tmp_path_factory):
    """Four shapes of the open body in four poses, as core.body poses them, in a process of its own: torch stays out of Blender's."""
    path, root = tmp_path_factory.mktemp("body") / "posed.npz", Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", ASK_THE_BODY, str(path)], cwd=root, check=True)
    return np.load(path)


@pytest.mark.parametrize("number", range(4))
def test_blender_poses_the_body_as_the_body_model_does(part, body_says, number):
    """The model's own weights, as many joints per vertex as it has."""
    scene_mesh, collection = part("scene.mesh"), bpy.context.scene.collection
    armature = part("scene.armature").build_armature("body", body_says["rest_joints"][number], collection)
    surface = bpy.data.objects.new("body", scene_mesh.mesh_of("body", body_says["rest"][number], body_says["faces"]))
    scene_mesh.set_skin(surface, np.arange(24), body_says["weights"])
    scene_mesh.bind(surface, armature)
    collection.objects.link(surface)
    part("scene.armature").apply_pose(armature, body_says["pose"][number], body_says["translation"][number])
    expected = part("scene.frames").body_to_blender(body_says["posed"][number])
    np.testing.assert_allclose(evaluated_vertices(surface), expected, atol=TENTH_OF_A_MILLIMETRE)
