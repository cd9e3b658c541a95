"""The world's light as suns: they light matt surfaces as the world does, and the world then nothing."""

import bpy
import numpy as np
import pytest

from training.evaluate.white_sphere import FRONT, positive_light, relative_rmse, render_sphere, sphere_normals

CLOSE = 0.04
"""Relative RMSE allowed; positive lights of random coefficients come to .02 to .03."""


@pytest.fixture
def suns(part):
    return part("scene.suns")


@pytest.fixture
def lit(part):
    """Gives the scene a world of a light; the light's node."""

    def make(light: np.ndarray):
        world = bpy.context.scene.world = part("scene.world").build_world(light, "light")
        return part("scene.world").light_node(world)

    return make


def normals(count: int = 500) -> np.ndarray:
    directions = np.random.default_rng(7).normal(size=(count, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def gathered(suns, collection, directions: np.ndarray) -> np.ndarray:
    towards, strengths = suns.sun_light(collection)
    return np.maximum(directions @ towards.T, 0) @ strengths


def test_a_white_sphere_under_the_suns_shows_the_irradiance_formula(part, suns, lit, tmp_path):
    """Rendered, so that what Blender takes a sun's strength and turn to mean counts too; the world itself adds nothing."""
    light = positive_light(0, part)
    lit(light)
    suns.add_suns(bpy.context.scene)
    cells, inside = sphere_normals(FRONT)
    seen = render_sphere(bpy.context.scene.world, FRONT, tmp_path / "sphere.exr", samples=256)[inside]
    assert relative_rmse(seen, part("core.light").irradiance(light, cells[inside]).mean(axis=1) / np.pi) < CLOSE


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_suns_are_as_strong_from_every_side(part, suns, lit, seed):
    light, directions = positive_light(seed, part), normals()
    lit(light)
    found = gathered(suns, suns.add_suns(bpy.context.scene), directions)
    assert relative_rmse(found, part("core.light").irradiance(light, directions)) < CLOSE
    mirrored = light * np.where(np.arange(9) == 3, -1, 1)[:, None]
    assert relative_rmse(found, part("core.light").irradiance(mirrored, directions)) > 2 * CLOSE


def test_rotation_strength_and_saturation_of_the_node_are_the_suns_too(part, suns, lit):
    light, directions = positive_light(4, part), normals()
    node = lit(light)
    node.inputs["Rotation"].default_value = (0, 0, np.pi / 2)  # a quarter turn about the vertical: what came from the front comes from +X
    node.inputs["Strength"].default_value, node.inputs["Saturation"].default_value = 3, 0
    found = gathered(suns, suns.add_suns(bpy.context.scene), directions)
    turned = np.stack([-directions[:, 2], directions[:, 1], directions[:, 0]], axis=1)
    grey = part("core.light").irradiance(light, turned) @ [0.2126, 0.7152, 0.0722]
    assert relative_rmse(found, 3 * np.repeat(grey[:, None], 3, axis=1)) < CLOSE


def test_even_light_and_none(part, suns, lit):
    lit(part("core.light").NEUTRAL)
    found = gathered(suns, suns.add_suns(bpy.context.scene), normals())
    assert np.abs(found / np.pi - 1).max() < 0.05
    lit(np.zeros((9, 3)))
    assert len(suns.add_suns(bpy.context.scene).objects) >= 0
    assert (gathered(suns, suns.suns_in(bpy.context.scene), normals()) == 0).all()


def links(world) -> set:
    return {(link.from_node.name, link.from_socket.name, link.to_node.name, link.to_socket.name) for link in world.node_tree.links}


def test_pressed_twice_and_taken_away_everything_is_as_before(part, lit, census):
    lit(positive_light(0, part))
    scene = bpy.context.scene
    before, wired = census(), links(scene.world)
    assert bpy.ops.doppel.add_suns() == {"FINISHED"}
    once = census()
    assert once["lights"] - before["lights"] == once["objects"] - before["objects"] > 4
    assert links(scene.world) != wired
    assert bpy.ops.doppel.add_suns() == {"FINISHED"}
    assert census() == once
    assert bpy.ops.doppel.remove_suns() == {"FINISHED"}
    assert (census(), links(scene.world)) == (before, wired)


def test_what_somebody_put_among_the_suns_is_not_lost(part, suns, lit):
    lit(part("core.light").NEUTRAL)
    collection = suns.add_suns(bpy.context.scene)
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    collection.objects.link(lamp)
    assert bpy.ops.doppel.remove_suns() == {"FINISHED"}
    assert bpy.context.scene.collection.objects[lamp.name] == lamp


def test_another_light_gets_suns_of_its_own(part, suns, lit, avatar):
    """Apply Photo's Light onto a world of another kind: the new world's suns, and the old world whole in the file."""
    lit(part("core.light").NEUTRAL)
    scene, old = bpy.context.scene, bpy.context.scene.world
    wired = links(old)
    part("scene.person").build_person(avatar, "walk")
    suns.add_suns(scene)
    scene.world.node_tree.nodes["Spherical Harmonics Light"].node_tree = None  # no light of ours any more
    assert not bpy.ops.doppel.add_suns.poll()
    assert bpy.ops.doppel.apply_light() == {"FINISHED"}
    assert scene.world != old
    assert links(old) == {link for link in wired if link[3] == "Surface"}, "but for what the group without a tree cannot be linked by"
    found = gathered(suns, suns.suns_in(scene), normals())
    around = part("core.light").sphere(4000)
    series = part("core.light").radiance(part("scene.world").get_light(part("scene.world").light_node(scene.world)), around)
    assert series.min() < -0.1, "a light whose series dips below zero, where there is none"
    wanted = np.maximum(normals() @ around.T, 0) @ np.maximum(series, 0) * (4 * np.pi / len(around))
    assert relative_rmse(found, wanted) < CLOSE


def test_a_world_whose_output_is_bare_says_so(part, lit):
    world = lit(part("core.light").NEUTRAL).id_data
    world.links.clear()
    assert not bpy.ops.doppel.add_suns.poll()
    with pytest.raises(RuntimeError, match="Nothing is linked to the world's output"):
        bpy.ops.doppel.add_suns()
