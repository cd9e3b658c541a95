"""Motion files for a person: SMPL's put every vertex where SMPL's own formula does, a .bvh's limbs point where the file's do, and both are
resampled, placed and grounded without bending anything."""

import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from core import rotations
from core.errors import MotionUnreadable
from core.motion.bvh_person import read_bvh_motion
from core.motion.clip import Clip, in_place, joint_frames, moved_to, on_ground, resampled
from core.motion.read import read_motion
from core.motion.retarget import LIMB_CHILD, T_POSE
from core.motion.smpl_file import JOINTS_OF, read_smpl_motion
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, rotation_matrices


def made_up(count=7, joints=24, seed=0):
    rng = np.random.default_rng(seed)
    return {"poses": rng.normal(size=(count, 3 * joints)) * 0.5, "trans": rng.normal(size=(count, 3)), "mocap_framerate": np.array(60.0)}


def written(tmp_path, **arrays):
    path = tmp_path / "walk.npz"
    np.savez(path, **arrays)
    return path


def test_rotations_agree_with_scipy():
    """Small turns, half turns about every axis, and all between."""
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(size=(200, 3)) * 2, np.pi * np.eye(3), 1e-9 * np.eye(3), np.zeros((1, 3))])
    turns = Rotation.from_rotvec(vectors)
    np.testing.assert_allclose(rotations.matrices(rotations.quaternions(turns.as_matrix())), turns.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(rotation_matrices(rotations.axis_angles(turns.as_matrix())), turns.as_matrix(), atol=1e-9)
    first, second = rotations.quaternions(turns[:100].as_matrix()), rotations.quaternions(turns[100:200].as_matrix())
    share = rng.uniform(size=100)
    expected = [Slerp([0, 1], Rotation.concatenate([turns[k], turns[100 + k]]))(share[k]).as_matrix() for k in range(100)]
    np.testing.assert_allclose(rotations.matrices(rotations.slerp(first, second, share)), expected, atol=1e-9)
    upright = Rotation.from_euler("Y", [[0.3], [-2], [3]]).as_matrix()
    np.testing.assert_allclose([rotations.yaw(turn) for turn in upright], [0.3, -2, 3])


@pytest.mark.parametrize("joints", [24, 52, 55])
def test_every_joint_is_where_smpl_puts_it(tmp_path, joints):
    """SMPL's formula written out in the file's own Z-up axes; the body's own joints come first in every model."""
    file = made_up(joints=joints)
    clip = read_smpl_motion(written(tmp_path, **file), T_POSE)
    _, places = joint_frames(clip, T_POSE)
    for frame, (pose, trans) in enumerate(zip(file["poses"].reshape(-1, joints, 3), file["trans"], strict=True)):
        turns, there = {}, {}
        for joint in range(22):
            parent, own = PARENTS[joint], Rotation.from_rotvec(pose[joint]).as_matrix()
            turns[joint] = own if parent < 0 else turns[parent] @ own
            there[joint] = T_POSE[0] if parent < 0 else there[parent] + turns[parent] @ (T_POSE[joint] - T_POSE[parent])
        for joint, (x, y, z) in ((joint, place + trans) for joint, place in there.items()):
            np.testing.assert_allclose(places[frame, joint], (x, z, -y), atol=1e-9)


def test_the_hands_turn_as_the_fingers_do(tmp_path):
    for joints, column in ((24, 23), (52, 22 + 15 + 3), (55, 25 + 15 + 3)):
        file = made_up(joints=joints)
        clip = read_smpl_motion(written(tmp_path, **file), T_POSE)
        expected = rotation_matrices(file["poses"].reshape(-1, joints, 3)[:, column])
        np.testing.assert_allclose(clip.rotations[:, JOINT["right_hand"]], expected)
        assert JOINTS_OF[joints][column].startswith("right_")


def test_a_file_in_parts_is_the_file_in_one(tmp_path):
    file = made_up(joints=55)
    whole = read_smpl_motion(written(tmp_path, **file), T_POSE)
    poses = file["poses"]
    parts = {"root_orient": poses[:, :3], "pose_body": poses[:, 3:66], "pose_hand": poses[:, 75:], "mocap_frame_rate": 60}
    split = read_smpl_motion(written(tmp_path, trans=file["trans"], gender=np.array("neutral", dtype=object), **parts), T_POSE)
    np.testing.assert_array_equal(split.rotations, whole.rotations)
    np.testing.assert_array_equal(split.roots, whole.roots)
    assert split.rate == whole.rate == 60


def test_y_up_is_as_the_file_says(tmp_path):
    file = made_up()
    clip = read_motion(written(tmp_path, **file), T_POSE, up="Y")
    np.testing.assert_allclose(clip.rotations[:, 0], rotation_matrices(file["poses"][:, :3]), atol=1e-12)
    np.testing.assert_allclose(clip.roots, file["trans"] + T_POSE[0])


@pytest.mark.parametrize(
    ("change", "says", "hint"),
    [
        (lambda file: file.pop("poses"), "has neither `poses` nor", "Avatars has none"),
        (lambda file: file.update(poses=file["poses"][:, :69]), "69 numbers; 72, 156 or 165", "body tracker"),
        (lambda file: file.update(trans=file["trans"][1:]), "7 frames of poses and 6 of `trans`", ""),
        (lambda file: file.pop("trans"), "has no `trans`", "body tracker"),
        (lambda file: file.update(trans=file["trans"][:, :2]), "`trans` has 2 columns", ""),
        (lambda file: file.pop("mocap_framerate"), "does not say its frame rate", "Set File's Rate"),
        (lambda file: file.update(mocap_framerate=0), "a frame rate of 0", ""),
        (lambda file: file.update(mocap_framerate="fast"), "no number: fast", ""),
        (lambda file: file["poses"].__setitem__((2, 2), np.nan), "not finite", ""),
        (lambda file: file.update(poses=np.zeros((0, 72))), "no table of numbers", ""),
        (lambda file: file.update(poses=np.array({"a": 1}, dtype=object)), "has neither `poses`", ""),
    ],
)
def test_a_bad_npz_says_what_is_wrong(tmp_path, change, says, hint):
    file = made_up()
    change(file)
    with pytest.raises(MotionUnreadable, match=r"walk\.npz") as caught:
        read_motion(written(tmp_path, **file), T_POSE)
    assert says in str(caught.value)
    assert hint in caught.value.hint


def test_other_files_are_refused(tmp_path):
    for name, content, says in (("a.npz", b"no zip", "cannot be read as .npz"), ("b.fbx", b"", "no motion of a known kind")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MotionUnreadable, match=says):
            read_motion(tmp_path / name, T_POSE)
    with pytest.raises(MotionUnreadable, match="cannot be read"):
        read_motion(tmp_path / "missing.npz", T_POSE)


def test_a_missing_rate_can_be_given(tmp_path):
    file = made_up()
    del file["mocap_framerate"]
    assert read_motion(written(tmp_path, **file), T_POSE, rate=25.0).rate == 25


def test_resampling_keeps_speed_and_every_frame_that_both_rates_have():
    turn, step = 0.02, 0.01
    poses = np.zeros((121, 24, 3))
    poses[:, JOINT["left_elbow"], 1] = turn * np.arange(121)
    clip = Clip("even", rotation_matrices(poses), np.arange(121)[:, None] * np.array([step, 0, 0]), 120.0)
    slower = resampled(clip, 25.0)
    assert len(slower.roots) == 26
    np.testing.assert_allclose(
        rotations.axis_angles(slower.rotations)[:, JOINT["left_elbow"], 1], turn * 120 / 25 * np.arange(26), atol=1e-9
    )
    np.testing.assert_allclose(slower.roots[:, 0], step * 120 / 25 * np.arange(26))
    np.testing.assert_allclose(resampled(clip, 240.0).rotations[::2], clip.rotations, atol=1e-9)
    assert len(resampled(Clip("rounded", clip.rotations, clip.roots, 120.01), 120.0).roots) == 121
    assert len(resampled(Clip("still", clip.rotations[:1], clip.roots[:1], 30.0), 24.0).roots) == 1


def test_a_moved_clip_begins_where_and_as_told_and_bends_nothing(tmp_path):
    clip = read_motion(written(tmp_path, **made_up()), T_POSE)
    there = moved_to(clip, np.array([3.0, 9.0, -2.0]), 0.7)
    np.testing.assert_allclose(there.roots[0], [3, clip.roots[0, 1], -2])
    assert rotations.yaw(there.rotations[0, 0]) == pytest.approx(0.7)
    np.testing.assert_array_equal(there.rotations[:, 1:], clip.rotations[:, 1:])
    for before, after in zip(*(joint_frames(each, T_POSE)[1].reshape(-1, 3) for each in (clip, there)), strict=False):
        assert before[1] == pytest.approx(after[1])
    distances = [np.linalg.norm(np.diff(each.roots, axis=0), axis=1) for each in (clip, there)]
    np.testing.assert_allclose(*distances)
    still = in_place(there)
    assert np.ptp(still.roots[:, [0, 2]]) == pytest.approx(5)
    np.testing.assert_array_equal(still.roots[:, 1], clip.roots[:, 1])


def test_the_soles_meet_the_ground(tmp_path):
    clip = read_motion(written(tmp_path, **made_up(count=101)), T_POSE)
    soles = {
        f"{side}_foot": T_POSE[JOINT[f"{side}_foot"]] + np.random.default_rng(1).normal(size=(5, 3)) * 0.05 for side in ("left", "right")
    }
    turns, places = joint_frames(on_ground(clip, T_POSE, soles, 0.25), T_POSE)
    lowest = np.full(101, np.inf)
    for name, points in soles.items():
        for point in points:
            moved = places[:, JOINT[name]] + np.einsum("tab,b->ta", turns[:, JOINT[name]], point - T_POSE[JOINT[name]])
            lowest = np.minimum(lowest, moved[:, 1])
    assert (lowest < 0.25 - 1e-9).sum() == 5
    assert np.sort(lowest)[5] == pytest.approx(0.25)


NAMES = {
    "mixamo": ("mixamorig:{Side}UpLeg mixamorig:{Side}Leg mixamorig:{Side}Foot mixamorig:{Side}Shoulder mixamorig:{Side}Arm "
    "mixamorig:{Side}ForeArm mixamorig:{Side}Hand", "mixamorig:Head"),
    "biovision": ("{Side}Hip {Side}Knee {Side}Ankle {Side}Collar {Side}Shoulder {Side}Elbow {Side}Wrist", "Head"),
    "smpl": ("{side}_hip {side}_knee {side}_ankle {side}_collar {side}_shoulder {side}_elbow {side}_wrist", "head"),
    "makehuman": ("upperleg01.{S} lowerleg01.{S} foot.{S} shoulder01.{S} upperarm01.{S} lowerarm01.{S} wrist.{S}", "head"),
}  # fmt: skip
OURS = ("hip", "knee", "ankle", "collar", "shoulder", "elbow", "wrist")
CENTIMETRES = 100.0
TO_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])


