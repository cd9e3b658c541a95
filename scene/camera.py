"""A camera that lines up with the photo: core.camera's pixels as Blender's lens, shift and render size.

Blender's lens has one focal length; where fx and fy differ, the render's pixel aspect takes the difference.
"""

import bpy
from mathutils import Matrix

from ..core.camera import Camera
from .frames import camera_to_world

SENSOR_WIDTH = 36.0
"""Millimetres; Blender's own default, a full-frame camera. Only its ratio to the lens matters."""


def build_camera(camera: Camera, name: str) -> bpy.types.Object:
    """The photo's camera as an object, not yet in any collection. `set_render_size` makes the scene fit it."""
    (fx, fy, cx, cy), (width, height) = camera.intrinsics.tolist(), camera.size.tolist()
    data = bpy.data.cameras.new(name)
    data.sensor_fit = "HORIZONTAL"
    data.sensor_width = SENSOR_WIDTH
    data.lens = fx / width * SENSOR_WIDTH
    data.shift_x = (width / 2 - cx) / width
    data.shift_y = (cy - height / 2) / width * fx / fy
    data.clip_end = max(100.0, 4 * float(camera.translation[2]))
    result = bpy.data.objects.new(name, data)
    result.matrix_world = Matrix(camera_to_world(camera.rotation, camera.translation).tolist())
    return result


def set_render_size(scene: bpy.types.Scene, camera: Camera) -> None:
    """Give the scene's renders the photo's size, and the pixel aspect where fx and fy differ."""
    fx, fy = camera.intrinsics[:2].tolist()
    render = scene.render
    render.resolution_x, render.resolution_y = camera.size.tolist()
    render.resolution_percentage = 100
    render.pixel_aspect_x, render.pixel_aspect_y = max(1.0, fy / fx), max(1.0, fx / fy)
