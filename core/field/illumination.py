"""Light from the encoder's bottleneck, and the shading it makes (Alldieck et al. 2022, "PHORHUM", section 3.1).

PHORHUM reads an illumination code off the bottleneck and feeds it to a shading network s(normal, code). Here the code's meaning is fixed:
it is the light as spherical harmonics in the camera frame, which an artist can use, told as a correction of the light that explains the
predicted shading of the predicted normals; and the shading network corrects what nine numbers and a clamped cosine leave out (shadows that
a person casts on themselves, on average over where the normal points).
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..light import IRRADIANCE_FACTORS

CODE = 64
"""Numbers of the illumination code that light is read from."""
WIDTH = 48
"""Of the shading network."""

TRUST = 0.002
"""Variance of a map's shading about the light's, over the square of its mean: how far usual lights count beside what the maps say. With
true maps .003, with the network's own .002 to .004 came nearest to the light, on people whom it had not seen."""


class IlluminationHead(nn.Module):
    """bottleneck (B, D, h, w), where the person is in it (B, 1, h, w), and the light that the maps tell of (B, 9, 3) -> light (B, 9, 3): SH
    radiance, camera frame. The network learns what to correct of the maps' light: what they cannot see, and what they see wrongly.

    usual (9,), precision (9, 9): the mean of the lights that it is trained on, and the inverse of their covariance, each light over the
    mean shading of what its photograph shows of the person. Until they are measured: even light.
    """

    def __init__(self, width: int):
        super().__init__()
        even = torch.zeros(9)
        even[0] = float(np.sqrt(4 * np.pi))
        self.register_buffer("usual", even)
        self.register_buffer("precision", torch.diag(torch.as_tensor(15 * (IRRADIANCE_FACTORS / np.pi) ** 2, dtype=torch.float32)))
        self.code = nn.Sequential(nn.Linear(2 * width + 27, CODE), nn.SiLU())
        self.correction = nn.Linear(CODE, 27)
        nn.init.zeros_(self.correction.bias)
        with torch.no_grad():
            self.correction.weight.mul_(0.1)

    def forward(
        self, bottleneck: Float[Tensor, "B D h w"], inside: Float[Tensor, "B 1 h w"], told: Float[Tensor, "B 9 3"]
    ) -> Float[Tensor, "B 9 3"]:
        everywhere = bottleneck.mean(dim=(2, 3))
        person = (bottleneck * inside).sum(dim=(2, 3)) / inside.sum(dim=(2, 3)).clamp_min(1e-3)
        level = told[:, :1].clamp_min(1e-2)
        shape = (told[:, 1:] / level).clamp(-2, 2)
        evidence = torch.cat([level.log(), shape], dim=1).flatten(1)
        numbers = self.correction(self.code(torch.cat([everywhere, person, evidence], dim=1))).unflatten(1, (9, 3))
        mean = level * numbers[:, :1].clamp(-2, 2).exp()
        return torch.cat([mean, mean * (shape + numbers[:, 1:])], dim=1)