def bvh(naming, axes, values, extra_root=False):
    """A file with T_POSE's joints in centimetres, those axes and that naming; values (T, 6 + 3 J): the pelvis' place, then turns Z X Y."""
    named, head = NAMES[naming]
    ours = {"pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": head}
    for side in ("left", "right"):
        words = named.format(side=side, Side=side.title(), S=side[0].upper()).split()
        ours |= {f"{side}_{joint}": word for joint, word in zip(OURS, words, strict=True)}
    order, lines = [], ["HIERARCHY"] + (["ROOT World", "{", "OFFSET 0 0 0", "CHANNELS 0"] if extra_root else [])

    def joint(name):
        parent = PARENTS[JOINT[name]]
        offset = CENTIMETRES * axes @ (T_POSE[JOINT[name]] - (T_POSE[parent] if parent >= 0 else 0))
        order.append(name)
        lines.extend([f"{'JOINT' if parent >= 0 or extra_root else 'ROOT'} {ours[name]}", "{", "OFFSET " + " ".join(map(str, offset))])
        where = "6 Xposition Yposition Zposition" if parent < 0 else "3"
        lines.append(f"CHANNELS {where} Zrotation Xrotation Yrotation")
        children = [child for child in ours if PARENTS[JOINT[child]] == JOINT[name]]
        for child in children:
            joint(child)
        lines.extend(["}"] if children else ["End Site", "{", "OFFSET 0 0 1", "}", "}"])

    joint("pelvis")
    lines += (["}"] if extra_root else []) + ["MOTION", f"Frames: {len(values)}", "Frame Time: 0.05"]
    return "\n".join(lines + [" ".join(map(str, row)) for row in values.tolist()]), order


