"""Colours of the body's surface: the photo's where it was seen, plausible where not, the background's nowhere."""

import dataclasses

import cv2
import numpy as np
import pytest

from core.camera import UPRIGHT, Camera
from core.errors import NoPersonFound
from core.skeleton import JOINT
from core.surface.body_surface import SUBDIVISIONS, body_surface
from core.surface.raster import rasterise
from core.surface.regions import crown, face, hands, head_directions, scalp, share_of, twins
from core.surface.seen import bilinear, colours_seen, confidence
from core.surface.unseen import ALONG, complete, conduction
from core.surface.view import look, to_linear, to_srgb

RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (0, 255, 0)
SKIN, HAIR = (220, 170, 140), (40, 25, 20)


def near(colours, colour, tolerance=30):
    """True where the largest difference of a channel is within the tolerance (of 255)."""
    return (np.abs(colours.astype(int) - colour) <= tolerance).all(axis=1)


def dressed(body):
    """Colours of a person with red left and blue right half, skin face and hands, dark hair, before a green background."""
    colours = np.where(body.rest_vertices[:, :1] > 0, RED, BLUE)
    colours[share_of(body, "head", "neck") > 0.5] = SKIN
    colours[hands(body)] = SKIN
    colours[scalp(body) | ((share_of(body, "head") > 0.5) & (head_directions(body)[:, 1] > 0.5))] = HAIR
    return colours.astype(np.uint8)


def surface_of(made_up, body, colours, quality="draft"):
    return body_surface(*made_up.painted(body, colours, GREEN), body, quality)


@pytest.fixture(scope="module")
def front(made_up, t_body):
    return surface_of(made_up, t_body, dressed(t_body))


def test_seen_vertices_have_the_photos_colour(front, t_body):
    """Well seen, and away from where two colours meet."""
    colours = dressed(t_body)
    meet = (colours[t_body.faces] != colours[t_body.faces][:, :1]).any(axis=(1, 2))
    border = np.unique(t_body.faces[np.isin(t_body.faces, t_body.faces[meet]).any(axis=1)])
    inner = (front.confidence > 0.9) & ~np.isin(np.arange(len(colours)), border)
    assert inner.sum() > 300
    assert near(front.albedo, colours, 12)[inner].all()


def test_the_unseen_half_keeps_its_side(front, t_body):
    """Behind the person, red stays left and blue right, but for the middle of the back where they meet."""
    unseen = (front.confidence == 0) & (np.abs(t_body.rest_vertices[:, 0]) > 0.12) & ~hands(t_body)
    left = t_body.rest_vertices[:, 0] > 0
    redder = front.albedo[:, 0] > front.albedo[:, 2].astype(int)
    assert unseen.sum() > 500
    assert (redder == left)[unseen].mean() > 0.99


@pytest.mark.parametrize("pose", ["t_body", "bent_body"])
def test_the_background_is_nowhere(made_up, request, pose):
    """Green exceeds red and blue in no vertex, in any quality and pose."""
    body = request.getfixturevalue(pose)
    for quality in ("draft", "standard"):
        albedo = surface_of(made_up, body, dressed(body), quality).albedo.astype(int)
        assert (albedo[:, 1] <= albedo[:, [0, 2]].max(axis=1) + 2).all()


def test_the_back_of_the_head_has_hair_and_no_face(front, t_body):
    back = scalp(t_body) & (t_body.rest_vertices[:, 2] < t_body.rest_joints[JOINT["head"], 2] - 0.05)
    assert back.sum() > 20
    assert near(front.albedo, HAIR)[back].all()
    assert near(front.albedo, SKIN)[face(t_body) & (front.confidence > 0.9)].mean() > 0.5


