"""What is measured: methods that make a surface, and a light or none, from a photo, a person and a body; and the two bodies they get.

To add a method: one function of (photo, person, body), one line in `open_methods`.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy import ndarray

from core.body.fit.fit import fit_body
from core.body.fitted import FittedBody
from core.body.lifter import load_lifter
from core.body.model import BodyModel
from core.field.files import load_field
from core.field.network import FieldNetwork
from core.photo.landmarks import LANDMARKS
from core.photo.people import find_people
from core.photo.person import Person, Photo
from core.skeleton import JOINT
from core.surface.body_surface import body_surface
from core.surface.field_surface import field_surface
from core.surface.surface import Surface
from core.weights import find
from training.evaluate.case import Case
from training.metrics import LIMB_JOINTS

QUALITY = "standard"
"""Of the product's settings, what everyone gets who changes nothing."""


class Result(NamedTuple):
    """A surface in the body frame of the body it was made from; light (9, 3) SH radiance in that frame, None where none is estimated."""

    surface: Surface
    light: ndarray | None


Method = Callable[[Photo, Person, FittedBody], Result]


def bare_body(photo: Photo, person: Person, body: FittedBody) -> Result:
    """The product's surface stage: the fitted body, coloured from the photo."""
    return Result(body_surface(photo, person, body, QUALITY), None)


def ours(network: FieldNetwork) -> Method:
    """The product's surface stage with the field: the dressed surface and the photo's light."""

    def dressed(photo: Photo, person: Person, body: FittedBody) -> Result:
        return Result(*field_surface(photo, person, body, network, QUALITY)[:2])

    return dressed


def open_methods(weights: Path, field: Path | None = None) -> dict[str, Method]:
    """Every method by name. field: a file of weights on trial, in place of the product's own."""
    return {"body": bare_body, "ours": ours(load_field(field or find("field", weights)))}


class Trial(NamedTuple):
    """A method's result on one photo: of which person and body, and the seconds it took."""

    person: Person
    body: FittedBody
    result: Result
    seconds: float


def try_estimated(photo: Photo, method: Method, model: BodyModel, weights: Path) -> Trial:
    """The method on a photo with the body as the product finds and fits it, which its seconds include. Raises NoPersonFound."""
    start = time.perf_counter()
    person = find_people(photo, weights)[0]
    body = fit_body(photo, person, model, load_lifter(find("lifter", weights)))
    result = method(photo, person, body)
    return Trial(person, body, result, time.perf_counter() - start)


def try_exact(case: Case, method: Method, model: BodyModel) -> Trial:
    """The method with the true body, camera and outline; its own seconds."""
    person, body = exact_person(case), exact_body(case, model)
    start = time.perf_counter()
    result = method(case.photo, person, body)
    return Trial(person, body, result, time.perf_counter() - start)


def exact_body(case: Case, model: BodyModel) -> FittedBody:
    """The open body inside the clothes, as the case records it, seen by the true camera."""
    truth = case.person.body
    parts = [torch.tensor(np.asarray(part)[None], dtype=torch.float32) for part in (truth.betas, truth.pose, truth.translation)]
    with torch.no_grad():
        posed = model(*parts)
        rest = model.rest(parts[0])
    return FittedBody(
        pose=np.asarray(truth.pose),
        betas=np.asarray(truth.betas),
        translation=np.asarray(truth.translation),
        vertices=posed.vertices[0].numpy().astype(np.float64),
        joints=posed.joints[0].numpy().astype(np.float64),
        rest_vertices=rest.vertices[0].numpy(),
        rest_joints=rest.joints[0].numpy(),
        faces=model.faces.numpy(),
        skin_weights=model.skin_weights.numpy(),
        camera=case.camera,
        spread=0.0,
    )


def exact_person(case: Case) -> Person:
    """The person in the photograph as the truth has them: outline, box, and the landmarks that are joints; the others are NaN, unseen."""
    joints = [JOINT[name] for name in LIMB_JOINTS]
    rows = [LANDMARKS.index(name) for name in LIMB_JOINTS]
    landmarks, world, visibility = np.full((len(LANDMARKS), 2), np.nan), np.full((len(LANDMARKS), 3), np.nan), np.zeros(len(LANDMARKS))
    hips = case.person.joints[[JOINT["left_hip"], JOINT["right_hip"]]].mean(axis=0)
    landmarks[rows] = case.camera.project(case.person.joints)[joints]
    world[rows] = (case.person.joints[joints] - hips) @ case.camera.rotation.T
    visibility[rows] = 1
    x, y, width, height = cv2.boundingRect(np.uint8(case.mask > 127))
    box = np.float64([x, y, x + width, y + height])
    return Person(box, 1.0, landmarks, visibility, visibility.copy(), world, case.mask)
