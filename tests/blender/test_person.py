"""The person in the scene: everything the Avatar holds is there, a saved file still has it, and a failure leaves nothing."""

import dataclasses

import bpy
import numpy as np
import pytest


@pytest.fixture
def build(part):
    return part("scene.person").build_person


@pytest.fixture
def parts(part):
    return part("scene.person").parts


def stored(collection, attribute, width, dtype=np.float32) -> np.ndarray:
    values = np.empty(len(collection) * width, dtype=dtype)
    collection.foreach_get(attribute, values)
    return values.reshape(-1, width)


def test_one_collection_holds_the_four_parts(build, parts, avatar):
    person = build(avatar, "walk")
    assert {part: thing.name for part, thing in parts(person).items()} == {
        "armature": "walk",
        "surface": "walk surface",
        "body": "walk body",
        "camera": "walk camera",
    }
    assert person.name in bpy.context.scene.collection.children


def test_the_albedo_is_kept_byte_for_byte_and_shown_by_the_material(build, parts, avatar):
    every_byte = np.resize(np.arange(256, dtype=np.uint8), avatar.albedo.shape)
    surface = parts(build(dataclasses.replace(avatar, albedo=every_byte), "walk"))["surface"]
    colours = surface.data.color_attributes["Albedo"]
    assert surface.data.color_attributes.active_color == colours
    np.testing.assert_array_equal(np.rint(stored(colours.data, "color_srgb", 4)[:, :3] * 255), every_byte)
    shader = surface.active_material.node_tree.nodes["Principled BSDF"]
    (link,) = shader.inputs["Base Color"].links
    assert link.from_node.layer_name == "Albedo"


def test_mesh_at_rest_smooth_and_skinned(build, parts, avatar, part):
    surface = parts(build(avatar, "walk"))["surface"]
    rest = part("scene.frames").body_to_blender(avatar.rest_vertices)
    np.testing.assert_allclose(stored(surface.data.vertices, "co", 3), rest, atol=1e-6)
    assert all(polygon.use_smooth for polygon in surface.data.polygons)
    assert [group.name for group in surface.vertex_groups] == list(part("core.skeleton").JOINT_NAMES)
    weights = np.zeros((len(rest), 24))
    for vertex in surface.data.vertices:
        for group in vertex.groups:
            weights[vertex.index, group.group] = group.weight
    expected = np.zeros((len(rest), 24))
    for slot in range(4):
        expected[np.arange(len(rest)), avatar.skin_joints[:, slot]] += avatar.skin_weights[:, slot]
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_the_fitted_body_is_hidden_and_follows_the_armature(build, parts, avatar, part):
    person = parts(build(avatar, "walk"))
    body = person["body"]
    assert (body.hide_viewport, body.hide_render, body.parent) == (True, True, person["armature"])
    expected = part("scene.frames").body_to_blender(avatar.body_vertices)
    np.testing.assert_allclose(stored(body.data.vertices, "co", 3), expected, atol=1e-6)


def test_a_world_only_where_there_is_none_or_one_is_asked_for(build, avatar):
    own = bpy.data.worlds.new("own")
    bpy.context.scene.world = own
    build(avatar, "first")
    assert bpy.context.scene.world == own
    build(avatar, "second", new_world=True)
    assert bpy.context.scene.world.name == "second"
    bpy.context.scene.world = None
    build(avatar, "third")
    assert bpy.context.scene.world.name == "third"


def test_the_world_has_the_avatars_light(build, avatar, part):
    build(avatar, "walk", new_world=True)
    world = part("scene.world")
    np.testing.assert_allclose(world.get_light(world.light_node(bpy.context.scene.world)), avatar.light, atol=1e-6)


def test_the_person_remembers_its_light(build, avatar, part):
    person = build(avatar, "walk")
    np.testing.assert_array_equal(part("scene.person").light_of(person), avatar.light)


def test_the_armature_is_active_and_alone_selected_even_out_of_another_edit_mode(build, parts, avatar):
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    person = parts(build(avatar, "walk"))
    assert bpy.context.mode == "OBJECT"
    assert bpy.context.view_layer.objects.active == person["armature"]
    assert bpy.context.selected_objects == [person["armature"]]


def test_a_second_person_of_the_same_name_is_another_one(build, parts, avatar, part):
    first, second = parts(build(avatar, "walk")), parts(build(avatar, "walk"))
    assert not {thing.name for thing in first.values()} & {thing.name for thing in second.values()}
    assert second["surface"].find_armature() == second["armature"]
    assert second["surface"].active_material != first["surface"].active_material


@pytest.mark.parametrize("step", ["build_armature", "apply_pose", "build_surface", "build_body", "build_camera", "build_world"])
def test_a_failure_halfway_leaves_nothing(part, build, avatar, census, monkeypatch, step):
    bpy.context.scene.world = None
    before = census()

    def fail(*arguments, **named):
        raise ZeroDivisionError(step)

    monkeypatch.setattr(part("scene.person"), step, fail)
    with pytest.raises(ZeroDivisionError):
        build(avatar, "walk")
    assert census() == before


def test_a_failure_while_bones_are_made_leaves_nothing(part, build, avatar, census, monkeypatch):
    before = census()
    monkeypatch.setattr(part("scene.armature"), "_tail", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(avatar, "walk")
    assert census() == before
    assert bpy.context.mode == "OBJECT"


def test_a_saved_file_reopens_with_the_same_person(build, parts, avatar, part, tmp_path):
    build(avatar, "walk")
    before = census_of_person(parts(bpy.data.collections["walk"]))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    after = census_of_person(parts(bpy.data.collections["walk"]))
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value, err_msg=key)


def census_of_person(person) -> dict[str, np.ndarray]:
    """Posed vertices, colours, pose and camera as Blender has them."""
    evaluated = person["surface"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    return {
        "vertices": stored(evaluated.data.vertices, "co", 3),
        "colours": stored(person["surface"].data.color_attributes["Albedo"].data, "color_srgb", 4),
        "pose": np.array([bone.matrix_basis for bone in person["armature"].pose.bones]),
        "camera": np.array(person["camera"].matrix_world),
        "light": np.array(bpy.data.collections["walk"]["doppel_light"]),
    }
