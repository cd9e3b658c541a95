"""PIFu (Saito et al. 2019, "PIFu: Pixel-Aligned Implicit Function for High-Resolution Clothed Human Digitization"), its surface network.

    f(F(x), z(X)) = occupancy        (equation 1)

F: the stacked hourglass' feature at the pixel x where the point X lands; z: its depth, here from the pelvis. The decoder is an MLP of
(257, 1024, 512, 256, 128, 1) neurons whose later layers read F and z again (section 4, implementation details). Trained by the mean squared
error of the occupancy (equation 3) of every stack's features. PIFu's camera is orthographic; ours is the photo's.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.field.sampling import project, sample
from training.baselines.hourglass import StackedHourglass

PICTURE = 512
"""Pixels a side of what the network reads."""

NEURONS = (1024, 512, 256, 128, 1)
"""Of the decoder's layers, after its input."""


class Decoder(nn.Module):
    """The implicit function: features (…, C) -> occupancy logit (…), every layer but the first reading the features again."""

    def __init__(self, told: int, neurons: tuple[int, ...] = NEURONS):
        super().__init__()
        before = (0, *neurons[:-1])
        self.layers = nn.ModuleList(nn.Linear(told + width, after) for width, after in zip(before, neurons, strict=True))

    def forward(self, told: Float[Tensor, "*B C"]) -> Float[Tensor, "*B"]:
        value = self.layers[0](told)
        for layer in self.layers[1:]:
            value = layer(torch.cat([nn.functional.leaky_relu(value), told], dim=-1))
        return value[..., 0]


class PIFu(nn.Module):
    """See the module. `encode` once, `query` often; `forward` is both, of every stack, for training."""

    def __init__(self, encoder: StackedHourglass | None = None):
        super().__init__()
        self.encoder = encoder or StackedHourglass()
        self.decoder = Decoder(self.encoder.features[-1].out_channels + 1)

    def encode(self, image: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B D h w"]]:
        """A feature map for each stack. image: the person, -1..1, the background zero."""
        return self.encoder(image)

    def query(
        self,
        features: Float[Tensor, "B D h w"],
        points: Float[Tensor, "B N 3"],
        intrinsics: Float[Tensor, "B 4"],
        pelvis: Float[Tensor, "B 3"],
    ) -> Float[Tensor, "B N"]:
        """Occupancy logits at points (camera frame, metres). intrinsics: fx fy cx cy in pixels of the picture."""
        aligned = sample(features, project(points, intrinsics), PICTURE)
        return self.decoder(torch.cat([aligned, points[..., 2:] - pelvis[:, None, 2:]], dim=-1))

    def forward(
        self,
        image: Float[Tensor, "B 3 H W"],
        points: Float[Tensor, "B N 3"],
        intrinsics: Float[Tensor, "B 4"],
        pelvis: Float[Tensor, "B 3"],
    ) -> list[Float[Tensor, "B N"]]:
        return [self.query(features, points, intrinsics, pelvis) for features in self.encode(image)]
