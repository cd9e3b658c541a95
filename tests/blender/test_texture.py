"""Textures in Blender: what is baked is the surface's colour, a low-poly copy keeps the rig, and files carry the images."""

import dataclasses

import bpy
import numpy as np
import pytest


@pytest.fixture
def ball_avatar(avatar):
    """A fine ball with a smooth analytic colour, its weights running from the pelvis below to the head above."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=6, radius=0.5)
    ball = bpy.context.object
    vertices = np.array([vertex.co for vertex in ball.data.vertices])
    faces = np.array([polygon.vertices for polygon in ball.data.polygons])
    bpy.data.meshes.remove(ball.data)
    up = vertices[:, 1] + 0.5
    return dataclasses.replace(
        avatar,
        vertices=vertices,
        rest_vertices=vertices,
        faces=faces,
        albedo=np.round(255 * colour_at(vertices)),
        skin_joints=np.tile((0, 15, 3, 6), (len(vertices), 1)),
        skin_weights=np.stack([1 - up, up, 0 * up, 0 * up], axis=1),
        pose=np.zeros((24, 3)),
        translation=np.zeros(3),
    )


def colour_at(points: np.ndarray) -> np.ndarray:
    """A smooth sRGB colour, 0..1, of places in the body frame."""
    return 0.5 + 0.35 * np.sin(points * (5, 4, 3) + (0, 1, 2))


@pytest.fixture
def person(part, ball_avatar):
    return part("scene.person").build_person(ball_avatar, "ball")


@pytest.fixture
def surface_of(part):
    return lambda person: part("scene.person").parts(person)["surface"]


def pixels_of(image) -> np.ndarray:
    """RGB (H, W, 3), 0..1, top row first."""
    values = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], -1)[::-1, :, :3]


def read_at_random_points(thing, image, count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Random points (N, 3) of the object's mesh in the body frame, and the image's colours there (N, 3), nearest texel."""
    mesh, random = thing.data, np.random.default_rng(0)
    mesh.calc_loop_triangles()
    triangles = random.choice(len(mesh.loop_triangles), count)
    share = random.dirichlet((1, 1, 1), count)
    corners = np.array([[mesh.vertices[vertex].co for vertex in mesh.loop_triangles[number].vertices] for number in triangles])
    uv = np.array([[mesh.uv_layers.active.data[loop].uv for loop in mesh.loop_triangles[number].loops] for number in triangles])
    x, y, z = np.einsum("nk,nkc->cn", share, corners)
    u, v = np.einsum("nk,nkc->cn", share, uv)
    pixels = pixels_of(image)
    row, column = ((1 - v) * pixels.shape[0]).astype(int), (u * pixels.shape[1]).astype(int)
    return np.stack([x, z, -y], axis=-1), pixels[row, column]


def albedo_image(part, thing):
    return part("scene.material").texture_of(thing.active_material)


def test_an_avatars_texture_is_shown_and_packed(part, avatar, surface_of):
    random = np.random.default_rng(0)
    uv, texture = random.random((len(avatar.faces), 3, 2), dtype=np.float32), random.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    surface = surface_of(part("scene.person").build_person(dataclasses.replace(avatar, uv=uv, texture=texture), "walk"))
    image = albedo_image(part, surface)
    assert image.packed_file
    np.testing.assert_array_equal(np.rint(255 * pixels_of(image)), texture)
    stored = np.empty(6 * len(avatar.faces), dtype=np.float32)
    surface.data.uv_layers.active.data.foreach_get("uv", stored)
    np.testing.assert_allclose(stored.reshape(uv.shape), uv, atol=1e-6)


def test_make_texture_says_why_not():
    for button in (bpy.ops.doppel.texture, bpy.ops.doppel.low_poly):
        assert not button.poll()
        with pytest.raises(RuntimeError, match="Select the person"):
            button()


