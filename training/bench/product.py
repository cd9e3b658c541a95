"""The product measured: the main path stage by stage, and the field with its surface in pieces."""

from pathlib import Path

import numpy as np
from numpy import ndarray

from core.body.fit.fit import fit_body
from core.job import Request
from core.photo.image import read_photo
from core.photo.people import find_people
from core.pipeline import load_models, reconstruct
from core.surface.crossings import Distance, grid_over
from core.surface.field_surface import FieldInSpace, box_round, coloured, distance_in, field_of, in_relief, light_of
from core.surface.isosurface import CELLS, isosurface
from training.bench.process import Stopwatch


def request_of(photo: Path, quality: str, device: str) -> Request:
    """As a user asks for it; the texture is left at its default."""
    return Request((str(photo),), "out", {"quality": quality, "device": device})


def stages(photo: Path, quality: str, device: str) -> dict:
    """`seconds`: of each stage of the main path; `vertices` of the surface."""
    watch = Stopwatch()
    request = request_of(photo, quality, device)
    with watch("Loading"):
        models = load_models(request)
    avatars = list(reconstruct(photo, request, models, watch))
    return {"seconds": watch.taken, "vertices": len(avatars[0].vertices)}


def field(photo: Path, quality: str, device: str) -> dict:
    """The field with its surface in pieces. `seconds`: encode, ask, extract, relief, colour; `asked`: points asked for their distance;
    `nodes`: of the grid; `low`, `high`: its box; `scene`: what other networks need for the same person."""
    request = request_of(photo, quality, device)
    models = load_models(request)
    picture = read_photo(photo)
    person = find_people(picture, None, "largest")[0]
    body = fit_body(picture, person, models.body, models.lifter)
    low, high = box_round(body, person)
    watch, asked = Stopwatch(), [0]
    with watch("encode"):
        space = field_of(picture, person, body, models.field)
    with watch("ask"):
        inner = distance_in(space)
    distance = counted(inner, watch, asked)
    with watch("surface"):
        mesh = isosurface(distance, low, high, CELLS[quality])
    with watch("relief"):
        mesh = in_relief(space, mesh)
    with watch("colour"):
        coloured(space, picture, person, mesh, quality)
        light_of(space)
    seconds = dict(watch.taken)
    whole, ask = seconds.pop("surface"), seconds["ask"]
    seconds["extract"] = type(ask)(whole.wall - ask.wall, whole.cpu - ask.cpu)
    grid = grid_over(low, high, CELLS[quality])
    return {"seconds": seconds, "asked": asked[0], "nodes": int(np.prod(grid.shape + 1)), "scene": scene_of(space, low, high)}


def counted(inner: Distance, watch: Stopwatch, asked: list[int]) -> Distance:
    """The distance, its seconds under "ask" and its points counted in asked[0]."""

    def distance(points: ndarray) -> ndarray:
        asked[0] += len(points)
        with watch("ask"):
            return inner(points)

    return distance


def scene_of(space: FieldInSpace, low: ndarray, high: ndarray) -> dict:
    """The box and the camera: low, high (3,), body frame; rotation, translation to the camera; fx fy cx cy in pictures one pixel a side;
    pelvis (3,), camera frame."""
    camera = space.camera
    return {
        "low": low,
        "high": high,
        "rotation": camera.rotation,
        "translation": camera.translation,
        "intrinsics": space.framed.intrinsics / space.network.config.picture,
        "pelvis": space.framed.body.pelvis,
    }
