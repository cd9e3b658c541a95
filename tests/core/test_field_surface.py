"""The surface stage with a field whose answers are known: shape, colour from the photo over its shading, light in the body's frame."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import cKDTree

from core.errors import EmptySurface, FieldNotFinite, NoPersonFound
from core.field.config import FieldConfig
from core.field.detail import Detail
from core.field.encoder import LABELS, Maps
from core.field.network import FAR, Answer, Encoded, FieldNetwork
from core.light import NEUTRAL, rotated
from core.skeleton import JOINT
from core.surface import body_help
from core.surface import field_surface as field_surface_module
from core.surface.field_surface import ROOM, SPARE, field_of, field_surface, light_of, room_round
from core.surface.long_hair import Hair
from core.surface.regions import face
from core.surface.surface import vertex_normals
from core.surface.view import to_linear, to_srgb

CONFIG = FieldConfig(picture=64, widths=(8, 16, 16), features=8, fine=4, hidden=16, layers=1)
SHADE = 0.5


class Coat(FieldNetwork):
    """A field that is a coat of even thickness round the body, green all over; it takes every photo for half lit, and light from above."""

    def __init__(self, thickness=0.02, broken=False):
        super().__init__(CONFIG)
        self.thickness, self.broken = thickness, broken

    def encode(self, picture):
        side, half = CONFIG.picture, CONFIG.half
        towards = torch.tensor([0.0, 0, -1])[None, :, None, None]
        maps = Maps(
            towards.expand(1, 3, side, side),
            torch.full((1, 3, side, side), float(np.log(SHADE))),
            -towards.expand(1, 3, half, half),
            torch.zeros(1, 3, half, half),
            torch.zeros(1, 2, half, half),
            torch.zeros(1, LABELS, half, half),
            torch.zeros(1, LABELS, half, half),
        )
        light = torch.tensor(SHADE * NEUTRAL, dtype=torch.float32)[None]
        return Encoded(torch.zeros(1, 8, half, half), maps, light, torch.zeros(1, 3, side, side), picture, None)

    def ask(self, encoded, points, nearest):
        distance = nearest[..., 0] - self.thickness
        if self.broken:
            distance = distance * float("nan")
        green = torch.tensor([0.1, 0.8, 0.1]).expand(*points.shape)
        return Answer(distance, green, green, green, torch.zeros(*points.shape[:2], LABELS))


class Detailed(Coat):
    """It sees more at twice the size: a quarter lit, and every surface turned to the photo's right."""

    def encode(self, picture):
        side = picture.fine.shape[-1]
        right = torch.tensor([0.6, 0, -0.8])[None, :, None, None].expand(1, 3, side, side)
        return super().encode(picture)._replace(detail=Detail(right, torch.full((1, 3, side, side), float(np.log(SHADE / 2)))))


@pytest.fixture(scope="module")
def person(made_up, t_body):
    return made_up.painted(t_body, np.full((len(t_body.vertices), 3), 120, np.uint8), (20, 30, 200))


@pytest.fixture(scope="module")
def dressed(person, t_body):
    return field_surface(*person, t_body, Coat(), "draft")


def test_the_surface_is_the_fields(dressed, t_body):
    surface = dressed.surface
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.is_watertight
    assert mesh.volume > 0
    gap, _ = cKDTree(surface.vertices).query(t_body.vertices)
    assert np.median(gap) == pytest.approx(0.02, abs=0.006)


def test_a_budget_of_triangles_is_kept(person, t_body, dressed):
    """About as many as asked for, closed, the same shape; never fewer than a person needs."""
    for wanted, least in ((3000, 2700), (10, 900)):
        surface = field_surface(*person, t_body, Coat(), "draft", wanted).surface
        assert least <= len(surface.faces) <= 1.05 * max(wanted, 1000)
        assert len(surface.faces) < len(dressed.surface.faces) / 4
        assert trimesh.Trimesh(surface.vertices, surface.faces, process=False).is_watertight
        assert len(surface.albedo) == len(surface.confidence) == len(surface.vertices)
    gap, _ = cKDTree(dressed.surface.vertices).query(surface.vertices)
    assert gap.mean() < 0.015


def test_in_the_face_the_bodys_normals_count_beside_the_pictures(monkeypatch, person, t_body):
    """The picture tells all to look right; a face, on which the surface lies, keeps nearer to the body's, and nothing far off changes."""
    thin = Detailed(thickness=0.004)
    mixed = field_surface(*person, t_body, thin, "draft").surface
    monkeypatch.setattr(body_help, "OWN", 0.0)
    picture = field_surface(*person, t_body, thin, "draft").surface
    nearest = cKDTree(t_body.vertices).query(picture.vertices)[1]
    on_face = face(t_body)[nearest] & (picture.confidence > 0.5)
    assert on_face.sum() > 20
    own = vertex_normals(t_body.vertices, t_body.faces)[nearest]
    off = [1 - (vertex_normals(surface.vertices, surface.faces) * own).sum(axis=1)[on_face].mean() for surface in (mixed, picture)]
    assert off[0] < 0.75 * off[1]
    far = np.linalg.norm(picture.vertices - picture.vertices[on_face].mean(axis=0), axis=1) > 0.5
    np.testing.assert_allclose(mixed.vertices[far], picture.vertices[far], atol=2e-4)


