"""The photo's camera in Blender sees every point in the pixel in which core.camera sees it."""

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector


def camera_like(part, avatar, intrinsics, size):
    return part("core.camera").Camera(np.array(intrinsics, dtype=float), avatar.camera_rotation, avatar.camera_translation, np.array(size))


def place(part, camera):
    scene = bpy.context.scene
    placed = part("scene.camera").build_camera(camera, "camera")
    part("scene.camera").set_render_size(scene, camera)
    scene.collection.objects.link(placed)
    scene.camera = placed
    bpy.context.view_layer.update()
    return scene, placed


CAMERAS = {
    "portrait, centre": ((1500, 1500, 450, 600), (900, 1200)),
    "portrait, off centre": ((1500, 1500, 310, 700), (900, 1200)),
    "landscape, off centre": ((2100.5, 2100.5, 1000, 500), (1600, 900)),
    "square, far outside": ((800, 800, -100, 900), (512, 512)),
}
UNEQUAL = {
    "wide pixels": ((1200, 1600, 310, 700), (900, 1200)),
    "tall pixels": ((1700, 1400, 900, 500), (1600, 900)),
}


@pytest.mark.parametrize("case", CAMERAS)
def test_blender_projects_as_core_does(part, avatar, case):
    camera = camera_like(part, avatar, *CAMERAS[case])
    scene, placed = place(part, camera)
    expected = camera.project(avatar.vertices)
    for point, pixel in zip(part("scene.frames").body_to_blender(avatar.vertices), expected, strict=True):
        seen = world_to_camera_view(scene, placed, Vector(point))
        assert (seen.x * camera.size[0], (1 - seen.y) * camera.size[1]) == pytest.approx(pixel, abs=0.05)


@pytest.mark.parametrize("case", {**CAMERAS, **UNEQUAL})
def test_blenders_own_projection_matrix_agrees(part, avatar, case):
    """What the renderer itself multiplies with; `world_to_camera_view` ignores pixel aspect."""
    camera = camera_like(part, avatar, *{**CAMERAS, **UNEQUAL}[case])
    scene, placed = place(part, camera)
    render = scene.render
    project = np.array(
        placed.calc_matrix_camera(
            bpy.context.evaluated_depsgraph_get(),
            x=render.resolution_x,
            y=render.resolution_y,
            scale_x=render.pixel_aspect_x,
            scale_y=render.pixel_aspect_y,
        )
    ) @ np.array(placed.matrix_world.inverted())
    points = part("scene.frames").body_to_blender(avatar.vertices)
    clip = np.column_stack([points, np.ones(len(points))]) @ project.T
    pixels = (clip[:, :2] / clip[:, 3:] * [1, -1] + 1) / 2 * camera.size
    np.testing.assert_allclose(pixels, camera.project(avatar.vertices), atol=0.05)


@pytest.mark.parametrize("case", ["portrait, off centre", "wide pixels"])
def test_a_rendered_marker_lands_on_its_pixel(part, avatar, tmp_path, case):
    camera = camera_like(part, avatar, *{**CAMERAS, **UNEQUAL}[case])
    scene, _ = place(part, camera)
    target = avatar.vertices.mean(axis=0)
    marker = bpy.data.objects.new("marker", part("scene.mesh").mesh_of("marker", target + 0.02 * TETRAHEDRON, TETRAHEDRON_FACES))
    scene.collection.objects.link(marker)
    pixels = rendered_alpha(scene, tmp_path / "marker.png")
    rows, columns = np.nonzero(pixels > 0.5)
    corners = camera.project(target + 0.02 * TETRAHEDRON)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert box == pytest.approx((*corners.min(axis=0), *corners.max(axis=0)), abs=1.0)


TETRAHEDRON = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], dtype=float)
TETRAHEDRON_FACES = np.array([(0, 1, 2), (0, 3, 1), (0, 2, 3), (1, 3, 2)])


def rendered_alpha(scene, path) -> np.ndarray:
    """Alpha (H, W), first row on top, of a quick render on the processor."""
    scene.render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", 1
    scene.cycles.use_denoising, scene.render.film_transparent = False, True
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(image.size[1], image.size[0], 4)[::-1, :, 3]
