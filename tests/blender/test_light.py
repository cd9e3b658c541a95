"""The light in Blender is the light of core.light: what a camera sees of the world, and what a white sphere gathers from it."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from training.evaluate.white_sphere import FRONT, SIDE, TOP, positive_light, relative_rmse, render_sphere, sphere_normals, wrong_lights


@pytest.fixture
def world_of(part):
    return lambda light, name="light": part("scene.world").build_world(np.asarray(light), name)


@pytest.fixture
def node_of(part):
    return part("scene.world").light_node


@pytest.mark.parametrize(("seed", "turn"), [(0, FRONT), (1, SIDE), (2, TOP), (3, FRONT)])
def test_a_white_sphere_shows_the_irradiance_formula(part, world_of, tmp_path, seed, turn):
    """Within half a percent of the mean; every light with a coefficient of the wrong sign, or with two neighbours swapped, is farther."""
    light, (normals, inside) = positive_light(seed, part), sphere_normals(turn)
    seen = render_sphere(world_of(light), turn, tmp_path / "sphere.exr")[inside]

    def expected(coefficients):
        return part("core.light").irradiance(coefficients, normals[inside]).mean(axis=1) / np.pi

    assert relative_rmse(seen, expected(light)) < 0.005
    assert min(relative_rmse(seen, expected(coefficients)) for coefficients in wrong_lights(light)) > 0.01


def test_where_the_series_is_negative_the_light_is_zero(part, world_of, tmp_path):
    """A lobe that dips far below zero: the sphere gathers max(series, 0), integrated numerically, and not the formula."""
    light = np.zeros((9, 3))
    light[0], light[1], light[8] = 1, (2.5, -2, 0.5), (0.3, 1.5, -1.5)
    light_module, turn = part("core.light"), FRONT
    normals, inside = sphere_normals(turn)
    seen = render_sphere(world_of(light), turn, tmp_path / "sphere.exr")[inside]
    directions, solid_angles = part("scene.panorama").directions(128)
    radiance = np.maximum(light_module.radiance(light, directions), 0).reshape(-1, 3) * solid_angles.reshape(-1, 1)
    middle = normals[inside].mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    expected = np.maximum(middle @ directions.reshape(-1, 3).T, 0) @ radiance / np.pi
    assert relative_rmse(seen, expected) < 0.005
    assert relative_rmse(seen, light_module.irradiance(light, middle) / np.pi) > 0.05


def picture(part, world) -> np.ndarray:
    return part("scene.panorama").render_panorama(world, 64)


def body_directions(part, width: int = 64) -> np.ndarray:
    x, y, z = np.moveaxis(part("scene.panorama").directions(width)[0], -1, 0)
    return np.stack([x, z, -y], axis=-1)


def test_the_world_is_the_series_in_every_direction(part, world_of):
    light = positive_light(4, part)
    expected = part("core.light").radiance(light, body_directions(part))
    np.testing.assert_allclose(picture(part, world_of(light)), expected, atol=0.02)  # a pixel is an area, and the pixels are large


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotation_turns_the_light_about_blenders_axes(part, world_of, node_of, axis):
    light, world = positive_light(5, part), world_of(positive_light(5, part))
    angles = [0.0, 0.0, 0.0]
    angles[axis] = 1.1
    node_of(world).inputs["Rotation"].default_value = angles
    x, y, z = np.moveaxis(part("scene.panorama").directions(64)[0] @ np.array(Matrix.Rotation(1.1, 3, "XYZ"[axis])), -1, 0)
    expected = part("core.light").radiance(light, np.stack([x, z, -y], axis=-1))  # row vectors: the product above turns back
    np.testing.assert_allclose(picture(part, world), expected, atol=0.02)


def test_strength_and_saturation(part, world_of, node_of):
    light, world = positive_light(6, part), world_of(positive_light(6, part))
    node_of(world).inputs["Strength"].default_value = 2.5
    node_of(world).inputs["Saturation"].default_value = 0.0
    grey = part("core.light").radiance(light, body_directions(part)) @ (0.2126, 0.7152, 0.0722)
    np.testing.assert_allclose(picture(part, world), np.repeat(2.5 * grey[..., None], 3, axis=2), atol=0.05)


def test_fitting_a_world_made_from_a_light_gives_that_light(part, world_of, node_of):
    light = positive_light(7, part)
    world = world_of(light)
    np.testing.assert_allclose(part("scene.world").fit_light(world), light, atol=1e-3)
    np.testing.assert_allclose(part("scene.world").get_light(node_of(world)), light, atol=1e-5)


def test_light_changes_axes_and_comes_back(part):
    light, frames = np.random.default_rng(8).normal(size=(9, 3)), part("scene.frames")
    directions = np.random.default_rng(9).normal(size=(100, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    turned, radiance = frames.light_to_blender(light), part("core.light").radiance
    np.testing.assert_allclose(radiance(turned, frames.body_to_blender(directions)), radiance(light, directions), atol=1e-12)
    np.testing.assert_allclose(frames.light_to_body(turned), light, atol=1e-12)


def test_the_baked_picture_lights_like_the_world(part, world_of, tmp_path):
    """Read by an Environment Texture, as other tools and Blender itself read it: up is up, left is left."""
    light = positive_light(10, part)
    image = part("scene.panorama").bake_world(world_of(light), 128, tmp_path / "light.hdr", pack=False)
    assert tuple(image.size) == (128, 64)
    world = bpy.data.worlds.new("environment")
    world.use_nodes = True
    texture = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    texture.image = image
    world.node_tree.links.new(texture.outputs["Color"], world.node_tree.nodes["Background"].inputs["Color"])
    assert relative_rmse(part("scene.world").fit_light(world), light) < 0.02


def test_an_hdri_is_fitted_by_its_projection(part):
    """A real sky of Blender's own, against the integral of its pixels."""
    file = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "sunrise.exr"
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    texture = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    texture.image = bpy.data.images.load(str(file))
    world.node_tree.links.new(texture.outputs["Color"], world.node_tree.nodes["Background"].inputs["Color"])
    pixels = part("scene.panorama").read_picture(file)
    directions, solid_angles = part("scene.panorama").directions(pixels.shape[1])
    x, y, z = np.moveaxis(directions, -1, 0)
    basis = part("core.light").sh_basis(np.stack([x, z, -y], axis=-1))
    expected = np.einsum("hwk,hwc,hw->kc", basis, pixels, solid_angles)
    assert np.abs(part("scene.world").fit_light(world) - expected).max() < 0.01 * np.abs(expected).max()


