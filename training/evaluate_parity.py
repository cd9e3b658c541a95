"""How far a white matt sphere, rendered by Cycles under a world made of a light, is from the irradiance formula.

    python -m training.evaluate_parity --results docs/RESULTS.md

Takes Blender's Python module (bpy). The tests render the same sphere (`training/evaluate/white_sphere.py`) and fail above half a percent.
"""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np

from core.light import irradiance
from training.evaluate.white_sphere import FRONT, SIDE, TOP, positive_light, relative_rmse, render_sphere, sphere_normals, wrong_lights
from training.results import how_made, write_section

LIGHTS = 4
VIEWS = {"front": FRONT, "side": SIDE, "top": TOP}
ROOT = Path(__file__).resolve().parents[1]

EXPLAINED = """Random lights, nowhere dark. RMSE over the mean of what Cycles shows, where the sphere fills a pixel; 512 samples a pixel.
*nearest wrong light*: the least over the three views of the distance from any light with one coefficient's sign turned, or two neighbours
swapped."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="Markdown file to write the table into")
    options = parser.parse_args()
    rows = [row(seed) for seed in range(LIGHTS)]
    table = [
        "| light | " + " | ".join(f"from the {view}" for view in VIEWS) + " | nearest wrong light |",
        "|---" * (len(VIEWS) + 2) + "|",
        *rows,
    ]
    text = "\n\n".join(["## A white sphere under the light's world", how_made("training.evaluate_parity"), "\n".join(table), EXPLAINED])
    print(text)
    if options.results:
        write_section(options.results, "parity", text)


def row(seed: int) -> str:
    """One light's line of the table, percent."""
    light = positive_light(seed, importlib.import_module)
    right, nearest = [], np.inf
    for turn in VIEWS.values():
        seen, normals = rendered(light, turn)
        away = [relative_rmse(seen, irradiance(one, normals).mean(axis=1) / np.pi) for one in (light, *wrong_lights(light))]
        right.append(away[0])
        nearest = min(nearest, *away[1:])
    return "| " + " | ".join([str(seed), *(f"{100 * one:.2f} %" for one in right), f"{100 * nearest:.1f} %"]) + " |"


def rendered(light: np.ndarray, turn) -> tuple[np.ndarray, np.ndarray]:
    """Linear RGB (N, 3) of the pixels well on the sphere, and the normals (N, S, 3) that each sees, body frame."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    normals, inside = sphere_normals(turn)
    with tempfile.TemporaryDirectory() as folder:
        seen = render_sphere(extension("scene.world").build_world(light, "light"), turn, Path(folder) / "sphere.exr")
    return seen[inside], normals[inside]


def extension(name: str):
    """A module of the extension, which is the repository's own folder as a package."""
    if str(ROOT.parent) not in sys.path:
        sys.path.append(str(ROOT.parent))
    return importlib.import_module(f"{ROOT.name}.{name}")


if __name__ == "__main__":
    main()
