"""Contact sheets, to look at people as they lie in the shards.

A row a person: photograph, albedo, normals, the same from behind or aside, and the shell as clay from the side and coloured from the back.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.camera import Camera
from core.surface.raster import rasterise
from training.people.assets import open_assets
from training.people.character import Shell, View
from training.people.group_shards import GroupShard
from training.people.groups import Group
from training.people.shards import Record, Shard
from training.people.snapshot import photograph_of
from training.people.worlds import read_world
from training.photograph import framed_points

SIDE = 300
PAPER = 225
"""Grey behind maps that have no background."""
TOWARDS = np.array([0.45, 0.62, 0.64])
"""Where the clay's light comes from, camera frame turned upright."""


def write_sheet(files: list[Path], path: Path, folders: tuple[str, ...], seed: int = 0, most: int = 16) -> Path:
    """Writes the sheet of the first people of every shard, in two columns, and gives its path."""
    worlds = [read_world(file) for file in open_assets([Path(folder) for folder in folders], ()).split(False).worlds]
    rng = np.random.default_rng(seed)
    shards = [Shard(file) for file in files]
    each = -(-most // max(len(shards), 1))
    chosen = [(shard, number) for shard in shards for number in range(min(each, len(shard)))][:most]
    rows = [row(shard.record(number), rng, worlds) for shard, number in chosen]
    if len(rows) % 2:
        rows.append(np.full_like(rows[0], PAPER))
    sheet = np.vstack([np.hstack(rows[n : n + 2]) for n in range(0, len(rows), 2)])
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return path


def write_group_sheet(files: list[Path], path: Path, most: int = 12) -> Path:
    """Writes pictures of groups with everybody's box, centre and joints, three to a row, and gives the sheet's path."""
    shards = [GroupShard(file) for file in files]
    pictures = [with_members(shard.group(number)) for shard in shards for number in range(len(shard))][:most]
    pictures += [np.full_like(pictures[0], PAPER)] * (-len(pictures) % 3)
    sheet = np.vstack([np.hstack(pictures[n : n + 3]) for n in range(0, len(pictures), 3)])
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return path


def with_members(group: Group) -> ndarray:
    """The group's picture with a colour for each member."""
    picture = group.pixels.copy()
    for number, member in enumerate(group.members):
        colour = tuple(int(255 * part) for part in np.random.default_rng(number).dirichlet([1, 1, 1]) ** 0.5)
        left, top, right, bottom = np.round(member.box).astype(int)
        cv2.rectangle(picture, (left, top), (right, bottom), colour, 1)
        cv2.drawMarker(picture, tuple(np.round(member.centre).astype(int).tolist()), colour, cv2.MARKER_CROSS, 14, 2)
        for point in np.round(group.camera.project(member.joints)).astype(int):
            cv2.circle(picture, tuple(point.tolist()), 2, colour, -1)
    return picture


def row(record: Record, rng: np.random.Generator, worlds: list[ndarray]) -> ndarray:
    """Six pictures of the person side by side, (SIDE, 6 SIDE, 3) uint8, with their name and what is said of them."""
    view = record.views[0]
    others = record.views[1:] or record.views
    cells = [photograph_of(view, rng, worlds).pixels, flat(view.albedo, view.alpha), normals_of(view)]
    cells.append(photograph_of(others[0], rng, worlds).pixels)
    cells += [shell_seen(record.shell, 90, "clay"), shell_seen(record.shell, 200, "albedo")]
    picture = np.hstack([cv2.resize(cell, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for cell in cells])
    facts = record.facts
    said = f"{record.name}  {facts.get('pose', '')}  body {record.body.joint_residual_cm:.1f} / {record.body.skin_residual_cm:.1f} cm"
    return cv2.putText(picture, said, (4, SIDE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (200, 30, 30), 1, cv2.LINE_AA)


def flat(picture: ndarray, alpha: ndarray) -> ndarray:
    """The picture (H, W, 3) on paper."""
    share = alpha[..., None] / 255
    return np.uint8(picture * share + PAPER * (1 - share))


def normals_of(view: View) -> ndarray:
    """The view's normals as colours: right red, up green, towards the viewer blue."""
    colours = view.normal.astype(np.int16) * [1, -1, -1] + 128
    return flat(np.clip(colours, 0, 255).astype(np.uint8), view.alpha)


def shell_seen(shell: Shell, yaw: float, how: str) -> ndarray:
    """The shell (SIDE, SIDE, 3) seen from yaw degrees to its left: in its colours ("albedo") or as lit clay ("clay")."""
    vertices = shell.vertices.astype(np.float64)
    camera = framed_points(vertices, np.radians(yaw), 0.05, 0.4, (2 * SIDE, 2 * SIDE), 0.9)
    values = shell.albedo.astype(np.float64) if how == "albedo" else _clay(shell, camera)
    raster = rasterise(vertices, shell.faces, camera)
    seen = (raster.face >= 0)[..., None]
    return cv2.resize(np.uint8(np.where(seen, raster.interpolate(shell.faces, values), PAPER)), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _clay(shell: Shell, camera: Camera) -> ndarray:
    facing = (shell.normals @ camera.rotation.T) * [1, -1, -1]
    return np.repeat(40 + 190 * np.clip(facing @ TOWARDS, 0, 1)[:, None], 3, axis=1)
