"""The fixed validation set: which people, in which poses, photographed where, by number and seed alone.

Half are composed, half artist-made, in turns, so that the first N of the set are balanced too. What they wear, who they are, their clips
and worlds are those of `training/held_out.toml`, which no training may see. Photographs are Cycles', with full light transport, made once
and kept in a folder, as are the shells; people are made anew each time, so that a change of the generator is noticed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from core.camera import Camera
from core.photo.image import read_photo
from training.evaluate.case import Case
from training.held_out import RECIPE, held_out, sample_camera, sample_surroundings
from training.people import artist
from training.people.assets import Assets, open_assets
from training.people.character import DressedPerson, Shell
from training.people.composed import ComposedAssets, compose_person, open_composed
from training.people.rounding import is_coarse, rounded
from training.people.shell import outer_shell
from training.photograph import photograph
from training.poses import SampledPose, sample_pose
from training.stage import Surroundings

PEOPLE = 60
"""In the set."""

FAMILIES = ("composed", "artist")
"""Of the people, in turns."""


class ValidationError(ValueError):
    """The validation set as asked for cannot be had; the sentence says why."""


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """The assets the set is made from, judged on parts only; names: the artist-made people's, in the order of this seed."""

    assets: Assets
    composed: ComposedAssets
    names: list[str]
    seed: int


def open_validation(folders: list[Path], people: int, seed: int) -> ValidationSet:
    """The set, its assets read (half a minute) and checked.

    Raises ValidationError for a number of people that the set does not have or for folders that lack something held out, FileNotFoundError
    for folders that hold no assets of a kind, and what the assets' readers raise.
    """
    if not 1 <= people <= PEOPLE:
        raise ValidationError(f"{people} people were asked for; the validation set has {PEOPLE}")
    assets = open_assets(folders).split(judging=True)
    names = assets.artist_names(judging=True)
    there = {"people": names, "worlds": [path.stem for path in assets.worlds], "clips": list(assets.clips)}
    lacking = [f"{kind} {name}" for kind, have in there.items() for name in held_out(kind) if name not in have]
    if lacking:
        raise ValidationError(f"the asset folders lack what results are judged on (training/held_out.toml): {', '.join(lacking)}")
    order = np.random.default_rng(seed).permutation(len(names))
    return ValidationSet(assets, open_composed([assets.makehuman]), [names[place] for place in order], seed)


def cases(chosen: ValidationSet, people: int, cache: Path) -> Iterator[Case]:
    """The first so many of the set."""
    return (make_case(chosen, number, cache) for number in range(people))


class Sitting(NamedTuple):
    """A person of the set before their camera, in their surroundings; stem: what their files in the cache are called after."""

    person: DressedPerson
    camera: Camera
    place: Surroundings
    stem: str

    @property
    def picture(self) -> str:
        return f"{self.stem}-{RECIPE}-{fingerprint(self.camera, self.place)}.jpg"


def make_case(chosen: ValidationSet, number: int, cache: Path) -> Case:
    """The person with this number and their photograph; from the cache what is there (about eight seconds otherwise)."""
    person, camera, place, stem = sitting = make_sitting(chosen, number)
    Path(cache).mkdir(parents=True, exist_ok=True)
    shell = kept_shell(Path(cache) / f"{stem}.npz", person)
    picture = Path(cache) / sitting.picture
    light = kept_photograph(picture, person, camera, place)
    mask = cv2.imread(str(picture.with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
    return Case(person, shell, read_photo(picture), mask, camera, light, "cycles")


def make_sitting(chosen: ValidationSet, number: int) -> Sitting:
    """The person with this number as they are to be photographed."""
    rng = np.random.default_rng([chosen.seed, number])
    pose = sample_pose(rng, chosen.assets.clips)
    person = make_person(rng, chosen, number, pose)
    camera = sample_camera(rng, person)
    worlds = chosen.assets.worlds
    place = sample_surroundings(rng, worlds[0].parent, person, pose.kind)
    place = replace(place, world=worlds[number // len(FAMILIES) % len(worlds)])  # in turns too, so that none rules a small number
    return Sitting(person, camera, place, f"{chosen.seed}-{number:02d}-{fingerprint(person)}")


def make_person(rng: Generator, chosen: ValidationSet, number: int, pose: SampledPose) -> DressedPerson:
    """The person with this number, finished as the generator finishes people."""
    if FAMILIES[number % 2] == "composed":
        person = compose_person(rng, chosen.composed, pose, held_out=True)
    else:
        person = artist.dressed(rng, chosen.assets.rocketbox, chosen.names[number // 2 % len(chosen.names)], pose)
    return rounded(person) if is_coarse(person) else person


def kept_shell(path: Path, person: DressedPerson) -> Shell:
    """The person's shell, from the file or made and put there."""
    if not path.exists():
        np.savez_compressed(path, **vars(outer_shell(person)))
    with np.load(path) as file:
        return Shell(**{field.name: file[field.name] for field in fields(Shell)})


def kept_photograph(path: Path, person: DressedPerson, camera: Camera, place: Surroundings) -> np.ndarray:
    """The true light (9, 3) of the photograph in the file, made and put there where it is not; its outline lies beside it as .png."""
    light = path.with_suffix(".npy")
    if not light.exists():
        made = photograph(person, camera, place, probe=True)
        cv2.imwrite(str(path), made.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        cv2.imwrite(str(path.with_suffix(".png")), made.alpha)
        np.save(light, made.light)  # last: it says that all three are there
    return np.load(light)


def fingerprint(*things: DressedPerson | Camera | Surroundings) -> str:
    """Ten letters that change with any array or number in the things."""
    digest = hashlib.sha256()
    for thing in things:
        for name, value in vars(thing).items():
            if isinstance(value, np.ndarray):
                digest.update(np.round(value, 5).tobytes() if value.dtype.kind == "f" else value.tobytes())
            elif name not in ("body", "facts", "name"):
                digest.update(repr(value.name if isinstance(value, Path) else value).encode())
    return digest.hexdigest()[:10]
