"""Characters for engines, levels of detail and USD: read again, they have the right size, axes, names and shape."""

import dataclasses
import json
import struct
import types
from pathlib import Path

import bpy
import numpy as np
import pytest

ENGINES = ("unity", "unreal", "mixamo")


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


@pytest.fixture
def write(part, tmp_path):
    """Write a person's files, then open an empty scene; the files' names."""

    def to_files(person, formats, lods=0):
        files = part("scene.export").export_files(person, tmp_path, "walk", formats, lods)
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        return [file.name for file in files]

    return to_files


def things(kind: str) -> list:
    return [thing for thing in bpy.context.scene.objects if thing.type == kind]


def points_of(mesh) -> np.ndarray:
    """World positions of the vertices as they are evaluated."""
    evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(evaluated.data.vertices), dtype=np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def farthest(points: np.ndarray, expected: np.ndarray) -> float:
    """Metres from an expected point to the nearest point, at most."""
    return float(np.linalg.norm(points[:, None] - expected[None], axis=-1).min(axis=0).max())


def fbx_models(path) -> dict[str, dict]:
    """Name -> local translation, rotation and scaling of every node of an FBX file, read without Blender's importer."""
    from io_scene_fbx.parse_fbx import parse

    root, _ = parse(str(path))
    (objects,) = [element for element in root.elems if element.id == b"Objects"]
    found = {}
    for model in objects.elems:
        if model.id == b"Model":
            (block,) = [element for element in model.elems if element.id == b"Properties70"]
            values = {p.props[0].decode(): p.props[4:] for p in block.elems if p.props[0].startswith(b"Lcl")}
            name = model.props[1].split(b"\x00")[0].decode()
            found[name] = {key: np.array(values.get(f"Lcl {key}", default)) for key, default in DEFAULTS.items()}
    return found


DEFAULTS = {"Translation": (0, 0, 0), "Rotation": (0, 0, 0), "Scaling": (1, 1, 1)}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_character_stands_at_the_origin_in_its_rest_pose(part, person, avatar, write, tmp_path, engine):
    armature = part("scene.person").parts(person)["armature"]
    armature.location, armature.rotation_euler = (3, -2, 1), (0, 0, 1)  # where it stands in the scene is not part of it
    (name,) = write(person, [engine])
    assert name == f"walk-{engine}.fbx"
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / name))
    (mesh,) = things("MESH")
    expected = part("scene.frames").body_to_blender(avatar.rest_vertices)
    expected[:, 2] -= expected[:, 2].min()
    assert farthest(points_of(mesh), expected) < 1e-4
    (skeleton,) = things("ARMATURE")
    names = getattr(part("scene.bone_names"), engine.upper())
    assert {bone.name for bone in skeleton.data.bones} == set(names.values())
    assert {group.name for group in mesh.vertex_groups} == set(names.values())
    for joint, parent in part("scene.armature").PARENT_OF.items():
        if parent:
            assert skeleton.data.bones[names[joint]].parent.name == names[parent]
    elbow = skeleton.matrix_world @ skeleton.data.bones[names["left_elbow"]].head_local
    joint = part("scene.frames").body_to_blender(avatar.rest_joints)[part("core.skeleton").JOINT_NAMES.index("left_elbow")]
    lowest = part("scene.frames").body_to_blender(avatar.rest_vertices)[:, 2].min()
    np.testing.assert_allclose(elbow, joint - [0, 0, lowest], atol=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_node_is_turned_or_scaled_and_centimetres_are_in_the_data(part, person, avatar, tmp_path, engine):
    """What Unity and Unreal would show as the root's transform, and the pelvis's height as its own position in centimetres."""
    armature = part("scene.person").parts(person)["armature"]
    kept = armature.name
    (file,) = part("scene.export").export_files(person, tmp_path, "walk", [engine])
    assert armature.name == kept
    models = fbx_models(file)
    names = getattr(part("scene.bone_names"), engine.upper())
    root = {"unity": "walk", "unreal": "root", "mixamo": "Armature"}[engine]
    mesh = next(model for model in models if model not in {root, *names.values()})
    for node in (root, mesh):
        np.testing.assert_allclose(models[node]["Translation"], 0, atol=1e-4)
        np.testing.assert_allclose(models[node]["Rotation"], 0, atol=1e-3)
    for node in models.values():
        np.testing.assert_allclose(node["Scaling"], 1, atol=1e-5)
    lowest = avatar.rest_vertices[:, 1].min()
    np.testing.assert_allclose(models[names["pelvis"]]["Translation"], 100 * (avatar.rest_joints[0] - [0, lowest, 0]), atol=1e-2)


@pytest.fixture
def small_pictures(part, monkeypatch):
    monkeypatch.setattr(part("scene.character"), "LOD_TEXELS", 32)


def test_levels_of_detail_in_one_file_for_unity(person, write, tmp_path, small_pictures):
    full = len(person.objects["walk surface"].data.polygons)
    assert write(person, ["unity"], lods=1) == ["walk-unity.fbx"]
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "walk-unity.fbx"))
    meshes = {mesh.name: mesh for mesh in things("MESH")}
    assert set(meshes) == {"walk_LOD0", "walk_LOD1"}
    assert len(meshes["walk_LOD0"].data.polygons) == full
    assert len(meshes["walk_LOD1"].data.polygons) < 0.4 * full
    assert all(mesh.find_armature() for mesh in meshes.values())
    low, high = points_of(meshes["walk_LOD1"]), points_of(meshes["walk_LOD0"])
    np.testing.assert_allclose([low.min(axis=0), low.max(axis=0)], [high.min(axis=0), high.max(axis=0)], atol=0.1)
    names = {Path(image.filepath).name for image in bpy.data.images if image.packed_file}
    assert names == {"walk_surface_001_low_albedo.png", "walk_surface_001_low_normals.png"}


