"""One table of what each part of the field is worth: the same small budget for every row, one thing changed in each.

    python -m training.field.ablate --plates DIR --out DIR --steps 600 [--size tiny] --results docs/RESULTS.md [--rows NAME …]

Judged on the people whom the trainer keeps apart, with the exact and with the product's estimated body: figures at points, not on extracted
surfaces, so that a row costs its training and little more. A row that is done is not trained again.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

from core.field.files import load_field
from core.field.network import FieldNetwork
from training.field import train
from training.field.batch import Batch, Wish, batch_of
from training.field.losses import gradient_of
from training.field.plates import plate_files
from training.results import how_made, write_section

ROWS = {
    "as shipped": {},
    "no body (PHORHUM)": {"conditioning": "none", "no_body_maps": True},
    "body as maps only": {"conditioning": "none"},
    "body as PaMIR's volume": {"conditioning": "volume"},
    "nearest point and volume": {"conditioning": "both"},
    "no body maps": {"no_body_maps": True},
    "predicted normals and depth not read": {"no_read_maps": True},
    "no rendering losses": {"patches": 0},
    "depth-ambiguity shift": {"shift": 1.0},
    "photographs as baked, never relit": {"relit": 0.0},
    "exact bodies only": {"shares": (("exact", 1.0),)},
    "estimated bodies only": {"shares": (("estimated", 1.0), ("noisy", 1e-9))},
}
"""What each row changes, as options of the trainer."""

KEPT = 0.1
"""Share of the people who are judged on: more than the trainer keeps, since rows differ by little."""

BODIES = {"exact": (("exact", 1.0),), "estimated": (("estimated", 1.0), ("noisy", 1e-9))}


@torch.no_grad()
def judged(network: FieldNetwork, files: list[Path], wish: Wish) -> dict[str, float]:
    """Mean figures on the plates: distance error within 5 cm of the surface (mm), points on the wrong side (%), the gradient's angle to the
    true normal (degrees), albedo error where it is known (sRGB 0..1)."""
    sums: dict[str, list[float]] = {}
    for number in range(len(files)):
        batch = batch_of(files, wish, 0, number)
        for name, value in figures(network, batch).items():
            sums.setdefault(name, []).append(value)
    return {name: float(np.nanmean(values)) for name, values in sums.items()}


def figures(network: FieldNetwork, batch: Batch) -> dict[str, float]:
    """The figures of one batch."""
    encoded = network.encode(batch.picture)
    answer = network.ask(encoded, batch.points, batch.nearest)
    off = slice(batch.surface, None)
    near = batch.distance[:, off].abs() < 0.05
    wrong = (answer.distance[:, off] - batch.distance[:, off]).abs()[near]
    side = ((answer.distance[:, off] < 0) != (batch.distance[:, off] < 0))[near]
    gradient = gradient_of(
        network, encoded, batch.points[:, : batch.surface], batch.nearest[:, : batch.surface], answer.distance[:, : batch.surface]
    )
    cosine = cosine_similarity(gradient, batch.point_normal[:, : batch.surface], dim=-1).clamp(-1, 1)
    known = batch.point_known[:, : batch.surface] > 0
    colour = (answer.albedo - batch.point_albedo).abs().mean(-1)[:, : batch.surface][known]
    return {
        "distance_mm": 1000 * float(wrong.mean()),
        "wrong_side": 100 * float(side.float().mean()),
        "normal_deg": float(cosine.acos().mean().rad2deg()),
        "albedo": float(colour.mean()) if len(colour) else float("nan"),
    }


def row(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Trains one row, unless it is there, and judges it."""
    out = options.out / name.replace(" ", "-").replace("'", "").replace("(", "").replace(")", "")
    done = out / "judged.json"
    if done.exists():
        return json.loads(done.read_text())
    arguments = ["--plates", str(options.plates), "--out", str(out), "--size", options.size, "--steps", str(options.steps)]
    arguments += ["--patches", "6", "--every", "1000", "--kept", str(KEPT)]
    given = train.parsed(arguments)
    for key, value in ROWS[name].items():
        setattr(given, key, value)
    train.train(given)
    network = load_field(out / "field.safetensors")
    _, kept = train.divided(plate_files(options.plates), KEPT)
    found = {}
    for body, shares in BODIES.items():
        plain = Wish(plates=1, surface=1600, near=4000, far=0, augment=False, shares=shares)
        found |= {f"{body}_{key}": value for key, value in judged(network, kept, plain).items()}
    done.write_text(json.dumps(found | {"plates": len(kept)}))
    return found


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown."""
    names = ("distance_mm", "wrong_side", "normal_deg", "albedo")
    heads = ("distance, mm", "wrong side, %", "normals, degrees", "albedo")
    lines = ["| | " + " | ".join(f"{head}, {body}" for body in BODIES for head in heads) + " |", "|---" * (1 + 2 * len(names)) + "|"]
    for name, values in rows.items():
        cells = [
            f"{values[f'{body}_{key}']:.3f}" if key == "albedo" else f"{values[f'{body}_{key}']:.1f}" for body in BODIES for key in names
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.field.ablate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--plates", type=Path, required=True, help="made with --volume 32 --shift and the size's --side, or those rows cannot be"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", choices=train.SIZES, default="tiny")
    parser.add_argument("--steps", type=int, default=600, help="of four plates, for each row")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--results", type=Path, help="Markdown file to write the table into")
    options = parser.parse_args()
    rows = {name: row(name, options) for name in options.rows}
    learned, kept = train.divided(plate_files(options.plates), KEPT)
    about = (
        f"{options.steps} steps of four plates for each row, from nothing, at the size {options.size}: {len(learned)} plates; "
        f"judged on {len(kept)} of others."
    )
    text = "\n\n".join(["## What each part of the field is worth", how_made("training.field.ablate"), about, table(rows)])
    print(text)
    if options.results:
        write_section(options.results, "ablation", text)


if __name__ == "__main__":
    main()
