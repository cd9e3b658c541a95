"""What the lifter's training makes small: angles, joints, skin and build, each against the truth.

The angle to the true rotation counts under a Laplace density whose spread the network tells (its median, unlike a mean, does not bend
straight knees); betas likewise, each alone. Joints count by how far the rotations carry them off. So does the skin, by every so many of its
vertices: nearly a quarter of them are hands, which a shoulder or an elbow a little off carries far. The build counts at rest, size apart,
which one photo does not tell.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from core.body.lifter import LIFTED, Lifter
from core.body.model import BodyModel, joint_transforms, transformed
from core.skeleton import JOINT

ROWS = [JOINT[name] for name in LIFTED]
REACH, SKIN, BUILD, SHAPE = 20.0, 20.0, 20.0, 0.3
"""Weights of the distances of joints, skin and build (a metre), and of the betas, beside the angles' likelihood."""
THINNED = 40
"""Every so many of the body's vertices count: 339 of the open body's."""


class Data(NamedTuple):
    """Features (N, 231), true rotations (N, 24, 3, 3) and betas (N, 10), as the camera aimed at the person has them."""

    features: Tensor
    rotations: Tensor
    betas: Tensor

    def rows(self, chosen: Tensor) -> "Data":
        return Data(*(array[chosen] for array in self))


def losses(lifter: Lifter, model: BodyModel, batch: Data) -> Tensor:
    """The loss of a batch, one number."""
    said = lifter(batch.features)
    angle = angles(said.rotations, batch.rotations[:, ROWS])
    likely = (angle / said.spread.exp() + 3 * said.spread).mean()
    shape = ((said.betas - batch.betas).abs() / said.betas_spread.exp() + said.betas_spread).mean()
    full = batch.rotations.clone()
    full[:, ROWS] = said.rotations
    reach, skin = carried_off(model, full, batch)
    return likely + REACH * reach + SKIN * skin + BUILD * built_off(model, said.betas, batch.betas) + SHAPE * shape


def angles(said: Float[Tensor, "*N 3 3"], true: Float[Tensor, "*N 3 3"]) -> Float[Tensor, "*N"]:
    """Radians between rotations, nearly: from the chord 2√2 sin(angle / 2), whose derivative is finite everywhere."""
    cosine = ((said * true).sum((-1, -2)) - 1) / 2
    chord = (said - true).square().sum((-1, -2)).clamp_min(1e-8).sqrt()
    return chord / 2**0.5 * (1 + (1 - cosine).clamp(0, 2) / 12)


def carried_off(model: BodyModel, said: Float[Tensor, "B 24 3 3"], batch: Data) -> tuple[Tensor, Tensor]:
    """Metres that the rotations carry joints and skin away from where the true ones do, on average: joints of the template about the
    pelvis, the skin of the true shape about its own middle."""
    template, shaped = model._joint_template.expand(len(said), -1, -1), joints_at_rest(model, batch.betas)
    skin, joints, places = at_rest(model, batch.betas), [], []
    for turns in (said, batch.rotations):
        joints.append(transformed(joint_transforms(turns, template)[:, :, :3], template))
        blended = model.skin_weights[::THINNED] @ joint_transforms(turns, shaped)[:, :, :3].flatten(2)
        places.append(centred(transformed(blended.unflatten(2, (3, 4)), skin)))
    return tuple((one - other).norm(dim=-1).mean() for one, other in (joints, places))


def built_off(model: BodyModel, said: Float[Tensor, "B 10"], true: Float[Tensor, "B 10"]) -> Tensor:
    """Metres between the skins at rest of these betas, on average, once the one is scaled to the other by least squares."""
    one, other = (centred(at_rest(model, betas)) for betas in (said, true))
    scale = (one * other).sum((1, 2), keepdim=True) / one.square().sum((1, 2), keepdim=True)
    return (scale * one - other).norm(dim=-1).mean()


def at_rest(model: BodyModel, betas: Float[Tensor, "B 10"]) -> Float[Tensor, "B N 3"]:
    """Every so many vertices of the shape at zero pose."""
    return model.v_template[::THINNED] + torch.einsum("vak,bk->bva", model.shapedirs[::THINNED], betas)


def joints_at_rest(model: BodyModel, betas: Float[Tensor, "B 10"]) -> Float[Tensor, "B 24 3"]:
    return model._joint_template + torch.einsum("jak,bk->bja", model._joint_shapedirs, betas)


def centred(points: Float[Tensor, "B N 3"]) -> Float[Tensor, "B N 3"]:
    return points - points.mean(1, keepdim=True)
