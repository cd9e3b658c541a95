"""Poses and motions on a person in Blender: every vertex where SMPL puts it, feet on the ground, the photo's pose always to be had back."""

import types

import bpy
import numpy as np
import pytest


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


@pytest.fixture
def armature(part, person):
    return part("scene.person").parts(person)["armature"]


@pytest.fixture
def file(tmp_path):
    """Writes a motion of a second at 60 frames per second as AMASS does, joints turning evenly; its arrays and path."""

    def make(joints=52, frames=61, name="stroll.npz", **changes):
        random = np.random.default_rng(0)
        first, last = random.normal(size=(2, joints, 3)) * 0.4
        share = np.linspace(0, 1, frames)[:, None, None]
        arrays = {
            "poses": (first + share * (last - first)).reshape(frames, -1),
            "trans": np.array([0.3, -2, 1]) + share[:, 0] * [1, 0.5, 0.1],
            "mocap_framerate": 60,
        } | changes
        path = tmp_path / name
        np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
        return arrays, path

    return make


def vertices_at(part, person, frame=None) -> np.ndarray:
    """World positions (V, 3) of the posed surface, Blender's axes."""
    if frame is not None:
        bpy.context.scene.frame_set(frame)
    surface = part("scene.person").parts(person)["surface"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(surface.data.vertices), dtype=np.float32)
    surface.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def joint_heads(armature, frame) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    return np.array([bone.head for bone in armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones])


def test_as_in_the_file_every_vertex_is_where_smpl_puts_it(part, avatar, person, file, pose_points):
    """AMASS' axes are Blender's, so SMPL's formula needs no change of axes at all."""
    arrays, path = file()
    scene = bpy.context.scene
    scene.render.fps = 30
    assert bpy.ops.doppel.apply_motion(filepath=str(path), root="FILE", start=5) == {"FINISHED"}
    assert tuple(bpy.data.actions["stroll"].frame_range) == (5, 35)
    for frame in (5, 17, 35):
        number = 2 * (frame - 5)
        pose = np.zeros((24, 3))
        pose[:22] = arrays["poses"][number, :66].reshape(22, 3)
        pose[22], pose[23] = (arrays["poses"][number].reshape(52, 3)[joint] for joint in (25, 40))
        expected = pose_points(
            avatar.rest_vertices, avatar.skin_joints, avatar.skin_weights, pose, avatar.rest_joints, arrays["trans"][number]
        )
        np.testing.assert_allclose(vertices_at(part, person, frame), expected, atol=2e-4)


def test_from_here_the_person_sets_out_where_the_photo_has_it(part, avatar, armature, file):
    """Above its place, on its heading, and then as far and as fast as the file says."""
    _, path = file(poses=np.zeros((61, 156)), trans=np.linspace(0, 1, 61)[:, None] * [0, 0.2, 3])
    bpy.ops.doppel.apply_motion(filepath=str(path), up="Y")
    pelvis = np.array([joint_heads(armature, frame)[0] for frame in (1, 13, 25)])
    np.testing.assert_allclose(pelvis[0, :2], part("scene.frames").body_to_blender(avatar.joints)[0, :2], atol=1e-5)
    turned = part("core.rotations").yaw(part("core.skeleton").rotation_matrices(avatar.pose[0]))
    ahead = np.array([np.sin(turned), -np.cos(turned)])
    np.testing.assert_allclose(pelvis[1:, :2] - pelvis[0, :2], np.outer([1.5, 3], ahead), atol=1e-4)
    np.testing.assert_allclose(pelvis[1:, 2] - pelvis[0, 2], [0.1, 0.2], atol=1e-5)


def test_the_soles_meet_the_ground_and_not_when_told_so(part, person, file):
    """Of the surface's own vertices that go with the feet, at most one frame of twenty has one below the ground."""
    _, path = file()
    surface = part("scene.person").parts(person)["surface"]
    feet = [part("core.skeleton").JOINT[name] for name in part("scene.poses").FEET]
    mine = part("scene.mesh").dense_weights(surface)
    rigid = np.isin(mine.argmax(axis=1), feet)
    surface.vertex_groups.clear()
    part("scene.mesh").set_skin(surface, mine.argmax(axis=1)[:, None], np.ones((len(mine), 1)))
    for ground in (True, False):
        bpy.ops.doppel.apply_motion(filepath=str(path), ground=ground)
        lowest = np.array([vertices_at(part, person, frame)[rigid, 2].min() for frame in range(1, 26)])
        assert (abs(np.percentile(lowest, 5)) < 1e-4) == ground


