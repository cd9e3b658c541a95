"""What the body tells the field, on a ball whose answers are known; and the frame the network's picture is taken in."""

import numpy as np
import pytest
import trimesh

from core.camera import Camera
from core.errors import NoPersonFound
from core.field.conditioning import BodyInView, body_in_view, body_maps
from core.field.config import FieldConfig
from core.field.framing import framed, intrinsics_of, square_round
from core.field.volume import EXTENT, voxels
from core.surface.raster import rasterise

MIDDLE, RADIUS = np.array([0.1, -0.05, 3.0]), 0.3


@pytest.fixture(scope="module")
def ball():
    mesh = trimesh.creation.icosphere(5, RADIUS)
    return BodyInView(mesh.vertices + MIDDLE, np.array(mesh.faces), np.array(mesh.vertices), MIDDLE, 0.0)


def test_the_nearest_point_of_a_ball(ball):
    rng = np.random.default_rng(0)
    points = MIDDLE + rng.normal(size=(400, 3)) * 0.3
    away = points - MIDDLE
    far = np.linalg.norm(away, axis=1)
    found = ball.nearest(points)
    np.testing.assert_allclose(found.distance, far - RADIUS, atol=1e-3)
    clear = np.abs(far - RADIUS) > 0.01
    np.testing.assert_allclose(found.direction[clear], (away / far[:, None])[clear], atol=0.06)
    np.testing.assert_allclose(found.normal[clear], (away / far[:, None])[clear], atol=0.06)
    np.testing.assert_allclose(found.rest, RADIUS * away / far[:, None], atol=0.02)


def test_maps_of_a_ball(ball):
    """Alpha, normal, depths from the pelvis and rest place against the ray's own meeting with the ball."""
    side, half = 64, 32
    intrinsics = np.array([150.0, 150, 28, 35])
    maps = body_maps(ball, intrinsics, side, half)
    y, x = np.mgrid[:half, :half] + 0.5
    ray = np.stack([(2 * x - 28) / 150, (2 * y - 35) / 150, np.ones_like(x)], axis=-1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    along = ray @ MIDDLE
    inside = RADIUS**2 - (MIDDLE @ MIDDLE - along**2)
    sure = inside > 0.01
    assert (maps[0][sure] == 1).all()
    assert (maps[0][inside < -0.005] == 0).all()
    for number, sign in ((4, -1), (5, 1)):
        met = ray * (along + sign * np.sqrt(np.maximum(inside, 0)))[..., None]
        np.testing.assert_allclose(maps[number][sure], (met[..., 2] - MIDDLE[2])[sure], atol=2e-3)
    front = ray * (along - np.sqrt(np.maximum(inside, 0)))[..., None] - MIDDLE
    np.testing.assert_allclose(maps[1:4][:, sure], (front / RADIUS)[sure].T, atol=0.03)
    np.testing.assert_allclose(maps[6:9][:, sure], front[sure].T, atol=0.01)
    assert not maps[:, maps[0] == 0].any()


def test_voxels_hold_the_ball(ball):
    """The cells' sum is the ball's volume, and a cell inside names its place in the rest pose."""
    volume = voxels(ball, 32)
    cell = (2 * EXTENT / 32) ** 3
    assert volume[0].sum() * cell == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.05)
    assert volume[0, 16, 16, 16] == pytest.approx(1, abs=0.01)


def test_farthest_surface_lies_behind_the_nearest(ball):
    camera = Camera(np.array([60.0, 60, 32, 32]), np.eye(3), np.zeros(3), np.array([64, 64]))
    near, far = rasterise(ball.vertices, ball.faces, camera), rasterise(ball.vertices, ball.faces, camera, farthest=True)
    seen = near.face >= 0
    assert (seen == (far.face >= 0)).all()
    assert (far.depth[seen] >= near.depth[seen]).all()
    assert np.isinf(far.depth[~seen]).all()
    assert far.depth[seen].max() == pytest.approx(MIDDLE[2] + RADIUS, abs=0.01)


def test_the_square_holds_person_and_body(made_up, t_body):
    """Everything is inside with a margin, and points land in the square's pixels where the photo's pixels say."""
    mask = np.zeros((300, 200), np.uint8)
    mask[100:140, 10:60] = 255
    pixels = t_body.camera.project(t_body.vertices)
    square = square_round(mask, pixels, 64)
    inside = square.from_photo(np.concatenate([pixels, [[10.0, 100], [60, 140]]]))
    assert inside.min() > 0.05 * 64
    assert inside.max() < 0.95 * 64
    seen = t_body.camera.to_camera(t_body.vertices)
    intrinsics = intrinsics_of(t_body.camera.intrinsics, square)
    np.testing.assert_allclose(seen[:, :2] / seen[:, 2:] * intrinsics[:2] + intrinsics[2:], square.from_photo(pixels), atol=1e-6)


def test_the_networks_picture_shows_the_person_alone(made_up, t_body):
    photo, person = made_up.painted(t_body, np.full((len(t_body.vertices), 3), 200, np.uint8), (20, 30, 40))
    config = FieldConfig(picture=64, widths=(8, 16, 16), conditioning="both", volume=8)
    seen = framed(photo, person, t_body, config)
    assert seen.picture.photo.shape == (1, 4, 64, 64)
    assert seen.picture.volume.shape == (1, 4, 8, 8, 8)
    assert not seen.picture.photo[0, :3][:, seen.picture.photo[0, 3] == 0].any()
    alike = (seen.picture.photo[0, 3, ::2, ::2] > 0.5) == (seen.picture.body[0, 0] > 0.5)
    assert alike.float().mean() > 0.95  # here the person is the body
    assert seen.picture.spread.item() == pytest.approx(t_body.spread)


def test_no_outline_no_picture(made_up, t_body):
    from dataclasses import replace

    photo, person = made_up.painted(t_body, np.full((len(t_body.vertices), 3), 200, np.uint8), (20, 30, 40))
    with pytest.raises(NoPersonFound, match="outline is empty"):
        framed(photo, replace(person, mask=np.zeros_like(person.mask)), t_body, FieldConfig())


def test_rest_places_do_not_depend_on_size(made_up, t_body):
    """A child's knee is called as an adult's is."""
    from dataclasses import replace

    small = replace(t_body, rest_vertices=t_body.rest_vertices * 0.6, rest_joints=t_body.rest_joints * 0.6)
    np.testing.assert_allclose(body_in_view(small).rest, body_in_view(t_body).rest, atol=1e-6)
