"""The rows of the yardstick: means over people of every figure, apart for the two families, and the table in docs/RESULTS.md."""

from collections.abc import Iterable

import numpy as np

from training.evaluate.colour import GAINS
from training.evaluate.lights import light_errors
from training.evaluate.measure import Notes

FIGURES = (
    *("p2s_cm", "chamfer_cm", "normal_consistency", "normal_error_deg", "volume_iou", "silhouette_iou", "joint_error_cm"),
    *("joint_error_pa_cm", "albedo_mae", "albedo_mae_hidden", "albedo_mae_of_photo", "albedo_mae_of_photo_gain"),
    *("albedo_mae_hidden_of_photo", "albedo_ssim_front", "albedo_ssim_back", "shaded_ssim", "light_error", "light_error_front"),
    *("light_error_of_mean", "light_error_front_of_mean", "seconds"),
    *("p2s_scaled", "chamfer_scaled", "f_score", "normal_error_back_deg", "albedo_psnr", "albedo_psnr_hidden", "shaded_ssim_back"),
    *("light_direction_deg", "texture_ssim", "texture_psnr"),
)
"""Every figure of a row, by name; null where it does not apply."""

FAMILIES = ("all", "composed", "artist")
TOWARDS_CAMERA = np.array([0.0, 0.0, -1.0])


def baselines(people: list[Notes]) -> list[dict[str, float]]:
    """For each person what no method is needed for: the photo / one constant as albedo, and the mean light as light.

    The constant is the one that serves all these people best; the mean light, in the camera's frame, is that of all the others, so one
    person alone has none.
    """
    curves = np.stack([one.curve for one in people])
    best = int(np.nanmean(curves, axis=0).argmin())
    lights = np.stack([one.light for one in people])
    rows = []
    for number, own in enumerate(people):
        row = {"albedo_mae_of_photo_gain": float(curves[number, best]), "gain": float(GAINS[best])}
        if len(people) > 1:
            others = (lights.sum(axis=0) - own.light) / (len(people) - 1)
            row |= {f"{name}_of_mean": wrong for name, wrong in light_errors(others, own.light, TOWARDS_CAMERA).items()}
        rows.append(row)
    return rows


def to_rows(method: str, body: str, each: list[dict]) -> list[dict]:
    """The rows of a method with a body: over everyone, then over each family that is there.

    each: one dict a person, with name, family and found beside the figures; whoever was not found counts in `missed` only.
    """
    rows = []
    for family in FAMILIES:
        group = [one for one in each if family in ("all", one["family"])]
        found = [one for one in group if one["found"]]
        if group:
            row = {"method": method, "body": body, "family": family, "people": len(group), "missed": len(group) - len(found)}
            shown = [{**one, **{name: number(one.get(name)) for name in FIGURES}} for one in group]
            rows.append(row | {name: mean(one.get(name) for one in found) for name in FIGURES} | {"each": shown})
    return rows


