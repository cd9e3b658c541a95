"""The fit of the body, measured: on photographs of people never seen whose bodies are known, and on real photos.

    python -m training.evaluate_fit --assets DIR [DIR ...] --people 60 --seed 0 --photos DIR \\
        --results docs/RESULTS.md --json OUT --sheet OUT.png

People and photographs are the yardstick's (`training.fit_cases`); every way to a body in METHODS is measured, the last being the product's
own: read_photo, find_people, fit_body. Twelve limb joints count: shoulders, elbows, wrists, hips, knees, ankles. Whoever is not found is
counted and left out of the means.
"""

import argparse
import json
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy import ndarray

from core.body.files import load_body
from core.body.fit.fit import PARTS, fit_body
from core.body.fitted import FittedBody
from core.body.lifter import Lifter, load_lifter
from core.body.model import BodyModel
from core.errors import NoPersonFound
from core.photo.image import read_photo
from core.photo.landmarks import LANDMARKS
from core.photo.people import find_people
from core.photo.person import Person, Photo
from core.skeleton import JOINT, rotation_matrices
from core.surface.raster import silhouette
from core.weights import find
from training import contact_sheet, metrics
from training.evaluate.validation import PEOPLE, open_validation
from training.fit_cases import FitCase, fit_cases
from training.fit_tables import report
from training.metrics import LIMB_JOINTS
from training.results import write_section

SMPL_ROWS = [JOINT[name] for name in LIMB_JOINTS]
LANDMARK_ROWS = [LANDMARKS.index(name) for name in LIMB_JOINTS]
SEEN = 0.5
"""Landmarks less visible than this are guesses of the network and are not held against the fit on real photos."""
PHOTO_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic"}

METHODS: dict[str, tuple[str, ...] | None] = {
    "optimisation": None,
    "lifter": (),
    "+ landmarks": ("landmarks",),
    "+ contact": ("landmarks", "contact"),
    "+ outline": ("landmarks", "outline"),
    "+ picture": PARTS,
}
"""What the fit is made of, part by part; None is plain optimisation without the lifter."""


@dataclass(frozen=True)
class Fit:
    """One photo through the stages; person and fitted are None where nobody was found."""

    photo: Photo
    person: Person | None
    fitted: FittedBody | None
    seconds: float


def fit_photo(path: Path, weights: Path, model: BodyModel, lifter: Lifter | None) -> Fit:
    """The largest person of a photo fitted as the product does it; seconds are the fit's alone, of the processor."""
    photo = read_photo(path)
    try:
        person = find_people(photo, weights, people="largest")[0]
    except NoPersonFound:
        return Fit(photo, None, None, 0.0)
    start = time.process_time()
    fitted = fit_body(photo, person, model, lifter)
    return Fit(photo, person, fitted, time.process_time() - start)


# --- people whose bodies are known ------------------------------------------------------------------------------------------------


class Truth(NamedTuple):
    """The open body inside the person, body frame: joints (24, 3), vertices (V, 3); and both at rest."""

    joints: ndarray
    vertices: ndarray
    rest_joints: ndarray
    rest_vertices: ndarray


def measure_case(case: FitCase, photo: Photo, person: Person | None, model: BodyModel, lifter: Lifter) -> tuple[dict, FittedBody | None]:
    """The figures of one photograph by every method, cm, degrees and fractions of the height; and the product's own body."""
    about = {"photo": case.photo.name, **{key: case.facts[key] for key in ("family", "kind", "child")}, "yaw": yaw_of(case)}
    if person is None:
        return about | {"found": False}, None
    true = true_body(model, case)
    methods = {"landmarks": landmark_figures(case, person, true)}
    for name, parts in METHODS.items():
        start = time.process_time()
        fitted = fit_body(photo, person, model, None if parts is None else lifter, parts or ())
        seconds = time.process_time() - start
        methods[name] = figures(case, fitted, true) | {"seconds": seconds}
    return about | {"found": True, "knees": metrics.knee_bends(true.joints[SMPL_ROWS]).tolist(), "methods": methods}, fitted


