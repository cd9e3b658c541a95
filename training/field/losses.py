"""Every loss of the field with its weight and reason.

PHORHUM's sparse 3D supervision (Alldieck et al. 2022, section 3.3): distance and normal on the surface, the sign inside and outside, the
eikonal term, albedo. Beside it the 2D heads, labels and light. The rendering losses are in `patches`.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity, cross_entropy

from core.field.encoder import HAIR
from core.field.illumination import diffuse_shading
from core.field.network import Answer, Encoded, FieldNetwork, photo_albedo
from training.field.batch import Batch

CLAMP = 0.05
"""Metres beyond which a distance need only be far (DeepSDF's clamp): far from the person it costs nothing to be vague."""
SOFT = 0.008
"""Metres over which the sign loss goes from inside to outside."""
STEP = 0.003
"""Metres of the finite differences that give the field's gradient. Pixel-aligned sampling has no second derivative in torch."""

WEIGHTS = {
    "distance": 30.0,  # clamped L1 everywhere: the geometry itself
    "on_surface": 10.0,  # |f| on the surface (PHORHUM's L_g, first half): sharper than the clamped L1, in a share that makes no plateau
    "sign": 0.3,  # inside or outside (L_l): cares most where L1 is smallest, at the surface
    "normal": 0.7,  # the gradient's direction on the surface (L_g, second half): smooth, rightly turned skin of the field
    "eikonal": 0.2,  # |gradient| = 1 (L_e): keeps it a distance, which coarse-to-fine extraction relies on
    "albedo": 1.0,  # colour at points near the surface (L_a), where the truth is known
    "own": 0.3,  # the blend's own colour alone: else it learns nothing wherever the photo's is better
    "label": 0.25,  # skin, hair, cloth: backs of heads stay skin without it (TRIALS)
    "map_normal": 1.0,  # front and back normals, L1 and cosine: full resolution, 2 to 6 degrees better than the field's own
    "map_depth": 8.0,  # front and back depth: between them the inside is, and the field reads them
    "map_shading": 0.4,  # log-shading: colour freed from light at full resolution
    "map_albedo": 2.0,  # the photo over that shading, and the predicted back
    "map_label": 0.6,  # with .15 (and .1 for label) a third of all hair was missed, dark hair too
    "detail_normal": 1.0,  # the detail head, on its part of the picture: normals as above
    "detail_edge": 2.0,  # and their differences between neighbours: a collar is an edge, and a blurred one costs L1 little
    "detail_shading": 0.4,
    "detail_albedo": 1.0,
    "light": 0.7,  # irradiance of the predicted light: its shape over its mean, and the mean's logarithm. Not the error over the true mean,
    # the yardstick's figure: under doubt of the brightness it rewards lights that are too dark, by the variance of the doubt's logarithm
    "shading": 0.2,  # the shading network on the true normals and its own light
    "patch_albedo": 0.5,  # PHORHUM's L_r on ray-traced patches: colours where the predicted surface is, not where the true one is
    "patch_shaded": 0.5,  # the same under the predicted light: ties surface, light and shading network together
    "patch_detail": 0.2,  # the perceptual term
    "patch_miss": 0.2,  # rays past the person meet nothing: outlines
}

HAIR_COUNTS = 2.0
"""How often a pixel or point of hair counts among the labels: there are few, and what is taken for skin has a bald head's shape."""


@dataclass(frozen=True)
class Losses:
    """total: weighted sum; parts: each loss unweighted, by name."""

    total: Tensor
    parts: dict[str, Tensor]


def weighted(parts: dict[str, Tensor], weights: dict[str, float]) -> Losses:
    """The sum of the losses that have a weight."""
    return Losses(
        sum(weights[name] * value for name, value in parts.items() if weights.get(name)),
        {name: value.detach() for name, value in parts.items()},
    )


def field_losses(network: FieldNetwork, encoded: Encoded, batch: Batch) -> dict[str, Tensor]:
    """The losses at points."""
    answer = network.ask(encoded, batch.points, batch.nearest)
    found, true, surface = answer.distance, batch.distance, batch.surface
    gradient = gradient_of(network, encoded, batch.points[:, : surface // 2], batch.nearest[:, : surface // 2], found[:, : surface // 2])
    length = gradient.norm(dim=-1)
    parts = {
        "distance": (found.clamp(-CLAMP, CLAMP) - true.clamp(-CLAMP, CLAMP)).abs()[:, surface:].mean(),
        "on_surface": found[:, :surface].abs().clamp_max(CLAMP).mean(),
        "sign": binary_cross_entropy_with_logits(-found[:, surface:] / SOFT, (-true[:, surface:] / SOFT).sigmoid()),
        "normal": (1 - cosine_similarity(gradient, batch.point_normal[:, : surface // 2], dim=-1)).mean(),
        "eikonal": (length - 1).square().clamp_max(4).mean(),
    }
    return parts | colour_losses(answer, batch)


def colour_losses(answer: Answer, batch: Batch) -> dict[str, Tensor]:
    """Albedo and labels near the surface."""
    near = ((batch.distance.abs() < 0.02) * batch.point_known)[..., None]
    count = near.sum().clamp_min(1)
    wrong = (answer.albedo - batch.point_albedo).abs().mean(dim=-1, keepdim=True)
    own = (answer.own - batch.point_albedo).abs().mean(dim=-1, keepdim=True)
    close = batch.distance.abs() < 0.02
    label = label_loss(answer.label[close], batch.point_label[close])
    return {"albedo": (wrong * near).sum() / count, "own": (own * near).sum() / count, "label": label}


def label_loss(told: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy of label logits (N, LABELS, …) and numbers (N, …), 255 where nothing is known; hair counts HAIR_COUNTS times."""
    counts = torch.ones(told.shape[1], device=told.device, dtype=told.dtype)
    counts[HAIR] = HAIR_COUNTS
    return cross_entropy(told, truth, counts, ignore_index=255)


def gradient_of(
    network: FieldNetwork, encoded: Encoded, points: Float[Tensor, "B N 3"], nearest: Float[Tensor, "B N 10"], here: Float[Tensor, "B N"]
) -> Float[Tensor, "B N 3"]:
    """The field's gradient by forward differences; the body's answer is continued linearly, its nearest point held."""
    shifted, told = [], []
    for axis in range(3):
        step = torch.zeros(3, device=points.device)
        step[axis] = STEP
        shifted.append(points + step)
        told.append(torch.cat([nearest[..., :1] + STEP * nearest[..., 1 + axis : 2 + axis], nearest[..., 1:]], dim=-1))
    there = network.ask(encoded, torch.cat(shifted, dim=1), torch.cat(told, dim=1)).distance
    return torch.stack([(part - here) / STEP for part in there.chunk(3, dim=1)], dim=-1)


def map_losses(encoded: Encoded, batch: Batch) -> dict[str, Tensor]:
    """The losses of the 2D heads."""
    maps, alpha = encoded.maps, (batch.alpha > 0.5).float()
    seen = alpha * (batch.picture.photo[:, 3:] > 0.5)  # the photo shows it: nothing stands before it
    back = (batch.label[:, 1:] != 255).float()
    depth = torch.isfinite(batch.depth)
    wrong_depth = (maps.depth - torch.where(depth, batch.depth, maps.depth)).abs().clamp_max(0.15)
    labels = torch.stack([maps.label_front, maps.label_back], dim=2)
    return {
        "map_normal": normal_loss(maps.normal_front, batch.normal, alpha) + normal_loss(maps.normal_back, batch.normal_back, back),
        "map_depth": wrong_depth.sum() / depth.sum().clamp_min(1),
        "map_shading": masked((maps.log_shading - batch.log_shading).abs().clamp_max(1.5), seen),
        "map_albedo": masked((encoded.photo_albedo - batch.albedo).abs(), seen * batch.known)
        + 0.5 * masked((maps.albedo_back - batch.albedo_back).abs(), back * batch.known_back),
        "map_label": label_loss(labels, batch.label),
    }


def detail_losses(encoded: Encoded, batch: Batch) -> dict[str, Tensor]:
    """The losses of the detail head, on the batch's parts; none where it has none."""
    found, true = encoded.detail, batch.fine
    if found is None or true is None:
        return {}
    photo, inside = batch.picture.fine, (true.alpha > 0.5).float()
    seen = inside * (photo[:, 3:] > 0.5)
    edges = [
        masked((found.normal.diff(dim=along) - true.normal.diff(dim=along)).abs(), inside.narrow(along, 1, inside.shape[along] - 1))
        for along in (2, 3)
    ]
    return {
        "detail_normal": normal_loss(found.normal, true.normal, inside),
        "detail_edge": edges[0] + edges[1],
        "detail_shading": masked((found.log_shading - true.log_shading).abs().clamp_max(1.5), seen),
        "detail_albedo": masked((photo_albedo(photo, found.log_shading) - true.albedo).abs(), seen * true.known),
    }


def light_losses(network: FieldNetwork, encoded: Encoded, batch: Batch) -> dict[str, Tensor]:
    """The light itself, and the shading network on true normals at every fourth pixel that the photo shows."""
    directions = sphere(64, batch.light.device)[None].expand(len(batch.light), -1, -1)
    found, true = diffuse_shading(directions, encoded.light), diffuse_shading(directions, batch.light)
    level, true_level = (shading.mean(dim=(1, 2), keepdim=True).clamp_min(1e-2) for shading in (found, true))
    shape, brightness = (found / level - true / true_level).abs().mean(), (level / true_level).log().abs().mean()
    normals, truth, seen = (
        picture[:, :, ::4, ::4].flatten(2).transpose(1, 2) for picture in (batch.normal, batch.log_shading, batch.alpha)
    )
    shading = network.shading(normals, encoded.light)
    away = (shading - truth).abs().clamp_max(1.5) * (seen > 0.5)
    return {"light": shape + brightness, "shading": away.sum() / (3 * (seen > 0.5).sum()).clamp_min(1)}


def normal_loss(found: Float[Tensor, "B 3 H W"], true: Float[Tensor, "B 3 H W"], where: Float[Tensor, "B 1 H W"]) -> Tensor:
    """L1 and cosine (Saito et al. 2020 use the first, Xiu et al. 2022 both)."""
    return masked((found - true).abs(), where) + masked(1 - cosine_similarity(found, true, dim=1)[:, None], where)


def masked(values: Float[Tensor, "B C H W"], where: Float[Tensor, "B 1 H W"]) -> Tensor:
    """Mean over the pixels and channels that count."""
    return (values * where).sum() / (where.sum() * values.shape[1]).clamp_min(1)


def sphere(count: int, device: torch.device) -> Float[Tensor, "N 3"]:
    """Unit directions spread evenly (Fibonacci's spiral)."""
    steps = torch.arange(count, device=device, dtype=torch.float32)
    height, angle = 1 - (2 * steps + 1) / count, steps * 2.399963
    radius = (1 - height**2).sqrt()
    return torch.stack([radius * angle.cos(), height, radius * angle.sin()], dim=1)
