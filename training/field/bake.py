"""People's shards -> plates: each view photographed once, framed, with the truth and with what right and wrong bodies say.

    python -m training.field.bake --people DIR --worlds DIR --out DIR [--views 2] [--side 256] [--seed 1] [--follow]

A plate depends on the seed and on its view alone. Plates that are there are kept, so a stopped run goes on where it was; --follow waits for
shards that are still being made.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy import ndarray
from numpy.random import Generator

from core.body.fit.fit import fit_body
from core.body.lifter import Lifter, load_lifter
from core.body.model import BodyModel
from core.camera import Camera
from core.field.conditioning import USUAL_HEIGHT, BodyInView, body_maps
from core.field.framing import intrinsics_of, square_round
from core.field.volume import voxels
from core.light import rotated
from core.photo.detector import detect, whole
from core.photo.frame import Frame, square_frame
from core.photo.landmarks import LANDMARKS, upright_world
from core.photo.network import load_network
from core.photo.people import read_all
from core.photo.person import Person, Photo
from core.skeleton import JOINT
from core.surface.raster import rasterise, window
from core.surface.view import to_linear, to_srgb
from core.weights import find
from training.field.body_noise import JOINT_SPREAD, noisy, put_back
from training.field.patches import DEPTHS, REACH, SIDE
from training.field.plates import write_plate
from training.held_out import held_out
from training.people.character import BodyTruth, Shell, View
from training.people.lighting import shading
from training.people.samples import Sampler, Samples
from training.people.shards import Shard, shard_files
from training.people.snapshot import Snapshot, photograph_of
from training.people.subject import open_body
from training.people.worlds import read_world

SURFACE, NEAR, FAR = 1600, 4400, 1000
"""Points of a plate: on the surface, near it, and all over the box."""
SPREADS = (0.004, 0.015, 0.05)
"""Metres off the surface of the near ones, in equal shares."""
ESTIMATED_SPREAD = 0.12
"""Radians told for bodies the product estimated, as `core.body.fitted` does."""


@dataclass(frozen=True, eq=False)
class Tools:
    """What every plate needs: the body model, the lifter, the landmark networks, worlds; side: pixels; volume: cells a side or 0; shift:
    whether a body with depth-ambiguity-aware points is added; patches: share of plates that get rays for the rendering losses."""

    model: BodyModel
    lifter: Lifter
    worlds: list[ndarray]
    side: int
    volume: int
    shift: bool
    patches: float


def open_tools(worlds: Path | None, side: int, volume: int = 0, shift: bool = False, patches: float = 0.0) -> Tools:
    """Worlds held out for judging are left out."""
    files = sorted([*worlds.glob("*.exr"), *worlds.glob("*.hdr")]) if worlds else []
    pictures = [read_world(path) for path in files if path.stem not in held_out("worlds")]
    return Tools(open_body(), load_lifter(find("lifter")), pictures, side, volume, shift, patches)


# --- bodies ------------------------------------------------------------------------------------------------------------------------


def body_of(model: BodyModel, pose: ndarray, betas: ndarray, translation: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """Vertices (V, 3) and joints (24, 3) posed, and rest places (V, 3) as `conditioning.Nearest` has them."""
    batch = [torch.tensor(np.float32(part)[None]) for part in (betas, pose, translation)]
    with torch.no_grad():
        posed, rest = model(*batch), model.rest(batch[0])
    vertices, joints = rest.vertices[0].numpy(), rest.joints[0].numpy()
    place = (vertices - joints[JOINT["pelvis"]]) * (USUAL_HEIGHT / float(np.ptp(vertices[:, 1])))
    return posed.vertices[0].numpy().astype(np.float64), posed.joints[0].numpy().astype(np.float64), place


def wrong_body(
    tools: Tools, rng: Generator, truth: BodyTruth, exact: BodyInView, camera: Camera, true_joints: ndarray, level: float
) -> BodyInView:
    """The true body with modelled errors of this level, seen by the same camera."""
    pose, betas = noisy(rng, truth.pose, truth.betas, level)
    vertices, joints, rest = body_of(tools.model, pose, betas, truth.translation)
    moved = put_back(camera.to_camera(vertices), camera.to_camera(joints), true_joints, camera.intrinsics)
    return BodyInView(moved, exact.faces, rest, exact.pelvis, level * float(JOINT_SPREAD))


def estimated_body(tools: Tools, snap: Snapshot, exact: BodyInView, camera: Camera) -> BodyInView | None:
    """The body as the product fits it to the photograph, scaled about the camera to the pelvis' true depth; None where nobody is found."""
    person = detected(snap)
    if person is None:
        return None
    photo = Photo(snap.pixels, None, float(camera.intrinsics[0]), "plate")
    body = fit_body(photo, person, tools.model, tools.lifter)
    pelvis = body.camera.to_camera(body.joints)[JOINT["pelvis"]]
    if np.linalg.norm(pelvis[:2] / pelvis[2] - exact.pelvis[:2] / exact.pelvis[2]) > 0.15:
        return None  # somebody else: an occluder or the backdrop
    vertices = body.camera.to_camera(body.vertices) * (exact.pelvis[2] / pelvis[2])
    height = float(np.ptp(body.rest_vertices[:, 1]))
    rest = (body.rest_vertices - body.rest_joints[JOINT["pelvis"]]) * (USUAL_HEIGHT / height)
    return BodyInView(vertices, exact.faces, rest, exact.pelvis, ESTIMATED_SPREAD)


