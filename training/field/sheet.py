"""A picture of what the network makes of some plates: photo, mask, normals, shading, albedo, back normals and albedo, back depth."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import interpolate

from core.field.network import Encoded, FieldNetwork
from training.field.batch import Batch, Wish, batch_of
from training.field.checkpoint import RunningMean

COLUMNS = 6


@torch.no_grad()
def write_sheet(network: FieldNetwork, mean: RunningMean | None, files: list[Path], path: Path, device: torch.device) -> Path:
    """A column for each of six plates: the network's answer beside the truth."""
    own = {name: value.clone() for name, value in network.state_dict().items()}
    if mean is not None:
        network.load_state_dict(mean.values)
    fine = 2 * network.config.picture if network.config.detail else 0
    wish = replace(Wish(), plates=1, augment=False, shares=(("estimated", 1.0), ("noisy", 1e-9)), fine=fine)
    columns = []
    for number in range(min(COLUMNS, len(files))):
        batch = batch_of(files, wish, 3, number).to(device)
        columns.append(np.concatenate(column(network.encode(batch.picture), batch)))
    network.load_state_dict(own)
    cv2.imwrite(str(path), np.concatenate(columns, axis=1)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return path


def column(encoded: Encoded, batch: Batch) -> list[ndarray]:
    """Tiles (H, 2 W, 3) bytes: left the network's, right the truth."""
    maps, alpha = encoded.maps, batch.alpha
    back = (batch.label[:, 1:] != 255).float()
    depth = torch.where(torch.isfinite(batch.depth), batch.depth, 0)
    photo = batch.picture.photo
    rows = [
        (photo[:, :3] + 0.5 * photo[:, 3:], photo[:, 3:].expand(-1, 3, -1, -1)),
        ((maps.normal_front + 1) / 2 * alpha, (batch.normal + 1) / 2 * alpha),
        (shown(maps.log_shading) * alpha, shown(batch.log_shading) * alpha),
        (encoded.photo_albedo * alpha, batch.albedo * alpha),
        *finely(encoded, batch),
        ((maps.normal_back + 1) / 2 * back, (batch.normal_back + 1) / 2 * back),
        (maps.albedo_back * back, batch.albedo_back * back),
        ((maps.depth[:, 1:] * back + 0.5).expand(-1, 3, -1, -1), (depth[:, 1:] + 0.5).expand(-1, 3, -1, -1)),
    ]
    return [np.concatenate([tile(one), tile(true)], axis=1) for one, true in rows]


def finely(encoded: Encoded, batch: Batch) -> list[tuple[Tensor, Tensor]]:
    """The upper middle of the fine normals and shading, where there are any."""
    if encoded.detail is None or batch.fine is None:
        return []
    alpha = batch.fine.alpha
    (_, _, rows, columns), size = torch.nonzero(alpha > 0.5).T, alpha.shape[-1] // 3
    top = min(int(rows.min()), alpha.shape[-1] - size)
    left = max(min(int(columns[rows < top + size // 2].float().mean()) - size // 2, alpha.shape[-1] - size), 0)
    part = np.s_[:, :, top : top + size, left : left + size]
    found, true = encoded.detail, batch.fine
    pairs = ((found.normal + 1) / 2, (true.normal + 1) / 2), (shown(found.log_shading), shown(true.log_shading))
    return [((one * alpha)[part], (other * alpha)[part]) for one, other in pairs]


def shown(log_shading: Tensor) -> Tensor:
    """Log-shading as colours 0..1, shading 2 white."""
    return (log_shading.exp() / 2).clamp(0, 1)


def tile(picture: Tensor) -> ndarray:
    """(1, 3, H, W) 0..1 as bytes (192, 192, 3)."""
    small = interpolate(picture.float(), size=(192, 192), mode="area")[0]
    return np.uint8(np.clip(255 * small.permute(1, 2, 0).cpu().numpy(), 0, 255))
