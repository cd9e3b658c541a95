"""The fit of the body, measured: on photographs of held-out synthetic people whose pose is known, and on real photos.

    python -m training.evaluate_fit --rocketbox DIR --motion DIR --worlds DIR --people 30 --seed 0 --photos DIR \\
        --results docs/RESULTS.md --json OUT --sheet OUT.png

The stages are the product's own: read_photo, find_people, fit_body. Twelve limb joints count: shoulders, elbows, wrists, hips, knees,
ankles. Whoever is not found is counted and left out of the means.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.body.files import load_body
from core.body.fit.fit import fit_body
from core.body.fitted import FittedBody
from core.body.lifter import Lifter, load_lifter
from core.body.model import BodyModel
from core.errors import NoPersonFound
from core.photo.image import read_photo
from core.photo.landmarks import LANDMARKS
from core.photo.people import find_people
from core.photo.person import Person, Photo
from core.skeleton import JOINT
from core.surface.raster import silhouette
from core.weights import find
from training import contact_sheet, metrics
from training.held_out import HeldOutPhoto, held_out_photo, open_assets
from training.metrics import LIMB_JOINTS
from training.results import how_made, write_section

SMPL_ROWS = [JOINT[name] for name in LIMB_JOINTS]
LANDMARK_ROWS = [LANDMARKS.index(name) for name in LIMB_JOINTS]
SEEN = 0.5
"""Landmarks less visible than this are guesses of the network and are not held against the fit on real photos."""
STRAIGHT = 10.0
"""Degrees; a knee less bent than this counts as straight."""
PHOTO_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic"}


@dataclass(frozen=True)
class Fit:
    """One photo through the stages; person and fitted are None where nobody was found."""

    photo: Photo
    person: Person | None
    fitted: FittedBody | None
    seconds: float


def fit_photo(path: Path, weights: Path, model: BodyModel, lifter: Lifter | None) -> Fit:
    """The largest person of a photo fitted; seconds are the fit's alone."""
    photo = read_photo(path)
    try:
        person = find_people(photo, weights, people="largest")[0]
    except NoPersonFound:
        return Fit(photo, None, None, 0.0)
    start = time.perf_counter()
    fitted = fit_body(photo, person, model, lifter)
    return Fit(photo, person, fitted, time.perf_counter() - start)


# --- synthetic people -------------------------------------------------------------------------------------------------------------


def measure_synthetic(shot: HeldOutPhoto, fit: Fit) -> dict:
    """The figures of one held-out photograph: for the fitted body and for BlazePose's own landmarks, cm and fractions of the height."""
    about = {"photo": shot.path.name, "person": shot.person, "pose": shot.pose.kind, "source": shot.pose.source}
    if fit.fitted is None:
        return about | {"found": False}
    truth, camera = shot.truth.joints[SMPL_ROWS], fit.fitted.camera
    pixels, height = shot.truth.landmarks[SMPL_ROWS], height_in_pixels(shot)
    joints = camera.to_camera(fit.fitted.joints)[SMPL_ROWS]
    world = np.asarray(fit.person.world_landmarks, dtype=np.float64)[LANDMARK_ROWS]
    return about | {
        "found": True,
        "seconds": fit.seconds,
        "fit": _errors(joints, truth) | {"picture": metrics.picture_error(camera.project(fit.fitted.joints)[SMPL_ROWS], pixels, height)},
        "landmarks": _errors(world, truth)
        | {"picture": metrics.picture_error(np.float64(fit.person.landmarks)[LANDMARK_ROWS], pixels, height)},
        "silhouette_iou": metrics.overlap(silhouette_of(fit), shot.truth.alpha > 127),
        "true_knees": metrics.knee_bends(truth).tolist(),
        "fit_knees": metrics.knee_bends(joints).tolist(),
    }


