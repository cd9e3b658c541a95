"""PHORHUM's rendering losses: small pictures ray-traced through the predicted field, front and back, unlit and lit (its section 3.3).

Rays are traced within ±REACH of the true surface, where the plate holds what the body says at DEPTHS places along each; between them it is
interpolated. The hit becomes differentiable by one Newton step along the ray (Yariv et al. 2020, "IDR", equation 3). The perceptual term
compares image gradients at three scales: no network with published weights that we may use is to be had, so no VGG features.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, relu

from core.field.colour import linear_to_srgb, srgb_to_linear
from core.field.network import Encoded, FieldNetwork
from training.field.batch import Batch, Patches

SIDE = 32
"""Pixels of a patch's side, as in the paper."""
REACH = 0.04
"""Metres to each side of the true surface in which rays are traced."""
DEPTHS = 8
"""Places along each ray at which the plate knows the body."""
STEPS = 6
"""Of sphere tracing; the interval is 8 cm, so it has converged or it missed."""
HIT = 0.004
"""Metres from the surface at which a ray counts as having met it."""
MARGIN = 0.004
"""Metres that the field should keep from rays that miss the person."""


def body_along(patches: Patches, t: Float[Tensor, "B N"]) -> Float[Tensor, "B N 10"]:
    """What the body says at depths t along the rays: linear between the plate's places."""
    place = ((t - patches.near) / (2 * REACH) * (DEPTHS - 1)).clamp(0, DEPTHS - 1 - 1e-4)
    low = place.long()
    share = (place - low)[..., None]
    index = low[..., None, None].expand(-1, -1, 1, patches.body.shape[-1])
    below = patches.body.gather(2, index)[:, :, 0]
    above = patches.body.gather(2, index + 1)[:, :, 0]
    return below + share * (above - below)


@torch.no_grad()
def traced(network: FieldNetwork, encoded: Encoded, patches: Patches) -> tuple[Float[Tensor, "B N"], Float[Tensor, "B N"]]:
    """Depth t (B, N) along each ray after sphere tracing, and the field's distance there. Front rays go away from the camera, back rays
    towards it, so that both meet the outside of the surface first."""
    t = torch.where(patches.back, patches.near + 2 * REACH, patches.near)
    sign = torch.where(patches.back, -1.0, 1.0)
    distance = torch.zeros_like(t)
    for _ in range(STEPS):
        distance = network.ask(encoded, patches.rays * t[..., None], body_along(patches, t)).distance
        t = torch.minimum(torch.maximum(t + sign * distance, patches.near), patches.near + 2 * REACH)
    return t, distance


def patch_losses(network: FieldNetwork, encoded: Encoded, batch: Batch) -> dict[str, Tensor]:
    """patch_albedo, patch_shaded: L1; patch_detail: the perceptual term on both; patch_miss: rays that should meet nothing. Empty where the
    batch has no patches."""
    patches = batch.patches
    if patches is None:
        return {}
    t, distance = traced(network, encoded, patches)
    met = (distance.abs() < HIT) & patches.hit
    points, told = patches.rays * t[..., None], body_along(patches, t)
    found = network.ask(encoded, points, told)
    normal = _normals(network, encoded, points, told, found.distance)
    slope = (normal * patches.rays).sum(dim=-1)
    slope = torch.where(slope.abs() < 0.1, torch.where(patches.back, 0.1, -0.1), slope).detach()
    hit = patches.rays * (t - found.distance / slope)[..., None]
    albedo = network.ask(encoded, hit, told).albedo
    shading = network.shading(normal, encoded.light).exp()
    shaded = linear_to_srgb((srgb_to_linear(albedo) * shading).clamp(0, 1))
    where = (met & patches.known)[..., None].float()
    pictures = {"patch_albedo": (albedo, patches.albedo), "patch_shaded": (shaded, patches.shaded)}
    losses = {name: ((one - true).abs() * where).sum() / (3 * where.sum()).clamp_min(1) for name, (one, true) in pictures.items()}
    detail = sum(detail_loss(one, true, where) for one, true in pictures.values())
    miss = relu(MARGIN - found.distance) * ~patches.hit
    return losses | {"patch_detail": detail, "patch_miss": miss.sum() / (~patches.hit).sum().clamp_min(1) / MARGIN}


def _normals(network, encoded, points, told, here) -> Float[Tensor, "B N 3"]:
    from training.field.losses import gradient_of

    return torch.nn.functional.normalize(gradient_of(network, encoded, points, told, here), dim=-1)


def detail_loss(one: Float[Tensor, "B N 3"], true: Float[Tensor, "B N 3"], where: Float[Tensor, "B N 1"]) -> Tensor:
    """L1 of image gradients at three scales, where all pixels of a step count."""
    one, true, where = (
        picture.unflatten(1, (-1, SIDE, SIDE)).flatten(0, 1).permute(0, 3, 1, 2) for picture in (one * where, true * where, where)
    )
    total = one.new_zeros(())
    for _ in range(3):
        whole = where > 0.99
        for axis in (2, 3):
            both = whole.narrow(axis, 1, whole.shape[axis] - 1) & whole.narrow(axis, 0, whole.shape[axis] - 1)
            total = total + ((one.diff(dim=axis) - true.diff(dim=axis)).abs() * both).sum() / (3 * both.sum()).clamp_min(1)
        one, true, where = avg_pool2d(one, 2), avg_pool2d(true, 2), avg_pool2d(where, 2)
    return total
