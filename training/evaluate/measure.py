"""Everything measured of one result on one person, under the names of docs/RESULTS.md's table."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from core.light import NEUTRAL, irradiance, rotated
from core.skeleton import JOINT
from core.surface.raster import silhouette
from training import metrics
from training.evaluate.align import UNMOVED, Alignment, at_the_hips
from training.evaluate.case import Case, Side
from training.evaluate.colour import gain_curve, lit, mae, psnr, ssim
from training.evaluate.geometry import compare_surfaces
from training.evaluate.lights import direction_error, light_errors
from training.evaluate.mesh import Mesh, nearest
from training.evaluate.methods import Trial
from training.evaluate.pictures import Picture, normal_error, take
from training.metrics import LIMB_JOINTS

SMPL_ROWS = [JOINT[name] for name in LIMB_JOINTS]
GREY = 0.5
"""sRGB value round the person in pictures that are compared: neither hides in dark clothes nor in white."""


class Notes(NamedTuple):
    """Of one person, what baselines over all people need: errors of photo / constant (97,), and the true light (9, 3), camera frame."""

    curve: ndarray
    light: ndarray


def measure(case: Case, trial: Trial, inside: Float[ndarray, "24 3"] | None) -> dict[str, float | None]:
    """The figures of one trial. inside: joints of the true open body inside the person, which the estimate's are aligned with and measured
    against (an artist's rig has its hips elsewhere); None where the trial had that body and the true camera: then neither is to be done."""
    joints = trial.body.joints[SMPL_ROWS]
    align = UNMOVED if inside is None else at_the_hips(joints, trial.body.camera, inside[SMPL_ROWS], case.camera)
    surface, light = trial.result
    mesh = Mesh(align(np.float64(surface.vertices)), surface.faces)
    return {
        **compare_surfaces(mesh, case.mesh),
        "silhouette_iou": metrics.overlap(silhouette(surface.vertices, surface.faces, trial.body.camera, case.photo.size), case.mask > 127),
        **({} if inside is None else joint_errors(case, trial, inside)),
        **colours_at_points(case, mesh, surface.albedo / 255),
        **compare_sides(case, mesh, surface.albedo / 255, None if light is None else rotated(light, align.rotation)),
        **({} if light is None else compare_lights(case, light, align)),
        "seconds": trial.seconds,
    }


def joint_errors(case: Case, trial: Trial, inside: Float[ndarray, "24 3"]) -> dict[str, float]:
    """Root-aligned and Procrustes-aligned mean errors of the twelve limb joints (training.metrics), cm."""
    estimate = trial.body.camera.to_camera(trial.body.joints)[SMPL_ROWS]
    truth = case.camera.to_camera(inside)[SMPL_ROWS]
    return {
        "joint_error_cm": 100 * metrics.root_error(estimate, truth),
        "joint_error_pa_cm": 100 * metrics.procrustes_error(estimate, truth),
    }


def colours_at_points(case: Case, mesh: Mesh, albedo: ndarray) -> dict[str, float]:
    """Albedo errors at the true surface's points, each against the nearest point of the estimate; and the photograph's own as albedo.

    The photograph's colour of a hidden point is that of what hides it, as if the front were printed through.
    """
    points = case.points
    colour = nearest(points.places, mesh).interpolate(mesh.faces, albedo)
    seen, unseen = points.visible, points.hidden
    return {
        "albedo_mae": mae(colour[seen], points.albedo[seen]),
        "albedo_mae_hidden": mae(colour[unseen], points.albedo[unseen]),
        "albedo_psnr": psnr(colour[seen], points.albedo[seen]),
        "albedo_psnr_hidden": psnr(colour[unseen], points.albedo[unseen]),
        "albedo_mae_of_photo": mae(points.photo[seen], points.albedo[seen]),
        "albedo_mae_hidden_of_photo": mae(points.photo[unseen], points.albedo[unseen]),
    }


def compare_sides(case: Case, mesh: Mesh, albedo: ndarray, light: ndarray | None) -> dict[str, float]:
    """Pictures from the photo's side and from behind against the truth's: normals, SSIM of albedo, SSIM of albedo under light.

    light (9, 3) in the true body frame; without one the surface is shown as the product shows it then, under the neutral light.
    """
    front, back = ((take(mesh, albedo, side.camera), side) for side in case.sides)
    light = NEUTRAL if light is None else light
    return {
        "normal_error_deg": normal_error(front[0], _as_picture(front[1])),
        "normal_error_back_deg": normal_error(back[0], _as_picture(back[1])),
        "albedo_ssim_front": picture_ssim(*front, front[0].values, front[1].albedo),
        "albedo_ssim_back": picture_ssim(*back, back[0].values, back[1].albedo),
        "shaded_ssim": picture_ssim(*front, shaded(front[0], light), front[1].shaded),
        "shaded_ssim_back": picture_ssim(*back, shaded(back[0], light), back[1].shaded),
    }


def shaded(picture: Picture, light: ndarray) -> ndarray:
    """The picture's albedo (H, W, 3) lit, sRGB 0..1."""
    return lit(picture.values, irradiance(light, picture.normal) / np.pi)


def _as_picture(side: Side) -> Picture:
    return Picture(side.mask, side.normal, side.albedo)


def picture_ssim(picture: Picture, side: Side, estimate: ndarray, truth: ndarray) -> float:
    """SSIM wherever either shows the person, on grey; not where the truth's colour is filled in."""
    on_grey = (np.where(mask[..., None], colour, GREY) for mask, colour in ((picture.mask, estimate), (side.mask, truth)))
    return ssim(*on_grey, (picture.mask | side.mask) & (side.known | ~side.mask))


def compare_lights(case: Case, light: ndarray, align: Alignment) -> dict[str, float | None]:
    """The estimated light (9, 3), in the estimate's body frame, against the true one."""
    turned = rotated(light, align.rotation)
    return {**light_errors(turned, case.light, -case.camera.rotation[2]), "light_direction_deg": direction_error(turned, case.light)}


def notes(case: Case) -> Notes:
    """What the baselines over all people need of this one."""
    points = case.points
    return Notes(gain_curve(points.photo[points.visible], points.albedo[points.visible]), rotated(case.light, case.camera.rotation))
