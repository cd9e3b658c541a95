"""Where BlazePose's landmarks really sit on the body: measured on quick pictures of people whose pose is known.

    python -m training.calibrate_landmarks --rocketbox DIR --motion DIR --people 600 --seed 5

writes core/body/fit/places.toml. Each landmark is a point fixed to its joint. In the picture that point follows from the 2D landmarks by
least squares (two equations a picture, linear in the offset); for the 3D landmarks likewise, after the one scale that fits each person.
The 3D landmarks' offsets differ from the picture's by the detector's bias, such as heads too far forward, and this is what is kept:

    world offset = picture offset + bias

Landmarks on the surface (face, hands, feet) keep the open body's own points in the picture (SURFACE), because the people measured have
other heads, hands and shoes; joints take the offsets measured. Held-out people and clips are not used.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.body.files import load_body
from core.body.fit.kinematics import stature
from core.body.fit.residuals import HIPS
from core.camera import Camera
from core.errors import NoPersonFound
from core.photo.landmarks import LANDMARKS, TWINS
from core.photo.people import find_people
from core.photo.person import Person, Photo
from core.skeleton import JOINT, joint_transforms
from training.held_out import held_out, sample_camera
from training.poses import load_clips, sample_pose
from training.quick_picture import quick_picture
from training.rocketbox import load_person, people_names, pose_person

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

SURFACE = {
    "nose": (0.0, 0.008, 0.113),
    "left_eye_inner": (0.016, 0.046, 0.086),
    "left_eye": (0.031, 0.046, 0.086),
    "left_eye_outer": (0.044, 0.046, 0.076),
    "left_ear": (0.082, 0.030, -0.015),
    "left_mouth": (0.022, -0.028, 0.092),
    "left_pinky": (0.085, -0.015, -0.045),
    "left_index": (0.090, -0.008, 0.025),
    "left_thumb": (0.060, -0.035, 0.055),
    "left_heel": (0.0, -0.040, -0.050),
    "left_toe": (0.0, -0.012, 0.065),
}
"""Points read off the open body's template, metres from their joint."""


@dataclass(frozen=True)
class Sample:
    """One person seen: the landmarks found, and the true joints (24, 3) in the camera frame, their turns (24, 3, 3) from the T pose to the
    camera's axes, and the size relative to the open body's template."""

    person: Person
    camera: Camera
    joints: np.ndarray
    turns: np.ndarray
    size: float


def gather(rocketbox: Path, motion: Path, count: int, seed: int, template: np.ndarray) -> list[Sample]:
    """Samples of people who are not held out; whoever the detector misses is left out."""
    clips = {name: poses for name, poses in load_clips(motion).items() if name not in held_out("clips")}
    names = [name for name in people_names(rocketbox) if name not in held_out("people") + held_out("example")]
    samples = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        pose = sample_pose(rng, clips, mocap_share=0.2).pose
        posed = pose_person(load_person(rocketbox, names[rng.integers(len(names))]), pose)
        camera = sample_camera(rng, posed)
        try:
            person = find_people(Photo(quick_picture(rng, posed, camera), None, None, str(number)))[0]
        except NoPersonFound:
            continue
        turns = camera.rotation @ joint_transforms(pose, template)[:, :3, :3]
        size = stature(posed.joints) / stature(template)
        samples.append(Sample(person, camera, camera.to_camera(posed.joints), turns, size))
        print(f"\r{number + 1}/{count}, {len(samples)} found", end="", flush=True)
    print()
    return samples


Equations = list[tuple[np.ndarray, np.ndarray]]


def solve(equations: dict[str, Equations]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Offsets by landmark of the left or middle, and each's usual residual. equations: a list of A (k, 3), b (k,) for all 33 landmarks.

    Right landmarks count as their left twins mirrored; those in the middle get no sideways offset. Outliers are weighted down
    (Geman-McClure, three robust deviations).
    """
    offsets, residuals = {}, {}
    for name in JOINT_OF:
        twin = LANDMARKS[TWINS[LANDMARKS.index(name)]]
        pooled = equations[name] + ([(a @ MIRROR, b) for a, b in equations[twin]] if twin != name else [])
        matrix, right = np.stack([a for a, _ in pooled]), np.stack([b for _, b in pooled])
        if twin == name:
            matrix[..., 0] = 0
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


def picture_equations(samples: list[Sample]) -> dict[str, Equations]:
    """x - u z = 0 for the point (x, z) = joint + size · turn · offset that is seen along the ray u: linear in the offset."""
    equations: dict[str, Equations] = {name: [] for name in LANDMARKS}
    for sample in samples:
        rays = (np.float64(sample.person.landmarks) - sample.camera.intrinsics[2:]) / sample.camera.intrinsics[:2]
        for name, joint, ray in zip(LANDMARKS, joint_numbers(), rays, strict=True):
            turn, place = sample.size * sample.turns[joint], sample.joints[joint]
            equations[name].append((turn[:2] - ray[:, None] * turn[2:], ray * place[2] - place[:2]))
    return equations


def world_equations(samples: list[Sample], offsets: np.ndarray) -> dict[str, Equations]:
    """turn · offset = landmark - joint, with the landmarks scaled and their hips' middle put where the offsets so far have it."""
    equations: dict[str, Equations] = {name: [] for name in LANDMARKS}
    numbers = joint_numbers()
    for sample in samples:
        points = sample.joints[numbers] + sample.size * np.einsum("kab,kb->ka", sample.turns[numbers], offsets)
        middle = points[HIPS].mean(axis=0)
        world = np.float64(sample.person.world_landmarks)
        world -= world[HIPS].mean(axis=0)
        scale = (world * (points - middle)).sum() / (world**2).sum()
        for row, (name, joint) in enumerate(zip(LANDMARKS, numbers, strict=True)):
            equations[name].append((sample.size * sample.turns[joint], scale * world[row] + middle - sample.joints[joint]))
    return equations


def calibrate(samples: list[Sample]) -> str:
    """The text of places.toml."""
    picture, across = solve(picture_equations(samples))
    world = picture
    for _ in range(6):
        world, depth = solve(world_equations(samples, both_sides(world)))
    lines = [f"# Made by `python -m training.calibrate_landmarks` on {len(samples)} pictures; see core/body/fit/correspondence.py. Metres."]
    for name, joint in JOINT_OF.items():
        place = np.array(SURFACE.get(name, picture[name]))
        rows = {"picture": place, "world": place + world[name] - picture[name]}
        lines += ["", f"[{name}]", f'joint = "{joint}"']
        lines += [f"{key} = [{', '.join(f'{number:.3f}' for number in row)}]" for key, row in rows.items()]
        lines += [f"across = {across[name].mean():.3f}", f"depth = {depth[name][2]:.3f}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rocketbox", type=Path, required=True, help="folder of the people pack")
    parser.add_argument("--motion", type=Path, required=True, help="folder of motion clips")
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of weights, the body's included")
    options = parser.parse_args()
    template = load_body(options.weights).joint_template
    samples = gather(options.rocketbox, options.motion, options.people, options.seed, template)
    PLACES.write_text(calibrate(samples))
    print(f"{PLACES} written from {len(samples)} pictures")


if __name__ == "__main__":
    main()
