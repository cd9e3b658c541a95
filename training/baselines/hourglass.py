"""The stacked hourglass (Newell et al. 2016) as PIFu uses it (Saito et al. 2019, section 4 and its supplement): features at a quarter.

Group normalisation in place of batch normalisation, and the residual block of Jackson et al. 2017 (three 3×3 convolutions of c/2, c/4 and
c/4 channels, joined), as PIFu's implementation details say. Every stack gives a feature map; training supervises each of them.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

STACKS, WIDTH, DEPTH = 4, 256, 2
"""PIFu's: stacks, channels of the feature maps, and halvings within a stack."""

GROUPS = 32
"""Of the group normalisation (Wu and He 2018)."""


class Block(nn.Module):
    """Jackson et al.'s residual block: the input's channels become `after`."""

    def __init__(self, before: int, after: int):
        super().__init__()
        widths = (before, after // 2, after // 4, after // 4)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.GroupNorm(GROUPS, start), nn.ReLU(), nn.Conv2d(start, end, 3, padding=1, bias=False))
            for start, end in pairwise(widths)
        )
        same = before == after
        self.skip = (
            nn.Identity() if same else nn.Sequential(nn.GroupNorm(GROUPS, before), nn.ReLU(), nn.Conv2d(before, after, 1, bias=False))
        )

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        parts, value = [], x
        for layer in self.layers:
            value = layer(value)
            parts.append(value)
        return torch.cat(parts, dim=1) + self.skip(x)


class Hourglass(nn.Module):
    """Halves the map `depth` times and brings it back, adding what each size had (Newell et al. 2016, section 3.1)."""

    def __init__(self, depth: int, width: int):
        super().__init__()
        self.beside, self.down, self.up = Block(width, width), Block(width, width), Block(width, width)
        self.inner = Hourglass(depth - 1, width) if depth > 1 else Block(width, width)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        low = self.up(self.inner(self.down(avg_pool2d(x, 2))))
        return self.beside(x) + interpolate(low, size=x.shape[2:], mode="bicubic", align_corners=True)


class StackedHourglass(nn.Module):
    """A picture, a quarter of its side, and one feature map for each stack."""

    def __init__(self, channels: int = 3, stacks: int = STACKS, width: int = WIDTH, depth: int = DEPTH):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, 64, 7, stride=2, padding=3), nn.GroupNorm(GROUPS, 64), nn.ReLU(), Block(64, 128))
        self.enter = nn.Sequential(Block(128, 128), Block(128, width))
        self.hourglasses = nn.ModuleList(Hourglass(depth, width) for _ in range(stacks))
        self.after = nn.ModuleList(
            nn.Sequential(Block(width, width), nn.Conv2d(width, width, 1), nn.GroupNorm(GROUPS, width), nn.ReLU()) for _ in range(stacks)
        )
        self.features = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(stacks))
        self.back = nn.ModuleList(nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(2)) for _ in range(stacks - 1))

    def forward(self, picture: Float[Tensor, "B C H W"]) -> list[Float[Tensor, "B D h w"]]:
        x = self.enter(avg_pool2d(self.stem(picture), 2))
        found = []
        for number, hourglass in enumerate(self.hourglasses):
            inner = self.after[number](hourglass(x))
            found.append(self.features[number](inner))
            if number < len(self.back):
                again, feature = self.back[number]
                x = x + again(inner) + feature(found[-1])
        return found