def figures(case: FitCase, fitted: FittedBody, true: Truth) -> dict:
    """Of one fitted body against the open body inside the person."""
    joints, rig = fitted.camera.to_camera(fitted.joints)[SMPL_ROWS], case.camera.to_camera(case.rig_joints)[SMPL_ROWS]
    pixels, seen = fitted.camera.project(fitted.joints)[SMPL_ROWS], case.camera.project(true.joints)[SMPL_ROWS]
    return _errors(joints, case.camera.to_camera(true.joints)[SMPL_ROWS]) | {
        "rig_cm": 100 * metrics.root_error(joints, rig),
        "picture": metrics.picture_error(pixels, seen, height_in_pixels(case, true)),
        "surface_cm": 100 * metrics.procrustes_error(fitted.vertices, true.vertices),
        "knees": metrics.knee_bends(joints).tolist(),
        "silhouette_iou": metrics.overlap(silhouette_of(fitted, fitted.camera.size), case.mask),
        "lengths": (lengths(fitted.rest_joints) / lengths(true.rest_joints) - 1).tolist(),
        "girth": float(
            girth(fitted.skin_weights, fitted.rest_vertices, fitted.rest_joints)
            / girth(fitted.skin_weights, true.rest_vertices, true.rest_joints)
            - 1
        ),
    }


def landmark_figures(case: FitCase, person: Person, true: Truth) -> dict:
    """Of the detector's own landmarks, 2D and 3D, as if they were the joints."""
    world, rig = np.float64(person.world_landmarks)[LANDMARK_ROWS], case.camera.to_camera(case.rig_joints)[SMPL_ROWS]
    pixels, height = case.camera.project(true.joints)[SMPL_ROWS], height_in_pixels(case, true)
    return _errors(world, case.camera.to_camera(true.joints)[SMPL_ROWS]) | {
        "rig_cm": 100 * metrics.root_error(world, rig),
        "picture": metrics.picture_error(np.float64(person.landmarks)[LANDMARK_ROWS], pixels, height),
        "knees": metrics.knee_bends(world).tolist(),
    }


def _errors(estimate: ndarray, truth: ndarray) -> dict[str, float]:
    return {
        "root_cm": 100 * metrics.root_error(estimate, truth),
        "pa_cm": 100 * metrics.procrustes_error(estimate, truth),
        "depth_cm": 100 * metrics.depth_error(estimate, truth),
    }


def true_body(model: BodyModel, case: FitCase) -> Truth:
    betas, pose, translation = (torch.as_tensor(np.float32(part))[None] for part in (case.betas, case.pose, case.translation))
    with torch.no_grad():
        posed, rest = model(betas, pose, translation), model.rest(betas)
    return Truth(*(part[0].double().numpy() for part in (posed.joints, posed.vertices, rest.joints, rest.vertices)))


LENGTHS = {
    "shoulders": ("left_shoulder", "right_shoulder"),
    "hips": ("left_hip", "right_hip"),
    "arms": ("left_shoulder", "left_elbow", "left_wrist"),
    "legs": ("left_hip", "left_knee", "left_ankle"),
}


def lengths(rest: ndarray) -> ndarray:
    """Shoulders' and hips' width, arms and legs (4,) of rest joints (24, 3), over the length of the trunk, pelvis to neck."""
    trunk = np.linalg.norm(rest[JOINT["neck"]] - rest[JOINT["pelvis"]])
    parts = [sum(np.linalg.norm(rest[JOINT[b]] - rest[JOINT[a]]) for a, b in pairwise(chain)) for chain in LENGTHS.values()]
    return np.array(parts) / trunk


def girth(skin_weights: ndarray, rest_vertices: ndarray, rest: ndarray) -> float:
    """Mean distance of the trunk's skin from its axis, over the length of the trunk."""
    trunk = skin_weights[:, [JOINT["spine1"], JOINT["spine2"]]].sum(axis=1) > 0.8
    axis = rest[[JOINT["spine1"], JOINT["spine2"]]].mean(axis=0)
    across = (rest_vertices[trunk] - axis)[:, [0, 2]]
    return float(np.linalg.norm(across, axis=1).mean() / np.linalg.norm(rest[JOINT["neck"]] - rest[JOINT["pelvis"]]))


def yaw_of(case: FitCase) -> float:
    """Degrees that the pelvis is turned from facing the camera, 0..180."""
    ahead = case.camera.rotation @ rotation_matrices(case.pose[0]) @ np.array([0.0, 0.0, 1.0])
    return float(np.degrees(np.arccos(np.clip(-ahead[2] / np.hypot(ahead[0], ahead[2]), -1, 1))))


def height_in_pixels(case: FitCase, true: Truth) -> float:
    """The standing person's height as it would measure in the picture at the pelvis' distance."""
    distance = case.camera.to_camera(true.joints)[JOINT["pelvis"], 2]
    return float(case.facts["height"] * case.camera.intrinsics[1] / distance)