def detected(snap: Snapshot) -> Person | None:
    """The person's landmarks as the detector sees them, with the true mask."""
    found = read_all(snap.pixels, detect(snap.pixels, whole(snap.pixels.shape[1::-1]), load_network(find("pose_detection"))),
                     load_network(find("pose_landmark_full")))  # fmt: skip
    if not found:
        return None
    reading, frame, count = found[0].reading, found[0].frame, len(LANDMARKS)
    points = frame.to_photo(reading.points[:count])
    return Person(
        found[0].box, 1.0, points, reading.visibility[:count], reading.presence[:count], upright_world(reading, frame), snap.alpha
    )


# --- maps --------------------------------------------------------------------------------------------------------------------------


def front_maps(view: View, snap: Snapshot, square: Frame) -> dict[str, ndarray]:
    """The full-size arrays of a plate."""
    inside = (view.alpha > 0).astype(np.float32)
    share = square.take(inside)[..., None]
    normal = square.take(view.normal.astype(np.float32) / 127 * inside[..., None])
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    light = square.take(np.maximum(shading(view, snap.light), 1e-3) * inside[..., None]) / np.maximum(share, 1e-3)
    return {
        "photo": square.take(snap.pixels, edge=True),
        "mask": square.take(snap.alpha),
        "alpha": square.take(view.alpha),
        "normal": np.round(127 * normal).astype(np.int8),
        "albedo": square.take(view.albedo),
        "log_shading": np.log(np.clip(light, 2e-3, 20)).astype(np.float16),
        "trusted": square.take(view.trusted),
    }


