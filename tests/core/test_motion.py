"""Motion readers on small made-up clips: bones point where the source's point, and a broken file says which line."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import MotionUnreadable
from core.motion.retarget import LIMB_CHILD, T_POSE, fill_from_parents, local_rotations, rotation_between, world_rotations
from core.skeleton import JOINT, JOINT_NAMES, posed_joints, rotation_matrices
from training import acclaim, deepmimic
from training.motion import read_clip
from training.poses import mirrored_pose, posed_by_hand, reach, sample_pose, self_penetration

WITHIN_DEGREES = 1e-3

CHAIN = {  # a small subject: parent, rest direction, axis in degrees, freedom
    "lowerback": ("root", (0, 1, 0), (0, 0, 0), "rx ry rz"),
    "upperback": ("lowerback", (0, 1, 0), (0, 0, 0), "rx ry rz"),
    "thorax": ("upperback", (0, 1, 0), (0, 0, 0), "rx ry rz"),
    "lowerneck": ("thorax", (0, 1, 0), (0, 0, 0), "rx ry rz"),
    "head": ("lowerneck", (0, 1, 0), (0, 0, 0), "rx ry rz"),
} | {
    f"{side}{bone}": (f"{side}{parent}" if parent not in ("root", "thorax") else parent, tuple(np.array(way) * [sign, 1, 1]), axis, freedom)
    for side, sign in (("l", 1), ("r", -1))
    for bone, parent, way, axis, freedom in (
        ("femur", "root", (0.34, -0.94, 0), (0, 0, 20 * sign), "rx ry rz"),
        ("tibia", "femur", (0.34, -0.94, 0), (0, 0, 20 * sign), "rx"),
        ("foot", "tibia", (0.09, -0.24, 0.97), (-90, 0, 20 * sign), "rx rz"),
        ("toes", "foot", (0, 0, 1), (-90, 0, 20 * sign), "rx"),
        ("clavicle", "thorax", (0.97, 0.24, 0), (0, 0, 0), "ry rz"),
        ("humerus", "clavicle", (1, 0, 0), (180, -30 * sign, -90 * sign), "rx ry rz"),
        ("radius", "humerus", (1, 0, 0), (180, -30 * sign, -90 * sign), "rx"),
        ("hand", "radius", (1, 0, 0), (0, 90, 90 * sign), "rx rz"),
    )
}


def write_asf(path):
    lines = [":version 1.10", ":units", "  mass 1.0", "  length 0.45", "  angle deg", ":root", "  order TX TY TZ RX RY RZ", ":bonedata"]
    for name, (_, way, axis, freedom) in CHAIN.items():
        lines += ["  begin", f"  name {name}", f"  direction {way[0]} {way[1]} {way[2]}", "  length 4"]
        lines += [f"  axis {axis[0]} {axis[1]} {axis[2]} XYZ", f"  dof {freedom}", "    limits (-10 10)", "  end"]
    lines += [":hierarchy", "  begin"] + [f"    {parent} {name}" for name, (parent, *_) in CHAIN.items()] + ["  end"]
    path.write_text("\n".join(lines))


def write_amc(path, rng, frames=3):
    lines = [":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(frames):
        lines += [str(frame + 1), "root 1 18 3 " + " ".join(f"{a:.5f}" for a in rng.normal(0, 30, 3))]
        lines += [
            f"{name} " + " ".join(f"{a:.5f}" for a in rng.normal(0, 30, len(freedom.split()))) for name, (*_, freedom) in CHAIN.items()
        ]
    path.write_text("\n".join(lines))
    return lines


@pytest.fixture
def cmu(tmp_path):
    write_asf(tmp_path / "07.asf")
    write_amc(tmp_path / "07_01.amc", np.random.default_rng(3))
    return tmp_path / "07_01.amc"


@pytest.fixture
def mimic(tmp_path):
    rng, path = np.random.default_rng(4), tmp_path / "humanoid3d_made_up.txt"
    rows = []
    for _ in range(3):
        row = [0.03, 0.5, 0.9, 0.1]
        for _, count in deepmimic.LAYOUT:
            row += (
                [float(rng.normal(0, 0.5))] if count == 1 else Rotation.from_rotvec(rng.normal(0, 0.5, 3)).as_quat()[[3, 0, 1, 2]].tolist()
            )
        rows.append(row)
    path.write_text('{\n"Loop": "wrap",\n"Frames":\n[\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]\n}")
    return path


def worst_angle(clip, source):
    """Degrees between SMPL's limb bones and the source's, over every frame and bone."""
    worst = 0.0
    for frame, pose in enumerate(clip.poses):
        joints = posed_joints(pose, T_POSE)
        for name, rest in source.rest_directions.items():
            want, got = source.rotations[name][frame] @ rest, joints[JOINT[LIMB_CHILD[name]]] - joints[JOINT[name]]
            sine = np.linalg.norm(np.cross(want, got)) / np.linalg.norm(want) / np.linalg.norm(got)
            worst = max(worst, np.degrees(np.arctan2(sine, want @ got / np.linalg.norm(want) / np.linalg.norm(got))))
    return worst


def test_limbs_of_an_amc_point_where_the_subjects_point(cmu):
    source = acclaim.read_amc(cmu, acclaim.read_asf(cmu.with_name("07.asf")))
    assert len(source.rest_directions) == 10
    assert worst_angle(read_clip(cmu), source) < WITHIN_DEGREES


def test_limbs_of_a_deepmimic_clip_point_where_the_figures_point(mimic):
    source = deepmimic.read_clip(mimic)
    assert worst_angle(read_clip(mimic), source) < WITHIN_DEGREES
    np.testing.assert_allclose(source.roots[0], [-0.1, 0.9, 0.5])


def test_an_amc_bone_turns_about_its_own_axis_after_its_parents(cmu):
    """The slow way: one bone's chain multiplied out by hand."""
    write_amc(cmu, np.random.default_rng(3), frames=1)
    angles = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in cmu.read_text().splitlines()[3:]}
    source = acclaim.read_amc(cmu, acclaim.read_asf(cmu.with_name("07.asf")))
    want = Rotation.from_euler("xyz", angles["root"][3:], degrees=True)
    for bone in ("lfemur", "ltibia"):
        axis = Rotation.from_euler("xyz", CHAIN[bone][2], degrees=True)
        turn = Rotation.from_euler("xyz"[: len(angles[bone])], angles[bone], degrees=True)
        want = want * axis * turn * axis.inv()
    np.testing.assert_allclose(source.rotations["left_knee"][0], want.as_matrix(), atol=1e-9)
    np.testing.assert_allclose(source.roots[0], np.array([1, 18, 3]) * 0.0254 / 0.45)


