"""The lights of the training photographs, as the illumination head must know them: what lies behind the camera is guessed from them."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from training.field.batch import Wish, batch_of

BATCHES = 60
"""Of four plates: 720 samples of nine numbers."""
LEAST = 1e-3
"""Variance added to each coefficient, so that plates of few lights have an inverse too."""


def usual_light(files: list[Path], wish: Wish, seed: int, batches: int = BATCHES) -> tuple[Tensor, Tensor]:
    """Mean (9,) and inverse covariance (9, 9) of the lights (SH radiance, camera frame), each colour a sample, over the mean shading of
    what its photograph shows. Drawn from batches as they are trained on."""
    plain, lights = replace(wish, patches=False, fine=0, shift=0.0, surface=8, near=8, far=8), []
    for step in range(batches):
        batch = batch_of(files, plain, seed, step)
        seen = ((batch.picture.photo[:, 3:] > 0.9) & (batch.alpha > 0.9)).float()
        shading = (batch.log_shading.exp() * seen).sum(dim=(2, 3)) / seen.sum(dim=(2, 3)).clamp_min(1)
        lights.append((batch.light / shading.clamp_min(1e-2)[:, None]).transpose(1, 2).flatten(0, 1))
    samples = torch.cat(lights).double()
    covariance = torch.cov(samples.T) + LEAST * torch.eye(9, dtype=torch.float64)
    return samples.mean(dim=0).float(), torch.linalg.inv(covariance).float()