def test_in_place_only_rises(armature, file):
    _, path = file()
    bpy.ops.doppel.apply_motion(filepath=str(path), root="IN_PLACE")
    pelvis = np.array([joint_heads(armature, frame)[0] for frame in (1, 12, 24)])
    np.testing.assert_allclose(pelvis[:, :2], pelvis[[0, 0, 0], :2], atol=1e-5)
    assert np.ptp(pelvis[:, 2]) > 0.05


def test_no_bone_turns_the_long_way_between_two_keys(part, person, armature, file):
    swing = np.zeros((61, 72))
    swing[:, 3 * 18 + 1] = np.linspace(0, 4 * np.pi, 61)  # the left elbow, twice round
    _, path = file(joints=24, poses=swing)
    bpy.ops.doppel.apply_motion(filepath=str(path), up="Y")
    curves = part("scene.action").curves_of(armature)
    keys = [[key.co[1] for key in curve.keyframe_points] for curve in curves if 'bones["left_elbow"].rotation' in curve.data_path]
    keys = np.array(keys).T
    assert len(keys) == 25
    assert ((keys[1:] * keys[:-1]).sum(axis=1) > 0).all()


def test_an_older_action_stays_in_the_file(person, armature, file):
    bpy.ops.doppel.apply_motion(filepath=str(file(name="first.npz")[1]))
    bpy.ops.doppel.apply_motion(filepath=str(file(name="second.npz")[1]))
    assert armature.animation_data.action.name == "second"
    assert bpy.data.actions["first"].use_fake_user


def test_the_scene_lasts_as_long_as_asked(person, file):
    scene = bpy.context.scene
    scene.frame_end, (_, path) = 10, file()
    bpy.ops.doppel.apply_motion(filepath=str(path), lengthen=False)
    assert scene.frame_end == 10
    bpy.ops.doppel.apply_motion(filepath=str(path))
    assert scene.frame_end == 25
    scene.frame_end = 250
    bpy.ops.doppel.apply_motion(filepath=str(path))
    assert scene.frame_end == 250


def test_a_bad_motion_leaves_the_scene_as_it_was(person, armature, file, census):
    _, path = file(mocap_framerate=None)
    before, pose = census(), [bone.matrix_basis.copy() for bone in armature.pose.bones]
    with pytest.raises(RuntimeError, match=r"does not say its frame rate\. Set File's Rate"):
        bpy.ops.doppel.apply_motion(filepath=str(path))
    assert census() == before
    assert [bone.matrix_basis for bone in armature.pose.bones] == pose
    assert bpy.ops.doppel.apply_motion(filepath=str(path), rate=60) == {"FINISHED"}


def test_a_failure_while_keys_are_written_leaves_the_older_action(part, person, armature, file, census, monkeypatch):
    bpy.ops.doppel.apply_motion(filepath=str(file(name="first.npz")[1]))
    before = census()
    monkeypatch.setattr(part("scene.action"), "_write_curve", lambda *arguments: 1 / 0)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        bpy.ops.doppel.apply_motion(filepath=str(file(name="second.npz")[1]))
    assert census() == before
    assert armature.animation_data.action.name == "first"


@pytest.mark.parametrize("name", ["pose", "apply_motion", "smooth_weights", "cut_seams"])
def test_without_a_person_all_say_so(name):
    operator = getattr(bpy.ops.doppel, name)
    assert not operator.poll()
    with pytest.raises(RuntimeError, match="Select the person"):
        operator()


