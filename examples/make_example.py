"""Makes examples/person.jpg, the demo's input: an artist-made person photographed by Cycles. Run from the repository root:

python -m examples.make_example --rocketbox DIR --worlds DIR --out examples/person.jpg
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from core.skeleton import JOINT
from training.photograph import framed, photograph
from training.rocketbox import load_person, pose_person
from training.stage import Surroundings

STROLLING = {  # degrees about x, y, z of the body frame, from the T pose
    "pelvis": (0, 0, -1),
    "spine1": (3, 4, 3),
    "spine2": (0, 4, 2),
    "spine3": (-2, 4, 1),
    "neck": (4, -6, -2),
    "head": (2, -6, 0),
    "left_hip": (-13, 3, 6),
    "left_knee": (4, 0, 0),
    "left_ankle": (8, 6, 0),
    "right_hip": (9, -6, -3),
    "right_knee": (20, 0, 0),
    "right_ankle": (-12, -6, 0),
    "left_shoulder": (25, 8, -68),
    "left_elbow": (-20, -22, 0),
    "right_shoulder": (25, -4, 66),
    "right_elbow": (-15, 34, 0),
}
SIZE = (900, 1200)


def example(rocketbox: Path, worlds: Path, person: str, samples: int) -> np.ndarray:
    """The picture (H, W, 3), uint8 sRGB: a person taking a step, arms a little away from the body, in a wood."""
    pose = np.zeros((len(JOINT), 3))
    for name, degrees in STROLLING.items():
        pose[JOINT[name]] = np.radians(degrees)
    posed = pose_person(load_person(rocketbox, person), pose)
    camera = framed(posed, yaw=0.08, pitch=0.03, fov=np.radians(26), size=SIZE, fill=0.86)
    place = Surroundings(worlds / "forest.exr", ground="paving", exposure=0.85, f_stop=4.0)
    return photograph(posed, camera, place, samples, smooth=True).pixels


def with_grain(pixels: np.ndarray, seed: int, deviation: float = 2.0) -> np.ndarray:
    """The picture with a sensor's noise, deviation in steps of 1/255: denoised renders are cleaner than any photograph."""
    noise = np.random.default_rng(seed).normal(0.0, deviation, pixels.shape)
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rocketbox", type=Path, required=True, help="folder of the people pack")
    parser.add_argument("--worlds", type=Path, required=True, help="folder of HDRI worlds")
    parser.add_argument("--person", default="Male_Adult_16", help="which of the pack's people")
    parser.add_argument("--samples", type=int, default=64, help="Cycles' samples per pixel")
    parser.add_argument("--out", type=Path, default=Path("examples/person.jpg"))
    options = parser.parse_args()
    pixels = with_grain(example(options.rocketbox, options.worlds, options.person, options.samples), seed=0)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.out), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()
