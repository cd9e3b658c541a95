"""Artist-made people from a made-up pack: boxes about the bones of the pack's rig, with a texture of one colour per material."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.body.model import BETAS
from core.motion.retarget import LIMB_CHILD, T_POSE
from core.skeleton import JOINT, JOINT_NAMES, PARENTS, mirrored, posed_joints
from training.held_out import held_out
from training.people.artist import artist_person, in_mirror
from training.people.assets import Assets
from training.people.atlas import LABEL, read_atlas, unwrapped
from training.people.character import BodyTruth, DressedPerson
from training.people.proportions import Proportions, proportioned, sample_proportions
from training.people.recolour import BRIGHTEST, SKINS, middle_colour, retinted, sample_skin, tinted
from training.people.rig_pose import bind_pose, finger_turns, hand_frame
from training.poses import SampledPose
from training.rocketbox import BIPED_OF, load_person, pose_person

SKIN, CLOTH, SHOE = (205, 150, 120), (40, 60, 150), (30, 30, 30)
SIDE = 64
CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def rig():
    """Joint names, parents and bind transforms: SMPL's joints by the rig's names, five fingers of three bones, bent a little."""
    joints = posed_joints(np.zeros((24, 3)), T_POSE)
    names = [f"Bip01 {BIPED_OF[name]}" for name in JOINT_NAMES]
    parents, bind = list(PARENTS), [np.eye(4) for _ in joints]
    for matrix, joint in zip(bind, joints, strict=True):
        matrix[:3, 3] = joint
    for letter, sign, hand in (("L", 1, JOINT["left_wrist"]), ("R", -1, JOINT["right_wrist"])):
        for finger in range(5):
            place, above = joints[hand] + [0.08 * sign, 0, 0.03 - 0.015 * finger], hand
            for bone, ending in enumerate(("", "1", "2")):
                name, bend = f"Bip01 {letter} Finger{finger}{ending}", 0.1 * bone
                along = np.array([sign * np.cos(bend), -np.sin(bend), 0])  # palms face down
                matrix = np.eye(4)
                matrix[:3, :3] = np.stack([along, np.cross([0, 0, 1.0], along), [0, 0, 1]], axis=1)
                matrix[:3, 3] = place
                if name in names:  # the middle finger's root is SMPL's hand
                    number = names.index(name)
                    bind[number] = matrix
                else:
                    number = len(names)
                    names.append(name), parents.append(above), bind.append(matrix)
                place, above = place + 0.03 * along, number
    return names, parents, np.array(bind)


def write_person(folder, name):
    """Boxes: one round each bone's middle for the 24 joints, one beyond each finger's last joint."""
    names, parents, bind = rig()
    vertices, faces, uv, skin, material, seen = [], [], [], [], [], []
    places = bind[:, :3, 3]
    children = [[c for c, p in enumerate(parents) if p == j] for j in range(len(names))]
    for joint in range(len(names)):
        end = places[children[joint][0]] if children[joint] else places[joint] + 0.03 * bind[joint, :3, 0]
        reach = 0.5 * np.abs(end - places[joint]) + (0.006 if "Finger" in names[joint] else 0.04)
        start, is_head = len(vertices), names[joint].endswith("Head")
        vertices += list((places[joint] + end) / 2 + CUBE * reach)
        faces += [[start + q[a] for a in corner] for q in QUADS for corner in ((0, 1, 2), (0, 2, 3))]
        bare = is_head or "Hand" in names[joint] or "Finger" in names[joint]
        foot = names[joint].endswith(("Foot", "Toe0"))
        corner = np.array([0.55 if bare else 0.05, 0.05 if foot else 0.55])
        uv += list(corner + 0.35 * (CUBE[:, [0, 1]] + 1) / 2 + 0.02 * CUBE[:, [2, 2]] * [0, 1])
        skin += [[joint, 0, 0, 0]] * 8
        seen += [1] * 8
        material += [1 if is_head else 0] * 12
    texture = np.zeros((SIDE, SIDE, 3), np.uint8)
    texture[: SIDE // 2, : SIDE // 2], texture[: SIDE // 2, SIDE // 2 :], texture[SIDE // 2 :, : SIDE // 2] = CLOTH, SKIN, SHOE
    vertices = np.array(vertices)
    vertices[:, 1] -= vertices[:, 1].min()
    stem = folder / "people" / name
    stem.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(stem.with_suffix(".jpg")), texture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    np.savez(
        stem.with_suffix(".npz"),
        vertices=vertices, faces=np.array(faces), uv=np.array(uv), vertex_to_position=np.arange(len(vertices)),
        face_alpha=np.full(len(faces), 255), joint_names=names, joint_parents=parents, joint_bind=bind,
        skin_joints=np.array(skin), skin_weights=np.tile([1.0, 0, 0, 0], (len(skin), 1)),
        vertex_seen=np.array(seen), face_material=np.array(material), material_names=["x_body", "x_head"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    for name in ("Box_Female_01", held_out("people")[0]):
        write_person(folder, name)
    return folder


@pytest.fixture
def person(pack):
    return load_person(pack, "Box_Female_01")


# --- proportions and hands --------------------------------------------------------------------------------------------------------


def test_proportions_of_one_change_nothing_and_size_scales_everything(person):
    same, large = proportioned(person, Proportions()), proportioned(person, Proportions(size=1.1))
    np.testing.assert_allclose(same.vertices, person.vertices, atol=1e-12)
    np.testing.assert_allclose(large.vertices, 1.1 * person.vertices, atol=1e-12)
    np.testing.assert_allclose(large.bind[:, :3, 3], 1.1 * same.bind[:, :3, 3], atol=1e-12)


def test_a_longer_thigh_is_that_much_longer_and_every_bone_keeps_its_direction(person):
    def bones(one):
        joints = one.bind[one.smpl_rows, :3, 3]
        return {name: joints[JOINT[child]] - joints[JOINT[name]] for name, child in LIMB_CHILD.items()}

    before, after = bones(person), bones(proportioned(person, Proportions(thigh=1.2, leg=0.9)))
    np.testing.assert_allclose(after["left_hip"], 1.2 * before["left_hip"], atol=1e-12)
    np.testing.assert_allclose(after["right_elbow"], before["right_elbow"], atol=1e-12)
    varied = bones(proportioned(person, sample_proportions(np.random.default_rng(0))))
    for name, bone in varied.items():
        assert bone @ before[name] == pytest.approx(np.linalg.norm(bone) * np.linalg.norm(before[name]))


def test_fingers_bend_towards_the_palm(person):
    straight, joint = pose_person(person, np.zeros((24, 3))), person.joint_names.index("Bip01 L Finger32")
    tip = person.skin_joints[:, 0] == joint
    for seed in range(4):
        turns, kinds = finger_turns(np.random.default_rng(seed), person)
        assert set(turns) == {number for number, name in enumerate(person.joint_names) if "Finger" in name}
        if kinds[0] in ("half_closed", "fist"):
            bent = pose_person(person, np.zeros((24, 3)), turns=turns)
            assert (bent.vertices[tip].mean(0) - bent.joints[JOINT["left_wrist"]])[1] < -0.02
            assert (straight.vertices[tip].mean(0) - straight.joints[JOINT["left_wrist"]])[1] > -0.02
            break
    else:
        raise AssertionError("no closed hand among four")
    for side in ("left", "right"):  # palms of the made-up rig face down, fingers along X: the T pose itself
        np.testing.assert_allclose(hand_frame(person, side), np.eye(3), atol=1e-6)


# --- the picture ------------------------------------------------------------------------------------------------------------------


def test_texels_know_their_face_and_whether_it_was_seen(person):
    square = replace(
        person, uv=np.array([[0, 1], [1, 1], [1, 0], [0, 0.0]]), faces=np.array([[0, 1, 2], [0, 2, 3]]), vertices=np.zeros((4, 3))
    )
    face, known = unwrapped(square, 32, np.array([1.0, 1, 1, 0]))
    assert face[4, 28] == 0
    assert face[28, 4] == 1
    assert known[4, 28] == 255
    assert known[28, 1] == 0


def test_labels_say_what_the_boxes_are(pack):
    atlas = read_atlas(pack, "Box_Female_01")
    for name, want in {"head": "skin", "left_hand": "skin", "spine2": "cloth", "left_knee": "cloth", "right_foot": "shoe"}.items():
        assert set(atlas.label[atlas.part == JOINT[name]]) == {LABEL[want]}, name
    assert (atlas.trusted == 255).all()


def test_new_clothes_leave_the_skin_alone_and_skin_takes_the_colour_asked_for(pack):
    atlas = read_atlas(pack, "Box_Female_01")
    made = retinted(np.random.default_rng(2), atlas.texture, atlas.cloth / np.float32(255))
    untouched = atlas.cloth == 0
    np.testing.assert_array_equal(made[untouched], atlas.texture[untouched])
    assert np.abs(made[atlas.cloth > 250].astype(int) - atlas.texture[atlas.cloth > 250]).mean() > 15
    made, shade = tinted(atlas.texture, atlas.skin, SKINS[4])
    np.testing.assert_allclose(middle_colour(made, atlas.skin), shade, atol=0.02)
    np.testing.assert_array_equal(made[atlas.skin == 0], atlas.texture[atlas.skin == 0])


def test_skin_is_never_white_and_always_redder_than_blue():
    rng, grey = np.random.default_rng(0), np.full((8, 8, 3), 200, np.uint8)
    grey[0] = 255
    made, _ = tinted(grey, np.full((8, 8), 255, np.uint8), SKINS[0])
    assert made.max() <= np.ceil(255 * (1.055 * BRIGHTEST ** (1 / 2.4) - 0.055))
    shades = np.array([sample_skin(rng, SKINS[rng.integers(len(SKINS))]) for _ in range(100)])
    assert (shades[:, 0] > shades[:, 2]).all()
    assert np.ptp(shades[:, 0]) > 0.4


# --- the whole person -------------------------------------------------------------------------------------------------------------


def made(pack, seed, judging=False):
    assets = Assets(None, pack, None, (), {})
    return artist_person(np.random.default_rng(seed), assets, SampledPose(np.zeros((24, 3)), "still"), held_out=judging)


def test_a_person_is_whole_stands_on_the_ground_and_is_the_same_for_the_same_seed(pack):
    one, again, other = made(pack, 1), made(pack, 1), made(pack, 2)
    assert isinstance(one, DressedPerson)
    assert one.family == "artist"
    np.testing.assert_array_equal(one.vertices, again.vertices)
    np.testing.assert_array_equal(one.texture, again.texture)
    assert np.abs(one.vertices - other.vertices).max() > 1e-3
    assert one.vertices[:, 1].min() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(one.joints[JOINT["pelvis"], [0, 2]], 0, atol=1e-9)
    assert len(one.label) == len(one.cards) == len(one.faces)
    assert one.body.betas.shape == (BETAS,)
    assert np.isfinite(one.body.joint_residual_cm)


def test_the_judged_are_never_trained_on_and_the_other_way_round(pack):
    assert {made(pack, seed).name for seed in range(2)} == {"Box_Female_01"}
    assert {made(pack, seed, judging=True).name for seed in range(2)} == {held_out("people")[0]}
    with pytest.raises(FileNotFoundError, match="people pack"):
        artist_person(np.random.default_rng(0), Assets(None, None, None, (), {}), SampledPose(np.zeros((24, 3)), "still"))


def test_a_mirrored_person_is_exchanged_left_for_right_and_twice_is_once(pack):
    one = made(pack, 4)
    there = in_mirror(one)
    np.testing.assert_allclose(there.joints[JOINT["left_knee"]], one.joints[JOINT["right_knee"]] * [-1, 1, 1])
    assert volume(there) == pytest.approx(volume(one))
    assert volume(one) > 0
    back = in_mirror(there)
    np.testing.assert_allclose(back.vertices, one.vertices)
    np.testing.assert_array_equal(back.faces, one.faces)
    np.testing.assert_allclose(back.body.pose, one.body.pose)
    assert isinstance(there.body, BodyTruth)
    assert mirrored("left_hip") == "right_hip"


def volume(person):
    return float(np.linalg.det(person.vertices[person.faces]).sum() / 6)


def test_the_bind_pose_in_smpls_terms_poses_the_person_back_onto_itself(person):
    pose, joints = bind_pose(person)
    posed = pose_person(person, pose)
    shift = posed.joints[0] - joints[0]
    np.testing.assert_allclose(posed.joints, joints + shift, atol=1e-9)