def _errors(estimate: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    return {
        "root_cm": 100 * metrics.root_error(estimate, truth),
        "pa_cm": 100 * metrics.procrustes_error(estimate, truth),
        "depth_cm": 100 * metrics.depth_error(estimate, truth),
    }


def height_in_pixels(shot: HeldOutPhoto) -> float:
    """The standing person's height as it would measure in the picture at the pelvis' distance."""
    return shot.truth.height * float(shot.truth.camera.intrinsics[1]) / float(shot.truth.joints[JOINT["pelvis"], 2])


def silhouette_of(fit: Fit) -> np.ndarray:
    """The fitted body's mask (H, W) in the photo."""
    return silhouette(fit.fitted.vertices, fit.fitted.faces, fit.fitted.camera, fit.photo.size)


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
        "silhouette_iou": metrics.overlap(silhouette_of(fit), fit.person.mask > 127),
        "seconds": fit.seconds,
    }


# --- the report -------------------------------------------------------------------------------------------------------------------


def synthetic_table(rows: list[dict]) -> str:
    """The means in a table: every pose, ordinary ones, mocap frames; the fitted body above BlazePose's landmarks."""
    found = [one for one in rows if one["found"]]
    groups = {
        "all": found,
        "ordinary poses": [one for one in found if one["pose"] != "mocap"],
        "motion clips": [one for one in found if one["pose"] == "mocap"],
    }
    lines = ["| | photos | root, cm | its median | worst | PA, cm | depth, cm | 2D of height |", "|---|---|---|---|---|---|---|---|"]
    for title, group in groups.items():
        for key, method in (("fit", "fitted body"), ("landmarks", "BlazePose's 3D landmarks")):
            if group:
                lines.append(f"| {method}, {title} | {len(group)} | {_means(group, key)} |")
    facts = [f"Found: {len(found)} of {len(rows)} people."]
    if found:
        seconds = [one["seconds"] for one in found]
        facts.append(f"Seconds per fit: {np.median(seconds):.2f} median, {max(seconds):.2f} at most.")
        facts.append(f"Body silhouette against the dressed person's: IoU {np.mean([one['silhouette_iou'] for one in found]):.3f}.")
        facts.append(straight_knees(found))
    return "\n".join([*lines, "", " ".join(facts)])


def _means(group: list[dict], key: str) -> str:
    root, pa, depth, picture = (np.array([one[key][name] for one in group]) for name in ("root_cm", "pa_cm", "depth_cm", "picture"))
    return f"{root.mean():.1f} | {np.median(root):.1f} | {root.max():.1f} | {pa.mean():.1f} | {depth.mean():.1f} | {picture.mean():.3f}"


def straight_knees(found: list[dict]) -> str:
    """By how much straight knees come out bent."""
    true = np.array([one["true_knees"] for one in found]).ravel()
    fitted = np.array([one["fit_knees"] for one in found]).ravel()
    straight = true < STRAIGHT
    if not straight.any():
        return "No knee was straight."
    return f"Straight knees (under {STRAIGHT:.0f}°, {straight.sum()}) come out {(fitted - true)[straight].mean():+.1f}° on average."


def photo_table(rows: list[dict]) -> str:
    """Every real photo in a table, and the mean."""
    lines = ["| photo | joints seen | 2D of height | silhouette IoU | seconds |", "|---|---|---|---|---|"]
    found = [one for one in rows if one["found"]]
    for one in rows:
        if one["found"]:
            facts = f"{one['joints_seen']} | {one['picture']:.3f} | {one['silhouette_iou']:.3f} | {one['seconds']:.2f}"
            lines.append(f"| {one['photo']} | {facts} |")
        else:
            lines.append(f"| {one['photo']} | nobody found | | | |")
    if found:
        means = [np.mean([one[key] for one in found]) for key in ("picture", "silhouette_iou", "seconds")]
        lines.append(f"| **mean** | | **{means[0]:.3f}** | **{means[1]:.3f}** | {means[2]:.2f} |")
    return "\n".join(lines)


