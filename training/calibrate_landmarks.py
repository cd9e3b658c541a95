"""Where BlazePose's landmarks really sit on the body: measured on pairs of landmarks and true bodies.

    python -m training.calibrate_landmarks --pairs DIR [DIR ...]

writes core/body/fit/places.toml. Each landmark is a point fixed to its joint. In the picture that point follows from the 2D landmarks by
least squares (two equations a picture, linear in the offset); for the 3D landmarks likewise, after the one scale that fits each person.
The 3D landmarks' offsets differ from the picture's by the detector's bias, such as heads too far forward.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from core.body.files import load_body
from core.body.fit.residuals import HIPS
from core.body.model import BodyModel
from core.photo.landmarks import LANDMARKS, TWINS
from core.skeleton import JOINT
from training.lifter.noise import sizes, world_turns
from training.lifter.pairs import Pairs, joined, load_pairs

PLACES = Path("core/body/fit/places.toml")
MIRROR = np.diag([-1.0, 1.0, 1.0])

JOINT_OF = {
    **dict.fromkeys(("nose", "left_eye_inner", "left_eye", "left_eye_outer", "left_ear", "left_mouth"), "head"),
    **{f"left_{name}": f"left_{name}" for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")},
    **dict.fromkeys(("left_pinky", "left_index", "left_thumb"), "left_wrist"),
    "left_heel": "left_ankle",
    "left_toe": "left_foot",
}
"""The joint that each landmark of the left or middle is fixed to."""

SEEN = 0.5
"""Visibility from which a landmark counts: what is hidden is guessed, and guesses say nothing of the place."""


Equations = dict[str, tuple[np.ndarray, np.ndarray]]
"""By landmark: A (N, k, 3) and b (N, k) of A · offset = b."""


def solve(equations: Equations) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Offsets by landmark of the left or middle, and each's usual residual.

    Right landmarks count as their left twins mirrored; those in the middle get no sideways offset. Outliers are weighted down
    (Geman-McClure, three robust deviations).
    """
    offsets, residuals = {}, {}
    for name in JOINT_OF:
        twin = LANDMARKS[TWINS[LANDMARKS.index(name)]]
        matrix, right = equations[name]
        if twin != name:
            matrix = np.concatenate([matrix, equations[twin][0] @ MIRROR])
            right = np.concatenate([right, equations[twin][1]])
        else:
            matrix = matrix * [0, 1, 1]
        weights = np.ones(len(right))
        for _ in range(10):
            root = np.sqrt(weights)[:, None]
            offsets[name] = np.linalg.lstsq((matrix * root[..., None]).reshape(-1, 3), (right * root).ravel(), rcond=None)[0]
            off = matrix @ offsets[name] - right
            spread = 1.48 * np.median(np.abs(off))
            weights = (1 + (off**2).sum(axis=1) / (3 * spread) ** 2) ** -2.0
        residuals[name] = 1.48 * np.median(np.abs(off), axis=0)
    return offsets, residuals


def both_sides(offsets: dict[str, np.ndarray]) -> np.ndarray:
    """Offsets (33, 3) of all landmarks."""
    return np.array([offsets[name] if name in offsets else MIRROR @ offsets[LANDMARKS[TWINS[i]]] for i, name in enumerate(LANDMARKS)])


def joint_numbers() -> np.ndarray:
    """The joint (33,) of each landmark, right ones' from their twins'."""
    left = [JOINT_OF.get(name) or JOINT_OF[LANDMARKS[TWINS[i]]].replace("left_", "right_") for i, name in enumerate(LANDMARKS)]
    return np.array([JOINT[name] for name in left])


class Truth:
    """The landmarks' joints in the camera frame: places (N, 33, 3), turns (N, 33, 3, 3) times the size of the body, sizes (N,)."""

    def __init__(self, pairs: Pairs, model: BodyModel):
        numbers = joint_numbers()
        self.sizes = sizes(torch.as_tensor(pairs.joints), model).double().numpy()
        turns = world_turns(torch.as_tensor(pairs.pose), model).double().numpy()
        self.turns = self.sizes[:, None, None, None] * turns[:, numbers]
        self.places = np.float64(pairs.joints[:, numbers])


def picture_equations(pairs: Pairs, truth: Truth) -> Equations:
    """x - u z = 0 for the point (x, z) = joint + size · turn · offset that is seen along the ray u: linear in the offset."""
    rays = (np.float64(pairs.landmarks) - pairs.intrinsics[:, None, 2:]) / pairs.intrinsics[:, None, :2]
    matrix = truth.turns[:, :, :2] - rays[..., None] * truth.turns[:, :, 2:]
    return _by_landmark(pairs, matrix, rays * truth.places[..., 2:] - truth.places[..., :2])


def world_equations(pairs: Pairs, truth: Truth, offsets: np.ndarray) -> Equations:
    """turn · offset = landmark - joint, with the landmarks scaled and their hips' middle put where the offsets so far have it."""
    points = truth.places + np.einsum("nkab,kb->nka", truth.turns, offsets)
    middle = points[:, HIPS].mean(axis=1, keepdims=True)
    world = pairs.world - np.float64(pairs.world)[:, HIPS].mean(axis=1, keepdims=True)
    scale = (world * (points - middle)).sum(axis=(1, 2)) / (world**2).sum(axis=(1, 2))
    return _by_landmark(pairs, truth.turns, scale[:, None, None] * world + middle - truth.places)


def _by_landmark(pairs: Pairs, matrix: np.ndarray, right: np.ndarray) -> Equations:
    seen = pairs.seen[..., 0] >= SEEN
    return {name: (matrix[seen[:, row], row], right[seen[:, row], row]) for row, name in enumerate(LANDMARKS)}


def calibrate(pairs: Pairs, model: BodyModel) -> str:
    """The text of places.toml."""
    truth = Truth(pairs, model)
    picture, across = solve(picture_equations(pairs, truth))
    world = picture
    for _ in range(6):
        world, depth = solve(world_equations(pairs, truth, both_sides(world)))
    lines = [f"# Made by `python -m training.calibrate_landmarks` on {len(pairs)} pictures; see core/body/fit/correspondence.py. Metres."]
    for name, joint in JOINT_OF.items():
        lines += ["", f"[{name}]", f'joint = "{joint}"']
        lines += [
            f"{key} = [{', '.join(f'{number:.3f}' for number in row[name])}]" for key, row in (("picture", picture), ("world", world))
        ]
        lines += [f"across = {across[name].mean():.3f}", f"depth = {depth[name][2]:.3f}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, nargs="+", default=[Path("data/pairs")], help="folders of pairs")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of weights, the body's included")
    options = parser.parse_args()
    pairs = joined([load_pairs(folder) for folder in options.pairs])
    PLACES.write_text(calibrate(pairs, load_body(options.weights)))
    print(f"{PLACES} written from {len(pairs)} pictures")


if __name__ == "__main__":
    main()