def test_a_deepmimic_figure_at_rest_hangs_its_arms_and_faces_front(mimic):
    row = [0.03, 0, 0.9, 0] + [value for _, count in deepmimic.LAYOUT for value in ([0.0] if count == 1 else [1.0, 0, 0, 0])]
    row[deepmimic.ROW - 1] = np.pi / 2  # the left elbow
    mimic.write_text(json.dumps({"Frames": [row]}))
    joints = posed_joints(read_clip(mimic).poses[0], T_POSE)
    np.testing.assert_allclose(joints[JOINT["right_wrist"]] - joints[JOINT["right_shoulder"]], [0, -0.52, 0], atol=1e-9)
    np.testing.assert_allclose(joints[JOINT["left_wrist"]] - joints[JOINT["left_elbow"]], [0, 0, 0.25], atol=1e-9)


@pytest.mark.parametrize(
    ("spoil", "line", "says"),
    [
        (lambda lines: [*lines[:3], "1", *lines[4:]], 4, "lacks .*root"),
        (lambda lines: [*lines[:4], "lowerback 1 2", *lines[5:]], 5, "3 numbers were expected, 2"),
        (lambda lines: [*lines[:4], "lowerback 1 2 three", *lines[5:]], 5, "not a number"),
        (lambda lines: [*lines[:4], "lowerback 1 2 nan", *lines[5:]], 5, "not finite"),
        (lambda lines: [*lines[:4], "tail 1 2 3", *lines[5:]], 5, "no bone `tail`"),
        (lambda lines: lines[:-4], None, "lacks"),
        (lambda lines: lines[:2], None, "no frames"),
    ],
)
def test_a_broken_amc_says_where(cmu, spoil, line, says):
    lines = spoil(cmu.read_text().splitlines())
    cmu.write_text("\n".join(lines))
    with pytest.raises(MotionUnreadable, match=says) as caught:
        read_clip(cmu)
    assert "07_01.amc" in str(caught.value)
    assert line is None or any(f"line {number}:" in str(caught.value) for number in (line, line + 1))


def test_a_broken_asf_says_where(cmu):
    skeleton = cmu.with_name("07.asf")
    lines = skeleton.read_text().splitlines()
    spoilt = next(i for i, text in enumerate(lines) if "direction" in text)
    skeleton.write_text("\n".join([*lines[:spoilt], "  direction 0 one 0", *lines[spoilt + 1 :]]))
    with pytest.raises(MotionUnreadable, match=f"07.asf, line {spoilt + 1}"):
        read_clip(cmu)
    skeleton.write_text("\n".join(text for text in lines if "thorax" not in text or "name" in text))
    with pytest.raises(MotionUnreadable, match=r"bones are missing: .*thorax"):
        read_clip(cmu)