def test_hair_round_a_bald_body_is_found(made_up, t_body):
    """Only the photo shows hair: a ring round the head that the body does not cover. The back of the head gets its colour."""
    colours = np.tile(SKIN, (len(t_body.vertices), 1)).astype(np.uint8)
    photo, person = made_up.painted(t_body, colours, GREEN)
    row, column = np.indices(person.mask.shape)
    centre = t_body.camera.project(t_body.rest_joints[JOINT["head"]] + t_body.translation + np.array([0, 0.06, 0]))
    ring = (np.hypot(column - centre[0], row - centre[1]) < 34) & (row < centre[1]) & (person.mask == 0)
    photo = dataclasses.replace(photo, pixels=np.where(ring[..., None], HAIR, photo.pixels).astype(np.uint8))
    person = dataclasses.replace(person, mask=np.where(ring, 255, person.mask).astype(np.uint8))
    albedo = body_surface(photo, person, t_body, "draft").albedo
    back = scalp(t_body) & (t_body.rest_vertices[:, 2] < t_body.rest_joints[JOINT["head"], 2] - 0.05)
    assert near(albedo, HAIR)[back].mean() > 0.9


def test_a_belt_stays_at_its_height_all_the_way_round(made_up, t_body):
    colours = np.where(t_body.rest_vertices[:, 1:2] > 1.1, RED, BLUE).astype(np.uint8)
    surface = surface_of(made_up, t_body, colours)
    torso = share_of(t_body, "pelvis", "spine1", "spine2", "spine3") > 0.7
    back = torso & (surface.confidence == 0) & (np.abs(t_body.rest_vertices[:, 1] - 1.1) > 0.06)
    assert back.sum() > 50
    assert near(surface.albedo, colours, 50)[back].mean() > 0.95


def test_seen_from_the_side_the_far_side_is_the_mirror_image(made_up, t_body):
    """One half is painted with rings; the camera sees only that half; the other gets the same rings."""
    turned = UPRIGHT @ np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]])
    camera = Camera(t_body.camera.intrinsics, turned, t_body.camera.translation, t_body.camera.size)
    body = dataclasses.replace(t_body, camera=camera)
    colours = np.where(body.rest_vertices[:, 1:2] > 0.5, RED, BLUE).astype(np.uint8)
    surface = surface_of(made_up, body, colours)
    twin, paired = twins(body)
    mirrored = paired & (surface.confidence == 0) & (surface.confidence[twin] > 0.9)
    assert mirrored.sum() > 300
    difference = np.abs(surface.albedo.astype(int) - surface.albedo[twin]).max(axis=1)
    assert np.quantile(difference[mirrored], 0.95) < 25


