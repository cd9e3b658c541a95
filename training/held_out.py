"""What no training may see (`held_out.toml`), and how photographs that results are judged on are framed and where they are taken."""

import tomllib
from pathlib import Path

import numpy as np

from core.camera import Camera
from core.skeleton import JOINT
from training.photograph import framed
from training.rocketbox import PosedPerson
from training.set_pieces import GROUNDS, WALLS
from training.stage import Surroundings

SIZE = (480, 640)
RECIPE = 4
"""Raise it when the way photographs are made changes, so that kept ones are made anew."""


def held_out(kind: str) -> list[str]:
    """Names of held-out `people`, `worlds`, `clips`, or `example`."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text())[kind]


def sample_camera(rng: np.random.Generator, posed: PosedPerson) -> Camera:
    """Mostly from the front (nine in ten within 60 degrees), from knee to above head height, from a wide lens to a short tele."""
    yaw = float(np.clip(rng.normal(0, 30), -60, 60)) if rng.random() < 0.9 else float(rng.uniform(-180, 180))
    pitch, fov = float(np.clip(rng.normal(4, 6), -8, 20)), float(rng.uniform(25, 55))
    shift = rng.normal(0, 0.02, 2)
    return framed(posed, np.radians(yaw), np.radians(pitch), np.radians(fov), SIZE, float(rng.uniform(0.68, 0.9)), shift)


def sample_surroundings(rng: np.random.Generator, worlds: Path, posed: PosedPerson, kind: str) -> Surroundings:
    """A held-out world turned anyhow, some ground, a wall in a third of the pictures, a seat under whoever sits."""
    wall = str(rng.choice(WALLS)) if rng.random() < 0.35 else None
    seat = float(posed.joints[JOINT["pelvis"], 1] - 0.12) if kind.startswith("sitting") else None
    return Surroundings(
        world=Path(worlds) / f"{rng.choice(held_out('worlds'))}.exr",
        turn=float(rng.uniform(0, 2 * np.pi)),
        ground=str(rng.choice(GROUNDS)),
        wall=wall,
        wall_distance=float(rng.uniform(1.2, 4.0)),
        wall_turn=float(rng.normal(0, 0.3)),
        exposure=float(rng.uniform(0.6, 1.1)),
        f_stop=float(rng.choice([2.8, 5.6, 11.0])),
        seat=seat,
    )
