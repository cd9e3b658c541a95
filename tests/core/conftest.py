"""Fixtures the core's tests share."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from core.body.files import load_body
from core.skeleton import JOINT
from tests.core.made_up_landmarks import made_up_skeleton


@pytest.fixture(scope="session")
def made_up():
    """The module `made_up_body`: a capsule figure with a camera, and painted photos of it."""
    return _module("made_up_body")


@pytest.fixture(scope="session")
def t_body(made_up):
    """The figure in its T pose."""
    return made_up.make_body(np.zeros((24, 3)), made_up.make_camera())


@pytest.fixture(scope="session")
def bent_body(made_up):
    """The figure turned and bent: no joint at rest, none beyond 60 degrees."""
    pose = np.random.default_rng(3).normal(size=(24, 3)) * 0.35
    return made_up.make_body(pose, made_up.make_camera())


@pytest.fixture(scope="session")
def arms_down(made_up):
    """The figure with its arms at its hips and its legs together, and the surface that joins them: vertices, faces, distances to bones."""
    pose = np.zeros((24, 3))
    for side, sign in (("left", 1), ("right", -1)):
        pose[JOINT[f"{side}_shoulder"]] = 0, 0, -1.42 * sign
        pose[JOINT[f"{side}_hip"]] = 0, 0, -0.12 * sign
    body = made_up.make_body(pose, made_up.make_camera())
    return body, *made_up.glued_surface(body)


@pytest.fixture
def skeleton():
    """The fit's skeleton of `made_up_landmarks`."""
    return made_up_skeleton()


@pytest.fixture(scope="session")
def model():
    """The open neutral body."""
    return load_body(Path(__file__).resolve().parents[2] / "weights")


@pytest.fixture(scope="session")
def ball_plate():
    """The function `ball_plate.ball_plate`: arrays and facts of a made-up plate, by seed."""
    return _module("ball_plate").ball_plate


@pytest.fixture(scope="session")
def plates(tmp_path_factory, ball_plate):
    """A folder of six made-up plates and a bank of six lights."""
    from training.field import relight
    from training.field.plates import write_plate

    folder = tmp_path_factory.mktemp("plates")
    for number in range(6):
        write_plate(folder / f"people-00000-{number:02d}-0.safetensors", *ball_plate(number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relight, "LIGHTS", 6)
        relight.write_bank(folder, [], 0)
    return folder


def _module(name: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