def silhouette_of(fitted: FittedBody, size: ndarray | tuple[int, int]) -> ndarray:
    """The fitted body's mask (H, W) at the photo's size (width, height)."""
    return silhouette(fitted.vertices, fitted.faces, fitted.camera, tuple(int(side) for side in size))


# --- real photos ------------------------------------------------------------------------------------------------------------------


def measure_photo(path: Path, fit: Fit) -> dict:
    """The figures of one real photo: how far projected joints are from the landmarks seen, and how well silhouettes agree.

    Height is the fitted body's, standing, at the pelvis' distance. A landmark is not quite a joint's centre, so the error is never 0.
    """
    if fit.fitted is None:
        return {"photo": path.name, "found": False}
    body, camera = fit.fitted, fit.fitted.camera
    distance = camera.to_camera(body.joints)[JOINT["pelvis"], 2]
    height = float(np.ptp(body.rest_vertices[:, 1]) * camera.intrinsics[1] / distance)
    seen = np.asarray(fit.person.visibility)[LANDMARK_ROWS] >= SEEN
    landmarks = np.float64(fit.person.landmarks)[LANDMARK_ROWS]
    return {
        "photo": path.name,
        "found": True,
        "joints_seen": int(seen.sum()),
        "picture": metrics.picture_error(camera.project(body.joints)[SMPL_ROWS], landmarks, height, seen),
        "silhouette_iou": metrics.overlap(silhouette_of(fit.fitted, fit.photo.size), fit.person.mask > 127),
        "seconds": fit.seconds,
    }


def measure_people(options: argparse.Namespace, model: BodyModel, lifter: Lifter, sheet: list[ndarray]) -> list[dict]:
    """The figures of every person, and a row of the sheet for each."""
    chosen, rows = (open_validation(options.assets, options.people, options.seed) if options.assets else None), []
    for number, case in enumerate(fit_cases(chosen, options.seed, options.people, options.cache)):
        photo = read_photo(case.photo)
        try:
            person = find_people(photo, options.weights, people="largest")[0]
        except NoPersonFound:
            person = None
        row, fitted = measure_case(case, photo, person, model, lifter)
        rows.append(row)
        error = f"{row['methods']['+ picture']['root_cm']:.1f} cm" if fitted else "nobody found"
        joints = case.camera.to_camera(true_body(model, case).joints)
        sheet.append(contact_sheet.row(photo, person, fitted, joints, f"{number} {case.facts['kind']} {error}"))
        print(f"{number + 1}/{options.people} {case.facts['family']}, {case.facts['kind']}: {error}", flush=True)
    return rows


def main() -> None:
    options = _options()
    model, lifter, sheet, photos = load_body(options.weights), load_lifter(options.lifter or find("lifter", options.weights)), [], []
    people = measure_people(options, model, lifter, sheet) if options.people else []
    for path in sorted(options.photos.iterdir()) if options.photos else []:
        if path.suffix.lower() in PHOTO_ENDINGS:
            fit = fit_photo(path, options.weights, model, lifter)
            photos.append(measure_photo(path, fit))
            sheet.append(contact_sheet.row(fit.photo, fit.person, fit.fitted, None, path.name))
    print(report(people, photos))
    if options.results:
        write_section(options.results, "fit", report(people, photos))
    if options.json:
        options.json.write_text(json.dumps({"seed": options.seed, "people": people, "photos": photos}, indent=1))
    if options.sheet and sheet:
        contact_sheet.write_sheet(options.sheet, sheet)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--assets", type=Path, nargs="+", default=[], metavar="DIR", help="asset folders; not needed once all are in the cache"
    )
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many of the validation set's {PEOPLE}; 0 for none")
    parser.add_argument("--seed", type=int, default=0, help="of the validation set")
    parser.add_argument("--photos", type=Path, help="folder of real photos")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of weights, the body's included")
    parser.add_argument("--lifter", type=Path, help="a lifter's weights on trial, in place of the folder's own")
    parser.add_argument("--results", type=Path, help="Markdown file to write the tables into, such as docs/RESULTS.md")
    parser.add_argument("--json", type=Path, help="file for every figure of every photo")
    parser.add_argument("--sheet", type=Path, help="picture to look at")
    parser.add_argument("--cache", type=Path, default=Path(".cache/validation"), help="folder that keeps the photographs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
