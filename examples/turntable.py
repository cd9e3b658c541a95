"""Makes docs/turntable.jpg and docs/turntable.webp: a photo, its avatar's albedo, and the avatar in the photo's light and in others.

    python -m core reconstruct examples/person.jpg --out out --texture 2k
    python -m examples.turntable out/person.npz --photo examples/person.jpg --out docs

The other lights are the HDRI worlds that Blender itself ships (CC0, of Poly Haven). Cycles renders everything on the processor through
the photo's own camera, with no curve on the pictures but sRGB's, as the photo's light was estimated.
"""

import argparse
import tempfile
from math import radians
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
from mathutils import Matrix

from scene.__main__ import load_package

load_package()

from doppel.core.avatar import load_avatar  # noqa: E402 - the package first
from doppel.scene.cleanup import empty_file  # noqa: E402
from doppel.scene.material import base_colour  # noqa: E402
from doppel.scene.person import build_person, parts  # noqa: E402
from doppel.scene.world import fit_light  # noqa: E402

WORLDS = ("city", "courtyard", "interior", "night", "studio", "sunrise", "sunset")
COLUMNS = 5
BRIGHT = 0.9
"""Mean radiance that other worlds are brought to, so that a night is not black."""

GREY = 0.6
"""Of the backdrop, linear: half-bright on the screen, so that dark and light edges both show."""

SPIN = 30
"""Pictures of a whole turn in the moving picture, a twelfth of a second each."""


class Studio:
    """The person of one Avatar before its photo's camera, to be turned and lit."""

    def __init__(self, avatar: Path, width: int, samples: int):
        empty_file()
        loaded = load_avatar(avatar)
        self.person = build_person(loaded, "person", new_world=True)
        self.size = (width, round(width * int(loaded.image_size[1]) / int(loaded.image_size[0])))
        self.armature, self.scene = parts(self.person)["armature"], bpy.context.scene
        self.axis = Matrix.Translation(self.armature.pose.bones["pelvis"].head)
        self.light = self.scene.world
        render: Any = self.scene.render
        cycles: Any = getattr(self.scene, "cycles")  # noqa: B009 - unknown to the stubs
        render.engine, render.film_transparent = "CYCLES", True
        cycles.device, cycles.samples, cycles.use_denoising = "CPU", samples, True
        render.resolution_x, render.resolution_y = self.size
        render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGBA"
        self.scene.view_settings.view_transform = "Standard"
        render.use_persistent_data = True

    def picture(self, turn: float, world: bpy.types.World | None = None) -> np.ndarray:
        """The person (H, W, 3), uint8 BGR, turned by degrees about its pelvis, in a world or else in the photo's light."""
        self.scene.world = world or self.light
        self.armature.matrix_world = self.axis @ Matrix.Rotation(radians(turn), 4, "Z") @ self.axis.inverted()
        with tempfile.TemporaryDirectory() as folder:
            self.scene.render.filepath = str(Path(folder) / "view.png")
            bpy.ops.render.render(write_still=True)
            rendered = cv2.imread(self.scene.render.filepath, cv2.IMREAD_UNCHANGED) / 255
        share = rendered[..., 3:]
        backdrop = 1.055 * GREY ** (1 / 2.4) - 0.055
        return np.rint(255 * (share * rendered[..., :3] + (1 - share) * backdrop)).astype(np.uint8)

    def unlit(self) -> np.ndarray:
        """The colours alone, as if they shone."""
        surface: Any = parts(self.person)["surface"]
        lit = surface.data.materials[0]
        shining = lit.copy()
        nodes, links = shining.node_tree.nodes, shining.node_tree.links
        emission, output = nodes.new("ShaderNodeEmission"), next(node for node in nodes if node.bl_idname == "ShaderNodeOutputMaterial")
        links.new(base_colour(shining), emission.inputs["Color"])
        links.new(emission.outputs[0], output.inputs["Surface"])
        surface.data.materials[0] = shining
        try:
            return self.picture(0)
        finally:
            surface.data.materials[0] = lit


def shipped_world(name: str) -> bpy.types.World:
    """One of Blender's own HDRI worlds, as bright on average as the others."""
    world = bpy.data.worlds.new(name)
    if not world.use_nodes:  # Blender 5 always has nodes and is about to drop this switch
        world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    sky: Any = nodes.new("ShaderNodeTexEnvironment")
    path = Path(bpy.utils.system_resource("DATAFILES", path="studiolights/world")) / f"{name}.exr"
    sky.image = bpy.data.images.load(str(path))
    background: Any = next(node for node in nodes if node.bl_idname == "ShaderNodeBackground")
    links.new(sky.outputs["Color"], background.inputs["Color"])
    mean = float(fit_light(world)[0].mean()) * 0.5 / np.sqrt(np.pi)  # the constant harmonic's own value
    background.inputs["Strength"].default_value = BRIGHT / mean
    return world


def strip(studio: Studio, photo: Path, worlds: tuple[str, ...] = WORLDS) -> np.ndarray:
    """All cells with their names below, COLUMNS to a row."""
    original = cv2.resize(cv2.imread(str(photo)), studio.size, interpolation=cv2.INTER_AREA)
    cells = [labelled(original, "photo"), labelled(studio.unlit(), "albedo"), labelled(studio.picture(0), "in the photo's light")]
    for number, name in enumerate(worlds):
        turn = 360 * number // len(worlds)
        cells.append(labelled(studio.picture(turn, shipped_world(name)), f"{name}, {turn} deg"))
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % COLUMNS)
    return np.vstack([np.hstack(cells[first : first + COLUMNS]) for first in range(0, len(cells), COLUMNS)])


def labelled(picture: np.ndarray, words: str) -> np.ndarray:
    """The picture with a line of words on white below it."""
    band = np.full((24, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(band, words, (4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([picture, band])


def write_spin(studio: Studio, path: Path, quality: int = 85) -> None:
    """A moving WebP of the person turning once in the photo's light, which stands still."""
    spin = cv2.Animation()
    spin.frames = [studio.picture(360 * number / SPIN) for number in range(SPIN)]
    spin.durations = [1000 // 12] * SPIN
    cv2.imwriteanimation(str(path), spin, [cv2.IMWRITE_WEBP_QUALITY, quality])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar", type=Path, metavar="AVATAR.npz")
    parser.add_argument("--photo", type=Path, default=Path("examples/person.jpg"))
    parser.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR")
    parser.add_argument("--width", type=int, default=300, help="of one cell, pixels")
    parser.add_argument("--samples", type=int, default=32, help="Cycles' samples per pixel")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    studio = Studio(options.avatar, options.width, options.samples)
    picture = strip(studio, options.photo)
    cv2.imwrite(str(options.out / "turntable.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    write_spin(Studio(options.avatar, options.width * 4 // 5, options.samples // 2), options.out / "turntable.webp")


if __name__ == "__main__":
    main()
