"""MakeHuman's detail targets: noses, chins, ears, shoulders … as axes with two ends, and faces and bodies drawn from them at random."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator

from training.makehuman.mesh import data_folder
from training.makehuman.targets import read_target

FACE = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose")
BUILD = ("arms", "buttocks", "hip", "legs", "stomach", "torso")
LEFT_OUT = ("measure-", "pregnant", "trans-in", "trans-out", "head-age")  # tailor's measures, and what makes a body crooked
OPPOSITES = (("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"), ("concave", "convex"), ("compress", "uncompress"))


@cache
def axes(folders: tuple[str, ...]) -> list[tuple[tuple[Path, ...], tuple[Path, ...]]]:
    """The axes of the folders: the targets of the one end and of the other; both sides of the face or body move together."""
    found: dict[str, list] = {}
    for folder in folders:
        for path in sorted((data_folder() / "targets" / folder).glob("*.target.gz")):
            name = path.name.removesuffix(".target.gz")
            stem, _, end = name.rpartition("-")
            for number, pair in enumerate(OPPOSITES):
                if end in pair and not any(part in name for part in LEFT_OUT):
                    key = f"{folder}/{stem.removeprefix('l-').removeprefix('r-')}-{number}"
                    found.setdefault(key, [[], []])[pair.index(end)].append(path)
    return [(tuple(low), tuple(high)) for low, high in found.values() if low and high]


@cache
def _offsets(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return read_target(path)


def sample_detail(rng: Generator, number: int, face: float = 0.3, build: float = 0.18) -> np.ndarray:
    """Offsets (number, 3) in MakeHuman's metres that make a face, and a little of a body, one's own: about a third of all axes, each with
    a normally distributed strength of this deviation."""
    offsets = np.zeros((number, 3))
    for folders, deviation in ((FACE, face), (BUILD, build)):
        chosen = axes(folders)
        strengths = np.clip(rng.normal(0, deviation, len(chosen)), -0.8, 0.8) * (rng.random(len(chosen)) < 0.35)
        for (low, high), strength in zip(chosen, strengths, strict=True):
            for path in (high if strength > 0 else low) if strength else ():
                vertices, moves = _offsets(path)
                offsets[vertices] += abs(strength) * moves
    return offsets