class ShadingNetwork(nn.Module):
    """s(normal, light): normals (B, N, 3), light (B, 9, 3), both camera frame -> log-shading (B, N, 3), natural logarithm, linear RGB."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3 + 3 + 27, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 3))
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, normals: Float[Tensor, "B N 3"], light: Float[Tensor, "B 9 3"]) -> Float[Tensor, "B N 3"]:
        mean = light[:, :1] * float(1 / np.sqrt(4 * np.pi))
        plain = diffuse_shading(normals, light)
        relative = (plain / mean.clamp_min(1e-4)).clamp_min(0.05).log()
        shape = (light[:, 1:] / light[:, :1].clamp_min(1e-4)).flatten(1)
        level = light[:, 0].clamp_min(1e-4).log()
        told = torch.cat([shape, level], dim=1)[:, None].expand(-1, normals.shape[1], -1)
        return relative + mean.clamp_min(1e-4).log() + self.layers(torch.cat([normals, relative, told], dim=-1))


def diffuse_shading(normals: Float[Tensor, "B N 3"], light: Float[Tensor, "B 9 3"]) -> Float[Tensor, "B N 3"]:
    """Irradiance over π: what albedo is multiplied with in the open. `core.light.irradiance` in torch, batched."""
    factors = torch.as_tensor(IRRADIANCE_FACTORS / np.pi, dtype=light.dtype, device=light.device)
    return sh_basis(normals) @ (factors[:, None] * light)


def diffuse_slope(normals: Float[Tensor, "B 3 H W"], light: Float[Tensor, "B 9 3"]) -> Float[Tensor, "B 3 H W"]:
    """By how much the logarithm of grey shading grows when the normal turns by a radian: the gradient of `diffuse_shading` over its value,
    in the tangent plane."""
    factors = torch.as_tensor(IRRADIANCE_FACTORS / np.pi, dtype=light.dtype, device=light.device)
    linear, product, zonal, tesseral = (float(np.sqrt(a / (b * np.pi))) for a, b in ((3, 4), (15, 4), (5, 16), (15, 16)))
    grey = (factors[:, None] * light).mean(dim=2)[..., None, None].unbind(1)
    x, y, z = normals.unbind(1)
    growth = torch.stack(
        [
            linear * grey[3] + product * (grey[4] * y + grey[7] * z) + 2 * tesseral * grey[8] * x,
            linear * grey[1] + product * (grey[4] * x + grey[5] * z) - 2 * tesseral * grey[8] * y,
            linear * grey[2] + product * (grey[5] * y + grey[7] * x) + 6 * zonal * grey[6] * z,
        ],
        dim=1,
    )
    shading = diffuse_shading(normals.flatten(2).transpose(1, 2), light).mean(dim=2).unflatten(1, normals.shape[2:])
    level = shading.mean(dim=(1, 2), keepdim=True).clamp_min(1e-3)
    along = growth - (growth * normals).sum(dim=1, keepdim=True) * normals
    return along / torch.maximum(shading, 0.2 * level)[:, None]


def sh_basis(directions: Float[Tensor, "*B 3"]) -> Float[Tensor, "*B 9"]:
    """`core.light.sh_basis` in torch."""
    x, y, z = directions.unbind(-1)
    constant, linear, product, zonal, tesseral = (float(np.sqrt(a / (b * np.pi))) for a, b in ((1, 4), (3, 4), (15, 4), (5, 16), (15, 16)))
    return torch.stack(
        [
            torch.full_like(x, constant), linear * y, linear * z, linear * x,
            product * x * y, product * y * z, zonal * (3 * z * z - 1), product * x * z, tesseral * (x * x - y * y),
        ],
        dim=-1,
    )  # fmt: skip


def light_told(
    normals: Float[Tensor, "B 3 H W"],
    log_shading: Float[Tensor, "B 3 H W"],
    seen: Float[Tensor, "B 1 H W"],
    usual: Float[Tensor, "9"],
    precision: Float[Tensor, "9 9"],
) -> Float[Tensor, "B 9 3"]:
    """The light that explains the maps' shading of their normals best where the person is seen, and is a likely one; for usual and
    precision see IlluminationHead."""
    normals, shading, weight = (part[:, :, ::2, ::2].flatten(2).transpose(1, 2) for part in (normals, log_shading.exp(), seen))
    share = weight / weight.sum(dim=1, keepdim=True).clamp_min(1e-3)
    level = (share * shading).sum(dim=1, keepdim=True)
    return solved_light(normals, shading, share, level * usual[:, None], TRUST * precision)


def solved_light(
    normals: Float[Tensor, "B N 3"],
    shading: Float[Tensor, "B N 3"],
    share: Float[Tensor, "B N 1"],
    light: Float[Tensor, "B 9 3"],
    precision: Float[Tensor, "9 9"],
) -> Float[Tensor, "B 9 3"]:
    """The light (SH radiance) that explains the shading of these normals best, near a first estimate of it. share: of each in the mean.

    Minimised is the mean of (irradiance/π - shading)² plus d' precision d of the difference d from the estimate: what the visible half of
    the person tells is taken from there, what it cannot tell (the light from behind) from the estimate.
    """
    factors = torch.as_tensor(IRRADIANCE_FACTORS / np.pi, dtype=torch.float64, device=light.device)
    basis, held = sh_basis(normals.double()) * factors, precision.double()
    weighed = (basis * share.double()).transpose(1, 2)
    right = weighed @ shading.double() + held @ light.double()
    return torch.linalg.solve(weighed @ basis + held, right).to(light.dtype)
