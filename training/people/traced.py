"""A dressed person photographed by Cycles, as `snapshot` does it cheaply: cast shadows, bounced light, gloss, ground and wall.

The light of the photograph is measured where the person stands, ground and wall included, so it is a view's light as good as any; alpha
and the maps of `views.render_view` by the same camera are its truth.
"""

import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.camera import Camera
from core.light import rotated
from core.skeleton import JOINT
from training.people.camera_effects import sample_look, through_jpeg
from training.people.character import DressedPerson
from training.people.snapshot import Snapshot, sample_exposure
from training.people.worlds import sample_world
from training.photograph import photograph
from training.set_pieces import GROUNDS, WALLS
from training.stage import Surroundings

SEATED = 0.7
"""Pelvis' height over the leg's length below which the person sits on something."""


def traced_photograph(rng: Generator, person: DressedPerson, camera: Camera, worlds: list[ndarray], samples: int = 16) -> Snapshot:
    """The person photographed in a world drawn as for a snapshot, by Cycles (some seconds). worlds: as `worlds.read_world` gives them."""
    world = sample_world(rng, worlds)
    exposure = sample_exposure(rng, world.light, camera)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.exr"
        write_world(path, world.image * exposure)
        shot = photograph(person, camera, _place(rng, person, path), samples, probe=True)
    look = sample_look(rng)
    grain = rng.normal(0, 255 * (look.shot / 3 + look.read), shot.pixels.shape)
    pixels = np.uint8(np.clip(shot.pixels + grain + 0.5, 0, 255))
    return Snapshot(through_jpeg(pixels, look.quality), shot.alpha, shot.light, rotated(shot.light, camera.rotation), exposure)


def write_world(path: Path, image: ndarray) -> None:
    """The world (H, W, 3) as an .exr file, which Cycles and `worlds.read_world` read alike."""
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"  # asked for by OpenCV when it first meets an EXR file
    cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1], dtype=np.float32))


def _place(rng: Generator, person: DressedPerson, world: Path) -> Surroundings:
    """Some ground, a wall in a third of the pictures, a seat under whoever sits."""
    pelvis, ankle, knee = (person.joints[JOINT[name]] for name in ("pelvis", "left_ankle", "left_knee"))
    leg = np.linalg.norm(ankle - knee) * 2
    return Surroundings(
        world=world,
        exposure=None,
        ground=str(rng.choice(GROUNDS)),
        wall=str(rng.choice(WALLS)) if rng.random() < 0.35 else None,
        wall_distance=float(rng.uniform(1.2, 4.0)),
        wall_turn=float(rng.normal(0, 0.3)),
        f_stop=float(rng.choice([2.8, 5.6, 11.0])),
        seat=float(pelvis[1] - 0.12) if pelvis[1] < SEATED * leg else None,
    )
