"""The relight check: one person under two lights should give one albedo, and the avatar under its own light should look like the photo.

    python -m training.evaluate_relight --assets DIR [DIR ...] --people 12 --seed 0 --results docs/RESULTS.md --cache DIR

People, poses and first photographs are the yardstick's; the second photograph is taken from the same place in another held-out world. The
surface is made with the true body and camera, so that only light and colour are judged.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.body.files import load_body
from core.body.model import BodyModel
from core.errors import DoppelError
from core.light import irradiance
from core.photo.image import read_photo
from training.evaluate.case import Case
from training.evaluate.colour import lit, mae, psnr
from training.evaluate.mesh import Mesh, nearest
from training.evaluate.methods import Method, Result, open_methods, try_exact
from training.evaluate.pictures import take
from training.evaluate.rows import FAMILIES
from training.evaluate.validation import FAMILIES as KINDS
from training.evaluate.validation import (
    PEOPLE,
    Sitting,
    ValidationError,
    ValidationSet,
    fingerprint,
    kept_photograph,
    make_case,
    make_sitting,
    open_validation,
)
from training.held_out import RECIPE
from training.results import how_made, write_section

FIGURES: dict[str, tuple[str, int]] = {
    "photo_difference": ("photos differ", 3),
    "albedo_difference": ("albedo differs, visible", 3),
    "albedo_difference_hidden": ("albedo differs, hidden", 3),
    "error_of_mean": ("error of the two's mean", 3),
    "psnr": ("avatar against photo, dB", 1),
    "psnr_gained": ("the same, exposed alike, dB", 1),
    "psnr_of_grey": ("photo's mean colour, dB", 1),
}
"""Name: heading and decimals. The first four are mean absolute differences of sRGB 0..1."""


@dataclass(frozen=True)
class Pair:
    """One person photographed twice."""

    first: Case
    second: Case


def pair_of(chosen: ValidationSet, number: int, cache: Path) -> Pair:
    """The person of the validation set with this number, and the same photographed in the next world but one of the held-out ones."""
    first, sitting = make_case(chosen, number, cache), make_sitting(chosen, number)
    worlds = chosen.assets.worlds
    place = replace(sitting.place, world=worlds[(number // len(KINDS) + 1) % len(worlds)], turn=sitting.place.turn + 2.0)
    return Pair(first, again(first, sitting, place, cache))


def again(first: Case, sitting: Sitting, place, cache: Path) -> Case:
    """The case photographed elsewhere."""
    picture = Path(cache) / f"{sitting.stem}-{RECIPE}-relight-{fingerprint(sitting.camera, place)}.jpg"
    light = kept_photograph(picture, sitting.person, sitting.camera, place)
    mask = cv2.imread(str(picture.with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
    return replace(first, photo=read_photo(picture), mask=mask, light=light)


def compare(pair: Pair, make: Callable[[Case], Result]) -> dict[str, float]:
    """The figures of one person. make: what the method makes of a case."""
    results = [make(case) for case in (pair.first, pair.second)]
    points, other = pair.first.points, pair.second.points
    albedo = [at(points.places, result) for result in results]
    seen, unseen = points.visible & other.visible, points.hidden & other.hidden
    rendered = [rendering(case, result) for case, result in zip((pair.first, pair.second), results, strict=True)]
    return {
        "photo_difference": mae(points.photo[seen], other.photo[seen]),
        "albedo_difference": mae(albedo[0][seen], albedo[1][seen]),
        "albedo_difference_hidden": mae(albedo[0][unseen], albedo[1][unseen]),
        "error_of_mean": mae((albedo[0][seen] + albedo[1][seen]) / 2, points.albedo[seen]),
    } | {name: float(np.mean([one[name] for one in rendered])) for name in rendered[0]}


def at(places: ndarray, result: Result) -> ndarray:
    """Albedo (N, 3), sRGB 0..1, of a result at points (N, 3) of the true surface."""
    mesh = Mesh(np.float64(result.surface.vertices), result.surface.faces)
    return nearest(places, mesh).interpolate(mesh.faces, result.surface.albedo / 255)


def rendering(case: Case, result: Result) -> dict[str, float]:
    """PSNR of the avatar under its own light against the photograph, where both show the person: as it is, and with each colour's one best
    exposure; and of the photograph's own mean colour in place of the avatar."""
    mesh = Mesh(np.float64(result.surface.vertices), result.surface.faces)
    picture = take(mesh, result.surface.albedo / 255, case.camera)
    inside = picture.mask & (case.mask > 127)
    shading = irradiance(result.light, picture.normal[inside]) / np.pi
    photo, albedo = case.photo.pixels[inside] / 255, picture.values[inside]
    gains = 2 ** np.linspace(-2, 2, 33)
    alike = [[((lit(albedo, gain * shading)[:, c] - photo[:, c]) ** 2).mean() for gain in gains] for c in range(3)]
    return {
        "psnr": psnr(lit(albedo, shading), photo),
        "psnr_gained": float(-10 * np.log10(max(np.mean([min(errors) for errors in alike]), 1e-10))),
        "psnr_of_grey": psnr(np.broadcast_to(photo.mean(axis=0), photo.shape), photo),
    }


def table(each: list[dict]) -> str:
    """Means over everyone and over each family, Markdown."""
    lines = ["| | people | " + " | ".join(head for head, _ in FIGURES.values()) + " |", "|---" * (2 + len(FIGURES)) + "|"]
    for family in FAMILIES:
        group = [one for one in each if family in ("all", one["family"])]
        if group:
            cells = [f"{np.nanmean([one[name] for one in group]):.{digits}f}" for name, (_, digits) in FIGURES.items()]
            lines.append(f"| {family} | {len(group)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


EXPLAINED = """The same person, pose and camera in two held-out worlds, by Cycles; surfaces with the true body. *differ*: mean absolute
difference of sRGB 0..1 at points of the true surface that both photographs show squarely (or neither: *hidden*). *error of the two's
mean*: that mean against the true albedo, so that a constant cannot look good. *avatar against photo*: PSNR inside the outline of albedo
times irradiance of the estimated light (no shadows cast) against the photograph, whose camera curve (AgX) is not undone; *exposed
alike*: with one best gain for each colour."""


def run(options: argparse.Namespace, model: BodyModel, method: Method, chosen: ValidationSet) -> list[dict]:
    """The figures of everyone."""
    each = []
    for number in range(options.people):
        pair = pair_of(chosen, number, options.cache)
        figures = compare(pair, lambda case: try_exact(case, method, model).result)
        each.append({"family": pair.first.person.family} | figures)
        said = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        print(f"{number + 1} {pair.first.person.name}: {said}", flush=True)
    return each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--people", type=int, default=12, help=f"how many of the validation set's {PEOPLE}")
    parser.add_argument("--seed", type=int, default=0, help="of the validation set")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--results", type=Path, help="Markdown file to write the table into")
    parser.add_argument("--cache", type=Path, default=Path(".cache/validation"), help="folder that keeps photographs and shells")
    options = parser.parse_args()
    chosen = open_validation(options.assets, options.people, options.seed)
    each = run(options, load_body(options.weights), open_methods(options.weights)["ours"], chosen)
    parts = ["## One person under two lights", how_made("training.evaluate_relight"), table(each), EXPLAINED]
    text = "\n\n".join(parts)
    print(text)
    if options.results:
        write_section(options.results, "relight", text)


if __name__ == "__main__":
    try:
        main()
    except (DoppelError, ValidationError, FileNotFoundError) as error:
        sys.exit(f"training.evaluate_relight: {error}")
