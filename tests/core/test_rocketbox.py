"""The people pack's reader and posing, on a made-up person of stick-like geometry with the pack's own rig layout."""

import numpy as np
import pytest

from core.motion.retarget import LIMB_CHILD, T_POSE
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, posed_joints
from training.photograph import camera_towards, framed
from training.rocketbox import BIPED_OF, load_person, people_names, pose_person
from training.stage import to_blender


def bind_joints():
    """The nominal adult with the arms halfway down and the elbows bent a little, as the pack's bind poses are."""
    pose = np.zeros((24, 3))
    for side, sign in (("left", 1), ("right", -1)):
        pose[JOINT[f"{side}_shoulder"]], pose[JOINT[f"{side}_elbow"]] = [0, 0, -0.75 * sign], [0, -0.4 * sign, 0]
        pose[JOINT[f"{side}_hip"]] = [0.02, 0, 0.05 * sign]
    return posed_joints(pose, T_POSE)


@pytest.fixture
def pack(tmp_path):
    """A pack of one: 24 joints, and per joint a small triangle that only it moves, plus one card."""
    joints = bind_joints()
    bind = np.tile(np.eye(4), (24, 1, 1))
    bind[:, :3, 3] = joints
    corners = np.array([[0.01, 0, 0], [0, 0.01, 0], [-0.01, -0.01, 0]])
    vertices = (joints[:, None] + corners).reshape(-1, 3)
    weights = np.zeros((72, 4))
    weights[:, 0] = 1
    (tmp_path / "people").mkdir()
    np.savez(
        tmp_path / "people" / "Stick_01.npz",
        vertices=vertices.astype(np.float32),
        faces=np.arange(72, dtype=np.int32).reshape(-1, 3),
        uv=np.zeros((72, 2), np.float32),
        vertex_to_position=np.arange(72),
        face_alpha=np.array([255] * 23 + [90], np.uint8),
        joint_names=[f"Bip01 {BIPED_OF[name]}" for name in JOINT_NAMES],
        joint_parents=np.array(PARENTS),
        joint_bind=bind.astype(np.float32),
        skin_joints=np.repeat(np.arange(24), 3)[:, None] * np.array([1, 0, 0, 0]),
        skin_weights=weights,
    )
    return tmp_path


def test_a_person_is_read_as_written(pack):
    assert people_names(pack) == ["Stick_01"]
    person = load_person(pack, "Stick_01")
    assert person.cards.sum() == 1
    assert person.alpha is None
    assert person.height == pytest.approx(np.ptp(person.vertices[:, 1]))
    assert person.joint_names[person.smpl_rows[JOINT["left_hand"]]] == "Bip01 L Finger2"
    (pack / "people" / "Stick_01_alpha.png").touch()
    assert load_person(pack, "Stick_01").alpha.name == "Stick_01_alpha.png"
    with pytest.raises(FileNotFoundError):
        load_person(pack, "Nobody")


def test_limb_bones_point_where_smpls_do_in_any_pose(pack):
    person, rng = load_person(pack, "Stick_01"), np.random.default_rng(0)
    for pose in (np.zeros((24, 3)), rng.normal(0, 0.5, (24, 3))):
        posed, want = pose_person(person, pose), posed_joints(pose, T_POSE)
        for name, child in LIMB_CHILD.items():
            bone, wanted = posed.joints[JOINT[child]] - posed.joints[JOINT[name]], want[JOINT[child]] - want[JOINT[name]]
            np.testing.assert_allclose(bone / np.linalg.norm(bone), wanted / np.linalg.norm(wanted), atol=1e-6)


def test_vertices_go_with_their_joints_and_stand_on_the_ground(pack):
    person = load_person(pack, "Stick_01")
    posed = pose_person(person, np.random.default_rng(1).normal(0, 0.5, (24, 3)))
    middles = posed.vertices.reshape(24, 3, 3).mean(1)
    np.testing.assert_allclose(middles, posed.joints, atol=1e-6)
    assert posed.vertices[:, 1].min() == pytest.approx(0)
    np.testing.assert_allclose(posed.joints[JOINT["pelvis"], [0, 2]], 0, atol=1e-12)


def test_turning_the_pelvis_turns_everything(pack):
    person = load_person(pack, "Stick_01")
    quarter = np.zeros((24, 3))
    quarter[0, 1] = np.pi / 2
    straight, turned = pose_person(person, np.zeros((24, 3))), pose_person(person, quarter)
    np.testing.assert_allclose(turned.joints, straight.joints[:, [2, 1, 0]] * [1, 1, -1], atol=1e-6)


def test_a_camera_has_its_target_in_the_middle_and_sees_left_on_the_right():
    camera = camera_towards(np.array([0.1, 1.2, 0.0]), 3.0, yaw=0.4, pitch=0.2, focal=700, size=(300, 400))
    np.testing.assert_allclose(camera.project(np.array([0.1, 1.2, 0.0])), [150, 200], atol=1e-9)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
    place = -camera.rotation.T @ camera.translation
    assert np.linalg.norm(place - [0.1, 1.2, 0]) == pytest.approx(3)
    assert place[0] > 0.5  # yaw: round to the person's left
    assert place[1] > 1.5  # pitch: looks down, so it stands higher
    front = camera_towards(np.zeros(3), 3.0, 0, 0, 700, (300, 400)).project(np.array([0.3, 0.2, 0.0]))
    assert front[0] > 150
    assert front[1] < 200


def test_a_framed_person_fills_the_picture_as_asked(pack):
    posed = pose_person(load_person(pack, "Stick_01"), np.zeros((24, 3)))
    camera = framed(posed, yaw=0.3, pitch=0.1, fov=0.7, size=(600, 400), fill=0.8, shift=(0.05, 0.0))
    pixels = camera.project(posed.vertices) / [600, 400]
    assert np.ptp(pixels, axis=0).max() == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose((pixels.min(0) + pixels.max(0)) / 2, [0.55, 0.5], atol=0.02)


def test_blenders_axes_are_a_rotation():
    axes = to_blender(np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1)
    np.testing.assert_array_equal(axes[1], [0, 0, 1])
    np.testing.assert_array_equal(axes[2], [0, -1, 0])