def test_one_group_serves_every_world_and_a_changed_one_is_left_alone(part, world_of, node_of):
    first, second = world_of(np.ones((9, 3))), world_of(np.ones((9, 3)), "second")
    group = node_of(first).node_tree
    assert node_of(second).node_tree == group
    group.interface.new_socket("My own", in_out="INPUT", socket_type="NodeSocketFloat")
    assert node_of(world_of(np.ones((9, 3)), "third")).node_tree != group


def test_it_can_be_animated(part, world_of, node_of):
    world = world_of(part("core.light").NEUTRAL)
    socket = node_of(world).inputs["Strength"]
    for frame, value in ((1, 0.0), (21, 2.0)):
        socket.default_value = value
        assert socket.keyframe_insert("default_value", frame=frame)
    bpy.context.scene.world = world
    bpy.context.scene.frame_set(11)
    assert socket.default_value == pytest.approx(1, abs=0.01)


# --- the buttons: poll no, poll yes, an error, a success, each


@pytest.fixture
def person(part, avatar):
    return part("scene.person").build_person(avatar, "walk")


def test_apply_light_says_why_not():
    assert not bpy.ops.doppel.apply_light.poll()
    with pytest.raises(RuntimeError, match="Select the person whose light to apply"):
        bpy.ops.doppel.apply_light()


def test_apply_light_of_two_people_wants_one_selected(part, avatar):
    for name in ("walk", "run"):
        part("scene.person").build_person(avatar, name)
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.doppel.apply_light.poll()
    bpy.context.view_layer.objects.active = bpy.data.objects["run surface"]
    assert bpy.ops.doppel.apply_light.poll()


