"""How much rigs tear their surfaces, before and after: Avatars as they are stored, and skinned anew by this checkout.

    python -m training.evaluate_rig AVATAR.npz… [--body weights/body_neutral.npz] [--out DIR] [--results docs/RESULTS.md]

An Avatar holds its fitted body's vertices; the weights are those of the body file it was made with. --out: write the Avatars with the new
rig there.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.avatar import Avatar, load_avatar
from core.body.files import load_body
from core.body.fitted import FittedBody
from core.body.model import BodyModel
from core.rig.rig import rigged
from core.rig.seams import open_edges
from core.rig.stretch import FACTOR, Stretch, poses, stretches
from core.surface.surface import Surface
from training.results import how_made, write_section

SECTION = "rig"


def fitted_body(avatar: Avatar, model: BodyModel) -> FittedBody:
    """The Avatar's body with the model's weights; its rest vertices, which no weight depends on, are left out."""
    skin = model.skin_weights.double().cpu().numpy()
    if len(skin) != len(avatar.body_vertices):
        raise ValueError(f"the body file has {len(skin)} vertices, the Avatar's body {len(avatar.body_vertices)}")
    arrays = [getattr(avatar, name).astype(np.float64) for name in ("pose", "betas", "translation", "body_vertices", "joints")]
    rest_joints = avatar.rest_joints.astype(np.float64)
    return FittedBody(*arrays, np.zeros((0, 3)), rest_joints, avatar.body_faces.astype(np.int64), skin, avatar.camera)


def measured(avatar: Avatar) -> dict[str, Stretch]:
    """What the Avatar's own rig does in every pose."""
    floats = [getattr(avatar, name).astype(np.float64) for name in ("vertices", "rest_vertices", "skin_weights", "rest_joints")]
    vertices, rest, weights, joints = floats
    return stretches(vertices, avatar.faces.astype(np.int64), rest, avatar.skin_joints, weights, joints)


def skinned_anew(avatar: Avatar, model: BodyModel) -> tuple[Avatar, float]:
    """The Avatar with the rig and the cuts that this checkout gives it, without texture, and the processor seconds that took."""
    body, start = fitted_body(avatar, model), time.process_time()
    surface = Surface(avatar.vertices.astype(np.float64), avatar.faces.astype(np.int64), avatar.albedo, np.ones(len(avatar.vertices)))
    rig = rigged(surface, body)
    seconds = time.process_time() - start
    changed = {name: getattr(rig, name) for name in ("rest_vertices", "skin_joints", "skin_weights")}
    changed |= {name: getattr(rig.surface, name) for name in ("vertices", "faces", "albedo")}
    return replace(avatar, **changed, uv=None, texture=None), seconds


class Row(NamedTuple):
    """One Avatar as stored and anew: stretches by pose, edges that do not belong to two triangles, and the seconds it took."""

    before: dict[str, Stretch]
    after: dict[str, Stretch]
    open_before: int
    open_after: int
    seconds: float


def compared(avatar: Avatar, anew: Avatar, seconds: float) -> Row:
    still = [open_edges(one.faces.astype(np.int64)) for one in (avatar, anew)]
    return Row(measured(avatar), measured(anew), *still, seconds)


def table(rows: dict[str, Row]) -> str:
    """The figures by Avatar: stretched edges per thousand and the longest edge, as stored → anew, in every pose."""
    lines = [f"| | {' | '.join(f'{name}: ‰, longest m' for name in poses())} | open edges | s |", "|---" * (len(poses()) + 3) + "|"]
    for name, row in rows.items():
        pairs = _pairs(row.before, row.after)
        cells = [f"{1000 * b.share:.1f} → {1000 * a.share:.1f}, {b.longest:.2f} → {a.longest:.2f}" for b, a in pairs]
        lines.append(f"| {name} | {' | '.join(cells)} | {row.open_before} → {row.open_after} | {row.seconds:.1f} |")
    return "\n".join(lines)


def _pairs(before: dict[str, Stretch], after: dict[str, Stretch]) -> list[tuple[Stretch, Stretch]]:
    return [(before[name], after[name]) for name in before]


def main() -> None:
    parser = argparse.ArgumentParser("training.evaluate_rig", description="How much rigs tear their surfaces.")
    parser.add_argument("avatars", nargs="+", type=Path)
    parser.add_argument("--body", type=Path, default=Path("weights/body_neutral.npz"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--results", type=Path)
    parsed = parser.parse_args()
    model, rows = load_body(parsed.body), {}
    for path in parsed.avatars:
        avatar = load_avatar(path)
        anew, seconds = skinned_anew(avatar, model)
        rows[path.stem] = compared(avatar, anew, seconds)
        if parsed.out:
            parsed.out.mkdir(parents=True, exist_ok=True)
            anew.save(parsed.out / path.name)
    text = (
        f"## How much the rig tears the surface\n\n{how_made('training.evaluate_rig')}\n\n"
        f"Edges longer than {FACTOR:g} times what they are in "
        f"the photo's pose, per thousand, and the longest edge; as the Avatar was stored → skinned and cut anew; edges that do not belong "
        f"to two triangles; processor seconds of the rig."
        f"\n\n{table(rows)}"
    )
    print(text)
    if parsed.results:
        write_section(parsed.results, SECTION, text)


if __name__ == "__main__":
    main()