def number(value: float | None) -> float | None:
    """The figure, None where it is no number: JSON has no NaN."""
    return None if value is None or not np.isfinite(value) else round(float(value), 5)


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are numbers, None if none is."""
    numbers = [value for value in values if number(value) is not None]
    return number(np.mean(numbers)) if numbers else None


# --- the report -------------------------------------------------------------------------------------------------------------------

TABLES: dict[str, dict[str, tuple[str, int]]] = {
    "Surface": {
        "p2s_cm": ("P2S, cm", 2),
        "chamfer_cm": ("Chamfer, cm", 2),
        "chamfer_scaled": ("Chamfer, scaled", 2),
        "f_score": ("F at 1 cm", 3),
        "normal_consistency": ("normal consistency", 3),
        "normal_error_deg": ("normals, front", 1),
        "normal_error_back_deg": ("normals, back", 1),
        "volume_iou": ("volume IoU", 3),
        "silhouette_iou": ("silhouette IoU", 3),
        "joint_error_cm": ("joints, cm", 1),
        "joint_error_pa_cm": ("joints PA, cm", 1),
        "seconds": ("seconds", 2),
    },
    "Albedo": {
        "albedo_mae": ("error, visible", 3),
        "albedo_mae_of_photo": ("the photo's", 3),
        "albedo_mae_of_photo_gain": ("photo / constant", 3),
        "albedo_mae_hidden": ("error, hidden", 3),
        "albedo_mae_hidden_of_photo": ("the photo's, hidden", 3),
        "albedo_psnr": ("PSNR, visible", 1),
        "albedo_psnr_hidden": ("PSNR, hidden", 1),
        "albedo_ssim_front": ("SSIM, front", 3),
        "albedo_ssim_back": ("SSIM, back", 3),
        "texture_ssim": ("SSIM, texture", 3),
        "texture_psnr": ("PSNR, texture", 1),
        "shaded_ssim": ("lit SSIM, front", 3),
        "shaded_ssim_back": ("lit SSIM, back", 3),
    },
    "Light": {
        "light_error": ("error, sphere", 3),
        "light_error_front": ("error, front half", 3),
        "light_direction_deg": ("direction, degrees", 1),
        "light_error_of_mean": ("mean light's, sphere", 3),
        "light_error_front_of_mean": ("mean light's, front half", 3),
    },
}
"""Titles of the tables, and of each column's figure its heading and decimals."""


def table(rows: list[dict], columns: dict[str, tuple[str, int]]) -> str:
    """A Markdown table, a line a row, a dash where a figure does not apply."""
    lines = ["| method | body | people | " + " | ".join(title for title, _ in columns.values()) + " |"]
    lines.append("|---" * (len(columns) + 3) + "|")
    for row in rows:
        figures = ["–" if row[name] is None else f"{row[name]:.{places}f}" for name, (_, places) in columns.items()]
        who = f"{row['people'] - row['missed']} {row['family']}".removesuffix(" all")
        lines.append(f"| {row['method']} | {row['body']} | {who} | " + " | ".join(figures) + " |")
    return "\n".join(lines)


MADE = {"cycles": "by Cycles, with full light transport", "relit": "views relit by nine numbers"}
"""How the photographs of cases were made, in words."""

EXPLAINED = """People, poses and worlds of the fixed validation set (`training/held_out.toml`); the photographs are {made}.

*exact*: the true body, camera and outline. *estimated*: all three from the photo, by the product's own stages; the surface is then turned
by the two cameras alone, and moved and scaled at the hips (least squares over the twelve limb joints; the open body's inside the person,
not those of an artist's rig, whose hips lie elsewhere), because one photo tells neither size nor distance. *P2S*: mean distance from the
estimate to the truth; *Chamfer*: mean of that and of the way back (Saito et al. 2019); *scaled*: with the longest side of the true person's
box as 100. *normals*: mean degrees in pictures from the photo's camera and from behind, where both show the person. *joints*: twelve limb
joints of the open body inside, root-aligned and scaled; *PA*: Procrustes.
*Albedo*: mean absolute error of sRGB 0..1 at points of the true surface whose colour is known; *the photo's*: what the photograph itself
would score; *photo / constant*: divided by the one constant best for everybody; *texture*: on the body's own UV map. *lit*: under the
estimated light (where there is none, the neutral one) against the truth in its own. *Light*: mean error of irradiance over its mean."""


def report(rows: list[dict], made: list[str]) -> list[str]:
    """The paragraphs of docs/RESULTS.md. made: how the photographs were, keys of MADE."""
    parts, how = [], " and ".join(MADE[one] for one in made)
    for title, columns in TABLES.items():
        parts += [f"### {title}", table(rows, columns)]
    missed = sum(row["missed"] for row in rows if row["family"] == "all" and row["body"] == "estimated")
    return [*parts, f"Not found in their photograph, and in no mean: {missed}.", EXPLAINED.format(made=how)]
