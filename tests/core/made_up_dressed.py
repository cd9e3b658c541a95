"""A made-up dressed person for tests: a textured ball standing on the ground, its shell, and a body model that is a small cube."""

import numpy as np

from core.body.model import BodyArrays, BodyModel
from core.light import IRRADIANCE_FACTORS, sh_basis
from core.skeleton import JOINT_NAMES
from training.people.character import BodyTruth, DressedPerson, Shell
from training.photograph import camera_towards

RADIUS = 0.5
MIDDLE = np.array([0.0, RADIUS, 0.0])


def camera(size=128, yaw=0.3, pitch=0.2, distance=3.0, focal=2.2):
    """A camera that has the ball in its middle."""
    return camera_towards(MIDDLE, distance, yaw, pitch, focal * size, (size, size))


def body_model() -> BodyModel:
    """A cube of 20 cm whose corners hang on the pelvis at (0, 0.4, 0)."""
    corners = np.array([[x, y, z] for x in (-0.1, 0.1) for y in (0.3, 0.5) for z in (-0.1, 0.1)])
    faces = np.array(
        [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
    )
    weights = np.zeros((8, 24))
    weights[:, 0] = 1
    shapedirs = np.random.default_rng(0).normal(0, 0.002, (8, 3, 10))
    return BodyModel(BodyArrays(corners, faces, shapedirs, np.full((24, 8), 1 / 8), weights))


def ball(rows=48, columns=96, texture=None, alpha=None) -> DressedPerson:
    """The ball with u round it and v up it; white unless textured. No body inside but the cube at rest."""
    v, u = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    height, azimuth = np.pi * (v - 0.5), 2 * np.pi * u
    normals = np.stack([np.cos(height) * np.sin(azimuth), np.sin(height), np.cos(height) * np.cos(azimuth)], axis=-1).reshape(-1, 3)
    number = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    a, b, c, d = number[:-1, :-1].ravel(), number[:-1, 1:].ravel(), number[1:, 1:].ravel(), number[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    _, same_point = np.unique(np.round(normals, 6) + 0.0, axis=0, return_inverse=True)
    return DressedPerson(
        name="ball",
        family="composed",
        vertices=MIDDLE + RADIUS * normals,
        same_point=same_point.ravel(),
        faces=faces,
        cards=np.zeros(len(faces), bool),
        label=np.full(len(faces), 2),
        uv=np.stack([u, v], axis=-1).reshape(-1, 2),
        texture=np.full((64, 64, 3), 255, np.uint8) if texture is None else texture,
        alpha=alpha,
        trusted=None,
        joints=np.tile(MIDDLE, (len(JOINT_NAMES), 1)),
        body=BodyTruth(np.zeros((24, 3)), np.zeros(10), np.zeros(3), 0.0, 0.0),
    )


def shell(person: DressedPerson, openness=1.0) -> Shell:
    """The ball's own vertices, answering to light as in the open, or to a part of it."""
    normals = ((person.vertices - MIDDLE) / RADIUS)[: 49 * 97]
    count = len(normals)
    transfer = openness * sh_basis(normals) * IRRADIANCE_FACTORS / np.pi
    return Shell(
        vertices=person.vertices[:count].astype(np.float32),
        faces=person.faces[: 2 * 48 * 96],
        normals=normals.astype(np.float32),
        albedo=np.full((count, 3), 255, np.uint8),
        trusted=np.full(count, 255, np.uint8),
        label=np.full(count, 2, np.uint8),
        transfer=transfer.astype(np.float32),
    )


def with_cards(person: DressedPerson, sheets: list[tuple[float, float]]) -> DressedPerson:
    """The person with square cards before them, 2 m wide, each given by its z and the one v of the texture it shows."""
    from dataclasses import replace

    corners = np.array([[-1, -0.5], [1, -0.5], [1, 1.5], [-1, 1.5]])
    more = [np.column_stack([corners, np.full(4, z)]) for z, _ in sheets]
    count = len(person.vertices) + 4 * np.arange(len(sheets))
    faces = [start + np.array([[0, 1, 2], [0, 2, 3]]) for start in count]
    vertices = np.concatenate([person.vertices, *more])
    return replace(
        person,
        vertices=vertices,
        same_point=np.concatenate([person.same_point, person.same_point.max() + 1 + np.arange(4 * len(sheets))]),
        faces=np.concatenate([person.faces, *faces]),
        cards=np.concatenate([person.cards, np.ones(2 * len(sheets), bool)]),
        label=np.concatenate([person.label, np.ones(2 * len(sheets), int)]),
        uv=np.concatenate([person.uv, *[np.full((4, 2), [0.5, v]) for _, v in sheets]]),
    )
