"""Hair beside the neck on both sides is filled behind it; anything else beside a neck is left alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.camera import Camera
from core.field.encoder import CLOTH, HAIR, LABELS, SKIN, Maps
from core.field.network import Encoded, Picture
from core.skeleton import JOINT
from core.surface import long_hair
from core.surface.long_hair import (
    NARROWS,
    NEARLY,
    RESTS,
    ROUNDED,
    SLOPE,
    curtains,
    faces_the_camera,
    hair_behind,
    hanging,
    inner_points,
    silhouette_of,
)
from core.surface.regions import share_of

SIDE = 256
WIDE = 0.05
BLOND = (0.8, 0.7, 0.5)


@pytest.fixture(scope="module")
def camera(t_body):
    """Looks at the upper body from the front, 3 mm a pixel."""
    given = t_body.camera
    middle = (t_body.joints[JOINT["neck"]]) @ given.rotation.T + given.translation
    focal = SIDE * middle[2] / 0.8
    centre = SIDE / 2 - focal * middle[:2] / middle[2]
    return Camera(np.array([focal, focal, *centre]), given.rotation, given.translation, np.array([SIDE, SIDE]))


@pytest.fixture(scope="module")
def beside(t_body, camera):
    """Pixels of the body, and of two curtains WIDE from the head's middle down to the shoulders."""
    body = silhouette_of(t_body, camera, np.ones(len(t_body.vertices), bool))
    bare = silhouette_of(t_body, camera, share_of(t_body, "head", "neck") > 0.5)
    head = camera.project(t_body.joints[[JOINT["head"]]])[0]
    columns = np.flatnonzero(bare.any(axis=0))
    wide = round(WIDE * camera.intrinsics[0] / camera.to_camera(t_body.joints[:1])[0, 2])
    top, bottom = int(head[1]) - 20, int(camera.project(t_body.joints[[JOINT["left_shoulder"]]])[0, 1]) + 1
    hair = np.zeros_like(body)
    hair[top:bottom, columns[0] - wide : columns[-1] + wide + 1] = True
    return body, hair


def encoded(camera, mask, hair, kind=HAIR) -> Encoded:
    half = SIDE // 2
    label = torch.zeros(1, LABELS, half, half)
    label[0, SKIN] = 2.0
    label[0, kind][torch.tensor(hair[::2, ::2])] = 8.0
    photo = torch.zeros(1, 4, SIDE, SIDE)
    photo[0, 3] = torch.tensor(mask).float()
    none = torch.zeros(1, 3, half, half)
    maps = Maps(photo[:, :3], photo[:, :3], none, none, none[:, :2], label, torch.zeros_like(label))
    intrinsics = torch.tensor(camera.intrinsics)[None].float()
    picture = Picture(photo, torch.zeros(1, 9, half, half), intrinsics, torch.zeros(1, 3), torch.zeros(1, 1))
    albedo = torch.where(torch.tensor(hair), torch.tensor(BLOND)[:, None, None], 0.2)[None]
    return Encoded(none, maps, torch.zeros(1, 9, 3), albedo, picture, None)


def all_at(value):
    return lambda points: np.full(len(points), value)


def from_the_neck(body, *metres):
    """The point so far to the right, down and behind of the middle between neck and head."""
    return body.camera.to_camera(body.joints[[JOINT["neck"], JOINT["head"]]]).mean(axis=0, keepdims=True) + np.array([metres])


def test_what_lies_between_the_curtains_behind_the_neck_is_hair(t_body, camera, beside):
    body, hair = beside
    found = hair_behind(t_body, camera, encoded(camera, body | hair, hair), all_at(1.0), all_at(1.0))
    filling = found.outside
    np.testing.assert_allclose(found.colours, [BLOND], atol=1e-4)
    points = t_body.camera.to_camera(t_body.vertices[share_of(t_body, "head") > 0.5])
    back = points[:, 2].max() - from_the_neck(t_body, 0, 0, 0)[0, 2]
    assert filling(from_the_neck(t_body, 0, 0, 0.6 * back))[0] == pytest.approx(-SLOPE * ROUNDED)
    assert filling(from_the_neck(t_body, 0.6 * WIDE, 0, 0.6 * back))[0] < 0
    for point in ((0, 0, -0.02), (0, 0, back + 0.05), (0.3, 0, 0.03), (0, -0.3, 0.6 * back), (0, 0.4, 0.6 * back)):
        assert filling(from_the_neck(t_body, *point))[0] > 0, point


def test_its_sides_are_the_outlines(t_body, camera, beside):
    body, hair = beside
    found = curtains(t_body, camera, body | hair, body | hair)
    row = len(found.left) // 3
    columns = np.flatnonzero(hair[found.top + row])
    assert found.left[row] == pytest.approx(columns[0], abs=1)
    assert found.right[row] == pytest.approx(columns[-1] + 1, abs=1)
    assert found.right[0] - found.left[0] < 0.8 * (found.right[row] - found.left[row]), "it begins as wide as the head"
    points = inner_points(found, camera)
    filled = hair_behind(t_body, camera, encoded(camera, body | hair, hair), all_at(1.0), all_at(1.0)).outside
    assert (filled(points)[len(points) // 3 : 2 * len(points) // 3] < 0).mean() > 0.9


@pytest.mark.parametrize("what", ["nothing", "one side", "cloth", "short", "an arm"])
def test_anything_else_beside_a_neck_is_no_curtain(monkeypatch, t_body, camera, beside, what):
    body, hair = beside
    hair = hair.copy()
    if what == "nothing":
        hair[:] = False
    if what == "one side":
        hair[:, : SIDE // 2] = False
    if what == "short":
        hair[int(np.flatnonzero(hair.any(axis=1))[0]) + 12 :] = False
    if what == "an arm":
        monkeypatch.setattr(long_hair, "OTHERS", 0.2)  # the shoulder, as near as an arm
    seen = encoded(camera, body | hair, hair, CLOTH if what == "cloth" else HAIR)
    assert hair_behind(t_body, camera, seen, all_at(1.0), all_at(1.0)) is None


def test_where_the_field_has_hair_it_needs_no_help(t_body, camera, beside):
    body, hair = beside
    seen = encoded(camera, body | hair, hair)
    assert hair_behind(t_body, camera, seen, all_at(-0.01), all_at(1.0)) is None
    assert hair_behind(t_body, camera, seen, all_at(1.0), all_at(0.0)) is None, "all of it is neck"


def test_only_heads_that_face_the_camera_upright_count(t_body):
    assert faces_the_camera(t_body)
    for turn in (np.diag([-1.0, 1, -1]), np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])):
        camera = replace(t_body.camera, rotation=turn @ t_body.camera.rotation)
        assert not faces_the_camera(replace(t_body, camera=camera))


def test_hair_down_to_the_necks_end_goes_on_narrower_and_a_bob_ends():
    own, out, metre = np.tile([100.0, 120.0], (50, 1)), np.full((50, 2), 10.0), 0.004
    long = hanging(own, out, 45, metre)
    assert long.shape == (2, 50 + round(RESTS / metre))
    np.testing.assert_allclose(long[:, 40], [90, 130], atol=1e-6)
    assert long[1, -1] - long[0, -1] == pytest.approx(40 * NARROWS, rel=0.03)
    assert long[1, 0] - long[0, 0] < 25, "it begins as wide as the head"
    assert hanging(own, out, 50 - round(NEARLY / metre) - 1, metre).shape == (2, 50 - round(NEARLY / metre) - 1)
