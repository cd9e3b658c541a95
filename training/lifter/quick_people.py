"""Pairs from people of the pack: rasterised in any pose, from four cameras each, a tenth of a second a picture.

    python -m training.lifter.quick_people --rocketbox DIR --motion DIR --count 15000 --seed 1 --out data/pairs

writes files of 240 pictures: six people with proportions of their own, ten poses each. What is in a file is drawn from (seed, number)
alone; files that are there are kept. Held-out people and clips are never used.
"""

import argparse
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.surface.raster import window
from training import held_out
from training.lifter.pairs import make_pair, write_pairs
from training.people import cameras
from training.people.artist import bind_truth
from training.people.atlas import read_atlas
from training.people.body_truth import fit_open_body
from training.people.joint_offsets import joint_offsets
from training.people.proportions import proportioned, sample_proportions
from training.poses import load_clips, sample_everyday_pose
from training.quick_picture import quick_picture
from training.rocketbox import PosedPerson, RocketboxPerson, people_names, pose_person

PEOPLE, POSES, VIEWS = 6, 10, 4
"""In a file: people, poses of each, pictures of each pose."""

MOCAP = 0.35
"""Share of mocap frames; the rest are poses as people take them in photographs."""

SIDE = 320
"""Pixels of the pictures' longer side: the landmark network looks at 256."""


@dataclass(frozen=True, eq=False)
class Figure:
    """Someone of the pack with proportions of their own, and the open body's betas and joints' offsets for them."""

    person: RocketboxPerson
    betas: ndarray
    offsets: ndarray


@lru_cache(maxsize=1)
def clips_for_training(motion: Path) -> dict[str, ndarray]:
    """Poses (T, 24, 3) by clip."""
    return {name: poses for name, poses in load_clips(motion).items() if name not in held_out.held_out("clips")}


def names_for_training(rocketbox: Path) -> list[str]:
    """Of the pack's people."""
    kept_apart = held_out.held_out("people") + held_out.held_out("example")
    return [name for name in people_names(rocketbox) if name not in kept_apart]


def sample_figure(rng: Generator, rocketbox: Path, name: str) -> Figure:
    """This person with random proportions."""
    atlas = read_atlas(rocketbox, name)
    offsets = joint_offsets(atlas.person)
    atlas = replace(atlas, person=proportioned(atlas.person, sample_proportions(rng)))
    return Figure(atlas.person, bind_truth(atlas, offsets).betas, offsets)


def sample_camera(rng: Generator, posed: PosedPerson, number: int) -> Camera:
    """As photographs are judged on, or every other one from anywhere and sometimes without the legs."""
    if number % 2:
        return cameras.sample_camera(rng, posed, SIDE)
    usual = held_out.sample_camera(rng, posed)
    size = np.round(usual.size * SIDE / usual.size.max()).astype(int)
    return window(usual, np.array([0, 0, *usual.size], dtype=float), tuple(size.tolist()))


def make_file(rocketbox: Path, motion: Path, seed: int, number: int, out: Path) -> int:
    """Writes one file of pairs; how many are in it."""
    path = out / f"quick-{seed}-{number:04d}.npz"
    if path.exists():
        return len(np.load(path)["pose"])
    rng, names, clips, rows = np.random.default_rng([seed, number]), names_for_training(rocketbox), clips_for_training(motion), []
    for name in rng.choice(names, PEOPLE, replace=False):
        figure = sample_figure(rng, rocketbox, str(name))
        for _ in range(POSES):
            pose = sample_everyday_pose(rng, clips, MOCAP).pose
            posed = pose_person(figure.person, pose)
            truth = fit_open_body(posed.joints, pose, None, figure.betas, figure.offsets)
            for camera in [sample_camera(rng, posed, number) for number in range(VIEWS)]:
                row = make_pair(rng, quick_picture(rng, posed, camera), camera, truth, str(name))
                rows += [row] if row is not None else []
    write_pairs(path, rows)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rocketbox", type=Path, required=True, help="folder of the people pack")
    parser.add_argument("--motion", type=Path, required=True, help="folder of motion clips")
    parser.add_argument("--count", type=int, default=15000, help="pictures, rounded up to whole files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("data/pairs"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files, found = -(-options.count // (PEOPLE * POSES * VIEWS)), 0
    for number in range(files):
        found += make_file(options.rocketbox, options.motion, options.seed, number, options.out)
        print(f"\r{found} pairs, file {number + 1} of {files}", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
