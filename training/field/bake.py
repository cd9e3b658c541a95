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
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.field.conditioning import BodyInView
from core.field.framing import intrinsics_of, square_round
from core.field.steady import SteadyBody
from core.light import rotated
from core.photo.frame import Frame, square_frame
from core.skeleton import JOINT
from training.field.bodies import (
    MovedSteady,
    Told,
    Tools,
    body_arrays,
    body_of,
    estimated_body,
    exact_body,
    open_tools,
    shifted,
    wrong_body,
)
from training.field.patches import DEPTHS, SIDE
from training.field.plates import write_plate
from training.field.relight import write_bank
from training.field.truth import NEAR, SURFACE, front_maps, half_maps, patch_arrays, patch_places, points_of
from training.people.samples import Sampler
from training.people.shards import Shard, shard_files
from training.people.snapshot import photograph_of


def plates_of(shard: Shard, number: int, views: int, tools: Tools, seed: int) -> Iterator[tuple[str, dict[str, ndarray], dict]]:
    """(name, arrays, about) of one person: their first view, which is nearly frontal, and others drawn at random; of a view that Cycles
    photographed too, both photographs."""
    about, truth, shell = shard.about(number), shard.body(number), shard.shell(number)
    rng = np.random.default_rng([seed, int(shard.path.stem.rpartition("-")[2]), number])
    samples = points_of(Sampler(shell), rng)
    vertices, joints, rest = body_of(tools.model, truth.pose, truth.betas, truth.translation)
    faces = tools.model.faces.numpy()
    body = BodyInView(vertices, faces, rest, joints[JOINT["pelvis"]], 0.0)
    steady = SteadyBody(body)
    own = steady.nearest(samples.points.astype(np.float64))
    chosen = [0, *(1 + rng.permutation(about["views"] - 1)[: views - 1])]
    for which in (int(one) for one in chosen):
        view = shard.view(number, which)
        traced = shard.traced(number, which)
        for made, snap in (("relit", photograph_of(view, rng, tools.worlds)), *([("cycles", traced)] if traced else [])):
            if (snap.alpha > 127).sum() < 0.01 * snap.alpha.size:
                continue
            turn = view.camera.rotation.T
            exact = MovedSteady(steady, exact_body(body, view.camera), view.camera)
            found = np.concatenate([own.distance[:, None], own.direction @ turn, own.normal @ turn, own.rest], axis=1)
            arrays, bodies = plate(rng, tools, view, snap, shell, samples, truth, exact, found, view.camera.to_camera(joints))
            facts = {"name": about["name"], "family": about["family"], "view": which, "made": made, "bodies": bodies, "surface": SURFACE,
                     "near": NEAR, "side": tools.side, "patches": "patch/near" in arrays}  # fmt: skip
            yield f"{which}{'c' if made == 'cycles' else ''}", arrays, facts


def plate(rng, tools, view, snap, shell, samples, truth, told, found, true_joints) -> tuple[dict[str, ndarray], list[str]]:
    """One plate's arrays and the names of its bodies. told: the true body; found (N, 10): what it says to the samples."""
    camera, exact = view.camera, told.body
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
        "rotation": camera.rotation.astype(np.float32),
        "points": points.astype(np.float32),
        "distance": samples.distance.astype(np.float16),
        "point_normal": np.round(127 * samples.normal @ camera.rotation.T).astype(np.int8),
        "point_albedo": samples.albedo,
        "point_trusted": samples.trusted,
        "point_label": samples.label,
    }
    seen: dict[str, Told] = {"exact": told}
    bodies = {"exact": body_arrays(told, points, small, tools, found)}
    wrong = wrong_body(tools, rng, truth, exact, camera, true_joints, float(rng.uniform(0.15, 1.0)))
    seen["noisy"] = SteadyBody(wrong)
    bodies["noisy"] = body_arrays(seen["noisy"], points, small, tools)
    guess = estimated_body(tools, snap, exact, camera)
    if guess is not None:
        seen["estimated"] = SteadyBody(guess)
        bodies["estimated"] = body_arrays(seen["estimated"], points, small, tools)
    if tools.shift:
        shift = shifted(guess or wrong, exact, points)
        moved = points + points / np.linalg.norm(points, axis=1, keepdims=True) * shift[:, None]
        bodies["shifted"] = body_arrays(seen["estimated" if guess else "noisy"], moved, small, tools) | {"shift": shift.astype(np.float16)}
    if rng.random() < tools.patches:
        arrays |= (patch := patch_arrays(rng, shell, small, snap.light, arrays["alpha"]))
        places = patch_places(patch)
        for name, one in seen.items():
            bodies[name]["patch"] = one.nearest(places).stacked().astype(np.float16).reshape(2, SIDE * SIDE, DEPTHS, 10)
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
    write_bank(options.out, tools.worlds, options.seed)
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
