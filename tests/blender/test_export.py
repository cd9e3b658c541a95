"""The files: each is read again by Blender and has the same person in it."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


def start_anew():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def the_mesh():
    (mesh,) = [thing for thing in bpy.context.scene.objects if thing.type == "MESH" and len(thing.data.vertices) > 100]
    return mesh


def posed(mesh) -> np.ndarray:
    evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(evaluated.data.vertices), dtype=np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def colours_of(mesh, count: int) -> np.ndarray:
    """sRGB bytes per vertex of the active colour attribute, whichever domain an importer gave it."""
    attribute = mesh.data.color_attributes[0]
    values = np.empty(4 * len(attribute.data), dtype=np.float32)
    attribute.data.foreach_get("color_srgb", values)
    values = np.rint(values.reshape(-1, 4)[:, :3] * 255)
    if attribute.domain == "POINT":
        return values
    corners = np.empty(len(mesh.data.loops), dtype=np.int32)
    mesh.data.loops.foreach_get("vertex_index", corners)
    result = np.zeros((count, 3))
    result[corners] = values
    return result


def match(points: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """For each expected point the number of the nearest point; all must lie within a tenth of a millimetre."""
    distances = np.linalg.norm(points[:, None] - expected[None], axis=-1)
    nearest = distances.argmin(axis=0)
    assert distances.min(axis=0).max() < 1e-4
    return nearest


@pytest.mark.parametrize("format", ["glb", "fbx"])
def test_rigged_files_come_back_with_bones_pose_and_colours(part, avatar, person, tmp_path, format):
    path = part("scene.export").export_person(person, tmp_path / f"walk.{format}", format)
    start_anew()
    {"glb": bpy.ops.import_scene.gltf, "fbx": bpy.ops.import_scene.fbx}[format](filepath=str(path))
    (armature,) = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    assert {bone.name for bone in armature.data.bones} == set(part("core.skeleton").JOINT_NAMES)
    mesh = the_mesh()
    found = match(posed(mesh), part("scene.frames").body_to_blender(avatar.vertices))
    np.testing.assert_allclose(colours_of(mesh, len(mesh.data.vertices))[found], avatar.albedo, atol=1)
    assert len([thing for thing in bpy.context.scene.objects if thing.type == "CAMERA"]) == 0


def test_a_glb_of_a_moving_person_stands_as_on_the_scenes_frame(part, avatar, person, tmp_path):
    armature, pose = part("scene.person").parts(person)["armature"], part("scene.armature").apply_pose
    pose(armature, 0 * avatar.pose, 0 * avatar.translation, frame=1)
    pose(armature, avatar.pose, avatar.translation, frame=20)
    bpy.context.scene.frame_set(20)
    path = part("scene.export").export_person(person, tmp_path / "walk.glb", "glb", animation=False)
    assert bpy.context.scene.frame_current == 20
    start_anew()
    bpy.ops.import_scene.gltf(filepath=str(path))
    bpy.context.scene.frame_set(100)  # past the end of whatever moves
    match(posed(the_mesh()), part("scene.frames").body_to_blender(avatar.vertices))


def test_the_glb_says_so_itself(part, person, avatar, tmp_path):
    """Without Blender's importer: 24 joints, colours and weights in the file, y up, feet on the ground."""
    data = part("scene.export").export_person(person, tmp_path / "walk.glb", "glb").read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    content = json.loads(data[20 : 20 + length])
    (skin,), (mesh,) = content["skins"], content["meshes"]
    assert {content["nodes"][joint]["name"] for joint in skin["joints"]} == set(part("core.skeleton").JOINT_NAMES)
    (primitive,) = mesh["primitives"]
    assert {"POSITION", "NORMAL", "COLOR_0", "JOINTS_0", "WEIGHTS_0"} <= set(primitive["attributes"])
    bounds = content["accessors"][primitive["attributes"]["POSITION"]]
    np.testing.assert_allclose(bounds["min"], avatar.rest_vertices.min(axis=0), atol=1e-5)
    np.testing.assert_allclose(bounds["max"], avatar.rest_vertices.max(axis=0), atol=1e-5)


def test_obj_stands_in_the_photo_pose_in_colour(part, avatar, person, tmp_path):
    """Read line by line: positions in the body frame, colours as sRGB."""
    path = part("scene.export").export_person(person, tmp_path / "walk.obj", "obj")
    lines = [line.split()[1:] for line in path.read_text().splitlines() if line.startswith("v ")]
    values = np.array(lines, dtype=float)
    np.testing.assert_allclose(values[:, :3], avatar.vertices, atol=1e-4)
    np.testing.assert_allclose(values[:, 3:] * 255, avatar.albedo, atol=0.51)


def test_blend_holds_the_scene_with_the_photo_and_leaves_the_open_one_alone(part, avatar, tmp_path):
    photo = bpy.data.images.new("made", *avatar.image_size.tolist())
    photo.filepath_raw, photo.file_format = str(tmp_path / "walk.png"), "PNG"
    photo.save()
    bpy.data.images.remove(photo)
    person = part("scene.person").build_person(avatar, "walk", tmp_path / "walk.png")
    path = part("scene.export").export_person(person, tmp_path / "walk.blend", "blend")
    assert bpy.data.filepath == ""
    assert not bpy.data.images["walk.png"].packed_file
    (tmp_path / "walk.png").unlink()
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert bpy.data.images["walk.png"].packed_file
    assert tuple(bpy.data.images["walk.png"].size) == tuple(avatar.image_size)
    surface = part("scene.person").parts(bpy.data.collections["walk"])["surface"]
    np.testing.assert_allclose(posed(surface), part("scene.frames").body_to_blender(avatar.vertices), atol=1e-4)