def test_an_arm_before_the_body_is_not_printed_on_it(made_up):
    pose = np.zeros((24, 3))
    pose[JOINT["left_shoulder"]] = 0, -1.3, -0.6
    pose[JOINT["left_elbow"]] = 0, -1.0, 0
    body = made_up.make_body(pose, made_up.make_camera())
    arms = share_of(body, *(f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hand")))
    colours = np.where(arms[:, None] > 0.5, RED, BLUE).astype(np.uint8)
    surface = surface_of(made_up, body, colours)
    raster = rasterise(body.vertices, body.faces, body.camera)
    column, row = np.floor(body.camera.project(body.vertices)).astype(int).T
    hidden = (arms < 0.01) & (arms[body.faces[raster.face[row, column]]].mean(axis=1) > 0.9)
    assert hidden.sum() > 10
    assert near(surface.albedo, BLUE, 60)[hidden].all()


@pytest.mark.parametrize("quality", list(SUBDIVISIONS))
def test_each_quality_has_four_times_the_faces(made_up, t_body, quality):
    surface = surface_of(made_up, t_body, dressed(t_body), quality)
    count = len(t_body.vertices)
    assert len(surface.faces) == len(t_body.faces) * 4 ** SUBDIVISIONS[quality]
    assert np.array_equal(surface.vertices[:count], t_body.vertices)
    assert surface.albedo.shape == surface.vertices.shape == (len(surface.confidence), 3)
    assert surface.albedo.dtype == np.uint8
    assert surface.confidence.min() == 0
    assert surface.confidence.max() == 1
    assert np.allclose(surface.skin_weights.sum(axis=1), 1, atol=1e-6)
    assert np.array_equal(surface.skin_weights[:count], t_body.skin_weights)


def test_a_finer_surface_shows_finer_colour(made_up, t_body):
    """Dots a vertex wide are kept by `standard` as by `draft`, and no vertex between is left behind."""
    photo, person = made_up.painted(t_body, dressed(t_body), GREEN)
    pixels = np.where((np.indices(photo.pixels.shape[:2]).sum(axis=0) // 6 % 2)[..., None], photo.pixels // 4, photo.pixels)
    contrast = [
        surface.albedo[surface.confidence > 0.9].astype(float).std()
        for surface in (body_surface(dataclasses.replace(photo, pixels=pixels), person, t_body, q) for q in ("draft", "standard"))
    ]
    assert contrast[1] > 1.1 * contrast[0]


def test_background_between_arm_and_waist_is_kept_out(made_up):
    """The mask fills the gap between a hanging arm and the waist, and the fit is 2 cm off, so that the waist reaches into it."""
    pose = np.zeros((24, 3))
    pose[JOINT["left_shoulder"]] = 0, 0, -1.35
    pose[JOINT["right_shoulder"]] = 0, 0, 1.35
    body = made_up.make_body(pose, made_up.make_camera())
    photo, person = made_up.painted(body, np.tile(RED, (len(body.vertices), 1)).astype(np.uint8), GREEN)
    gap = body.camera.project(np.array([[-0.35, 1.3, 0], [0.35, 0.75, 0]]) + body.translation).astype(int)
    mask = person.mask.copy()
    mask[gap[0, 1] : gap[1, 1], gap[0, 0] : gap[1, 0]] |= cv2.dilate(person.mask, np.ones((15, 15)))[
        gap[0, 1] : gap[1, 1], gap[0, 0] : gap[1, 0]
    ]
    off = dataclasses.replace(body.camera, translation=body.camera.translation + np.array([0.02, 0, 0]))
    albedo = body_surface(photo, dataclasses.replace(person, mask=mask), dataclasses.replace(body, camera=off), "draft").albedo
    assert near(albedo, RED, 40).all()


def test_white_before_white_keeps_its_colour(made_up, t_body):
    """A person who looks like the background is not taken for it: the body's inside is believed whatever its colour."""
    white = np.full((len(t_body.vertices), 3), 235, dtype=np.uint8)
    surface = body_surface(*made_up.painted(t_body, white, (240, 240, 240)), t_body, "draft")
    assert near(surface.albedo, (235, 235, 235), 6).all()
    assert (surface.confidence > 0.9).mean() > 0.1


def test_a_wide_white_coat_before_white_is_still_read_from_the_body(made_up, t_body):
    """Most of the coat lies beside the body and is taken for background; on the body's middle it is not."""
    head = share_of(t_body, "head", "neck") > 0.5
    colours = np.where(head[:, None], RED, (235, 235, 235)).astype(np.uint8)
    photo, person = made_up.painted(t_body, colours, (240, 240, 240))
    coat = cv2.dilate(person.mask, np.ones((61, 61)))
    coat[: int(t_body.camera.project(t_body.joints[JOINT["neck"]])[1])] = 0
    surface = body_surface(photo, dataclasses.replace(person, mask=person.mask | coat), t_body, "draft")
    chest = (np.abs(t_body.rest_vertices - (0, 1.2, 0.13)) < (0.04, 0.08, 0.03)).all(axis=1)
    assert chest.sum() > 5
    assert near(surface.albedo, (235, 235, 235), 8)[chest].all()
    assert (surface.confidence[chest] > 0.9).all()


def test_an_empty_outline_is_no_person(made_up, t_body):
    photo, person = made_up.painted(t_body, dressed(t_body), GREEN)
    empty = dataclasses.replace(person, mask=np.zeros_like(person.mask))
    with pytest.raises(NoPersonFound, match=r"painted\.png: the person's outline is empty"):
        body_surface(photo, empty, t_body, "draft")


def test_a_body_beside_the_person_still_gets_the_persons_colours(made_up, t_body):
    """A fit that missed altogether: nothing is seen, yet every vertex is red, blue, skin or between, never green or black."""
    photo, person = made_up.painted(t_body, np.tile(RED, (len(t_body.vertices), 1)).astype(np.uint8), GREEN)
    beside = dataclasses.replace(
        t_body, camera=dataclasses.replace(t_body.camera, translation=t_body.camera.translation + np.array([1.2, 0, 0]))
    )
    surface = body_surface(photo, person, beside, "draft")
    assert near(surface.albedo, RED, 3).all()


def test_heat_keeps_constants_and_flows_round_limbs(t_body):
    """Constant colour has no energy; energy is never negative; a slope along a leg costs ALONG of what one round it costs."""
    stiffness, area = conduction(t_body)
    count = len(t_body.vertices)
    assert np.abs(stiffness @ np.ones(count)).max() < 1e-9
    trial = np.random.default_rng(0).normal(size=(count, 5))
    assert ((trial * (stiffness @ trial)).sum(axis=0) > 0).all()
    corners = t_body.rest_vertices[t_body.faces]
    total = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    assert area.sum() == pytest.approx(total, rel=1e-6)
    shin = dataclasses.replace(t_body, faces=t_body.faces[(share_of(t_body, "left_knee") > 0.99)[t_body.faces].all(axis=1)])
    for axis, expected in ((0, 1), (1, ALONG)):
        slope = t_body.rest_vertices[:, axis]
        energy, plain = (slope @ (conduction(body)[0] @ slope) for body in (shin, without_limbs(shin)))
        assert energy / plain == pytest.approx(expected, abs=0.02)


def without_limbs(body):
    """A body of which no part belongs to a limb: heat flows alike in all directions."""
    return dataclasses.replace(body, skin_weights=np.zeros_like(body.skin_weights))


def test_completion_keeps_what_was_seen(made_up, t_body):
    photo, person = made_up.painted(t_body, dressed(t_body), GREEN)
    view = look(photo, person, t_body, 480)
    seen = confidence(view, t_body.vertices, t_body.faces)
    colour = colours_seen(view, t_body.vertices, t_body.faces)
    full = complete(t_body, view, colour, seen)
    assert np.abs(full - colour)[seen > 0.9].mean() < 0.02
    assert np.isfinite(full).all()
    assert 0 <= full.min() <= full.max() <= 1


@pytest.fixture(scope="module")
def sheet_view(made_up, t_body):
    """A view whose mask is its left half, of two sheets: one square to the camera, a smaller one 2.5 cm behind it."""
    photo, person = made_up.painted(t_body, dressed(t_body), GREEN)
    mask = np.zeros_like(person.mask)
    mask[:, : mask.shape[1] // 2] = 255
    noise = np.random.default_rng(0).integers(0, 256, photo.pixels.shape, dtype=np.uint8)  # no plain background to be told apart
    view = look(dataclasses.replace(photo, pixels=noise), dataclasses.replace(person, mask=mask), t_body, 480)
    x, y = np.meshgrid(np.linspace(-0.3, 0.3, 31), np.linspace(0.5, 1.1, 31))
    front = np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3)
    corner = (np.arange(30)[:, None] * 31 + np.arange(30)).ravel()
    faces = [np.stack([corner, corner + 1, corner + 32], axis=1), np.stack([corner, corner + 32, corner + 31], axis=1)]
    behind = (front - (0, 0.8, 0)) * 0.8 + (0, 0.8, -0.025)
    return view, np.concatenate([front, behind]), np.concatenate([*faces, *(f + len(front) for f in faces)])


def test_believed_is_what_is_in_front_and_inside_the_mask(sheet_view):
    view, vertices, faces = sheet_view
    seen = confidence(dataclasses.replace(view, raster=rasterise(vertices, faces, view.camera)), vertices, faces)
    front, behind = np.split(np.arange(len(vertices)), 2)
    inside = vertices[:, 0] < -0.02
    outside = vertices[:, 0] > 0.04
    assert np.allclose(seen[front][inside[front]], 1)
    assert not seen[front][outside[front]].any()
    assert not seen[behind].any()


@pytest.mark.parametrize(("degrees", "expected"), [(0, 1), (55, 1), (66, 0.77), (180, 0)])
def test_belief_fades_as_a_surface_turns_away(sheet_view, degrees, expected):
    """A sheet turned about a vertical line just inside the mask; (cos 66° - 0.1) / (0.5 - 0.1) = 0.77."""
    view, vertices, faces = sheet_view
    front, half = vertices[: len(vertices) // 2], faces[: len(faces) // 2]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = np.stack([front[:, 0] * cosine, front[:, 1], front[:, 0] * sine], axis=1) - (0.03, 0, 0)
    turned_view = dataclasses.replace(view, raster=rasterise(turned, half, view.camera))
    seen = confidence(turned_view, turned, half)[len(front) // 2]
    assert seen == pytest.approx(expected, abs=0.03)


def test_hidden_hands_are_skin(made_up, t_body):
    """The hands lie outside the mask; without knowledge of skin the sleeves would run to the finger tips."""
    colours = dressed(t_body)
    photo, person = made_up.painted(t_body, colours, GREEN)
    wrist = t_body.camera.project(t_body.joints[[JOINT["right_wrist"], JOINT["left_wrist"]]])[:, 0]
    mask = person.mask.copy()
    mask[:, : int(wrist[0])] = mask[:, int(wrist[1]) :] = 0
    albedo = body_surface(photo, dataclasses.replace(person, mask=mask), t_body, "draft").albedo
    tips = np.abs(t_body.rest_vertices[:, 0]) > 0.79
    assert tips.sum() > 10
    assert near(albedo, SKIN, 40)[tips].all()


def test_bilinear_reads_a_plane_exactly():
    """Pixel centres lie at halves; positions beyond the picture read its edge."""
    y, x = np.mgrid[:7, :9] + 0.5
    plane = np.stack([x, y, 2 * x - y], axis=-1)
    points = np.random.default_rng(0).uniform(0.5, [8.5, 6.5], size=(50, 2))
    expected = np.stack([points[:, 0], points[:, 1], 2 * points[:, 0] - points[:, 1]], axis=1)
    assert np.allclose(bilinear(plane, points), expected)
    assert np.allclose(bilinear(plane, np.array([[-5.0, 99.0]])), plane[-1, 0])
    assert np.allclose(bilinear(plane[:1, :1], np.array([[3.0, 3.0]])), plane[0, 0])


def test_shrinking_keeps_light(made_up, t_body):
    """Black and white pixel columns shrink to linear one half, sRGB 188, not to sRGB 128."""
    photo, person = made_up.painted(t_body, dressed(t_body), GREEN)
    stripes = np.zeros_like(photo.pixels)
    stripes[:, ::2] = 255
    person = dataclasses.replace(person, mask=np.full_like(person.mask, 255))
    view = look(dataclasses.replace(photo, pixels=stripes), person, t_body, 48)
    assert np.median(view.colour) * 255 == pytest.approx(188, abs=3)


def test_srgb_and_back():
    values = np.linspace(0, 1, 500)
    assert np.allclose(to_srgb(to_linear(values)), values, atol=1e-6)
    assert to_linear(np.array([0.5])) == pytest.approx(0.21404, abs=1e-5)


def test_regions_are_where_their_names_say(t_body):
    rest, head = t_body.rest_vertices, t_body.rest_joints[JOINT["head"]]
    assert (rest[face(t_body), 2] > head[2]).all()
    assert not (face(t_body) & scalp(t_body)).any()
    assert crown(t_body).any()
    assert (scalp(t_body) | ~crown(t_body)).all()
    assert (rest[crown(t_body), 1] > head[1]).all()
    assert (np.abs(rest[hands(t_body), 0]) > np.abs(t_body.rest_joints[JOINT["left_wrist"], 0]) - 0.06).all()
    twin, paired = twins(t_body)
    assert paired.mean() > 0.95
    assert np.abs(rest[twin] * (-1, 1, 1) - rest)[paired].max() < 0.02