def half_maps(shell: Shell, camera: Camera, pelvis_depth: float) -> dict[str, ndarray]:
    """The half-size arrays of a plate, from the shell: front and back."""
    front, back = rasterise(shell.vertices, shell.faces, camera), rasterise(shell.vertices, shell.faces, camera, farthest=True)
    values = np.concatenate([shell.normals @ camera.rotation.T, shell.albedo, shell.trusted[:, None]], axis=1).astype(np.float32)
    seen = back.interpolate(shell.faces, values)
    normal = seen[..., :3] / np.maximum(np.linalg.norm(seen[..., :3], axis=-1, keepdims=True), 1e-6)
    labels = []
    for side in (front, back):
        corner = np.take_along_axis(shell.faces[side.face], side.barycentric.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        labels.append(np.where(side.face >= 0, shell.label[corner], 255))
    depth = np.stack([np.where(side.face >= 0, side.depth - pelvis_depth, np.nan) for side in (front, back)])
    return {
        "depth": depth.astype(np.float16),
        "normal_back": np.round(127 * normal).astype(np.int8),
        "albedo_back": np.round(seen[..., 3:6]).astype(np.uint8),
        "trusted_back": seen[..., 6].astype(np.uint8),
        "label": np.stack(labels).astype(np.uint8),
    }


def body_arrays(body: BodyInView, points: ndarray, camera: Camera, tools: Tools, found: ndarray | None = None) -> dict[str, ndarray]:
    """What one body says: its maps, and the nearest body point to each point."""
    half = tools.side // 2
    arrays = {
        "maps": body_maps(body, camera.intrinsics, tools.side, half).astype(np.float16),
        "nearest": (body.nearest(points).stacked() if found is None else found).astype(np.float16),
        "shift": np.zeros(len(points), np.float16),
        "spread": np.array([body.spread], np.float32),
    }
    return arrays | ({"volume": voxels(body, tools.volume).astype(np.float16)} if tools.volume else {})


def shifted(body: BodyInView, exact: BodyInView, points: ndarray) -> ndarray:
    """Metres (N,) along each point's ray by which a wrong body has moved in depth there (Zheng et al. 2020, section 4.2, equation 5).

    PaMIR compares the depth maps of the fitted and the true body; here the same body point is compared, so it works behind the front too.
    """
    found = exact.distance.query(points)
    corners = exact.faces[found.face]
    moved = np.einsum("nk,nkc->nc", found.barycentric, body.vertices[corners] - exact.vertices[corners])
    rays = points / np.linalg.norm(points, axis=1, keepdims=True)
    return (moved * rays).sum(axis=1)


# --- patches -----------------------------------------------------------------------------------------------------------------------


def patch_arrays(rng: Generator, shell: Shell, camera: Camera, light: ndarray, alpha: ndarray) -> dict[str, ndarray]:
    """Two patches of SIDE² rays through pixels of the picture, about one place of the person: the nearest surface, and the farthest."""
    rows, columns = np.nonzero(alpha > 127)
    chosen = int(rng.integers(len(rows)))
    low = np.clip(np.array([columns[chosen], rows[chosen]]) - SIDE // 2, 0, alpha.shape[0] - SIDE).astype(float)
    small = window(camera, np.concatenate([low, low + SIDE]), (SIDE, SIDE))
    x, y = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    rays = np.stack(
        [(x - small.intrinsics[2]) / small.intrinsics[0], (y - small.intrinsics[3]) / small.intrinsics[1], np.ones_like(x)], axis=-1
    )
    length = np.linalg.norm(rays, axis=-1)
    values = np.concatenate([shell.albedo / 255, shell.trusted[:, None], np.maximum(shell.transfer @ light, 0)], axis=1).astype(np.float32)
    sides = []
    for farthest in (False, True):
        raster = rasterise(shell.vertices, shell.faces, small, farthest)
        hit, seen = raster.face >= 0, raster.interpolate(shell.faces, values)
        depth = np.where(hit, raster.depth, np.median(raster.depth[hit]) if hit.any() else camera.translation[2]) * length
        corner = np.take_along_axis(shell.faces[raster.face], raster.barycentric.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        sides.append({
            "rays": rays / length[..., None],
            "near": depth - REACH,
            "hit": np.uint8(hit),
            "known": np.uint8(hit & (seen[..., 3] >= 250)),
            "label": np.where(hit, shell.label[corner], 255).astype(np.uint8),
            "albedo": np.uint8(np.round(255 * seen[..., :3])),
            "shaded": np.uint8(np.round(255 * to_srgb(np.clip(to_linear(seen[..., :3]) * seen[..., 4:], 0, 1)))),
        })  # fmt: skip
    stacked = {name: np.stack([side[name].reshape(SIDE * SIDE, *side[name].shape[2:]) for side in sides]) for name in sides[0]}
    return {f"patch/{name}": np.float32(value) if name in ("rays", "near") else value for name, value in stacked.items()}


def patch_places(patch: dict[str, ndarray]) -> ndarray:
    """The points (2 · 1024 · DEPTHS, 3) at which bodies are asked for the patches."""
    t = patch["patch/near"][..., None] + np.linspace(0, 2 * REACH, DEPTHS)
    return (patch["patch/rays"][:, :, None] * t[..., None]).reshape(-1, 3).astype(np.float64)


# --- plates ------------------------------------------------------------------------------------------------------------------------


def plates_of(shard: Shard, number: int, views: int, tools: Tools, seed: int) -> Iterator[tuple[int, dict[str, ndarray], dict]]:
    """(view, arrays, about) of one person: their first view, which is nearly frontal, and others drawn at random."""
    about, truth, shell = shard.about(number), shard.body(number), shard.shell(number)
    rng = np.random.default_rng([seed, int(shard.path.stem.rpartition("-")[2]), number])
    samples = points_of(Sampler(shell), rng)
    vertices, joints, rest = body_of(tools.model, truth.pose, truth.betas, truth.translation)
    faces = tools.model.faces.numpy()
    own = BodyInView(vertices, faces, rest, joints[JOINT["pelvis"]], 0.0).nearest(samples.points.astype(np.float64))
    chosen = [0, *(1 + rng.permutation(about["views"] - 1)[: views - 1])]
    for which in (int(one) for one in chosen):
        view = shard.view(number, which)
        snap = photograph_of(view, rng, tools.worlds)
        if (snap.alpha > 127).sum() < 0.01 * snap.alpha.size:
            continue
        turn = view.camera.rotation.T
        exact = BodyInView(view.camera.to_camera(vertices), faces, rest, view.camera.to_camera(joints)[JOINT["pelvis"]], 0.0)
        found = np.concatenate([own.distance[:, None], own.direction @ turn, own.normal @ turn, own.rest], axis=1)
        arrays, bodies = plate(rng, tools, view, snap, shell, samples, truth, exact, found, view.camera.to_camera(joints))
        facts = {"name": about["name"], "family": about["family"], "view": which, "bodies": bodies, "surface": SURFACE, "near": NEAR,
                 "side": tools.side,
                 "patches": "patch/near" in arrays}  # fmt: skip
        yield which, arrays, facts


def points_of(sampler: Sampler, rng: Generator) -> Samples:
    """The plate's points in an order of chance within each kind, so that any run of them is a fair draw."""
    surface = sampler.on_surface(rng, SURFACE + NEAR)
    surface[SURFACE:] += rng.normal(0, 1, (NEAR, 3)) * rng.choice(SPREADS, NEAR)[:, None]
    low, high = sampler.vertices.min(axis=0) - 0.15, sampler.vertices.max(axis=0) + 0.15
    return sampler.at(np.concatenate([surface, rng.uniform(low, high, (FAR, 3))]))


def plate(rng, tools, view, snap, shell, samples, truth, exact, found, true_joints) -> tuple[dict[str, ndarray], list[str]]:
    """One plate's arrays and the names of its bodies."""
    camera = view.camera
    flat = exact.vertices[:, :2] / exact.vertices[:, 2:] * camera.intrinsics[:2] + camera.intrinsics[2:]
    square = jittered(rng, square_round(np.maximum(snap.alpha, (snap.alpha.max() < 128) * view.alpha), flat, tools.side))
    small = Camera(intrinsics_of(camera.intrinsics, square), camera.rotation, camera.translation, np.array([tools.side] * 2))
    half = Camera(small.intrinsics / 2, camera.rotation, camera.translation, np.array([tools.side // 2] * 2))
    points = camera.to_camera(samples.points.astype(np.float64))
    arrays = front_maps(view, snap, square) | half_maps(shell, half, exact.pelvis[2])
    arrays |= {
        "light": rotated(snap.light, camera.rotation).astype(np.float32),
        "intrinsics": small.intrinsics.astype(np.float32),
        "pelvis": exact.pelvis.astype(np.float32),
        "points": points.astype(np.float32),
        "distance": samples.distance.astype(np.float16),
        "point_normal": np.round(127 * samples.normal @ camera.rotation.T).astype(np.int8),
        "point_albedo": samples.albedo,
        "point_trusted": samples.trusted,
        "point_label": samples.label,
    }
    seen: dict[str, BodyInView] = {"exact": exact}
    bodies = {"exact": body_arrays(exact, points, small, tools, found)}
    wrong = wrong_body(tools, rng, truth, exact, camera, true_joints, float(rng.uniform(0.15, 1.0)))
    seen["noisy"], bodies["noisy"] = wrong, body_arrays(wrong, points, small, tools)
    guess = estimated_body(tools, snap, exact, camera)
    if guess is not None:
        seen["estimated"], bodies["estimated"] = guess, body_arrays(guess, points, small, tools)
    if tools.shift:
        shift = shifted(guess or wrong, exact, points)
        moved = points + points / np.linalg.norm(points, axis=1, keepdims=True) * shift[:, None]
        bodies["shifted"] = body_arrays(guess or wrong, moved, small, tools) | {"shift": shift.astype(np.float16)}
    if rng.random() < tools.patches:
        arrays |= (patch := patch_arrays(rng, shell, small, snap.light, arrays["alpha"]))
        places = patch_places(patch)
        for name, body in seen.items():
            bodies[name]["patch"] = body.nearest(places).stacked().astype(np.float16).reshape(2, SIDE * SIDE, DEPTHS, 10)
    for name, values in bodies.items():
        arrays |= {f"{name}/{key}": value for key, value in values.items()}
    return arrays, list(bodies)


def jittered(rng: Generator, square: Frame) -> Frame:
    """The square a little moved and scaled, as other masks and bodies would have made it."""
    side = square.size[0]
    centre = square.to_photo(np.array([[side / 2, side / 2]]))[0] + rng.normal(0, 0.012, 2) * side * square.step
    return square_frame(centre, side * square.step * float(np.exp(rng.normal(0.01, 0.03))), side)


def main() -> int:
    options = _options()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    tools = open_tools(options.worlds, options.side, options.volume, options.shift, options.patches)
    options.out.mkdir(parents=True, exist_ok=True)
    done, start = set(), time.monotonic()
    while True:
        waiting = [file for file in shard_files(options.people) if file not in done]
        for file in waiting:
            bake_shard(file, options, tools, start)
            done.add(file)
        if not waiting and not options.follow:
            return 0
        if not waiting:
            time.sleep(20)


def bake_shard(file: Path, options: argparse.Namespace, tools: Tools, start: float) -> None:
    """All plates of one shard, unless its mark says that they are there."""
    mark = options.out / f"{file.stem}.done"
    if mark.exists():
        return
    shard = Shard(file)
    for number in range(len(shard)):
        if number % options.parts != options.part:
            continue
        for which, arrays, about in plates_of(shard, number, options.views, tools, options.seed):
            write_plate(options.out / f"{file.stem}-{number:02d}-{which}.safetensors", arrays, about)
        print(f"\r{file.stem} {number + 1}/{len(shard)}, {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)
    if options.parts == 1:
        mark.touch()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.field.bake", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, required=True, help="folder of people's shards")
    parser.add_argument("--worlds", type=Path, help="folder of HDRI worlds")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--views", type=int, default=2, help="of each person")
    parser.add_argument("--side", type=int, default=256, help="pixels of a plate's side")
    parser.add_argument("--volume", type=int, default=0, help="cells a side of the body's voxels; 0 for none")
    parser.add_argument("--shift", action="store_true", help="add a body with depth-ambiguity-aware points")
    parser.add_argument("--patches", type=float, default=0.35, help="share of plates with rays for the rendering losses")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--follow", action="store_true", help="wait for shards that are still being made")
    parser.add_argument("--parts", type=int, default=1, help="share the people of each shard among so many runs")
    parser.add_argument("--part", type=int, default=0, help="which share this run takes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