def test_make_texture_bakes_the_vertices_colours(part, person, surface_of, census):
    surface, before = surface_of(person), census()
    vertices = len(surface.data.vertices)
    assert bpy.ops.doppel.texture(size="1k") == {"FINISHED"}
    image = albedo_image(part, surface)
    assert (tuple(image.size), bool(image.packed_file), len(surface.data.vertices)) == ((1024, 1024), True, vertices)
    points, seen = read_at_random_points(surface, image)
    assert np.abs(seen - colour_at(points)).max() < 0.03
    assert pixels_of(image).min() > 0.1  # the colours are: no black gutter anywhere
    made = {key: count - before[key] for key, count in census().items() if count != before[key]}
    assert made == {"images": 1, "materials": 1}


@pytest.mark.parametrize(("kind", "budget"), [("triangles", 3000), ("quads", 1500)])
def test_a_low_poly_copy_has_the_rig_the_colours_and_the_fine_shape(part, person, surface_of, kind, budget):
    full = surface_of(person)
    assert bpy.ops.doppel.low_poly(kind=kind, budget=budget, size="1k") == {"FINISHED"}
    low = surface_of(person)
    assert low != full
    assert (full.hide_render, low.find_armature()) == (True, full.find_armature())
    assert 0.6 * budget < len(low.data.polygons) < 1.2 * budget
    assert np.mean([len(polygon.vertices) == (3 if kind == "triangles" else 4) for polygon in low.data.polygons]) == 1
    weights = part("scene.low_poly").dense_weights(low)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert ((weights > 0).sum(axis=1) <= 4).all()
    height = np.array([vertex.co.z for vertex in low.data.vertices])
    np.testing.assert_allclose(weights[:, 15], height + 0.5, atol=0.02)  # the head's share runs up the ball
    points, seen = read_at_random_points(low, albedo_image(part, low))
    assert np.quantile(np.abs(seen - colour_at(points)).max(axis=1), 0.99) < 0.04
    assert pixels_of(albedo_image(part, low)).min() > 0.1
    normals = 2 * pixels_of(bpy.data.images[f"{low.name} normals"]) - 1
    assert np.quantile(normals[..., 2], 0.01) > 0.9  # outwards, nearly the smooth ball's own
    assert abs(np.linalg.norm(normals, axis=-1).mean() - 1) < 0.02


def test_more_triangles_than_there_are_is_an_error_and_changes_nothing(part, person, surface_of, census):
    full, before = surface_of(person), census()
    with pytest.raises(RuntimeError, match="has only 20,480 triangles"):
        bpy.ops.doppel.low_poly(budget=30000)
    assert (census(), surface_of(person), full.hide_render) == (before, full, False)


@pytest.mark.parametrize("button", ["texture", "low_poly"])
def test_what_cycles_says_is_reported_and_nothing_changes(part, person, surface_of, monkeypatch, census, button):
    def fail(*arguments):
        raise part("core.errors").Unexpected("Out of memory")

    monkeypatch.setattr(part("scene.texture"), "_bake", fail)
    before, material = census(), surface_of(person).active_material
    with pytest.raises(RuntimeError, match="Out of memory"):
        getattr(bpy.ops.doppel, button)()
    assert (census(), surface_of(person).active_material) == (before, material)
    assert not surface_of(person).data.uv_layers


@pytest.mark.parametrize("format", ["glb", "fbx"])
def test_files_carry_the_texture(part, person, surface_of, tmp_path, format):
    """Read again by Blender: the image is in the file, and every surface point has its colour."""
    bpy.ops.doppel.texture(size="1k")
    path = part("scene.export").export_person(person, tmp_path / f"ball.{format}", format)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    {"glb": bpy.ops.import_scene.gltf, "fbx": bpy.ops.import_scene.fbx}[format](filepath=str(path))
    (thing,) = [thing for thing in bpy.context.scene.objects if thing.type == "MESH" and len(thing.data.vertices) > 1000]
    image = albedo_image(part, thing)
    assert tuple(image.size) == (1024, 1024)
    points, seen = read_at_random_points(thing, image)
    scale = np.abs(points).max() / 0.5  # fbx comes in centimetres below an object scaled back
    assert np.abs(seen - colour_at(points / scale)).max() < 0.04
    if format == "glb":
        assert not thing.data.color_attributes  # which a viewer would multiply with the texture