@pytest.mark.parametrize("format", ["glb", "fbx", "usd", "unity", "obj", "blend"])
def test_exporting_changes_neither_scene_nor_selection(part, person, census, tmp_path, format):
    bpy.ops.mesh.primitive_cube_add()
    before, selected = census(), list(bpy.context.selected_objects)
    part("scene.export").export_person(person, tmp_path / f"walk.{format}", format)
    assert census() == before
    assert list(bpy.context.selected_objects) == selected
    assert bpy.context.view_layer.objects.active == selected[0]


@pytest.mark.parametrize("format", ["glb", "fbx", "obj", "blend"])
def test_a_place_that_cannot_be_written_is_an_error(part, person, tmp_path, format):
    (tmp_path / "walk").mkdir()
    errors = part("core.errors")
    with pytest.raises(errors.FolderNotWritable, match="cannot be written"):
        part("scene.export").export_person(person, tmp_path / "walk", format)
    with pytest.raises(errors.FolderNotWritable, match="cannot be written"):
        part("scene.export").export_person(person, tmp_path / "nowhere" / "walk", format)


def test_another_format_is_an_error(part, person, tmp_path):
    with pytest.raises(part("core.errors").SettingInvalid, match="abc"):
        part("scene.export").export_person(person, tmp_path / "walk.abc", "abc")


def test_every_format_of_the_settings_has_a_writer(part):
    written = {*part("scene.export").WRITERS, *part("scene.export").ENGINES}
    assert {"npz", *written} == {choice.name for choice in part("core.settings").FORMATS.choices}


def test_the_sheet_shows_four_sides_and_leaves_no_trace(part, avatar, census, tmp_path, monkeypatch, random_pose):
    """A person red in front and blue behind: the first view is red, the third blue, and left is left."""
    monkeypatch.setattr(part("scene.sheet"), "SAMPLES", 2)
    avatar = box_person(avatar)
    person = part("scene.person").build_person(avatar, "box")
    armature = part("scene.person").parts(person)["armature"]
    pose_before, before = [bone.matrix_basis.copy() for bone in armature.pose.bones], census()
    aside = [(np.zeros((24, 3)), np.array([0.3, 0, 0]))]
    path = part("scene.sheet").render_sheet(person, tmp_path / "sheet.png", size=64, more_poses=aside)
    assert census() == before
    assert [bone.matrix_basis for bone in armature.pose.bones] == pose_before
    image = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(image.size[1], image.size[0], 4)[::-1, :, :3]
    assert pixels.shape[0] == 128
    width = pixels.shape[1] // 4
    for row in (32, 96):
        middles = [pixels[row, column * width + width // 2] for column in range(4)]
        assert [brightest(colour) for colour in middles] == ["red", "green", "blue", "yellow"]


def test_a_sheet_in_a_place_that_cannot_be_written_is_an_error(part, person, census, tmp_path):
    before = census()
    with pytest.raises(part("core.errors").FolderNotWritable, match="cannot be written"):
        part("scene.sheet").render_sheet(person, tmp_path / "nowhere" / "sheet.png")
    assert census() == before


def brightest(colour) -> str:
    red, green, blue = colour > 0.5 * colour.max()
    return {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 0): "yellow"}[int(red), int(green), int(blue)]


def box_person(avatar):
    """A box at rest in the rest pose: red front (+Z), green left (+X), blue back, yellow right; rigidly on the pelvis."""
    import dataclasses

    sides = {(0, 0, 1): (200, 20, 20), (1, 0, 0): (20, 200, 20), (0, 0, -1): (20, 20, 200), (-1, 0, 0): (200, 200, 20)}
    vertices, faces, colours = [], [], []
    for normal, colour in sides.items():
        across = np.cross((0, 1, 0), normal)
        faces += [np.array(face) + len(vertices) for face in ((0, 1, 2), (0, 2, 3))]
        vertices += [0.3 * np.array(normal) + 0.3 * s * across + np.array((0, t, 0)) for s, t in ((-1, 0), (1, 0), (1, 1), (-1, 1))]
        colours += [colour] * 4
    skin = np.zeros((16, 4))
    return dataclasses.replace(
        avatar,
        vertices=vertices,
        rest_vertices=vertices,
        faces=faces,
        albedo=colours,
        skin_joints=skin,
        skin_weights=np.tile((1, 0, 0, 0), (16, 1)),
        pose=np.zeros((24, 3)),
        translation=np.zeros(3),
    )


def run_scene(*arguments) -> tuple[int, dict]:
    """Exit code and last JSON line of `python scene/__main__.py`."""
    child = subprocess.run(
        [sys.executable, str(ROOT / "scene/__main__.py"), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return child.returncode, json.loads(child.stdout.strip().splitlines()[-1])


def test_as_a_program(avatar, tmp_path):
    paths = [avatar.save(tmp_path / f"{name}.npz") for name in ("walk", "run")]
    code, answer = run_scene(*paths, "--formats", "glb,blend", "--out", tmp_path / "out")
    assert code == 0
    files = [tmp_path / "out" / name for name in ("walk.glb", "walk.blend", "run.glb", "run.blend")]
    assert answer == {"files": [str(file) for file in files]}
    assert all(file.stat().st_size for file in files)
    bpy.ops.wm.open_mainfile(filepath=str(files[3]))
    assert [collection.name for collection in bpy.data.collections] == ["run"]
    assert len(bpy.data.objects) == 4


def test_as_a_program_an_error_is_its_last_line(tmp_path):
    (tmp_path / "bad.npz").write_text("no avatar")
    code, answer = run_scene(tmp_path / "bad.npz", "--formats", "glb", "--out", tmp_path)
    assert (code, answer["kind"]) == (1, "AvatarInvalid")
    assert "bad.npz" in answer["text"]
    assert answer["hint"]
