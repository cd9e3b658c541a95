"""Photographs by Cycles of the generator's people, in a Python of its own, since it begins with an emptied Blender."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import importlib.util, json, sys
import numpy as np
from training.people.lighting import shading
from training.people.subject import prepare
from training.people.traced import traced_photograph
from training.people.views import render_view

spec = importlib.util.spec_from_file_location("made_up_dressed", "tests/core/made_up_dressed.py")
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)
ball, camera = made.ball(texture=np.full((64, 64, 3), 150, np.uint8)), made.camera(size=64)
view = render_view(prepare(ball, made.shell(ball), made.body_model()), camera).view
found = []
for seed in (2, 5):
    photo = traced_photograph(np.random.default_rng(seed), ball, camera, [], samples=8)
    both, either = (photo.alpha > 127) & (view.alpha > 127), (photo.alpha > 127) | (view.alpha > 127)
    lit = shading(view, photo.light)[both].mean(axis=1)
    seen = photo.pixels[both].astype(float).mean(axis=1)
    ranks = [np.argsort(np.argsort(values)) for values in (lit, seen)]
    found.append({"iou": both.sum() / either.sum(), "correlation": np.corrcoef(ranks)[0, 1]})
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("[")))


def test_the_person_is_where_the_view_has_them(found):
    assert min(one["iou"] for one in found) > 0.95


def test_the_light_that_was_measured_is_the_light_of_the_picture(found):
    """Where the measured light says that a grey ball is brighter, the photograph is: Spearman's correlation over its pixels."""
    assert min(one["correlation"] for one in found) > 0.8
