"""Fixtures the core's tests share."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def made_up():
    """The module `made_up_body`: a capsule figure with a camera, and painted photos of it."""
    spec = importlib.util.spec_from_file_location("made_up_body", Path(__file__).with_name("made_up_body.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def t_body(made_up):
    """The figure in its T pose."""
    return made_up.make_body(np.zeros((24, 3)), made_up.make_camera())


@pytest.fixture(scope="session")
def bent_body(made_up):
    """The figure turned and bent: no joint at rest, none beyond 60 degrees."""
    pose = np.random.default_rng(3).normal(size=(24, 3)) * 0.35
    return made_up.make_body(pose, made_up.make_camera())
