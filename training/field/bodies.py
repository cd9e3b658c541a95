"""The bodies a plate is asked with: the exact one, one with modelled errors, the one the product fits; and what each says."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy import ndarray
from numpy.random import Generator

from core.body.distance import BodyDistance, Nearest
from core.body.fit.fit import fit_body
from core.body.fitted import ESTIMATED_SPREAD
from core.body.lifter import Lifter, load_lifter
from core.body.model import BodyModel
from core.camera import Camera
from core.field.conditioning import USUAL_HEIGHT, BodyInView, body_maps
from core.field.conditioning import Nearest as Said
from core.field.steady import SteadyBody
from core.field.volume import voxels
from core.photo.detector import detect, whole
from core.photo.landmarks import LANDMARKS, upright_world
from core.photo.network import load_network
from core.photo.people import read_all
from core.photo.person import Person, Photo
from core.skeleton import JOINT
from core.weights import find
from training.field.body_noise import JOINT_SPREAD, noisy, put_back
from training.held_out import held_out
from training.people.character import BodyTruth
from training.people.snapshot import Snapshot
from training.people.subject import open_body
from training.people.worlds import read_world


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


class MovedDistance:
    """The distance to a body that was made ready where it stood, for points of a camera that looks at it."""

    def __init__(self, distance: BodyDistance, camera: Camera):
        self.original, self.camera = distance, camera

    def query(self, points: ndarray) -> Nearest:
        """As `BodyDistance.query`; points (N, 3) in the camera's frame."""
        return self.original.query((points - self.camera.translation) @ self.camera.rotation)


def exact_body(own: BodyInView, camera: Camera) -> BodyInView:
    """The true body, given in the body frame, before a camera. Its distance is not made ready again for each view."""
    exact = BodyInView(camera.to_camera(own.vertices), own.faces, own.rest, camera.to_camera(own.pelvis[None])[0], 0.0)
    vars(exact)["distance"] = MovedDistance(own.distance, camera)  # where cached_property keeps it
    return exact


@dataclass(frozen=True, eq=False)
class MovedSteady:
    """A steady body that was made ready where it stood, asked by a camera that looks at it. body: as the camera sees it."""

    original: SteadyBody
    body: BodyInView
    camera: Camera

    def nearest(self, points: ndarray) -> Said:
        """As `SteadyBody.nearest`; points (N, 3) in the camera's frame."""
        turn = self.camera.rotation.T
        said = self.original.nearest((points - self.camera.translation) @ self.camera.rotation)
        return Said(said.distance, said.direction @ turn, said.normal @ turn, said.rest)


Told = SteadyBody | MovedSteady


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


def body_arrays(told: Told, points: ndarray, camera: Camera, tools: Tools, found: ndarray | None = None) -> dict[str, ndarray]:
    """What one body says: its maps, and, steadily, the nearest body point to each point (found: where that is known already)."""
    body, half = told.body, tools.side // 2
    arrays = {
        "maps": body_maps(body, camera.intrinsics, tools.side, half).astype(np.float16),
        "nearest": (told.nearest(points).stacked() if found is None else found).astype(np.float16),
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
