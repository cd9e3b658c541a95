"""The stage `rig`: skin weights, rest pose, and the surface cut where parts of the person are welded to each other in the photo."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from ..body.fitted import FittedBody
from ..surface.surface import Surface
from .rest import rest_pose
from .seams import cut_seams, with_middles
from .skin import skin, strongest


@dataclass(frozen=True)
class Rigged:
    """A surface with its rig. rest_vertices: (V, 3) metres, T pose; skin_joints, skin_weights: (V, 4), weights summing to 1; removed: how
    many of the surface's triangles were welds.
    """

    surface: Surface
    rest_vertices: ndarray
    skin_joints: ndarray
    skin_weights: ndarray
    removed: int = 0


def rigged(surface: Surface, body: FittedBody) -> Rigged:
    """The surface rigged to the body it was made over. A surface that knows its own weights is the body's, and has no welds."""
    joints, weights = skin(surface, body)
    rest = _rest(surface.vertices, joints, weights, body)
    if surface.skin_weights is not None:
        return Rigged(surface, rest, joints, weights)
    cut = cut_seams(np.float64(surface.vertices), rest, surface.faces.astype(np.int64), joints[:, 0].astype(np.int64))
    if not cut.rings:
        return Rigged(surface, rest, joints, weights)
    joints, weights = strongest(with_middles(dense(joints, weights, body.skin_weights.shape[1]), cut.rings))
    apart = replace(
        surface,
        vertices=with_middles(np.float64(surface.vertices), cut.rings).astype(surface.vertices.dtype),
        faces=cut.faces.astype(surface.faces.dtype),
        albedo=np.rint(with_middles(np.float64(surface.albedo), cut.rings)).astype(surface.albedo.dtype),
        confidence=with_middles(surface.confidence, cut.rings),
    )
    return Rigged(apart, _rest(apart.vertices, joints, weights, body), joints, weights, cut.removed)


def dense(joints: Int[ndarray, "V 4"], weights: Float[ndarray, "V 4"], count: int) -> Float[ndarray, "V J"]:
    """Weights by joint, for `count` joints; a joint that is named twice has both its weights."""
    full = np.zeros((len(joints), count))
    np.add.at(full, (np.arange(len(joints))[:, None], joints), weights)
    return full


def _rest(vertices: ndarray, joints: ndarray, weights: ndarray, body: FittedBody) -> ndarray:
    return rest_pose(vertices, joints, weights, body.pose, body.rest_joints, body.translation)
