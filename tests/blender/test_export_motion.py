"""Motions in exported files: read again, every bone is where and turned as it was, on the first, a middle and the last frame."""

import json
import struct

import bpy
import numpy as np
import pytest

FIRST, LAST = 5, 20
FRAMES = (FIRST, 12, LAST)
IMPORTERS = {"glb": "import_scene.gltf", "fbx": "import_scene.fbx", "usdz": "wm.usd_import"}


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


@pytest.fixture
def armature(part, person):
    return part("scene.person").parts(person)["armature"]


@pytest.fixture
def moving(armature, tmp_path):
    """The person's armature, which moves from frame 5 to frame 20 at 30 frames per second and has IK controls, two of them keyed."""
    first, last = np.random.default_rng(0).normal(size=(2, 24, 3)) * 0.4
    share = np.linspace(0, 1, LAST - FIRST + 1)
    poses = first + share[:, None, None] * (last - first)
    np.savez(tmp_path / "stroll.npz", poses=poses.reshape(len(share), -1), trans=np.outer(share, [0.5, -1, 0.1]), mocap_framerate=30)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = 30, 1, 250
    bpy.ops.doppel.apply_motion(filepath=str(tmp_path / "stroll.npz"), start=FIRST)
    bpy.context.scene.frame_set(FIRST)
    bpy.ops.doppel.add_ik()
    for frame, place in ((FIRST, 0.0), (LAST, 0.1)):
        armature.pose.bones["left_wrist_ik"].location.x += place
        armature.pose.bones["left_wrist_ik"].keyframe_insert("location", frame=frame)
    armature["ik_right_arm"] = armature["ik_left_leg"] = armature["ik_right_leg"] = 0.0
    armature.update_tag()
    return armature


def posed(armature, frame: int, names) -> tuple[np.ndarray, np.ndarray]:
    """World positions of the bones' heads (24, 3) and of the skinned surface's vertices (V, 3)."""
    bpy.context.scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    bones = armature.evaluated_get(graph).pose.bones
    surface = next(thing for thing in bpy.context.scene.objects if thing.type == "MESH" and thing.find_armature() == armature)
    mesh = surface.evaluated_get(graph)
    points = np.array([mesh.matrix_world @ vertex.co for vertex in mesh.data.vertices])
    return np.array([armature.matrix_world @ bones[name].head for name in names]), points


def farthest(points: np.ndarray, expected: np.ndarray) -> float:
    """Metres from an expected point to the nearest point, at most: importers split vertices and change their order."""
    return float(np.linalg.norm(points[:, None] - expected[None], axis=-1).min(axis=0).max())


def read_again(path, fps: int = 30):
    """The one armature of a file, in an otherwise empty scene."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = fps
    module, name = IMPORTERS[path.suffix[1:]].split(".")
    getattr(getattr(bpy.ops, module), name)(filepath=str(path))
    (armature,) = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    return armature


@pytest.mark.parametrize("format", ["glb", "fbx", "usd", "unity", "unreal", "mixamo"])
def test_a_motion_comes_back(part, person, moving, tmp_path, format):
    joints = part("core.skeleton").JOINT_NAMES
    expected = [posed(moving, frame, joints) for frame in FRAMES]
    moving.location = (3, 0, 0) if format in part("scene.export").ENGINES else (0, 0, 0)
    scene = bpy.context.scene
    scene.frame_set(7)
    (path,) = part("scene.export").export_files(person, tmp_path, "walk", [format])
    assert (scene.frame_current, scene.frame_start, scene.frame_end) == (7, 1, 250)
    again = read_again(path)
    engine = part("scene.export").ENGINES.get(format)
    names = [engine.bones[name] for name in joints] if engine else joints
    assert {bone.name for bone in again.data.bones} == set(names)
    begin, end = again.animation_data.action.frame_range
    assert end - begin == LAST - FIRST
    shift = np.zeros(3)
    for frame, (heads, points) in zip(FRAMES, expected, strict=True):
        found, surface = posed(again, round(begin) + frame - FIRST, names)
        if engine and frame == FIRST:  # a character sets out from the origin
            shift = np.array([*(found[0] - heads[0])[:2], 0])
            rest = again.matrix_world @ again.data.bones[names[0]].head_local
            np.testing.assert_allclose(found[0, :2], rest[:2], atol=1e-3)
        np.testing.assert_allclose(found, heads + shift, atol=1e-3)
        assert farthest(surface, points + shift) < 1e-3


def test_without_a_motion_or_when_not_wanted_there_is_none(part, person, moving, tmp_path):
    for format in ("glb", "fbx"):
        path = part("scene.export").export_person(person, tmp_path / f"still.{format}", format, animation=False)
        assert format == "fbx" or "animations" not in content(path)
    bpy.ops.doppel.remove_ik()
    moving.animation_data.action = None
    assert "animations" not in content(part("scene.export").export_person(person, tmp_path / "none.glb", "glb"))
    again = read_again(tmp_path / "still.fbx")
    assert again.animation_data is None or again.animation_data.action is None


def content(path) -> dict:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def test_the_glb_says_its_times_itself(part, person, moving, tmp_path):
    """Without Blender's importer: one motion, from 0 s to 0.5 s."""
    read = content(part("scene.export").export_person(person, tmp_path / "walk.glb", "glb"))
    (motion,) = read["animations"]
    times = [read["accessors"][sampler["input"]] for sampler in motion["samplers"]]
    assert min(each["min"][0] for each in times) == 0
    assert max(each["max"][0] for each in times) == pytest.approx((LAST - FIRST) / 30, abs=1e-6)
    assert {channel["target"]["path"] for channel in motion["channels"]} <= {"translation", "rotation", "scale"}
    assert len(read["skins"][0]["joints"]) == 24


def test_the_operator_has_the_switch(person, moving, tmp_path):
    for animation in (True, False):
        assert bpy.ops.doppel.export(directory=str(tmp_path), formats={"glb"}, animation=animation) == {"FINISHED"}
        assert ("animations" in content(tmp_path / "walk.glb")) == animation
    assert bpy.ops.doppel.export.get_rna_type().properties["animation"].default
