"""Several people in one picture, partly hiding each other.

The group frame is a body frame (metres, +Y up, ground at y = 0, the camera roughly on +Z); every person is turned about the vertical and
put somewhere on the ground. Each is lit by the same world in their own frame; that one person shades another is left out.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from core.body.model import BodyModel
from core.camera import Camera
from core.light import rotated
from core.skeleton import JOINT
from training.people.backgrounds import background, composited, ground_shadow
from training.people.camera_effects import developed, sample_look
from training.people.character import BodyTruth, DressedPerson, Shell
from training.people.lighting import relit, softened
from training.people.snapshot import sample_exposure
from training.people.subject import open_body, prepare
from training.people.views import Sight, render_view
from training.people.worlds import sample_world
from training.photograph import camera_towards, shifted

TORSO = tuple(JOINT[name] for name in ("pelvis", "left_hip", "right_hip", "neck", "left_shoulder", "right_shoulder"))
"""Joints whose mean in the picture is a person's centre, as single-shot networks learn it (Sun et al. 2021, ROMP)."""

GAP = 0.04
"""Metres that two people keep between them at least."""


@dataclass(frozen=True, eq=False)
class Member:
    """One person of a group. turn (radians about +Y) and place (3,) took them into the group frame; body and joints (24, 3) stand in it.

    box: (4,) x0 y0 x1 y1 in pixels, all of the person inside the picture, hidden or not; centre: (2,) pixels of the torso's middle;
    visible: (H, W) uint8, what is to be seen of them; visible_share: of what there would be without the others.
    """

    name: str
    turn: float
    place: ndarray
    body: BodyTruth
    joints: ndarray
    box: ndarray
    centre: ndarray
    visible: ndarray
    visible_share: float


@dataclass(frozen=True, eq=False)
class Group:
    """A picture (H, W, 3) uint8 sRGB of several people: camera of the group frame; light (9, 3) SH radiance in it, exposure included."""

    pixels: ndarray
    camera: Camera
    light: ndarray
    members: tuple[Member, ...]


def make_group(
    rng: Generator,
    people: list[tuple[DressedPerson, Shell]],
    size: tuple[int, int] = (768, 512),
    worlds: list[ndarray] | None = None,
    photos: list[Path] | None = None,
    model: BodyModel | None = None,
) -> Group:
    """The people photographed together, in the order given. size: width, height, whole multiples of 4; model: see `prepare`."""
    model = model or open_body()
    turns, places, camera = arranged(rng, [person.vertices for person, _ in people], size)
    own = [in_own_frame(camera, turn, place) for turn, place in zip(turns, places, strict=True)]
    sights = [render_view(prepare(person, shell, model), seen_by) for (person, shell), seen_by in zip(people, own, strict=True)]
    world, look = sample_world(rng, worlds or []), sample_look(rng)
    exposure = sample_exposure(rng, world.light, camera)
    light = softened(world.light * exposure)
    lit = [lit_in_group(sight, light, turn) for sight, turn in zip(sights, turns, strict=True)]
    together, shares = layered(sights, lit)
    behind = background(rng, world, camera, photos or [], exposure)
    for sight in sights:
        behind = behind * ground_shadow(sight.view.camera, sight.view.alpha / np.float32(255), 0.6)
    picture = composited(together, shares.sum(axis=0), behind, rng.uniform(0, 0.3))
    members = [
        _member(person, turn, place, camera, sight, share, model)
        for (person, _), turn, place, sight, share in zip(people, turns, places, sights, shares, strict=True)
    ]
    return Group(developed(rng, picture, look), camera, light, tuple(members))


# --- where they stand -------------------------------------------------------------------------------------------------------------


def arranged(rng: Generator, people: list[ndarray], size: tuple[int, int], tries: int = 40) -> tuple[ndarray, ndarray, Camera]:
    """Turns (P,), places (P, 3) and a camera for people given by their vertices (V, 3) each.

    Nobody stands in another, nobody is quite hidden, and nine times in ten somebody is partly hidden; where no try does all that,
    the one that hides least is taken. Raises ValueError where none does.
    """
    found, least = None, np.inf
    for attempt in range(tries):
        turns, places = _placed(rng, len(people), 1 + attempt / tries)
        stood = [points @ about_up(turn).T + place for points, turn, place in zip(people, turns, places, strict=True)]
        if not _apart(stood):
            continue
        fov = np.radians(np.exp(rng.uniform(np.log(22), np.log(60))))
        pitch = np.radians(np.clip(rng.normal(5, 7), -8, 28))
        camera = framed_together(np.concatenate(stood)[::5], np.radians(rng.normal(0, 12)), pitch, fov, size, rng.uniform(0.75, 1.1))
        worst = hidden_shares(stood, camera).max()
        if 0.25 < worst < 0.75 or (worst <= 0.25 and rng.random() < 0.1):
            return turns, places, camera
        if worst < least:
            found, least = (turns, places, camera), worst
    if found is None:
        raise ValueError(f"{len(people)} people could not be put side by side in {tries} tries")
    return found


def framed_together(points: ndarray, yaw: float, pitch: float, fov: float, size: tuple[int, int], fill: float) -> Camera:
    """As `photograph.framed` for points (N, 3) that reach far towards the camera: the distance is found by halving an interval."""
    focal = size[1] / 2 / np.tan(fov / 2)
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = -camera_towards(target, 0.0, yaw, pitch, focal, size).to_camera(points)[:, 2].min()
    near, far = reach + 0.5, reach + 80.0
    for _ in range(18):  # from 80 m to less than a millimetre
        camera = camera_towards(target, (near + far) / 2, yaw, pitch, focal, size)
        too_large = (np.ptp(camera.project(points), axis=0) / size).max() > fill
        near, far = ((near + far) / 2, far) if too_large else (near, (near + far) / 2)
    pixels = camera.project(points)
    return shifted(camera, camera.size / 2 - (pixels.min(axis=0) + pixels.max(axis=0)) / 2, (near + far) / 2)


