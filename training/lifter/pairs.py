"""Pairs of detected landmarks and true bodies: people in mocap and photo-like poses, drawn quickly, run through the real detector.

    python -m training.lifter.pairs --rocketbox DIR --motion DIR --count 15000 --seed 1 --out data/pairs [--workers 2]

writes files of 250 pictures each; files that are already there are kept, so a stopped run goes on where it was. A picture's recipe is drawn
from (seed, number) alone. Held-out people and clips are never used.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from core.errors import NoPersonFound
from core.photo.detector import detect, whole
from core.photo.landmarks import LANDMARKS, upright_world
from core.photo.network import load_network
from core.photo.people import read_all
from core.weights import find
from training.held_out import held_out, sample_camera
from training.poses import load_clips, sample_pose
from training.quick_picture import quick_picture
from training.rocketbox import load_person, people_names, pose_person

FILE = 250
"""Pictures per file."""

MOCAP = 0.35
"""Share of mocap frames; the rest are photo-like poses, as people stand, sit and gesture in photographs."""


@dataclass(frozen=True)
class Pairs:
    """N people, as the detector saw them and as they are.

    landmarks (N, 33, 2) pixels; seen (N, 33, 2) visibility and presence; world (N, 33, 3) metres, camera's axes; pose (N, 24, 3)
    axis-angle, the pelvis' turned into the camera frame's upright axes (core.camera.UPRIGHT); joints (N, 24, 3) metres, camera frame;
    intrinsics (N, 4) pixels.
    """

    landmarks: np.ndarray
    seen: np.ndarray
    world: np.ndarray
    pose: np.ndarray
    joints: np.ndarray
    intrinsics: np.ndarray

    def __len__(self) -> int:
        return len(self.pose)


def load_pairs(folder: Path) -> Pairs:
    """Every pair in the folder's files. Raises FileNotFoundError where there is none."""
    files = sorted(Path(folder).glob("pairs-*.npz"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no pairs; make them with `python -m training.lifter.pairs`")
    loaded = [np.load(file) for file in files]
    return Pairs(**{field.name: np.concatenate([file[field.name] for file in loaded]) for field in fields(Pairs)})


@lru_cache(maxsize=1)
def _assets(rocketbox: Path, motion: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    clips = {name: poses for name, poses in load_clips(motion).items() if name not in held_out("clips")}
    return [name for name in people_names(rocketbox) if name not in held_out("people") + held_out("example")], clips


def make_pair(rocketbox: Path, motion: Path, seed: int, number: int) -> dict[str, np.ndarray]:
    """One pair's arrays by the names of Pairs. NoPersonFound where the detector misses the person."""
    rng = np.random.default_rng([seed, number])
    names, clips = _assets(rocketbox, motion)
    pose = sample_pose(rng, clips, mocap_share=MOCAP).pose
    posed = pose_person(load_person(rocketbox, names[rng.integers(len(names))]), pose)
    camera = sample_camera(rng, posed)
    picture = quick_picture(rng, posed, camera)
    reader = load_network(find("pose_landmark_full"))
    found = read_all(picture, detect(picture, whole(picture.shape[1::-1]), load_network(find("pose_detection"))), reader)
    if not found:
        raise NoPersonFound(f"nobody in picture {number}")
    reading, frame, count = found[0].reading, found[0].frame, len(LANDMARKS)
    return {
        "landmarks": frame.to_photo(reading.points[:count]),
        "seen": np.stack([reading.visibility[:count], reading.presence[:count]], axis=1),
        "world": upright_world(reading, frame),
        "pose": turned_to_camera(pose, camera.rotation),
        "joints": camera.to_camera(posed.joints),
        "intrinsics": camera.intrinsics,
    }


def turned_to_camera(pose: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """The pose with the pelvis' rotation as a level camera would see it: UPRIGHT times camera rotation times the pelvis'."""
    upright = np.diag([1.0, -1.0, -1.0])
    turned = pose.copy()
    turned[0] = cv2.Rodrigues(upright @ rotation @ cv2.Rodrigues(pose[0])[0])[0].ravel()
    return turned


def make_file(rocketbox: Path, motion: Path, seed: int, number: int, out: Path) -> tuple[int, int]:
    """Write one file whole or not at all; how many people were found and missed."""
    path = out / f"pairs-{seed}-{number:04d}.npz"
    if path.exists():
        return len(np.load(path)["pose"]), 0
    rows, missed = [], 0
    for picture in range(number * FILE, (number + 1) * FILE):
        try:
            rows.append(make_pair(rocketbox, motion, seed, picture))
        except NoPersonFound:
            missed += 1
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **{key: np.stack([row[key] for row in rows]).astype(np.float32) for key in rows[0]})
    partial.replace(path)
    return len(rows), missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rocketbox", type=Path, required=True, help="folder of the people pack")
    parser.add_argument("--motion", type=Path, required=True, help="folder of motion clips")
    parser.add_argument("--count", type=int, default=15000, help="pictures, rounded up to whole files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("data/pairs"))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = range(-(-options.count // FILE))
    found = missed = 0
    with ProcessPoolExecutor(options.workers) as pool:
        jobs = [pool.submit(make_file, options.rocketbox, options.motion, options.seed, number, options.out) for number in files]
        for job in jobs:
            one, other = job.result()
            found, missed = found + one, missed + other
            print(f"\r{found} found, {missed} missed of {len(files) * FILE}", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
