"""Pairs: a person's landmarks as the real detector reports them, and the open body inside that person. Files of them, made and read.

Three makers write such files: `training.lifter.quick_people`, `composed_people` and `shard_views`. A file appears whole or not at all, so
a maker that was stopped goes on where it was.
"""

import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import UPRIGHT, Camera
from core.photo.frame import Frame
from core.photo.landmarks import LANDMARKS, Reading, crop_frame, mirrored, read, settled, upright_world
from core.photo.network import Network, load_network
from core.photo.people import PERSON
from core.skeleton import JOINT
from core.weights import find
from training.people.body_truth import joints_of
from training.people.character import BodyTruth

TRUNK = {end: [JOINT[f"left_{end}"], JOINT[f"right_{end}"]] for end in ("hip", "shoulder")}


@dataclass(frozen=True, eq=False)
class Pairs:
    """N people, as the detector saw them and as they are.

    landmarks (N, 33, 2) pixels; seen (N, 33, 2) visibility and presence; world (N, 33, 3) metres, camera's axes; pose (N, 24, 3)
    axis-angle of the open body, the pelvis' turned into the camera frame's upright axes (core.camera.UPRIGHT); betas (N, 10); joints
    (N, 24, 3) the open body's, metres, camera frame; intrinsics (N, 4) pixels; who (N,) a number for the person (a dressed body, not a
    pose), so that people can be kept apart.
    """

    landmarks: ndarray
    seen: ndarray
    world: ndarray
    pose: ndarray
    betas: ndarray
    joints: ndarray
    intrinsics: ndarray
    who: ndarray

    def __len__(self) -> int:
        return len(self.pose)

    def rows(self, chosen: ndarray) -> "Pairs":
        """Those of these numbers, or where a mask (N,) is true."""
        return Pairs(**{field.name: getattr(self, field.name)[chosen] for field in fields(Pairs)})


def joined(parts: list[Pairs]) -> Pairs:
    """All pairs of the parts, one after the other."""
    return Pairs(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Pairs)})


def load_pairs(folder: Path) -> Pairs:
    """Every pair in the folder's files. Raises FileNotFoundError where there is none."""
    files = sorted(Path(folder).glob("*.npz"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no pairs; make them with `python -m training.lifter.quick_people`")
    loaded = [np.load(file) for file in files]
    return Pairs(**{field.name: np.concatenate([file[field.name] for file in loaded]) for field in fields(Pairs)})


def write_pairs(path: Path, rows: list[dict[str, ndarray]]) -> None:
    """Rows by the names of Pairs into one file."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        stacked = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
        np.savez(file, **{key: array if key == "who" else array.astype(np.float32) for key, array in stacked.items()})
    partial.replace(path)


def make_pair(rng: Generator, picture: ndarray, camera: Camera, truth: BodyTruth, who: str) -> dict[str, ndarray] | None:
    """One pair's arrays by the names of Pairs; None where the landmark network sees no person in the picture (H, W, 3)."""
    joints = joints_of(truth)
    frame = likely_crop(rng, camera.project(joints))
    reading = read_both(frame.take(picture), load_network(find("pose_landmark_full")))
    if reading.person < PERSON:
        return None
    count = len(LANDMARKS)
    return {
        "landmarks": frame.to_photo(reading.points[:count]),
        "seen": np.stack([reading.visibility[:count], reading.presence[:count]], axis=1),
        "world": upright_world(reading, frame),
        "pose": turned_to_camera(truth.pose, camera.rotation),
        "betas": truth.betas,
        "joints": camera.to_camera(joints),
        "intrinsics": camera.intrinsics,
        "who": np.int64(zlib.crc32(who.encode())),
    }


def likely_crop(rng: Generator, joints: ndarray) -> Frame:
    """The crop that the landmark network would find for joints (24, 2) in pixels: about the hips, upright along the spine, its circle 1.14
    times as far as the farthest joint; with the scatter of 34 crops that it found. So neither the detector nor a first look is needed."""
    hips, shoulders = (joints[TRUNK[end]].mean(axis=0) for end in ("hip", "shoulder"))
    far = np.linalg.norm(joints - hips, axis=1).max()
    up = (shoulders - hips) / max(np.linalg.norm(shoulders - hips), 1e-6)
    turn, radius = np.radians(rng.normal(0, 2.5)), 1.14 * far * np.exp(rng.normal(0, 0.08))
    up = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ up
    hips = hips + rng.normal(0, 0.025, 2) * far
    return crop_frame(hips, hips + radius * up)


def read_both(picture: ndarray, network: Network) -> Reading:
    """What the network reads in a crop and in its mirror image, as `core.photo.landmarks.read_person` joins them."""
    one = read(picture, network)
    return settled(one, mirrored(read(np.ascontiguousarray(picture[:, ::-1]), network)), one)


def turned_to_camera(pose: ndarray, rotation: ndarray) -> ndarray:
    """The pose with the pelvis' rotation as a level camera would see it: UPRIGHT times camera rotation times the pelvis'."""
    turned = np.array(pose, dtype=np.float64)
    turned[0] = cv2.Rodrigues(UPRIGHT @ rotation @ cv2.Rodrigues(turned[0])[0])[0].ravel()
    return turned