def _placed(rng: Generator, count: int, spread: float) -> tuple[ndarray, ndarray]:
    """Turns and places: a loose row, each a bit before or behind the next, mostly facing the camera."""
    turns = np.where(rng.random(count) < 0.8, rng.normal(0, 0.5, count), rng.uniform(-np.pi, np.pi, count))
    steps = spread * rng.uniform(0.15, 0.75, count)
    across = np.cumsum(steps) - steps.sum() / 2
    return turns, np.stack([across, np.zeros(count), spread * rng.normal(0, 0.6, count)], axis=1)


def _apart(stood: list[ndarray]) -> bool:
    """Whether everybody keeps GAP from everybody, by every seventh vertex, and no trunk stands in another."""
    trees = [cKDTree(points[::7]) for points in stood]
    pairs = [(a, b) for a in range(len(stood)) for b in range(a)]
    middles = [points[:, [0, 2]].mean(axis=0) for points in stood]
    return all(
        np.linalg.norm(middles[a] - middles[b]) > 0.3 and not trees[a].count_neighbors(trees[b], GAP + 0.02) for a, b in pairs
    )  # two centimetres for the vertices left out


def hidden_shares(stood: list[ndarray], camera: Camera) -> ndarray:
    """How much of each one's box (P,) in the picture is behind boxes of people nearer to the camera, 0..1; a rough guess, quickly."""
    boxes = np.array([_box(camera.project(points), camera) for points in stood])
    distance = np.array([camera.to_camera(points)[:, 2].mean() for points in stood])
    hidden = np.zeros(len(stood))
    for number, box in enumerate(boxes):
        x, y = (np.linspace(box[side], box[side + 2], 24) for side in (0, 1))
        covered = np.zeros((24, 24), dtype=bool)
        for other in boxes[distance < distance[number]]:
            covered |= ((y >= other[1]) & (y <= other[3]))[:, None] & ((x >= other[0]) & (x <= other[2]))
        hidden[number] = covered.mean()
    return hidden


def _box(pixels: ndarray, camera: Camera) -> ndarray:
    """x0 y0 x1 y1 of pixels (N, 2), cut to the picture."""
    return np.concatenate([np.clip(pixels.min(axis=0), 0, camera.size), np.clip(pixels.max(axis=0), 0, camera.size)])


def about_up(turn: float) -> ndarray:
    """The rotation (3, 3) about +Y, from +Z towards +X."""
    return Rotation.from_euler("y", turn).as_matrix()


def in_own_frame(camera: Camera, turn: float, place: ndarray) -> Camera:
    """The group's camera in the body frame of the one who was turned and put in that place."""
    return Camera(camera.intrinsics, camera.rotation @ about_up(turn), camera.to_camera(place), camera.size)


def lit_in_group(sight: Sight, light: ndarray, turn: float) -> ndarray:
    """What the camera gets (H, W, 3) from one who was turned, under a light (9, 3) in the group frame."""
    return relit(sight.view, rotated(light, about_up(-turn)))


# --- one before the other ---------------------------------------------------------------------------------------------------------


def layered(sights: list[Sight], lit: list[ndarray]) -> tuple[ndarray, ndarray]:
    """The people over each other by depth, pixel by pixel: colour (H, W, 3) linear, and each one's share (P, H, W) of every pixel."""
    order = np.argsort(np.stack([sight.depth for sight in sights]), axis=0, kind="stable")
    alpha = np.stack([sight.view.alpha for sight in sights]).astype(np.float32) / 255
    shares, left = np.zeros_like(alpha), np.ones_like(alpha[0])
    for who in order:
        covered = np.take_along_axis(alpha, who[None], axis=0)[0]
        np.put_along_axis(shares, who[None], (left * covered)[None], axis=0)
        left = left * (1 - covered)
    total = sum(share[..., None] * picture for share, picture in zip(shares, lit, strict=True))
    return total / np.maximum(1 - left, 1e-6)[..., None], shares


def _member(person: DressedPerson, turn: float, place: ndarray, camera: Camera, sight: Sight, share: ndarray, model: BodyModel) -> Member:
    turned = about_up(turn)
    joints = person.joints @ turned.T + place
    return Member(
        name=person.name,
        turn=float(turn),
        place=place,
        body=moved(person.body, turned, place, model),
        joints=joints,
        box=_box(camera.project(person.vertices @ turned.T + place), camera),
        centre=camera.project(joints[list(TORSO)]).mean(axis=0),
        visible=np.round(255 * share).astype(np.uint8),
        visible_share=float(share.sum() / max(sight.view.alpha.sum() / 255, 1)),
    )


def moved(body: BodyTruth, rotation: ndarray, place: ndarray, model: BodyModel) -> BodyTruth:
    """The body after x -> rotation @ x + place. SMPL turns the pelvis about itself, so the translation has to make up for that."""
    pose = np.array(body.pose, dtype=np.float64)
    pose[0] = (Rotation.from_matrix(rotation) * Rotation.from_rotvec(pose[0])).as_rotvec()
    pelvis = model.joint_template[0] + model.joint_shapedirs[0] @ body.betas
    return replace(body, pose=pose, translation=rotation @ (pelvis + body.translation) + place - pelvis)