def test_levels_of_detail_apart_for_the_others(part, person, write, tmp_path, census, monkeypatch):
    monkeypatch.setattr(part("scene.low_poly"), "bake_texture", lambda *_, **__: None)
    before, hidden = census(), [thing.hide_get() for thing in person.objects]
    files = part("scene.export").export_files(person, tmp_path, "walk", ["glb"], 1)
    assert [file.name for file in files] == ["walk.glb", "walk_LOD1.glb"]
    assert census() == before
    assert [thing.hide_get() for thing in person.objects] == hidden
    triangles = [sum(accessor_counts(file)) // 3 for file in files]
    assert triangles[1] < 0.4 * triangles[0]
    with pytest.raises(part("core.errors").SettingInvalid, match="4 levels"):
        write(person, ["glb"], lods=4)


def accessor_counts(path) -> list[int]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    content = json.loads(data[20 : 20 + length])
    return [content["accessors"][primitive["indices"]]["count"] for mesh in content["meshes"] for primitive in mesh["primitives"]]


@pytest.fixture
def textured(part, avatar):
    """The person with a texture of 64 × 64 random texels."""
    random = np.random.default_rng(5)
    picture = random.integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
    uv = random.random(size=(len(avatar.faces), 3, 2))
    return part("scene.person").build_person(dataclasses.replace(avatar, uv=uv, texture=picture), "walk"), picture


def test_a_normal_map_comes_with_tangents(part, textured, tmp_path):
    """Without them every program makes up its own, and bumps come out turned."""
    person, picture = textured
    materials, surface = part("scene.material"), part("scene.person").parts(person)["surface"]

    def attributes() -> set[str]:
        data = part("scene.export").export_person(person, tmp_path / "walk.glb", "glb").read_bytes()
        (length,) = struct.unpack_from("<I", data, 12)
        (mesh,) = json.loads(data[20 : 20 + length])["meshes"]
        return set(mesh["primitives"][0]["attributes"])

    assert materials.normals_of(surface.active_material) is None
    assert "TANGENT" not in attributes()
    images = materials.build_texture("albedo", picture), materials.build_texture("normals", picture, colour=False)
    surface.data.materials[0] = materials.build_material("bumpy", *images)
    assert materials.normals_of(surface.active_material) == images[1]
    assert "TANGENT" in attributes()


def test_usd_comes_back_posed_with_its_texture(part, textured, avatar, write, tmp_path):
    assert write(textured[0], ["usd"]) == ["walk.usdz"]
    bpy.ops.wm.usd_import(filepath=str(tmp_path / "walk.usdz"))
    bpy.context.scene.frame_set(bpy.context.scene.frame_current)
    (mesh,) = things("MESH")
    assert farthest(points_of(mesh), part("scene.frames").body_to_blender(avatar.vertices)) < 1e-4
    (skeleton,) = things("ARMATURE")
    assert {bone.name for bone in skeleton.data.bones} == set(part("core.skeleton").JOINT_NAMES)
    assert [tuple(image.size) for image in bpy.data.images if image.type == "IMAGE"] == [(64, 64)]


def test_a_blender_without_usd_says_so(part, person, tmp_path, monkeypatch):
    """Debian's, for one."""
    without = types.SimpleNamespace(app=types.SimpleNamespace(build_options=types.SimpleNamespace(usd=False)))
    monkeypatch.setattr(part("scene.export"), "bpy", without)
    with pytest.raises(part("core.errors").SettingInvalid, match="built without USD"):
        part("scene.export").WRITERS["usd"](tmp_path / "walk.usdz", part("scene.export").Look())


def test_a_textured_obj_has_its_picture_beside_it(part, textured, write, tmp_path):
    person, picture = textured
    write(person, ["obj"])
    bpy.ops.wm.obj_import(filepath=str(tmp_path / "walk.obj"))
    (mesh,) = things("MESH")
    found = part("scene.material").texture_of(mesh.active_material)
    assert found.name.startswith("walk.png")
    again = np.empty(len(found.pixels), dtype=np.float32)
    found.pixels.foreach_get(again)
    np.testing.assert_allclose(again.reshape(64, 64, 4)[::-1, :, :3], picture / 255, atol=1 / 255)


def test_every_program_has_a_name_for_every_joint(part):
    names = part("scene.bone_names")
    for table in (names.UNITY, names.UNREAL, names.MIXAMO):
        assert list(table) == list(part("core.skeleton").JOINT_NAMES)
        assert len(set(table.values())) == 24
    assert names.UNITY["left_elbow"] == "LeftLowerArm"
    assert names.UNREAL["right_hip"] == "thigh_r"
    assert names.MIXAMO["left_ankle"] == "mixamorig:LeftFoot"


def test_the_operator_does_what_the_function_does(part, person, tmp_path, census):
    before = census()
    assert bpy.ops.doppel.export(directory=str(tmp_path / "new"), formats={"glb", "mixamo"}) == {"FINISHED"}
    assert census() == before
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"walk.glb", "walk-mixamo.fbx"}
    part("scene.export").export_files(person, tmp_path, "walk", ["glb"])
    assert (tmp_path / "walk.glb").read_bytes() == (tmp_path / "new" / "walk.glb").read_bytes()


def test_the_operator_says_what_is_wrong(person, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError, match="Choose a folder"):
        bpy.ops.doppel.export(directory=str(tmp_path / "file" / "below"))
    (tmp_path / "walk.glb").mkdir()
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.doppel.export(directory=str(tmp_path))


def test_without_a_person_poll_says_so():
    assert not bpy.ops.doppel.export.poll()
    with pytest.raises(RuntimeError, match="Select the person to export"):
        bpy.ops.doppel.export()


def test_the_panel_has_a_button_for_every_format(part):
    drawn = []

    class Column:
        def operator(self, name, text, icon):
            drawn.append((name, types.SimpleNamespace(text=text)))
            return drawn[-1][1]

    layout = types.SimpleNamespace(column=lambda align: Column())
    part("panels.export").DOPPEL_PT_export.draw(types.SimpleNamespace(layout=layout), bpy.context)
    formats = [choice for choice in part("core.settings").FORMATS.choices if choice.name != "npz"]
    assert {name for name, _ in drawn} == {"doppel.export"}
    assert [(button.text, button.formats) for _, button in drawn] == [(choice.label, {choice.name}) for choice in formats]
