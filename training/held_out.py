"""Photographs of held-out people, posed, lit and framed by a seed alone, kept in a folder so that measuring again is quick.

What is held out stands in `held_out.toml`. A photograph's recipe is drawn from (seed, number), so the first thirty of sixty are the thirty.
"""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.camera import Camera
from core.skeleton import JOINT
from training.motion import motion_files, read_clip
from training.photograph import Photograph, framed, photograph
from training.poses import SampledPose, sample_pose
from training.rocketbox import PosedPerson, load_person, pose_person
from training.set_pieces import GROUNDS, WALLS
from training.stage import Surroundings

SIZE = (480, 640)
RECIPE = 4
"""Raise it when the way photographs are made changes, so that kept ones are made anew."""


@dataclass(frozen=True)
class HeldOutPhoto:
    """One photograph's file, its truth (pixels empty: they are in the file), and what it shows."""

    path: Path
    truth: Photograph
    person: str
    pose: SampledPose


@dataclass(frozen=True)
class Assets:
    """The folders of the people pack, the motion clips and the worlds, and the held-out clips already read."""

    rocketbox: Path
    worlds: Path
    clips: dict[str, np.ndarray]


def held_out(kind: str) -> list[str]:
    """Names of held-out `people`, `worlds`, `clips`, or `example`."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text())[kind]


def open_assets(rocketbox: Path, motion: Path, worlds: Path) -> Assets:
    """The assets, checked for the held-out names. Raises FileNotFoundError, MotionFileError."""
    wanted = {path.stem: path for path in motion_files(motion) if path.stem in held_out("clips")}
    lacking = sorted(set(held_out("clips")) - wanted.keys())
    lacking += [name for name in held_out("worlds") if not (Path(worlds) / f"{name}.exr").exists()]
    if lacking:
        raise FileNotFoundError(f"the asset folders lack {', '.join(lacking)}")
    return Assets(Path(rocketbox), Path(worlds), {name: read_clip(path).poses for name, path in wanted.items()})


def held_out_photo(assets: Assets, seed: int, number: int, cache: Path) -> HeldOutPhoto:
    """The photograph with this number, from the cache or rendered now (about five seconds)."""
    rng = np.random.default_rng([seed, number])
    people = np.random.default_rng(seed + number // len(held_out("people"))).permutation(held_out("people"))
    name = str(people[number % len(people)])
    sampled = sample_pose(rng, assets.clips)
    posed = pose_person(load_person(assets.rocketbox, name), sampled.pose)
    camera, place = sample_camera(rng, posed), sample_surroundings(rng, assets.worlds, posed, sampled.kind)
    path = Path(cache) / f"{seed}-{number:03d}-{_fingerprint(name, sampled.pose, camera, place)}.jpg"
    if not (path.exists() and path.with_suffix(".png").exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = photograph(posed, camera, place)
        cv2.imwrite(str(path.with_suffix(".png")), made.alpha)
        cv2.imwrite(str(path), made.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    alpha = cv2.imread(str(path.with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
    joints = camera.to_camera(posed.joints)
    truth = Photograph(np.zeros((0, 0, 3), np.uint8), alpha, camera, joints, camera.project(posed.joints), posed.person.height)
    return HeldOutPhoto(path, truth, name, sampled)


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


def _fingerprint(name: str, pose: np.ndarray, camera: Camera, place: Surroundings) -> str:
    """Twelve letters that change with anything in the picture."""
    numbers = [
        np.round(np.asarray(part, dtype=np.float64), 6).tolist() for part in (pose, camera.intrinsics, camera.rotation, camera.translation)
    ]
    recipe = [RECIPE, name, numbers, {**vars(place), "world": place.world.name}]
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