@pytest.mark.parametrize(("naming", "axes"), [("mixamo", np.eye(3)), ("biovision", TO_Z_UP), ("smpl", np.eye(3)), ("makehuman", TO_Z_UP)])
@pytest.mark.parametrize("extra_root", [False, True])
def test_a_bvh_poses_a_person_of_another_size_as_the_file_does(tmp_path, naming, axes, extra_root):
    """Every joint's turn is the file's, in its own axes; a person half as tall goes half as far."""
    values = np.random.default_rng(2).uniform(-40, 40, (3, 6 + 3 * 19))
    text, order = bvh(naming, axes, values, extra_root)
    (tmp_path / "walk.bvh").write_text(text)
    clip = read_motion(tmp_path / "walk.bvh", T_POSE / 2)
    assert clip.rate == pytest.approx(20)
    np.testing.assert_allclose(clip.roots, 0.5 / CENTIMETRES * values[:, :3] @ axes, atol=1e-6)
    for number, name in enumerate(order):
        file_turn = Rotation.from_euler("ZXY", values[:, 3 + 3 * number : 6 + 3 * number], degrees=True).as_matrix()
        np.testing.assert_allclose(clip.rotations[:, JOINT[name]], axes.T @ file_turn @ axes, atol=1e-6, err_msg=name)
    for name in ("left_foot", "right_hand"):
        np.testing.assert_allclose(clip.rotations[:, JOINT[name]], np.tile(np.eye(3), (3, 1, 1)), atol=1e-9)


