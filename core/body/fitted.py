"""The fitted body: what the stage `body` hands to the stages after it."""

from dataclasses import dataclass

from numpy import ndarray

from ..camera import Camera

ESTIMATED_SPREAD = 0.12
"""Radians: about how far the joints of a body fitted to one photo are turned wrongly. Training tells the field the same (docs/FIELD.md)."""


@dataclass(frozen=True)
class FittedBody:
    """One person's SMPL parameters and what follows from them, all in the body frame (metres, +Y up).

    The body stands with its lowest vertex at y = 0 and its pelvis at x = z = 0, so the scene's origin is on the ground below the person;
    `camera` looks at it from where the photo was taken.

    pose: (24, 3) axis-angle, pose[0] the pelvis' rotation in the body frame; betas: (10,); translation: (3,) added after skinning;
    vertices (V, 3), joints (24, 3): in the photo's pose, translation included; rest_vertices, rest_joints: T pose, no translation;
    faces (F, 3); skin_weights (V, 24): the body model's own; spread: how far the joints' rotations are told to be off, radians on average,
    0 for a body that is known; warnings: sentences about what the photo does not show and was guessed.
    """

    pose: ndarray
    betas: ndarray
    translation: ndarray
    vertices: ndarray
    joints: ndarray
    rest_vertices: ndarray
    rest_joints: ndarray
    faces: ndarray
    skin_weights: ndarray
    camera: Camera
    spread: float = ESTIMATED_SPREAD
    warnings: tuple[str, ...] = ()
