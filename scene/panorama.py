"""A world as an equirectangular picture: rendered by Cycles, so that whatever nodes an artist has built are in it."""

import tempfile
from math import radians
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.errors import SettingInvalid
from .cleanup import temporary
from .files import check_place, failed_to_write

SAMPLES = 16
"""Rays per pixel. A sky has no noise, so they only average over the pixel: a small sun is met several times."""

FORMATS = {".exr": "OPEN_EXR", ".hdr": "HDR"}
"""File formats that hold light: linear and without an upper end."""


def directions(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit direction (W/2, W, 3), Blender's axes, and solid angle (W/2, W) of every pixel of an equirectangular picture, top row first.

    As Blender's Environment Texture has it: +X in the middle, +Y a quarter to the left of it, +Z at the top.
    """
    height = width // 2
    azimuth = np.pi - (np.arange(width) + 0.5) * 2 * np.pi / width
    edges = np.pi / 2 - np.arange(height + 1) * np.pi / height
    elevation = (edges[:-1] + edges[1:]) / 2
    level = np.cos(elevation)[:, None]
    up = np.broadcast_to(np.sin(elevation)[:, None], (height, width))
    area = (np.sin(edges[:-1]) - np.sin(edges[1:])) * 2 * np.pi / width
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), up], axis=-1), np.repeat(area[:, None], width, axis=1)


def render_panorama(world: bpy.types.World, width: int) -> np.ndarray:
    """Linear RGB radiance (W/2, W, 3) of the world, as `directions` has the pixels. Unexpected with Cycles' words."""
    with tempfile.TemporaryDirectory(prefix="doppel-") as folder, temporary():
        path = write_panorama(world, Path(folder) / "panorama.exr", width)
        return read_picture(path)


def why_no_panorama(scene: bpy.types.Scene) -> str:
    """Why the scene's world cannot be rendered; "" if it can."""
    if scene.world is None:
        return "The scene has no world: add one in the World properties, or apply a person's light"
    return "" if hasattr(scene.world, "cycles") else "Cycles is switched off: enable it in Preferences › Add-ons"


def bake_world(world: bpy.types.World, width: int, path: Path | None, pack: bool) -> bpy.types.Image:
    """The world's picture as an image of the open file, saved under the path (.exr or .hdr), packed, or both. No path means packed.

    SettingInvalid for another kind of file, FolderNotWritable, or Unexpected with Cycles' words.
    """
    if path and path.suffix.lower() not in FORMATS:
        raise SettingInvalid(f"“{path.suffix}” files do not hold light", f"Known are: {', '.join(FORMATS)}.")
    with tempfile.TemporaryDirectory(prefix="doppel-") as folder:
        written = write_panorama(world, path or Path(folder) / "panorama.exr", width)
        image = bpy.data.images.load(str(written))
        image.name = f"{world.name} panorama"
        if pack or path is None:
            image.pack()
    if path is None:
        image.filepath_raw = ""  # not `filepath`, which would look for the file again
    return image


def read_picture(path: Path) -> np.ndarray:
    """Linear RGB (H, W, 3), top row first, of a picture file that holds light."""
    image: Any = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(image.size[1], image.size[0], -1)[::-1, :, :3]


def write_panorama(world: bpy.types.World, path: Path, width: int) -> Path:
    """Write the world's picture, half as high as wide, to an .exr or .hdr file; its path. FolderNotWritable, or Unexpected."""
    check_place(path)
    with temporary():
        scene = bpy.data.scenes.new("panorama")
        scene.world = _looked_at(world)
        scene.camera = _eye()
        scene.collection.objects.link(scene.camera)
        _set_render(scene, width, path)
        try:
            bpy.ops.render.render(write_still=True, scene=scene.name)
        except RuntimeError as error:
            raise failed_to_write(path, error) from error
    return path


def _looked_at(world: bpy.types.World) -> bpy.types.World:
    """A copy of the world that Cycles does not first map for light to sample: a picture of it needs none, and the map takes long."""
    copy: Any = world.copy()
    copy.cycles.sampling_method = "NONE"
    return copy


def _eye() -> bpy.types.Object:
    """A camera that sees everything round it, the middle of its picture towards +X, upright."""
    data: Any = bpy.data.cameras.new("panorama")
    data.type = "PANO"
    holder = data if hasattr(data, "panorama_type") else data.cycles  # Blender 5 took it over from Cycles
    holder.panorama_type = "EQUIRECTANGULAR"
    eye = bpy.data.objects.new("panorama", data)
    eye.rotation_euler = (radians(90), 0, radians(-90))
    return eye


def _set_render(scene: bpy.types.Scene, width: int, path: Path) -> None:
    render: Any = scene.render
    cycles: Any = scene.cycles
    render.engine = "CYCLES"
    cycles.device, cycles.samples, cycles.use_denoising, cycles.use_adaptive_sampling = "CPU", SAMPLES, False, False
    cycles.pixel_filter_type = "BOX"
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0
    cycles.film_exposure = 1
    render.film_transparent = False
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, width // 2, 100
    render.image_settings.file_format = FORMATS[path.suffix.lower()]
    render.image_settings.color_mode = "RGB"
    if path.suffix.lower() == ".exr":
        render.image_settings.color_depth = "32"
    render.filepath = str(path)
