"""PIFu's and PaMIR's networks measured on the product's own grid: random weights, since only their time is asked.

A decoder takes the same time for every point, so `share` of the grid's points, spread evenly over it, are asked and the time is counted up.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core.field.volume import CHANNELS
from core.surface.crossings import Grid, grid_over
from training.baselines.pamir import CELLS as VOXELS
from training.baselines.pamir import PaMIR
from training.baselines.pifu import PICTURE, PIFu
from training.bench.process import Stopwatch

AT_ONCE = 50_000
"""Points in one call: PIFu's intermediate values of so many are 0.4 GB."""

LEAST = 100_000
"""Points asked at least, so that the rate is one of a steady run."""


def pifu(scene: dict, cells: int, device: str, share: float) -> dict:
    """See `timed`."""
    torch.manual_seed(0)
    network = PIFu().eval().to(device)
    image = torch.rand(1, 3, PICTURE, PICTURE, device=device)
    return timed(lambda: network.encode(image)[-1], network.query, scene, cells, device, share)


def pamir(scene: dict, cells: int, device: str, share: float) -> dict:
    """See `timed`. That the body's volume has to be made first is left out, in PaMIR's favour."""
    torch.manual_seed(0)
    network = PaMIR().eval().to(device)
    image, volume = torch.rand(1, 3, PICTURE, PICTURE, device=device), torch.rand(1, CHANNELS, *(VOXELS,) * 3, device=device)

    def encode() -> tuple[Tensor, Tensor]:
        stacks, body = network.encode(image, volume)
        return stacks[-1], body

    return timed(encode, lambda encoded, *asked: network.query(*encoded, *asked), scene, cells, device, share)


@torch.no_grad()
def timed(encode: Callable[[], Tensor], query: Callable[..., Tensor], scene: dict, cells: int, device: str, share: float) -> dict:
    """`seconds`: encode, and ask (of `asked` points); `nodes` of the grid, to count up to."""
    grid = grid_over(scene["low"], scene["high"], cells)
    nodes = int(np.prod(grid.shape + 1))
    count = min(nodes, max(LEAST, int(share * nodes)))
    watch = Stopwatch()
    intrinsics = torch.tensor(scene["intrinsics"] * PICTURE, dtype=torch.float32, device=device)[None]
    pelvis = torch.tensor(scene["pelvis"], dtype=torch.float32, device=device)[None]
    with watch("encode"):
        encoded = encode()
    keys = np.linspace(0, nodes - 1, count).astype(np.int64)
    query(encoded, points_of(grid, keys[:AT_ONCE], scene, device), intrinsics, pelvis)  # a warm start
    with watch("ask"):
        for part in np.split(keys, range(AT_ONCE, count, AT_ONCE)):
            query(encoded, points_of(grid, part, scene, device), intrinsics, pelvis).cpu()
    return {"seconds": watch.taken, "asked": count, "nodes": nodes}


def points_of(grid: Grid, keys: np.ndarray, scene: dict, device: str) -> Tensor:
    """The nodes of these keys in the camera's frame, (1, N, 3)."""
    points = grid.places(grid.nodes(keys)) @ scene["rotation"].T + scene["translation"]
    return torch.tensor(points, dtype=torch.float32, device=device)[None]
