"""A person's colours on the body's own UV map: true and estimated texture compared as pictures, whatever body and surface made them.

Lei & Wang 2022 judge their textures so, by SSIM and PSNR. Every texel is a place on the body; its colour is that of the nearest place
of the clothed surface: of the true one for the true body, of the estimate for the body it was made with.
"""

import numpy as np
from numpy import ndarray

from core.body.model import BodyModel
from training.evaluate.case import SURE, Case
from training.evaluate.colour import psnr, ssim
from training.evaluate.mesh import Mesh, nearest
from training.evaluate.methods import Trial, exact_body
from training.people.wardrobe import uv_raster

SIDE = 128
"""Texels a side: about 2 cm on the body, as fine as 8,000 points."""


def compare_textures(case: Case, trial: Trial, model: BodyModel) -> dict[str, float]:
    """texture_ssim and texture_psnr over texels whose true colour is known; nothing for a body file without UVs."""
    if model.uv is None:
        return {}
    truth = np.concatenate([case.shell.albedo, case.shell.trusted[:, None]], axis=1) / 255.0
    true, where = baked(model, exact_body(case, model).vertices, case.mesh, truth)
    surface = trial.result.surface
    estimate, _ = baked(model, trial.body.vertices, Mesh(np.float64(surface.vertices), surface.faces), surface.albedo / 255)
    known = where & (true[..., 3] >= SURE / 255)
    return {
        "texture_ssim": ssim(estimate, true[..., :3], known),
        "texture_psnr": psnr(estimate[known], true[..., :3][known]),
    }


def baked(model: BodyModel, vertices: ndarray, mesh: Mesh, values: ndarray) -> tuple[ndarray, ndarray]:
    """Vertex values (V, C) of the mesh at the places of the body nearest to it, as a texture (SIDE, SIDE, C), and where (SIDE, SIDE) it
    shows the body; zero elsewhere. vertices: the body's, in the mesh's frame."""
    raster = uv_raster(model.uv.numpy(), model.uv_faces.numpy(), SIDE)
    where = raster.face >= 0
    points = raster.interpolate(model.faces.numpy(), np.float64(vertices))[where]
    texture = np.zeros((SIDE, SIDE, values.shape[1]))
    texture[where] = nearest(points, mesh).interpolate(mesh.faces, values)
    return texture, where
