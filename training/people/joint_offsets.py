"""Where SMPL's joints lie beside those of the people pack's rig, on the average of the pack: `joint_offsets.json`.

    python -m training.people.joint_offsets --assets DIR [DIR...]

The open body is fitted to everyone in the bind pose, by joints and bare skin; what is left between its joints and the rig's, in each
joint's own frame and as a share of the person's size, is taken at the median, made the same on both sides, and the fit is done again. The
head is held by the nose, and limbs' joints are taken for SMPL's: when all were free, men's trunks sank and their arms shrank, round by
round, until their faces were 5 cm above their body's and their wrists 4 cm beyond it.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy import ndarray

from core.motion.retarget import world_rotations
from core.skeleton import JOINT, JOINT_NAMES, mirrored, rotation_matrices
from training.people.assets import open_assets
from training.people.atlas import LABEL, Atlas, read_atlas
from training.people.body_truth import fit_open_body, joints_of, size_of
from training.people.rig_pose import bind_pose, dressed_surface
from training.people.subject import open_body
from training.rocketbox import RocketboxPerson

TABLE = Path(__file__).with_suffix(".json")
ROUNDS = 5
LIMBS = ("collar", "shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot")
"""Joints whose offset is nothing."""


@lru_cache(maxsize=1)
def _table() -> dict:
    return json.loads(TABLE.read_text())


def joint_offsets(person: RocketboxPerson) -> ndarray:
    """Offsets (24, 3) of the person's kind of rig, as `body_truth.offset_targets` takes them."""
    kinds = _table()["kinds"]
    nearest = min(kinds, key=lambda kind: abs(kinds[kind]["spine_per_thigh"] - spine_per_thigh(person)))
    return np.array([kinds[nearest]["offsets"][name] for name in JOINT_NAMES])


def spine_per_thigh(person: RocketboxPerson) -> float:
    """Length of a bone of the back as a share of the thigh's: the pack has two kinds of rig, the children's are these two scaled."""
    joints = dict(zip(JOINT_NAMES, person.bind[person.smpl_rows, :3, 3], strict=True))
    return float(np.linalg.norm(joints["spine2"] - joints["spine1"]) / np.linalg.norm(joints["left_knee"] - joints["left_hip"]))


def kinds_of_rig(folder: Path, names: list[str]) -> dict[float, list[str]]:
    """The names by their rig's share, those nearer than a hundredth together."""
    kinds: dict[float, list[str]] = {}
    for name in names:
        share = spine_per_thigh(read_atlas(folder, name).person)
        kinds.setdefault(next((known for known in kinds if abs(known - share) < 0.01), share), []).append(name)
    return kinds


def leftover(folder: Path, name: str, offsets: ndarray) -> ndarray:
    """From the rig's joints to the fitted body's (24, 3), in the body's joints' frames, as a share of the person's size."""
    atlas = read_atlas(folder, name)
    pose, joints = bind_pose(atlas.person)
    truth = fit_open_body(joints, pose, dressed_surface(atlas, atlas.person.vertices), offsets=offsets)
    world, places = world_rotations(rotation_matrices(truth.pose)), joints_of(truth)
    left, head = np.einsum("jba,jb->ja", world, places - joints), JOINT["head"]
    left[head] += nose((atlas.person.vertices[face_vertices(atlas)] - places[head]) @ world[head]) - body_nose(truth.betas)
    return left / size_of(joints)


def face_vertices(atlas: Atlas) -> ndarray:
    """Numbers of the vertices of the head's bare skin."""
    bare = (atlas.label == LABEL["skin"]) & (atlas.part == JOINT["head"])
    return np.unique(atlas.person.faces[bare])


def nose(points: ndarray) -> ndarray:
    """The tip of the nose (3,) of a head's skin (N, 3) in the head's frame, metres from its joint: what is foremost at the middle, between
    chin and forehead. NaN where nothing is there, as behind a mask."""
    middle = points[(np.abs(points[:, 0]) < 0.012) & (points[:, 1] > -0.06) & (points[:, 1] < 0.16)]
    return middle[middle[:, 2].argmax()] if len(middle) else np.full(3, np.nan)


def body_nose(betas: ndarray) -> ndarray:
    """The open body's (3,), likewise."""
    model = open_body()
    with torch.no_grad():
        rest = model.rest(torch.tensor(np.float32(betas)[None]))
    points = rest.vertices[0].numpy() - rest.joints[0, JOINT["head"]].numpy()
    return nose(np.float64(points[model.skin_weights.numpy()[:, JOINT["head"]] > 0.9]))


def symmetric(offsets: ndarray) -> ndarray:
    """The offsets (24, 3) with left and right made mirrored."""
    other = offsets[[JOINT[mirrored(name)] for name in JOINT_NAMES]] * [-1, 1, 1]
    return (offsets + other) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", nargs="+", type=Path, required=True, metavar="DIR")
    assets = open_assets(parser.parse_args().assets, needs=("rocketbox",))
    kinds = kinds_of_rig(assets.rocketbox, assets.artist_names(judging=False))
    rows = [
        f'"{len(names)} people": {{"spine_per_thigh": {share:.4f}, "offsets": {{\n{fitted(assets.rocketbox, names)}}}}}'
        for share, names in kinds.items()
    ]
    TABLE.write_text('{"about": "in the joints\' frames, as a share of body_truth.size_of",\n"kinds": {\n' + ",\n".join(rows) + "\n}}\n")


def fitted(folder: Path, names: list[str]) -> str:
    """The offsets of one kind of rig as lines of JSON; prints how far each round moved them."""
    offsets = np.zeros((len(JOINT_NAMES), 3))
    for turn in range(ROUNDS):
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            left = list(pool.map(partial(leftover, folder, offsets=offsets), names))
        new = symmetric(np.nanmedian(left, axis=0))
        new[[name.split("_")[-1] in LIMBS for name in JOINT_NAMES]] = 0
        print(f"{len(names)} people, round {turn + 1}: offsets moved by {np.linalg.norm(new - offsets, axis=1).mean():.4f} of the size")
        offsets = new
    return ",\n".join(f'  "{name}": {json.dumps(offset.round(5).tolist())}' for name, offset in zip(JOINT_NAMES, offsets, strict=True))


if __name__ == "__main__":
    main()
