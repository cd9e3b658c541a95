"""The surface: what the stage `surface` hands on, and its normals."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray


@dataclass(frozen=True)
class Surface:
    """A coloured triangle mesh in the photo's pose.

    vertices: (V, 3) metres, body frame; faces: (F, 3), counter-clockwise from outside; albedo: (V, 3) uint8 sRGB; confidence: (V,) 0..1,
    1 where the colour was seen squarely in the photo, 0 where it is a guess; skin_weights: (V, 24) where the surface knows from its making
    what each vertex moves with, None where the rig has to find it from the body beneath.
    """

    vertices: ndarray
    faces: ndarray
    albedo: ndarray
    confidence: ndarray
    skin_weights: ndarray | None = None


def vertex_normals(vertices: Float[ndarray, "V 3"], faces: Int[ndarray, "F 3"]) -> Float[ndarray, "V 3"]:
    """Unit normals, the faces' weighted by their area. A vertex without area around it has the normal zero."""
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    owner = faces.ravel()
    spread = np.repeat(face_normals, 3, axis=0)
    normals = np.stack([np.bincount(owner, spread[:, axis], len(vertices)) for axis in range(3)], axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
