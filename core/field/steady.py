"""What the nearest body point says, without its jumps.

Between two parts of a body the nearest point leaps from one to the other: under the chin, beside the nose, between fingers and legs. What
is told there of direction, normal and place leaps with it, and the field's surface tears along the leap. So these are read from a lattice
on which they were averaged over about two centimetres. The distance itself has no jumps and stays exact.
"""

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch.nn.functional import grid_sample

from .conditioning import BodyInView, Nearest

STEP = 0.02
"""Metres between the lattice's nodes."""

AROUND = 0.12
"""Metres from the body's vertices up to which there are nodes; farther away, where little surface is, the nearest point speaks itself."""

SPREAD = 0.02
"""Metres: standard deviation of the average. On four people who are in no table the surface was as near to the truth with it as without
(Chamfer .735 and .733 cm, with relief .719 both), and faces, collars and fingers of people in real photos no longer tore."""

FULL, NONE = 0.95, 0.5
"""Share of an average's weight that lies on nodes, from which only it counts, and down to which it does not."""


class SteadyBody:
    """A body before a camera that answers as `BodyInView.nearest` does, steadily. Half a second of one core to make."""

    def __init__(self, body: BodyInView):
        self.body = body
        margin = AROUND + 2 * STEP
        self.low = body.vertices.min(axis=0) - margin
        self.counts = np.ceil((body.vertices.max(axis=0) + margin - self.low) / STEP).astype(int) + 1
        empty = np.ones(self.counts, bool)
        empty[tuple(np.round((body.vertices - self.low) / STEP).astype(int).T)] = False
        nodes = np.argwhere(distance_transform_edt(empty) * STEP < AROUND)
        told = body.nearest(self.low + nodes * STEP)
        values = np.zeros((*self.counts, 10), np.float32)
        values[tuple(nodes.T)] = np.column_stack([told.direction, told.normal, told.rest, np.ones(len(nodes))])
        for channel in range(10):
            values[..., channel] = gaussian_filter(values[..., channel], SPREAD / STEP, truncate=2.5)
        values[..., :9] /= np.maximum(values[..., 9:], 1e-3)
        self.lattice = torch.from_numpy(values).permute(3, 2, 1, 0)[None].contiguous()

    def nearest(self, points: Float[ndarray, "N 3"]) -> Nearest:
        """points: camera frame, metres. Directions and normals are averages and so at most of unit length."""
        found = self.body.distance.query(points)
        place = torch.from_numpy(np.float32((points - self.low) / STEP / (self.counts - 1) * 2 - 1))
        told = grid_sample(self.lattice, place[None, :, None, None], align_corners=True)[0, :, :, 0, 0].T.numpy()
        share = np.clip((told[:, 9:] - NONE) / (FULL - NONE), 0, 1)
        values = share * told[:, :9]
        rest = np.flatnonzero(share[:, 0] < 1)
        own = self.body.told_by(points[rest], type(found)(*(part[rest] for part in found)))
        values[rest] += (1 - share[rest]) * np.column_stack([own.direction, own.normal, own.rest])
        return Nearest(found.distance, values[:, :3], values[:, 3:6], values[:, 6:])
