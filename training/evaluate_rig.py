"""How much rigs tear their surfaces, before and after: Avatars as they are stored, and skinned anew by this checkout.

    python -m training.evaluate_rig AVATAR.npz… [--body weights/body_neutral.npz] [--out DIR] [--results docs/RESULTS.md]

An Avatar holds its fitted body's vertices; the weights are those of the body file it was made with. --out: write the Avatars with the new
rig there.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.avatar import Avatar, load_avatar
from core.body.files import load_body
from core.body.fitted import FittedBody
from core.body.model import BodyModel
from core.rig.rest import rest_pose
from core.rig.skin import skin_from_body
from core.rig.stretch import FACTOR, Stretch, poses, stretches
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
    """The Avatar with the weights and the rest pose that this checkout gives it, and the processor seconds that took."""
    body, start = fitted_body(avatar, model), time.process_time()
    vertices = avatar.vertices.astype(np.float64)
    joints, weights = skin_from_body(vertices, body, avatar.faces.astype(np.int64))
    rest = rest_pose(vertices, joints, weights.astype(np.float64), body.pose, body.rest_joints, body.translation)
    return replace(avatar, rest_vertices=rest, skin_joints=joints, skin_weights=weights), time.process_time() - start


def table(rows: dict[str, tuple[dict[str, Stretch], dict[str, Stretch], float]]) -> str:
    """The figures by Avatar: stretched edges per thousand and the longest edge, as stored → anew, in every pose."""
    lines = [f"| | {' | '.join(f'{name}: ‰, longest m' for name in poses())} | s |", "|---" * (len(poses()) + 2) + "|"]
    for name, (before, after, seconds) in rows.items():
        cells = [f"{1000 * b.share:.1f} → {1000 * a.share:.1f}, {b.longest:.2f} → {a.longest:.2f}" for b, a in _pairs(before, after)]
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds:.1f} |")
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
        rows[path.stem] = (measured(avatar), measured(anew), seconds)
        if parsed.out:
            parsed.out.mkdir(parents=True, exist_ok=True)
            anew.save(parsed.out / path.name)
    text = (
        f"## How much the rig tears the surface\n\n{how_made('training.evaluate_rig')}\n\n"
        f"Edges longer than {FACTOR:g} times what they are in "
        f"the photo's pose, per thousand, and the longest edge; as the Avatar was stored → skinned anew; processor seconds of skinning."
        f"\n\n{table(rows)}"
    )
    print(text)
    if parsed.results:
        write_section(parsed.results, SECTION, text)


if __name__ == "__main__":
    main()