EXPLAINED = (
    "Twelve limb joints (shoulders, elbows, wrists, hips, knees, ankles), mean distance. *root*: both bodies' mid-hip at the origin, the "
    "estimate scaled by the one factor that brings it nearest (least squares). *PA*: after Procrustes alignment. *depth*: the part of "
    "*root* along the camera's axis. *2D of height*: distance in the picture over the standing height there. BlazePose's landmarks are "
    "not joint centres, which is part of its rows' error."
)
EXPLAINED_PHOTOS = (
    "Projected joints against the landmarks seen (visibility at least 0.5), over the fitted body's standing height; the body's silhouette "
    "against the person's mask, clothes and all."
)


def report(synthetic: list[dict], photos: list[dict]) -> str:
    """The section of RESULTS.md."""
    parts = ["## The fit of the body to one photo", how_made("training.evaluate_fit")]
    if synthetic:
        parts += ["### Held-out synthetic people, rendered photographs", synthetic_table(synthetic), EXPLAINED]
    if photos:
        parts += ["### Real photos", photo_table(photos), EXPLAINED_PHOTOS]
    return "\n\n".join(parts)


def main() -> None:
    options = _options()
    model, sheet, synthetic, photos = load_body(options.weights), [], [], []
    lifter = None if options.without_lifter else load_lifter(find("lifter", options.weights))
    if options.people:
        assets = open_assets(options.rocketbox, options.motion, options.worlds)
        for number in range(options.people):
            shot = held_out_photo(assets, options.seed, number, options.cache)
            fit = fit_photo(shot.path, options.weights, model, lifter)
            synthetic.append(measure_synthetic(shot, fit))
            error = f"{synthetic[-1]['fit']['root_cm']:.1f} cm" if fit.fitted else "nobody found"
            sheet.append(contact_sheet.row(fit.photo, fit.person, fit.fitted, shot.truth.joints, f"{number} {shot.pose.kind} {error}"))
            print(f"{number + 1}/{options.people} {shot.person}, {shot.pose.kind} {shot.pose.source}: {error}", flush=True)
    for path in sorted(options.photos.iterdir()) if options.photos else []:
        if path.suffix.lower() in PHOTO_ENDINGS:
            fit = fit_photo(path, options.weights, model, lifter)
            photos.append(measure_photo(path, fit))
            sheet.append(contact_sheet.row(fit.photo, fit.person, fit.fitted, None, path.name))
    print(report(synthetic, photos))
    if options.results:
        write_section(options.results, "fit", report(synthetic, photos))
    if options.json:
        options.json.write_text(json.dumps({"seed": options.seed, "synthetic": synthetic, "photos": photos}, indent=1))
    if options.sheet and sheet:
        contact_sheet.write_sheet(options.sheet, sheet)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, what in (("rocketbox", "the people pack"), ("motion", "motion clips"), ("worlds", "HDRI worlds")):
        parser.add_argument(f"--{name}", type=Path, help=f"folder of {what}")
    parser.add_argument("--people", type=int, default=30, help="held-out photographs to measure; 0 for none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", type=Path, help="folder of real photos")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of weights, the body's included")
    parser.add_argument("--without-lifter", action="store_true", help="plain optimisation instead, for comparison")
    parser.add_argument("--results", type=Path, help="Markdown file to write the tables into, such as docs/RESULTS.md")
    parser.add_argument("--json", type=Path, help="file for every figure of every photo")
    parser.add_argument("--sheet", type=Path, help="picture to look at")
    parser.add_argument("--cache", type=Path, default=Path(".cache/photographs"), help="folder that keeps the rendered photographs")
    options = parser.parse_args()
    if options.people and not (options.rocketbox and options.motion and options.worlds):
        parser.error("--people needs --rocketbox, --motion and --worlds")
    return options


if __name__ == "__main__":
    main()
