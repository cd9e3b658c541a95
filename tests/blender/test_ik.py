"""IK controls: nothing moves when they come or go, limbs follow them, and SMPL's bones and the weights are as they were."""

import dataclasses
import types

import bpy
import numpy as np
import pytest

POSES = ("PHOTO", "T", "A")


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


@pytest.fixture
def armature(part, person):
    return part("scene.person").parts(person)["armature"]


@pytest.fixture
def stroll(tmp_path):
    """A motion of 25 frames, joints turning evenly."""
    first, last = np.random.default_rng(0).normal(size=(2, 52, 3)) * 0.4
    share = np.linspace(0, 1, 25)[:, None, None]
    path = tmp_path / "stroll.npz"
    np.savez(path, poses=(first + share * (last - first)).reshape(25, -1), trans=np.zeros((25, 3)), mocap_framerate=24)
    return str(path)


def posed(armature) -> dict[str, np.ndarray]:
    """Where SMPL's bones are, (4, 4) in the armature's frame, by name."""
    bpy.context.view_layer.update()
    bones = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    return {bone.name: np.array(bone.matrix) for bone in bones if not bone.name.endswith(("_ik", "_pole"))}


def assert_alike(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """A tenth of a millimetre and a tenth of a degree."""
    assert set(found) == set(expected)
    for name, matrix in found.items():
        np.testing.assert_allclose(matrix[:3, 3], expected[name][:3, 3], atol=1e-4, err_msg=name)
        turned = np.linalg.norm(matrix[:3, :3] - expected[name][:3, :3]) / np.sqrt(2)  # of small angles, radians
        assert np.degrees(turned) < 0.1, name


def move(armature, control: str, offset) -> None:
    bone = armature.pose.bones[control]
    matrix = bone.matrix.copy()
    matrix.translation += type(matrix.translation)(offset)
    bone.matrix = matrix
    bpy.context.view_layer.update()


def bone_facts(armature) -> dict:
    return {
        bone.name: (bone.parent and bone.parent.name, np.array(bone.matrix_local).tobytes(), bone.use_deform)
        for bone in armature.data.bones
    }


@pytest.mark.parametrize("pose", POSES)
def test_nothing_moves_when_controls_come_and_go(part, person, armature, census, pose):
    bpy.ops.doppel.pose(pose=pose)
    before, facts, counted = posed(armature), bone_facts(armature), census()
    weights = part("scene.mesh").dense_weights(part("scene.person").parts(person)["surface"])
    assert bpy.ops.doppel.add_ik() == {"FINISHED"}
    assert_alike(posed(armature), before)
    with_controls = bone_facts(armature)
    assert {name: with_controls[name] for name in facts} == facts
    controls = set(with_controls) - set(facts)
    assert len(controls) == 8
    assert not any(armature.data.bones[name].use_deform for name in controls)
    assert {bone.name for bone in armature.data.collections["IK Controls"].bones} == controls
    assert (part("scene.mesh").dense_weights(part("scene.person").parts(person)["surface"]) == weights).all()
    assert bpy.ops.doppel.remove_ik() == {"FINISHED"}
    assert_alike(posed(armature), before)
    assert bone_facts(armature) == facts
    assert census() == counted
    assert not armature.animation_data or not armature.animation_data.drivers
    assert not [key for key in armature.keys() if key.startswith("ik_")]  # noqa: SIM118 - an ID has no `in`


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("end", "middle", "away", "bends"), [("wrist", "elbow", (0.2, 0, 0), 1), ("ankle", "knee", (0, 0, -0.2), -1)])
def test_a_limb_follows_its_target_and_bends_to_its_pole(armature, side, end, middle, away, bends):
    """From the T pose, nearly straight: elbows go backward (+Y), knees forward (-Y)."""
    bpy.ops.doppel.pose(pose="T")
    bpy.ops.doppel.add_ik()
    before = posed(armature)
    inward = -np.array(away) * (-1 if side == "right" and end == "wrist" else 1)
    move(armature, f"{side}_{end}_ik", inward)
    after = posed(armature)
    np.testing.assert_allclose(after[f"{side}_{end}"][:3, 3], before[f"{side}_{end}"][:3, 3] + inward, atol=2e-3)
    assert bends * (after[f"{side}_{middle}"][1, 3] - before[f"{side}_{middle}"][1, 3]) > 0.05
    moved = {name for name in after if np.abs(after[name] - before[name]).max() > 1e-4}
    assert moved == {
        f"{side}_{joint}" for joint in {"wrist": ("shoulder", "elbow", "wrist", "hand"), "ankle": ("hip", "knee", "ankle", "foot")}[end]
    }
    turned = np.abs(after[f"{side}_{end}"][:3, :3] - before[f"{side}_{end}"][:3, :3]).max()
    assert turned < 1e-4  # the hand stays turned as its control is
    move(armature, f"{side}_{middle}_pole", (0, 0, 3) if end == "wrist" else (3, 0, 0))
    swung = posed(armature)
    np.testing.assert_allclose(swung[f"{side}_{end}"][:3, 3], after[f"{side}_{end}"][:3, 3], atol=2e-3)
    assert (swung[f"{side}_{middle}"] - after[f"{side}_{middle}"])[2 if end == "wrist" else 0, 3] > 0.02


