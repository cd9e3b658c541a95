"""How far EEVEE is from Cycles on a white matt sphere, under the world's light and under suns; in a real Blender with a display:

    blender -b --python tests/real/eevee.py

Three lights of random coefficients with a strong side. Printed: RMSE over the mean of what Cycles shows under the world, and how much
brighter.
"""

import importlib
import math
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT.parent))
world, suns = (importlib.import_module(f"{ROOT.name}.scene.{name}") for name in ("world", "suns"))

SIZE = 64


def stage() -> None:
    """A white matt sphere that fills a level camera's picture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_uv_sphere_add(segments=96, ring_count=48, radius=1)
    bpy.ops.object.shade_smooth()
    material = bpy.data.materials.new("white")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    shader, output = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
    shader.inputs["Color"].default_value = (1, 1, 1, 1)
    material.node_tree.links.new(shader.outputs[0], output.inputs[0])
    bpy.context.object.data.materials.append(material)
    camera = bpy.data.cameras.new("eye")
    camera.type, camera.ortho_scale = "ORTHO", 2
    eye = bpy.data.objects.new("eye", camera)
    eye.location, eye.rotation_euler = (0, -5, 0), (math.pi / 2, 0, 0)
    scene = bpy.context.scene
    scene.collection.objects.link(eye)
    scene.camera = eye
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.cycles.samples, scene.cycles.use_denoising, scene.eevee.taa_render_samples = 64, False, 16


def shown(cycles: bool, path: Path) -> np.ndarray:
    """Linear RGB (N, 3) of the pixels well on the sphere."""
    scene = bpy.context.scene
    engines = scene.render.bl_rna.properties["engine"].enum_items.keys()  # Cycles is not among them
    scene.render.engine = "CYCLES" if cycles else next(name for name in ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE") if name in engines)
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    across = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    inside = np.hypot(*np.meshgrid(across, across)) < 0.95
    return pixels.reshape(SIZE, SIZE, -1)[inside][:, :3].astype(float)


def sided(seed: int) -> np.ndarray:
    """A light (9, 3) of mean radiance 1 that mostly comes from one side."""
    random = np.random.default_rng(seed)
    side = random.normal(size=3)
    light = random.normal(0, 0.25, (9, 3))
    light[0] = np.sqrt(4 * np.pi)
    light[1:4] += 3 * (side / np.linalg.norm(side))[:, None]
    return light


def main() -> None:
    stage()
    scene = bpy.context.scene
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sphere.exr"
        for seed in range(3):
            scene.world = world.build_world(sided(seed), "light")
            true, by_world = shown(True, path), shown(False, path)
            count = len(suns.add_suns(scene).objects)
            by_suns, in_cycles = shown(False, path), shown(True, path)
            suns.remove_suns(scene)
            words = [
                f"{name} {100 * np.sqrt(((found - true) ** 2).mean()) / true.mean():.1f} % ({100 * (found.mean() / true.mean() - 1):+.1f})"
                for name, found in (("EEVEE, world", by_world), (f"EEVEE, {count} suns", by_suns), ("Cycles, suns", in_cycles))
            ]
            sys.stdout.write(f"light {seed}: {'; '.join(words)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