def test_limbs_of_an_a_pose_point_where_the_files_do(tmp_path):
    """The file rests with hanging arms: with all its channels zero the person's arms hang too."""
    text, _ = bvh("mixamo", np.eye(3), np.zeros((1, 6 + 3 * 19)))
    down = dict.fromkeys(("ForeArm", "Hand"), "OFFSET 0 -25.0 0")
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("JOINT") and any(line.endswith(joint) for joint in down):
            lines[number + 2] = "OFFSET 0 -25.0 0"
    (tmp_path / "rest.bvh").write_text("\n".join(lines))
    _, places = joint_frames(read_bvh_motion(tmp_path / "rest.bvh", T_POSE), T_POSE)
    for name, child in LIMB_CHILD.items():
        if name.split("_")[1] in ("shoulder", "elbow"):
            bone = places[0, JOINT[child]] - places[0, JOINT[name]]
            np.testing.assert_allclose(bone / np.linalg.norm(bone), [0, -1, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("RightForeArm", "RightThing"), "no joint is understood as right elbow"),
        (lambda text: text.replace("Frame Time: 0.05", "Frame Time: 0"), "frames that take no time"),
        (lambda text: re.sub("OFFSET.*", "OFFSET 10 0 0", text), "no standing figure"),  # all bones along one axis, as some files have it
    ],
)
def test_a_bvh_of_no_person_says_so(tmp_path, change, says):
    text, _ = bvh("mixamo", np.eye(3), np.zeros((1, 6 + 3 * 19)))
    (tmp_path / "walk.bvh").write_text(change(text))
    with pytest.raises(MotionUnreadable, match=says) as caught:
        read_motion(tmp_path / "walk.bvh", T_POSE)
    assert caught.value.hint


def test_joint_names_are_told_apart():
    assert set(JOINTS_OF[24]) == set(JOINT_NAMES)
    assert all(len(set(names)) == count for count, names in JOINTS_OF.items())