def test_a_straight_arm_bends_backward_even_if_it_rests_bent_a_hair_forward(part, avatar):
    """As the open body's do: by less than two millimetres at the elbow, and nothing else moves."""
    joints = np.array(avatar.rest_joints)
    for side in ("left", "right"):
        shoulder, elbow, wrist = (part("core.skeleton").JOINT[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
        joints[elbow] = (joints[shoulder] + joints[wrist]) / 2 + [0, 0, 0.001]
    armature = part("scene.person").parts(part("scene.person").build_person(dataclasses.replace(avatar, rest_joints=joints), "straight"))[
        "armature"
    ]
    bpy.ops.doppel.pose(pose="T")
    before = posed(armature)
    bpy.ops.doppel.add_ik()
    after = posed(armature)
    for name, matrix in after.items():
        assert np.linalg.norm(matrix[:3, 3] - before[name][:3, 3]) < (2e-3 if name.endswith("elbow") else 1e-4), name
    move(armature, "left_wrist_ik", (-0.2, 0, 0))
    assert posed(armature)["left_elbow"][1, 3] - before["left_elbow"][1, 3] > 0.05


def test_the_switch_goes_from_the_bones_own_turns_to_the_controls(armature):
    bpy.ops.doppel.add_ik()
    before = posed(armature)
    move(armature, "left_wrist_ik", (0.1, -0.1, 0.1))
    reached = posed(armature)
    armature["ik_left_arm"] = 0.0
    armature.update_tag()
    assert_alike(posed(armature), before)
    armature["ik_left_arm"] = 1.0
    armature.update_tag()
    assert_alike(posed(armature), reached)
    assert np.abs(reached["left_elbow"] - before["left_elbow"]).max() > 0.01


def test_removal_leaves_the_pose_that_the_controls_made(armature):
    bpy.ops.doppel.add_ik()
    move(armature, "left_wrist_ik", (0.1, -0.1, 0.1))
    move(armature, "right_ankle_ik", (0, -0.2, 0.2))
    reached = posed(armature)
    bpy.ops.doppel.remove_ik()
    assert_alike(posed(armature), reached)


def test_a_pose_and_a_motion_switch_to_the_bones_and_snapping_back_moves_nothing(armature, stroll):
    bpy.ops.doppel.pose(pose="T")
    expected = posed(armature)
    bpy.ops.doppel.pose(pose="PHOTO")
    bpy.ops.doppel.add_ik()
    bpy.ops.doppel.pose(pose="T")
    assert_alike(posed(armature), expected)
    bpy.ops.doppel.apply_motion(filepath=stroll)
    assert armature["ik_right_leg"] == 0
    bpy.context.scene.frame_set(13)
    expected, bones = posed(armature), len(armature.data.bones)
    assert bpy.ops.doppel.add_ik() == {"FINISHED"}
    assert_alike(posed(armature), expected)
    assert armature["ik_right_leg"] == 1
    assert len(armature.data.bones) == bones == 32


def test_a_motion_is_the_same_with_controls(part, avatar, armature, stroll):
    bpy.ops.doppel.apply_motion(filepath=stroll)
    frames = (1, 9, 25)
    expected = [(bpy.context.scene.frame_set(frame), posed(armature))[1] for frame in frames]
    bpy.ops.doppel.add_ik()
    bpy.ops.doppel.apply_motion(filepath=stroll)
    for frame, pose in zip(frames, expected, strict=True):
        bpy.context.scene.frame_set(frame)
        assert_alike(posed(armature), pose)


def test_an_animated_control_is_baked_when_controls_go(armature, stroll):
    """The arm follows its control, keyed, on top of a motion of the bones; afterwards the bones do the same by themselves."""
    bpy.ops.doppel.apply_motion(filepath=stroll)
    bpy.context.scene.frame_set(1)
    bpy.ops.doppel.add_ik()
    control = armature.pose.bones["left_wrist_ik"]
    control.keyframe_insert("location", frame=1)
    move(armature, "left_wrist_ik", (0.1, -0.1, 0.1))
    control.keyframe_insert("location", frame=25)
    frames = (1, 12, 25)
    expected = [(bpy.context.scene.frame_set(frame), posed(armature))[1] for frame in frames]
    assert bpy.ops.doppel.remove_ik() == {"FINISHED"}
    assert armature.animation_data.action.name == "stroll baked"
    assert bpy.data.actions["stroll"].use_fake_user
    for frame, pose in zip(frames, expected, strict=True):
        bpy.context.scene.frame_set(frame)
        assert_alike(posed(armature), pose)


def test_the_mode_and_the_active_object_stay(part, person, armature):
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.doppel.add_ik()
    assert bpy.context.mode == "POSE"
    bpy.ops.object.mode_set(mode="OBJECT")
    surface = part("scene.person").parts(person)["surface"]
    bpy.context.view_layer.objects.active = surface
    bpy.ops.doppel.remove_ik()
    assert bpy.context.view_layer.objects.active == surface
    assert bpy.context.mode == "OBJECT"


def test_what_stands_in_the_way_is_said(part, person, armature):
    with pytest.raises(RuntimeError, match="no IK controls"):
        bpy.ops.doppel.remove_ik()
    bpy.context.view_layer.objects.active = part("scene.person").parts(person)["surface"]
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Leave edit mode first"):
        bpy.ops.doppel.add_ik()
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.hide_set(True)
    with pytest.raises(RuntimeError, match="Show the armature first"):
        bpy.ops.doppel.add_ik()
    assert len(armature.data.bones) == 24


@pytest.mark.parametrize("name", ["add_ik", "remove_ik"])
def test_without_a_person_both_say_so(name):
    operator = getattr(bpy.ops.doppel, name)
    assert not operator.poll()
    with pytest.raises(RuntimeError, match="Select the person"):
        operator()


def test_a_saved_file_has_its_controls(person, armature, tmp_path):
    bpy.ops.doppel.add_ik()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    again = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    assert again.pose.bones["left_wrist_ik"].custom_shape
    before = posed(again)
    move(again, "left_wrist_ik", (0.1, 0, 0.1))
    assert np.abs(posed(again)["left_elbow"] - before["left_elbow"]).max() > 0.01


def test_the_panel_has_a_switch_for_every_limb(part, person, armature):
    drawn = []
    column = types.SimpleNamespace(prop=lambda thing, path, **_: drawn.append(path), operator=lambda name, **_: drawn.append(name))
    layout = types.SimpleNamespace(column=lambda **_: column)
    part("panels.rig")._draw_ik(layout, bpy.context)
    bpy.ops.doppel.add_ik()
    part("panels.rig")._draw_ik(layout, bpy.context)
    switches = [f'["ik_{side}_{limb}"]' for limb in ("arm", "leg") for side in ("left", "right")]
    assert drawn == ["doppel.add_ik", *switches, "doppel.add_ik", "doppel.remove_ik"]
    for switch in switches:
        assert armature.path_resolve(switch) == 1
