"""The field network: a picture and a body are encoded once, then asked at any number of points.

    f(x) = body distance at x + residual;   colour(x) = blend of the photo over its shading, the predicted back, and a colour of its own

The residual and the blend come from an MLP that reads pixel-aligned features (PIFu, PHORHUM), where x lies between the predicted front and
back, and what the nearest body point says (PaMIR's conditioning). The blend is PaMIR's alpha (section 4.4).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .colour import linear_to_srgb, srgb_to_linear
from .config import FieldConfig
from .detail import Detail, DetailHead
from .encoder import LABELS, Encoder, Maps
from .illumination import IlluminationHead, ShadingNetwork, light_told
from .sampling import fourier, project, sample
from .volume import VolumeEncoder, read

REACH = 0.6
"""Metres from which on the body's distance is told to the MLP as this much: far away only the direction matters."""
CLOSE = 0.02
"""Metres: the finer of two scales in which distances are told."""
NEAR, FAR = 0.45, 0.6
"""Metres from the body between which the residual fades: beyond the second the field is the body's distance, which no gown reaches: a
crinoline over spread legs stands half a metre off. At .2 and .3 skirts on real photos ended in rags."""
UNCONDITIONED = 0.5
"""Metres: half-depth of the slab that stands in for the body's distance where the field knows no body (PHORHUM's case)."""


class Picture(NamedTuple):
    """What the network reads. photo (B, 4, H, W): masked sRGB less a half, and the mask; body (B, 9, h, w): `conditioning.body_maps`;
    intrinsics (B, 4): fx fy cx cy of the picture; pelvis (B, 3): camera frame, metres; spread (B, 1): of the body's joints, radians;
    volume (B, 4, D, D, D): `volume.voxels`, or None where the configuration does not use it; fine (B, 4, M, N): as photo, at twice its
    size, or square parts of that with their corners (B, 2); None where the configuration has no detail."""

    photo: Tensor
    body: Tensor
    intrinsics: Tensor
    pelvis: Tensor
    spread: Tensor
    volume: Tensor | None = None
    fine: Tensor | None = None
    corner: Tensor | None = None


class Encoded(NamedTuple):
    """A picture's features, ready to be asked. light (B, 9, 3): SH radiance, camera frame; photo_albedo (B, 3, H, W): photo over
    shading, sRGB; detail: of the picture's fine part, if it has one."""

    features: Tensor
    maps: Maps
    light: Tensor
    photo_albedo: Tensor
    picture: Picture
    volume: Tensor | None
    detail: Detail | None = None


class Answer(NamedTuple):
    """At each point: distance (B, N) signed metres; albedo (B, N, 3) sRGB 0..1; alpha (B, N, 3): shares of photo, back and own colour in
    it; own (B, N, 3): the last of them; label (B, N, 5) logits."""

    distance: Tensor
    albedo: Tensor
    own: Tensor
    alpha: Tensor
    label: Tensor


