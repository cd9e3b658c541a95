"""Pairs from the generator's people: the views of shards, lit quickly, through the landmark network.

    python -m training.lifter.shard_views --people DIR --seed 1 --out data/pairs

Light is nine random numbers without shadows, and backgrounds are blotches: a photograph as the field trains on takes four times as long.

writes a file for each shard; files that are there are kept, so it can run beside the generator and be run again when there are more shards.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.surface.raster import window
from training.lifter.pairs import make_pair, write_pairs
from training.people.character import View
from training.people.shards import Shard, shard_files
from training.quick_picture import quickly_lit


def halved(view: View) -> View:
    """The view at half its size: the landmark network looks at 256 pixels."""
    size = view.camera.size // 2
    averaged = {name: cv2.resize(getattr(view, name), tuple(size.tolist()), interpolation=cv2.INTER_AREA) for name in ("alpha", "albedo")}
    sampled = {name: getattr(view, name)[::2, ::2] for name in ("normal", "body_normal", "body_alpha", "trusted", "label", "transfer")}
    camera = window(view.camera, np.array([0, 0, *view.camera.size], dtype=float), tuple(size.tolist()))
    return replace(view, camera=camera, **averaged, **sampled)


def quickly_photographed(rng: Generator, view: View) -> ndarray:
    """Picture (H, W, 3) uint8 of the view."""
    normals = view.normal.astype(np.float64) / 127 @ view.camera.rotation
    return quickly_lit(rng, view.albedo, normals, view.alpha / 255)


def make_file(shard: Path, seed: int, out: Path) -> int:
    """Writes the pairs of one shard; how many are in the file."""
    path = out / f"{shard.stem}-{seed}.npz"
    if path.exists():
        return len(np.load(path)["pose"])
    people, rows = Shard(shard), []
    for number in range(len(people)):
        rng = np.random.default_rng([seed, int(shard.stem.rpartition("-")[2]), number])
        about, truth = people.about(number), people.body(number)
        for which in range(about["views"]):
            view = halved(people.view(number, which))
            row = make_pair(rng, quickly_photographed(rng, view), view.camera, truth, about["name"])
            rows += [row] if row is not None else []
    write_pairs(path, rows)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, required=True, help="folder of shards of people")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("data/pairs"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files, found = shard_files(options.people), 0
    for number, shard in enumerate(files):
        found += make_file(shard, options.seed, options.out)
        print(f"\r{found} pairs, shard {number + 1} of {len(files)}", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