def test_a_broken_deepmimic_clip_says_where(mimic):
    lines = mimic.read_text().splitlines()
    mimic.write_text("\n".join([*lines[:5], lines[5].replace("]", ", 1.0]"), *lines[6:]]))
    with pytest.raises(MotionUnreadable, match=f"line 6: {deepmimic.ROW} numbers"):
        read_clip(mimic)
    mimic.write_text("\n".join(lines[:6]))
    with pytest.raises(MotionUnreadable, match="line 6: not JSON"):
        read_clip(mimic)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(MotionUnreadable, match="neither"):
        read_clip(tmp_path / "walk.bvh")
    with pytest.raises(MotionUnreadable, match=r"needs its subject's skeleton, 09\.asf"):
        read_clip(tmp_path / "09_01.amc")


def test_rotation_between_takes_one_direction_to_the_other():
    rng = np.random.default_rng(0)
    for _ in range(20):
        start, end = rng.normal(size=(2, 3))
        turn = rotation_between(start, end)
        np.testing.assert_allclose(turn @ start / np.linalg.norm(start), end / np.linalg.norm(end), atol=1e-9)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    half = rotation_between(np.array([0.0, 1, 0]), np.array([0.0, -2, 0]))
    np.testing.assert_allclose(half @ [0, 1, 0], [0, -1, 0], atol=1e-12)
    assert np.linalg.det(half) == pytest.approx(1)


def test_local_and_world_rotations_undo_each_other():
    local = rotation_matrices(np.random.default_rng(0).normal(size=(24, 3)))
    np.testing.assert_allclose(local_rotations(world_rotations(local)), local, atol=1e-9)


def test_a_joint_the_source_lacks_moves_with_its_parent():
    turn = rotation_matrices(np.array([0.1, 0.2, 0.3]))
    world = fill_from_parents({"pelvis": np.eye(3), "spine2": turn})
    np.testing.assert_array_equal(world[JOINT["spine3"]], turn)
    np.testing.assert_array_equal(world[JOINT["spine1"]], np.eye(3))


def test_reach_puts_the_wrist_where_asked():
    rng = np.random.default_rng(0)
    for _ in range(20):
        wrist = rng.normal(size=3)
        wrist *= rng.uniform(0.15, 0.5) / np.linalg.norm(wrist)
        pose = np.zeros((24, 3))
        pose[JOINT["left_shoulder"]], pose[JOINT["left_elbow"]] = reach(wrist, rng.normal(size=3))
        joints = posed_joints(pose, T_POSE)
        np.testing.assert_allclose(joints[JOINT["left_wrist"]] - joints[JOINT["left_shoulder"]], wrist, atol=1e-9)


def test_a_mirrored_pose_mirrors_the_joints():
    pose = np.random.default_rng(0).normal(0, 0.4, (24, 3))
    swap = [JOINT_NAMES.index(n.replace("left", "*").replace("right", "left").replace("*", "right")) for n in JOINT_NAMES]
    about = T_POSE[0]
    straight, mirrored = posed_joints(pose, T_POSE) - about, posed_joints(mirrored_pose(pose), T_POSE) - about
    np.testing.assert_allclose(mirrored[swap] * [-1, 1, 1], straight, atol=1e-9)


def test_sampled_poses_do_not_run_through_themselves_and_follow_the_seed():
    first = [sample_pose(np.random.default_rng(seed), {}, mocap_share=0.0) for seed in range(60)]
    again = [sample_pose(np.random.default_rng(seed), {}, mocap_share=0.0) for seed in range(60)]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.pose, other.pose)
        assert self_penetration(posed_joints(one.pose, T_POSE)) < 0.03


def test_a_hand_in_the_belly_is_noticed():
    pose = np.zeros((24, 3))
    assert self_penetration(posed_joints(pose, T_POSE)) == 0
    pose[JOINT["left_shoulder"]], pose[JOINT["left_elbow"]] = reach(np.array([-0.18, -0.25, 0.0]), np.array([1.0, 0, 0]))
    assert self_penetration(posed_joints(pose, T_POSE)) > 0.1


def test_who_sits_has_knees_and_hips_bent():
    joints = posed_joints(posed_by_hand(np.random.default_rng(0), "sitting").pose, T_POSE)
    for side in ("left", "right"):
        hip, knee, ankle = (joints[JOINT[f"{side}_{name}"]] for name in ("hip", "knee", "ankle"))
        assert knee[2] - hip[2] > 0.3
        assert knee[1] - ankle[1] > 0.3