class FieldNetwork(nn.Module):
    """See the module. `encode` once, `ask` often; `forward` is both."""

    def __init__(self, config: FieldConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.illumination = IlluminationHead(config.widths[-1])
        self.shading = ShadingNetwork()
        self.detail = DetailHead(config.features, config.detail) if config.detail else None
        self.volume_encoder = VolumeEncoder(config.volume_width) if config.uses_volume else None
        told = config.features + 2 + (9 if config.read_maps else 0)
        told += 9 + 3 * (1 + 2 * config.fourier) if config.uses_nearest else 0
        told += config.volume_width if config.uses_volume else 0
        self.mlp = Mlp(told, config.hidden, config.layers, 1 + 3 + 3 + LABELS)
        with torch.no_grad():
            self.mlp.leave.weight[0].mul_(0.1)
            self.mlp.leave.bias.zero_()

    def forward(self, picture: Picture, points: Float[Tensor, "B N 3"], nearest: Float[Tensor, "B N 10"]) -> tuple[Encoded, Answer]:
        encoded = self.encode(picture)
        return encoded, self.ask(encoded, points, nearest)

    def encode(self, picture: Picture) -> Encoded:
        """Everything that depends on the picture alone."""
        features, bottleneck, maps = self.encoder(picture.photo, picture.body)
        inside = nn.functional.interpolate(picture.photo[:, 3:4], size=bottleneck.shape[2:], mode="area")
        with torch.no_grad():  # the maps have losses of their own
            seen = (picture.photo[:, 3:4] > 0.9).float()
            usual, precision = self.illumination.usual, self.illumination.precision
            told = light_told(maps.normal_front.float(), maps.log_shading.float(), seen, usual, precision)
        light = self.illumination(bottleneck.float(), inside.float(), told)
        volume = self.volume_encoder(picture.volume) if self.volume_encoder is not None else None
        wanted = self.detail is not None and picture.fine is not None
        detail = self.detail(picture.fine, features, maps, light, picture.corner) if wanted else None
        return Encoded(features, maps, light, photo_albedo(picture.photo, maps.log_shading), picture, volume, detail)

    def ask(self, encoded: Encoded, points: Float[Tensor, "B N 3"], nearest: Float[Tensor, "B N 10"]) -> Answer:
        """points: camera frame, metres; nearest: `conditioning.Nearest.stacked` of each (read only where the configuration says so)."""
        config, picture, maps = self.config, encoded.picture, encoded.maps
        pixels = project(points, picture.intrinsics)
        depth = points[..., 2:] - picture.pelvis[:, None, 2:]
        half = torch.cat([encoded.features.float(), maps.depth, maps.normal_back, maps.albedo_back], dim=1)
        half = sample(half, pixels, config.picture)
        features, surface_depth, normal_back, albedo_back = half.split([config.features, 2, 3, 3], dim=-1)
        full = sample(torch.cat([encoded.photo_albedo, maps.normal_front, picture.photo[:, 3:4]], dim=1), pixels, config.picture)
        photo_colour, normal_front, inside = full.split([3, 3, 1], dim=-1)
        told = [features, depth, inside]
        if config.read_maps:
            ahead = (depth - surface_depth) * depth.new_tensor([1, -1])
            told += [normal_front, normal_back, (ahead / CLOSE).tanh(), ahead.mean(-1, keepdim=True)]
        base, share = depth.abs()[..., 0] - UNCONDITIONED, 1.0
        if config.uses_nearest:
            base = nearest[..., 0]
            share = ((FAR - base) / (FAR - NEAR)).clamp(0, 1)
            told += [nearest_features(nearest, picture.spread, config.fourier)]
        if config.uses_volume:
            told += [read(encoded.volume, points, picture.pelvis)]
        out = self.mlp(torch.cat(told, dim=-1))
        residual, blend, own, label = out.split([1, 3, 3, LABELS], dim=-1)
        alpha = blend.softmax(dim=-1)
        own = own.sigmoid()
        albedo = alpha[..., :1] * photo_colour + alpha[..., 1:2] * albedo_back + alpha[..., 2:] * own
        return Answer(base + 0.1 * share * residual[..., 0], albedo, own, alpha, label)


class Mlp(nn.Module):
    """Points' features to outputs; the input is added again at each layer through a projection (DeepSDF's skip, at every layer)."""

    def __init__(self, told: int, hidden: int, layers: int, out: int):
        super().__init__()
        self.enter = nn.Linear(told, hidden)
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers - 1))
        self.leave = nn.Linear(hidden, out)

    def forward(self, told: Float[Tensor, "*B D"]) -> Float[Tensor, "*B E"]:
        x = nn.functional.silu(self.enter(told))
        for layer in self.layers:
            x = x + nn.functional.silu(layer(x))
        return self.leave(x)


def nearest_features(nearest: Float[Tensor, "B N 10"], spread: Float[Tensor, "B 1"], octaves: int) -> Float[Tensor, "B N D"]:
    """The nearest body point as the MLP reads it: two scales of distance, direction, normal, rest place, and how sure the body is."""
    distance, direction, normal, rest = nearest.split([1, 3, 3, 3], dim=-1)
    told = spread[:, None].expand(-1, nearest.shape[1], -1) * 10
    scales = torch.cat([(distance / REACH).clamp(-1, 1), (distance / CLOSE).tanh(), told], dim=-1)
    return torch.cat([scales, direction, normal, fourier(rest, octaves)], dim=-1)


def photo_albedo(photo: Float[Tensor, "B 4 H W"], log_shading: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 H W"]:
    """The photo divided by its shading: sRGB albedo 0..1, where the person is; photo: masked sRGB less a half, and the mask."""
    linear = srgb_to_linear(photo[:, :3] + 0.5)
    return linear_to_srgb((linear * (-log_shading).exp()).clamp(0, 1))