def test_t_and_a_stand_on_the_ground_and_the_photo_comes_back(part, avatar, person, armature):
    to_blender, joint = part("scene.frames").body_to_blender, part("core.skeleton").JOINT
    heads = {}
    for name in ("T", "A"):
        assert bpy.ops.doppel.pose(pose=name) == {"FINISHED"}
        bpy.context.view_layer.update()
        heads[name] = np.array([armature.pose.bones[bone].head for bone in joint])
    rest = to_blender(avatar.rest_joints)
    np.testing.assert_allclose(heads["T"] - heads["T"][0], rest - rest[0], atol=1e-5)
    np.testing.assert_allclose(heads["T"][0, :2], to_blender(avatar.joints)[0, :2], atol=1e-5)
    soles = part("scene.poses").soles(person)
    lowest = min(points[:, 1].min() for points in soles.values())
    assert heads["T"][0, 2] - rest[0, 2] == pytest.approx(-lowest, abs=1e-5)
    for side, sign in (("left", 1), ("right", -1)):
        arm = {name: heads[name][joint[f"{side}_elbow"]] - heads[name][joint[f"{side}_shoulder"]] for name in heads}
        x, _, z = arm["T"]
        half = np.sqrt(0.5)
        np.testing.assert_allclose(arm["A"][[0, 2]], [half * (x + sign * z), half * (z - sign * x)], atol=1e-5)
    bpy.ops.doppel.pose(pose="PHOTO")
    np.testing.assert_allclose(vertices_at(part, person), to_blender(avatar.vertices), atol=1e-4)


def test_the_photos_pose_is_in_a_saved_file(part, avatar, person, tmp_path):
    bpy.ops.doppel.pose(pose="T")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert bpy.ops.doppel.pose() == {"FINISHED"}
    expected = part("scene.frames").body_to_blender(avatar.vertices)
    np.testing.assert_allclose(vertices_at(part, bpy.data.collections["walk"]), expected, atol=1e-4)


def test_a_person_without_a_kept_pose_says_so(armature, part):
    del armature[part("scene.armature").PHOTO_POSE]
    with pytest.raises(RuntimeError, match=r"did not keep the photo's pose\. Load the person's Avatar"):
        bpy.ops.doppel.pose(pose="PHOTO")
    assert bpy.ops.doppel.pose(pose="T") == {"FINISHED"}


def test_a_pose_takes_the_action_off_or_is_keyed(armature, file):
    bpy.ops.doppel.apply_motion(filepath=str(file()[1]))
    bpy.context.scene.frame_set(40)
    bpy.ops.doppel.pose(pose="PHOTO", key=True)
    assert armature.animation_data.action.name == "stroll"
    assert armature.animation_data.action.frame_range[1] == 40
    bpy.ops.doppel.pose(pose="A")
    assert armature.animation_data.action is None
    assert bpy.data.actions["stroll"].use_fake_user


def test_names_and_rolls_are_mirror_images(armature):
    """What Blender's own Paste Flipped and X-mirror go by."""
    flip = np.diag([-1.0, 1, 1])
    for bone in armature.data.bones:
        other = armature.data.bones[bpy.utils.flip_name(bone.name)]
        assert (other == bone) == (not bone.name.startswith(("left_", "right_")))
        if other != bone:
            np.testing.assert_allclose(np.array(other.matrix_local)[:3, :3], flip @ np.array(bone.matrix_local)[:3, :3] @ flip, atol=1e-5)


def test_every_bone_is_in_one_bone_collection(armature):
    collections = armature.data.collections
    assert [each.name for each in collections] == ["Torso", "Left Arm", "Right Arm", "Left Leg", "Right Leg"]
    assert sorted(bone.name for each in collections for bone in each.bones) == sorted(bone.name for bone in armature.data.bones)


def test_the_panel_offers_poses_and_motions(part):
    drawn = []

    class Layout:
        def row(self, **_):
            return self

        column = row

        def operator(self, name, **_):
            drawn.append((name, types.SimpleNamespace()))
            return drawn[-1][1]

    part("panels.rig").DOPPEL_PT_rig.draw(types.SimpleNamespace(layout=Layout()), bpy.context)
    rest = ["doppel.apply_motion", "doppel.add_ik", "doppel.smooth_weights", "doppel.cut_seams"]
    assert [getattr(button, "pose", name) for name, button in drawn] == ["T", "A", "PHOTO", *rest]
