"""The way of a photo on one screen: people, body, surface, rig, texture, Avatar."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import __version__
from .avatar import Avatar
from .body.files import load_body
from .body.fit.fit import fit_body
from .body.fitted import FittedBody
from .body.lifter import Lifter, load_lifter
from .body.model import BodyModel
from .errors import DeviceUnavailable
from .field.files import load_field
from .field.network import FieldNetwork
from .job import Request
from .light import NEUTRAL
from .photo.image import read_photo
from .photo.people import find_people
from .photo.person import Person, Photo
from .rig.rig import Rigged, rigged
from .surface.body_surface import body_surface
from .surface.field_surface import Dressed, field_surface
from .texture.paint import SIZES, Texture, paint
from .weights import find

STAGES = {
    "Reading the photo": 0.02,
    "Finding people": 0.4,
    "Fitting the body": 0.08,
    "Making the surface": 0.3,
    "Making the rig": 0.05,
    "Painting the texture": 0.15,
}
"""Every stage's name, as users see it, and its share of a photo's time. The shares sum to one."""

LANDMARK_WEIGHTS = ("pose_detection", "pose_landmark_full")
LIFTER, FIELD = "lifter", "field"


class Clock:
    """Seconds per stage, and word of each stage as it begins."""

    def __init__(self, on_stage: Callable[[str], None] = lambda stage: None):
        self.seconds: dict[str, float] = {}
        self.on_stage = on_stage

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self.on_stage(stage)
        start = time.perf_counter()
        yield
        self.seconds[stage] = round(self.seconds.get(stage, 0) + time.perf_counter() - start, 4)


@dataclass(frozen=True)
class Models:
    """What is loaded once per job: body model and field on their device (no field for the bare body), the folder of weights ("" is
    the shipped one), and what was used."""

    body: BodyModel
    lifter: Lifter
    field: FieldNetwork | None
    device: torch.device
    weights: str
    used: Mapping[str, str]


def model_files(request: Request) -> dict[str, Path]:
    """What the request's models are read from, by name, the body's as `body`. WeightsMissing, WeightsCorrupt."""
    names = (*LANDMARK_WEIGHTS, LIFTER, *((FIELD,) if request.settings["surface"] == "clothed" else ()))
    files = {weight: find(weight, request.weights or None) for weight in names}
    own = Path(request.body_file) if request.body_file else find(f"body_{request.settings['sex']}", request.weights or None)
    return files | {"body": own}


def load_models(request: Request) -> Models:
    """Everything the request needs, before the first photo. WeightsMissing, WeightsCorrupt, BodyFileInvalid, DeviceUnavailable."""
    device, files = choose_device(str(request.settings["device"])), model_files(request)
    used = {name: file.name for name, file in files.items()}
    field = load_field(files[FIELD], device) if FIELD in files else None
    return Models(load_body(files["body"]).to(device), load_lifter(files[LIFTER]), field, device, request.weights, used)


def choose_device(name: str) -> torch.device:
    """The torch device a setting means: `auto` takes CUDA, else Metal, else the processor. DeviceUnavailable for one that is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, available in there.items() if available)
    if not there[name]:
        raise DeviceUnavailable(f"This computer has no usable device “{name}”")
    return torch.device(name)


def gpu_memory() -> int:
    """The most bytes torch has held on a CUDA GPU since the last call; 0 without one. What it keeps for later is given back."""
    if not torch.cuda.is_available():
        return 0
    most = torch.cuda.max_memory_allocated()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return most


def reconstruct(path: Path, request: Request, models: Models, clock: Clock) -> Iterator[Avatar]:
    """An Avatar for each person of the photo who is wanted, largest first. PhotoUnreadable, PhotoTooLarge, NoPersonFound."""
    settings = request.settings
    torch.manual_seed(int(settings["seed"]))
    with clock("Reading the photo"):
        photo = read_photo(path)
    with clock("Finding people"):
        people = find_people(photo, models.weights or None, str(settings["people"]))
    for number, person in enumerate(people, start=1):
        with clock("Fitting the body"):
            body = fit_body(photo, person, models.body, models.lifter)
        with clock("Making the surface"):
            surface, light, unlit, notes = make_surface(photo, person, body, models.field, settings)
        with clock("Making the rig"):
            rig = rigged(surface, body)
        with clock("Painting the texture"):
            size = SIZES.get(str(settings["texture"]))
            texture = paint(photo, person, body, rig.surface, rig.rest_vertices, size, unlit) if size else None
        facts = {
            "person": number,
            "of": len(people),
            "seconds": dict(clock.seconds),
            "welds": rig.removed,
            "warnings": [*person.warnings, *body.warnings, *notes],
        }
        yield to_avatar(photo, body, rig, light, texture, describe(request, models) | facts)


def make_surface(photo: Photo, person: Person, body: FittedBody, field: FieldNetwork | None, settings: Mapping) -> Dressed:
    """The stage `surface`: the field's, with the photo's light; or the bare body under the neutral light, its colours the photo's."""
    if field is None:
        return Dressed(body_surface(photo, person, body, str(settings["quality"])), NEUTRAL, lambda view: view)
    return field_surface(photo, person, body, field, str(settings["quality"]), int(settings["triangles"]))


def describe(request: Request, models: Models) -> dict:
    """What the Avatar's meta says of how it was made."""
    return {
        "doppel": __version__,
        "settings": dict(request.settings),
        "device": str(models.device),
        "weights": dict(models.used),
        "light": "estimated from the photo" if models.field else "neutral: the bare body has no light of its own",
        "albedo": "freed from light" if models.field else "the photo's colours, light included",
    }


def to_avatar(
    photo: Photo,
    body: FittedBody,
    rig: Rigged,
    light: np.ndarray,
    texture: Texture | None,
    meta: dict,
) -> Avatar:
    """Everything the stages made, under the Avatar's names."""
    return Avatar(
        vertices=rig.surface.vertices,
        faces=rig.surface.faces,
        albedo=rig.surface.albedo,
        rest_vertices=rig.rest_vertices,
        skin_joints=rig.skin_joints,
        skin_weights=rig.skin_weights,
        joints=body.joints,
        rest_joints=body.rest_joints,
        pose=body.pose,
        betas=body.betas,
        translation=body.translation,
        body_vertices=body.vertices,
        body_faces=body.faces,
        light=light,
        camera_intrinsics=body.camera.intrinsics,
        camera_rotation=body.camera.rotation,
        camera_translation=body.camera.translation,
        image_size=body.camera.size,
        meta=meta | {"photo": photo.name},
        uv=texture.uv if texture else None,
        texture=texture.picture if texture else None,
    )