def test_long_hair_behind_the_neck_is_surface_and_has_hairs_colours(monkeypatch, person, t_body):
    """A ball of hair 15 cm behind the chest, out of the camera's sight."""
    centre = t_body.camera.to_camera(t_body.joints[[JOINT["spine3"]]]) + np.array([[0, 0, 0.15]])
    blond = np.array([[0.8, 0.7, 0.4]])
    ball = Hair(lambda points: np.linalg.norm(points - centre, axis=1) - 0.1, blond)
    monkeypatch.setattr(field_surface_module, "hair_behind", lambda *given: ball)
    surface = field_surface(*person, t_body, Coat(), "draft").surface
    hair = np.abs(ball.outside(t_body.camera.to_camera(surface.vertices))) < 0.003
    assert hair.sum() > 300
    np.testing.assert_allclose(surface.albedo[hair & (surface.confidence == 0)], np.tile(np.round(255 * blond), (hair.sum(), 1)), atol=2)


def test_seen_surface_has_the_photos_colour_over_its_shading(dressed):
    """120 of 255 in half light is twice as bright a surface; what the photo cannot show is the field's own green."""
    surface = dressed.surface
    seen = surface.confidence > 0.99
    assert seen.sum() > 100
    wanted = 255 * to_srgb(np.array(to_linear(np.array(120 / 255)) / SHADE))
    np.testing.assert_allclose(surface.albedo[seen] - wanted, 0, atol=1.5)
    unseen = surface.albedo[surface.confidence == 0].astype(float)
    np.testing.assert_allclose(unseen - 255 * np.array([0.1, 0.8, 0.1]), 0, atol=1)


def test_detail_is_read_at_twice_the_size(person, t_body, dressed):
    """Colours are over the fine shading, and the surface turns towards the fine normals; the fine photo lies where the coarse does."""
    fine = field_surface(*person, t_body, Detailed(), "draft").surface
    seen = fine.confidence > 0.99
    wanted = 255 * np.clip(to_srgb(np.array(to_linear(np.array(120 / 255)) / (SHADE / 2))), 0, 1)
    share = fine.confidence[seen, None]
    np.testing.assert_allclose(fine.albedo[seen], share * wanted + (1 - share) * 255 * np.array([0.1, 0.8, 0.1]), atol=1)
    turns = []
    for surface in (dressed.surface, fine):
        normals = vertex_normals(surface.vertices, surface.faces) @ t_body.camera.rotation.T
        turns.append(normals[surface.confidence > 0.5].mean(axis=0)[0])
    assert turns[1] > turns[0] + 0.008
    framed = field_of(*person, t_body, Detailed()).framed.picture
    assert framed.fine.shape[-1] == 2 * framed.photo.shape[-1]
    shrunk = torch.nn.functional.avg_pool2d(framed.fine, 2)
    assert (shrunk - framed.photo).abs().mean() < 0.02


def test_how_far_a_point_lies_beside_the_outline(person, t_body):
    """None on the body; under a hand held out so far as it is under it."""
    field = field_of(*person, t_body, Coat())
    assert np.median(field.beside(t_body.vertices)) == 0
    hand = t_body.vertices[t_body.vertices[:, 0] > 0.95 * t_body.vertices[:, 0].max()]
    low = hand[hand[:, 1].argmin()]
    for away in (0.1, 0.2):
        assert field.beside((low - [0, away, 0])[None])[0] == pytest.approx(away, abs=0.04)
    assert field.beside(np.array([[0.0, 50, 0]]))[0] == 0, "far outside the photo"


@pytest.mark.parametrize(("hem", "room"), [(0.0, ROOM), (0.3, 0.3 + SPARE), (0.9, FAR)])
def test_a_gown_is_looked_for_as_far_as_its_outline_reaches(person, t_body, hem, room):
    """Whose outline goes on for so many metres below the body, whose legs are pulled up."""
    vertices = t_body.vertices.copy()
    vertices[:, 1] = np.maximum(vertices[:, 1], vertices[:, 1].min() + hem)
    assert room_round(replace(t_body, vertices=vertices), person[1]) == pytest.approx(room, abs=0.03)


def test_nothing_of_the_backdrop_is_on_the_person(dressed):
    """The blue behind is nowhere: not at the outline either."""
    surface = dressed.surface
    assert (surface.albedo[:, 2].astype(int) <= surface.albedo[:, :2].max(axis=1) + 2).all()


def test_light_is_in_the_bodys_frame(person, t_body):
    """Light that the camera sees from the right comes from the person's side that is there."""
    rng = np.random.default_rng(0)
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_rotvec([0.2, 0.5, -0.1]).as_matrix() @ t_body.camera.rotation
    camera = replace(t_body.camera, rotation=turn, translation=turn @ np.linalg.inv(t_body.camera.rotation) @ t_body.camera.translation)
    body = replace(t_body, camera=camera)
    network = Coat()
    light = np.float32(rng.normal(0, 0.1, (9, 3)) + NEUTRAL)
    plain = network.encode
    network.encode = lambda picture: plain(picture)._replace(light=torch.from_numpy(light)[None])
    found = light_of(field_of(*person, body, network))
    np.testing.assert_allclose(rotated(found, camera.rotation), light, atol=1e-6)


def test_fields_without_a_surface_are_refused(person, t_body):
    with pytest.raises(EmptySurface, match="nobody"):
        field_surface(*person, t_body, Coat(thickness=-2.0), "draft")
    with pytest.raises(FieldNotFinite, match="no numbers"):
        field_surface(*person, t_body, Coat(broken=True), "draft")
    photo, someone = person
    with pytest.raises(NoPersonFound, match="outline is empty"):
        field_surface(photo, replace(someone, mask=np.zeros_like(someone.mask)), t_body, Coat(), "draft")


@pytest.mark.parametrize("error", [EmptySurface, FieldNotFinite])
def test_errors_have_hints(error):
    assert error.default_hint
