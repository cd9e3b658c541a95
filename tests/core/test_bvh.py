"""MakeHuman's poses in .bvh: a made-up file with the skeleton's own bone names, Z up as Blender writes it."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import MotionUnreadable
from core.motion.bvh import read_hierarchy, rest_places, world_turns
from core.motion.retarget import LIMB_CHILD, T_POSE, smpl_poses
from core.skeleton import JOINT, posed_joints
from training.bvh import BONE_OF, read_bvh

TREE = {  # bone: parent, place from it in decimetres, Z up, front at -Y
    "root": (None, (0, 0, 9)),
    "spine04": ("root", (0, 0, 1)),
    "spine03": ("spine04", (0, 0, 1.5)),
    "spine01": ("spine03", (0, 0, 1.5)),
    "neck02": ("spine01", (0, 0, 2)),
    "head": ("neck02", (0, 0, 1)),
}
for _sign, _side in ((1, "L"), (-1, "R")):
    TREE |= {
        f"upperleg01.{_side}": ("root", (_sign, 0, -0.5)),
        f"lowerleg01.{_side}": (f"upperleg01.{_side}", (0.2 * _sign, -0.2, -4)),
        f"foot.{_side}": (f"lowerleg01.{_side}", (0.1 * _sign, 0.2, -4)),
        f"toe3-1.{_side}": (f"foot.{_side}", (0, -1.2, -0.4)),
        f"shoulder01.{_side}": ("spine01", (0.8 * _sign, 0, 1.5)),
        f"upperarm01.{_side}": (f"shoulder01.{_side}", (_sign, 0, 0)),
        f"lowerarm01.{_side}": (f"upperarm01.{_side}", (1.8 * _sign, 0, -1.8)),
        f"wrist.{_side}": (f"lowerarm01.{_side}", (1.6 * _sign, -0.8, -1.2)),
        f"finger3-1.{_side}": (f"wrist.{_side}", (0.5 * _sign, -0.3, -0.5)),
    }
CHANNELS = {"root": "6 Xposition Yposition Zposition Xrotation Yrotation Zrotation"}
ROOT = (1.0, 2.0, 3.0)


def hierarchy(bone="root", word="ROOT"):
    parent_place = " ".join(map(str, TREE[bone][1]))
    lines = [f"{word} {bone}", "{", f"OFFSET {parent_place}", f"CHANNELS {CHANNELS.get(bone, '3 Zrotation Xrotation Yrotation')}"]
    children = [child for child, (parent, _) in TREE.items() if parent == bone]
    for child in children:
        lines += hierarchy(child, "JOINT")
    return [*lines, *([] if children else ["End Site", "{", "OFFSET 0 0 1", "}"]), "}"]


def order():
    return [line.split()[1] for line in hierarchy() if line.startswith(("ROOT", "JOINT"))]


def text(turns):
    """The file with one frame; turns: by bone, degrees about Z, X, Y in that order (the root's about X, Y, Z)."""
    values = [*ROOT, *turns.get("root", (0, 0, 0))] + [value for bone in order()[1:] for value in turns.get(bone, (0, 0, 0))]
    return "\n".join(["HIERARCHY", *hierarchy(), "MOTION", "Frames: 1", "Frame Time: 0.04", " ".join(map(str, values))])


def written(tmp_path, turns, change=lambda whole: whole):
    path = tmp_path / "pose.bvh"
    path.write_text(change(text(turns)))
    return path


def random_turns(seed=0):
    rng = np.random.default_rng(seed)
    return {bone: tuple(rng.uniform(-50, 50, 3).round(3)) for bone in TREE}


def walked(turns):
    """Joint places (decimetres, Y up) by walking the tree with 4x4 matrices, as slow and obvious as can be."""
    made = {}
    for bone, (parent, place) in TREE.items():
        x, y, z = (Rotation.from_rotvec(np.radians(a) * np.eye(3)[i]).as_matrix() for i, a in enumerate(turns.get(bone, (0, 0, 0))))
        if bone != "root":  # written as Z, X, Y
            angles = turns.get(bone, (0, 0, 0))
            z, x, y = (Rotation.from_rotvec(np.radians(a) * np.eye(3)[i]).as_matrix() for a, i in zip(angles, (2, 0, 1), strict=True))
        local = np.eye(4)
        local[:3, :3] = x @ y @ z if bone == "root" else z @ x @ y
        local[:3, 3] = place
        made[bone] = (made[parent] if parent else np.eye(4)) @ local
    return {bone: matrix[[0, 2, 1], 3] * [1, 1, -1] for bone, matrix in made.items()}


def test_limbs_point_where_the_files_do(tmp_path):
    turns = random_turns()
    pose = smpl_poses(read_bvh(written(tmp_path, turns)))[0]
    ours, theirs = posed_joints(pose, T_POSE), walked(turns)
    for name, child in LIMB_CHILD.items():
        bone = ours[JOINT[child]] - ours[JOINT[name]]
        want = theirs[BONE_OF[child]] - theirs[BONE_OF[name]]
        np.testing.assert_allclose(bone / np.linalg.norm(bone), want / np.linalg.norm(want), atol=1e-6)


def test_a_rest_pose_stands_upright_facing_the_front_and_the_root_is_in_metres(tmp_path):
    motion = read_bvh(written(tmp_path, {}))
    np.testing.assert_allclose(motion.rotations["pelvis"][0], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(motion.roots, [[0.1, 0.3, -0.2]])
    assert motion.rest_directions["left_hip"][1] < 0 < motion.rest_directions["left_shoulder"][0]
    turned = read_bvh(written(tmp_path, {"root": (0, 0, 90)}))  # a quarter left about the file's up: the front comes to +X
    np.testing.assert_allclose(turned.rotations["pelvis"][0] @ [0, 0, 1], [1, 0, 0], atol=1e-12)


def test_turns_and_places_of_a_chain_in_the_files_own_axes(tmp_path):
    lines = [(number, line.split()) for number, line in enumerate(hierarchy(), start=1)]
    joints = read_hierarchy(lines, tmp_path)
    assert [joint.name for joint in joints] == order()
    np.testing.assert_allclose(rest_places(joints)[order().index("head")], [0, 0, 16])
    values = np.zeros((1, sum(len(joint.channels) for joint in joints)))
    np.testing.assert_allclose(world_turns(joints, values), np.tile(np.eye(3), (1, len(joints), 1, 1)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda whole: whole.replace("MOTION", "NOTION"), "has no line MOTION"),
        (lambda whole: whole.replace("JOINT head", "JOINT hat"), "bones are missing: head"),
        (lambda whole: whole.replace("OFFSET 0 0 9", "OFFSET 0 nine 9"), "line 4: not a number"),
        (lambda whole: whole.replace("CHANNELS 6", "CHANNELS 5"), "line 5: channels"),
        (lambda whole: whole.replace("Frames: 1", "Frames: 2"), "2 frames are said, 1 are there"),
        (lambda whole: whole + " 4.0", "numbers were expected"),
        (lambda whole: whole.replace("}\nMOTION", "MOTION"), "a bracket too few"),
        (lambda whole: whole.replace("ROOT root", "WURZEL root"), "line 2: `WURZEL` is not expected here"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path, change, said):
    path = written(tmp_path, {}, change)
    with pytest.raises(MotionUnreadable, match=r"pose\.bvh") as error:
        read_bvh(path)
    assert said in str(error.value)
