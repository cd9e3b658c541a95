"""Photographs whose true bodies are known: the yardstick's validation people, as the fit of the body is measured on them.

The photographs are the yardstick's own (same folder, same files). What the fit is measured against lies beside them in small files, so that
measuring again makes nobody anew; delete them when the generator has changed.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.camera import Camera
from training.evaluate.validation import Sitting, ValidationSet, kept_photograph, make_sitting
from training.people.character import BodyTruth

GROWN = 15
"""Years from which someone counts as an adult."""


@dataclass(frozen=True, eq=False)
class FitCase:
    """One photograph and its truth.

    photo: its file, outline beside it as .png; camera: body frame to pixels; pose (24, 3), betas (10,), translation (3,): the open body
    inside the clothes; rig_joints (24, 3): the person's own rig's, body frame; facts: family, pose kind, whether a child, standing height.
    """

    photo: Path
    camera: Camera
    pose: ndarray
    betas: ndarray
    translation: ndarray
    rig_joints: ndarray
    facts: dict

    @property
    def truth(self) -> BodyTruth:
        return BodyTruth(self.pose, self.betas, self.translation, np.nan, np.nan)

    @property
    def mask(self) -> ndarray:
        """The dressed person's outline (H, W), bool."""
        return cv2.imread(str(self.photo.with_suffix(".png")), cv2.IMREAD_GRAYSCALE) > 127


def fit_cases(chosen: ValidationSet | None, seed: int, people: int, cache: Path) -> Iterator[FitCase]:
    """The first so many of the set. chosen may be None where all of them are in the cache; else FileNotFoundError."""
    Path(cache).mkdir(parents=True, exist_ok=True)
    for number in range(people):
        path = Path(cache) / f"fit-{seed}-{number:02d}.npz"
        if not path.exists():
            if chosen is None:
                raise FileNotFoundError(f"{path.name} is not in the cache; name the asset folders")
            _keep(path, make_sitting(chosen, number))
        yield read_case(path)


def _keep(path: Path, sitting: Sitting) -> None:
    person, camera = sitting.person, sitting.camera
    kept_photograph(path.with_name(sitting.picture), person, camera, sitting.place)
    body, facts = person.body, person.facts
    child = facts.get("age") == "child" or facts.get("years", GROWN) < GROWN
    about = {"photo": sitting.picture, "family": person.family, "kind": facts["pose"], "child": bool(child), "height": facts["height"]}
    np.savez(
        path,
        about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
        pose=body.pose,
        betas=body.betas,
        translation=body.translation,
        rig_joints=person.joints,
        **{f"camera_{name}": values for name, values in asdict(camera).items()},
    )


def read_case(path: Path) -> FitCase:
    """The case in a file that `fit_cases` kept."""
    with np.load(path) as file:
        facts = json.loads(file["about"].tobytes())
        camera = Camera(*(file[f"camera_{name}"] for name in ("intrinsics", "rotation", "translation", "size")))
        arrays = {name: file[name] for name in ("pose", "betas", "translation", "rig_joints")}
    return FitCase(photo=path.with_name(facts["photo"]), camera=camera, facts=facts, **arrays)