def test_apply_light_keeps_an_own_world_and_makes_a_new_one(part, avatar, person, node_of):
    own = bpy.data.worlds.new("own")
    bpy.context.scene.world = own
    assert bpy.ops.doppel.apply_light() == {"FINISHED"}
    assert (bpy.context.scene.world.name, own.use_fake_user) == ("walk.001", True)
    np.testing.assert_allclose(part("scene.world").get_light(node_of(bpy.context.scene.world)), avatar.light, atol=1e-5)


def test_apply_light_again_undoes_what_was_turned(part, avatar, person, node_of):
    world = bpy.context.scene.world
    node = node_of(world)
    node.inputs["Rotation"].default_value, node.inputs["Strength"].default_value = (1, 2, 3), 9
    node.inputs[4].default_value = (7, 7, 7)
    bpy.ops.doppel.apply_light()
    assert bpy.context.scene.world == world
    assert (tuple(node.inputs["Rotation"].default_value), node.inputs["Strength"].default_value) == ((0, 0, 0), 1)
    np.testing.assert_allclose(part("scene.world").get_light(node), avatar.light, atol=1e-5)


@pytest.mark.parametrize("button", ["fit_light", "bake_light"])
def test_without_a_world_there_is_nothing_to_fit_or_bake(button):
    bpy.context.scene.world = None
    assert not getattr(bpy.ops.doppel, button).poll()
    with pytest.raises(RuntimeError, match="The scene has no world"):
        getattr(bpy.ops.doppel, button)()


@pytest.fixture
def grey_world():
    world = bpy.data.worlds.new("grey")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.2, 0.4, 0.8, 1)
    bpy.context.scene.world = world
    return world


def test_fit_light_replaces_the_world(part, grey_world, node_of, census):
    before = census()
    assert bpy.ops.doppel.fit_light() == {"FINISHED"}
    assert (bpy.context.scene.world.name, grey_world.use_fake_user) == ("grey light", True)
    light = part("scene.world").get_light(node_of(bpy.context.scene.world))
    np.testing.assert_allclose(light[0], np.array([0.2, 0.4, 0.8]) * np.sqrt(4 * np.pi), rtol=1e-3)
    np.testing.assert_allclose(light[1:], 0, atol=1e-3)
    assert {key: count - before[key] for key, count in census().items() if count != before[key]} == {"worlds": 1, "node_groups": 1}


@pytest.mark.parametrize("button", ["fit_light", "bake_light"])
def test_what_cycles_says_is_reported_and_nothing_changes(part, grey_world, monkeypatch, census, button):
    def fail(world, path, width):
        raise part("core.errors").Unexpected("Out of memory")

    monkeypatch.setattr(part("scene.panorama"), "write_panorama", fail)
    before = census()
    with pytest.raises(RuntimeError, match="Out of memory"):
        getattr(bpy.ops.doppel, button)()
    assert (census(), bpy.context.scene.world) == (before, grey_world)


def test_bake_light_packs_saves_or_both(grey_world, tmp_path, census):
    before = census()
    assert bpy.ops.doppel.bake_light(width="256") == {"FINISHED"}
    packed = bpy.data.images["grey panorama"]
    assert (tuple(packed.size), bool(packed.packed_file), packed.filepath) == ((256, 128), True, "")
    np.testing.assert_allclose(np.array(packed.pixels[:3]), (0.2, 0.4, 0.8), rtol=1e-3)
    assert bpy.ops.doppel.bake_light(width="256", filepath=str(tmp_path / "sky.exr"), pack=False) == {"FINISHED"}
    assert (tmp_path / "sky.exr").stat().st_size > 1000
    assert not bpy.data.images["grey panorama.001"].packed_file
    assert census()["images"] - before["images"] <= 3  # the two, and Blender's own Render Result


@pytest.mark.parametrize(("name", "words"), [("sky.png", "do not hold light"), ("nowhere/sky.exr", "cannot be written")])
def test_bake_light_to_a_file_that_cannot_be(grey_world, tmp_path, name, words):
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.doppel.bake_light(width="256", filepath=str(tmp_path / name))
