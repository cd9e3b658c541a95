"""Pairs from composed people (bodies of every sex, age and build, dressed), rasterised in many poses: a tenth or two of a second a picture.

    python -m training.lifter.composed_people --assets DIR [DIR ...] --count 9600 --seed 3 --out data/pairs

writes files of 240 pictures: ten people, six poses each. A person is dressed once, in the T-pose, and posed by the skin weights alone: to
the landmark detector, clothes that run into the skin where it bends matter little. What is in a file is drawn from (seed, number) alone;
files that are there are kept. Held-out garments, hair, skins and clips are never used.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.skeleton import posed_joints
from core.surface.surface import vertex_normals
from training.lifter.pairs import make_pair, write_pairs
from training.lifter.quick_people import MOCAP, VIEWS, sample_camera
from training.makehuman.figure import posed
from training.people.arms import off_the_body
from training.people.assets import Assets, open_assets
from training.people.character import DressedPerson
from training.people.composed import ComposedAssets, Outfitted, as_person, ground_below, open_composed, outfitted, t_posed_pieces
from training.people.cutout import rasterise_person
from training.people.exact_body import body_truth
from training.people.joined import Joined, joined
from training.people.subject import texels
from training.poses import sample_everyday_pose
from training.quick_picture import quickly_lit

PEOPLE, POSES = 10, 6
"""In a file: people, poses of each; VIEWS pictures of each pose."""
THINNED = 8
"""Cameras are framed by every so many vertices: to frame them by all takes as long as to draw them."""


@dataclass(frozen=True, eq=False)
class Mannequin:
    """Someone dressed in the T-pose as one mesh with skin weights (V, 24). nude (V', 3): the body's vertices, T-pose."""

    someone: Outfitted
    mesh: Joined
    weights: ndarray
    nude: ndarray


def mannequin(rng: Generator, assets: ComposedAssets) -> Mannequin:
    """A random person, dressed, ready to be posed."""
    figure, someone = assets.wardrobe.figure, outfitted(rng, assets.wardrobe)
    pieces = t_posed_pieces(rng, someone, assets.wardrobe, np.zeros((24, 3)))
    mesh = joined(pieces)
    weights = np.concatenate([piece.weights for piece in pieces])[mesh.same_point]
    nude = someone.shaped.t_posed(someone.shaped.rest, figure.weights)[figure.person.kept]
    return Mannequin(someone, mesh, weights, nude)


def in_pose(assets: ComposedAssets, model: Mannequin, pose: ndarray) -> DressedPerson:
    """The mannequin in the pose (24, 3), by its skin weights."""
    figure, joints = assets.wardrobe.figure, model.someone.shaped.t_joints
    turned = off_the_body(pose, model.nude, figure.weights[figure.person.kept], joints)
    mesh = replace(model.mesh, vertices=posed(model.mesh.vertices, model.weights, turned, joints))
    joints = posed_joints(turned, joints)
    truth = body_truth(assets.body, model.nude, turned, joints - ground_below(mesh, joints), np.zeros((0, 3)))
    return as_person("", mesh, joints, truth, model.someone.facts)


def picture_of(rng: Generator, person: DressedPerson, normals: ndarray, camera: Camera) -> ndarray:
    """Picture (H, W, 3) uint8 of the person, lit quickly. normals: `normals_of` the person."""
    raster = rasterise_person(person, camera)
    seen = raster.face >= 0
    corners, shares = person.faces[raster.face[seen]], raster.barycentric[seen]
    albedo, upright = np.zeros((*seen.shape, 3), np.uint8), np.zeros((*seen.shape, 3))
    albedo[seen] = texels(person.texture, np.einsum("nk,nkc->nc", shares, person.uv[corners]))
    upright[seen] = np.einsum("nk,nkc->nc", shares, normals[corners])
    upright /= np.linalg.norm(upright, axis=-1, keepdims=True) + 1e-9
    return quickly_lit(rng, albedo, upright, seen)


def normals_of(person: DressedPerson) -> ndarray:
    """Unit normals (V, 3), the same on both sides of a texture seam."""
    points = person.same_point
    places = np.zeros((points.max() + 1, 3))
    places[points] = person.vertices
    return vertex_normals(places, points[person.faces])[points]


def pairs_of(rng: Generator, person: DressedPerson, who: str) -> list[dict[str, ndarray]]:
    """A pair's arrays for each of VIEWS pictures in which the landmark network sees a person."""
    normals, thinned = normals_of(person), replace(person, vertices=person.vertices[::THINNED])
    cameras = [sample_camera(rng, thinned, view) for view in range(VIEWS)]
    rows = [make_pair(rng, picture_of(rng, person, normals, camera), camera, person.body, who) for camera in cameras]
    return [row for row in rows if row is not None]


def make_file(assets: Assets, composed: ComposedAssets, seed: int, number: int, out: Path) -> int:
    """Writes one file of pairs; how many are in it."""
    path = out / f"composed-{seed}-{number:04d}.npz"
    if path.exists():
        return len(np.load(path)["pose"])
    rng, rows = np.random.default_rng([seed, number]), []
    for which in range(PEOPLE):
        model = mannequin(rng, composed)
        for _ in range(POSES):
            person = in_pose(composed, model, sample_everyday_pose(rng, assets.clips, MOCAP).pose)
            rows += pairs_of(rng, person, f"{path.stem}-{which}")
    write_pairs(path, rows)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=Path, nargs="+", required=True, metavar="DIR", help="folders of MakeHuman's assets and of motion")
    parser.add_argument("--count", type=int, default=9600, help="pictures, rounded up to whole files")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("data/pairs"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    assets = open_assets(options.assets, ("makehuman", "motion")).split(judging=False)
    composed = open_composed([assets.makehuman])
    files, found = -(-options.count // (PEOPLE * POSES * VIEWS)), 0
    for number in range(files):
        found += make_file(assets, composed, options.seed, number, options.out)
        print(f"\r{found} pairs, file {number + 1} of {files}", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
