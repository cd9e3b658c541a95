"""The asset folders people are made from, told apart by what they hold, and which of their parts no training may see.

makehuman   `clothes/` and `skins/` in MakeHuman's formats; its `poses/*.bvh` join the clips
rocketbox   `people/NAME.npz` of the people pack
motion      `cmu/*.amc` with their skeletons, `deepmimic/*.txt`
worlds      equirectangular radiance pictures, .exr or .hdr
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.motion.retarget import smpl_poses
from training.bvh import read_bvh
from training.held_out import held_out
from training.motion import motion_files, read_clip
from training.rocketbox import people_names

KINDS: dict[str, Callable[[Path], bool]] = {
    "makehuman": lambda folder: (folder / "clothes").is_dir() and (folder / "skins").is_dir(),
    "rocketbox": lambda folder: bool(people_names(folder)),
    "motion": lambda folder: bool(motion_files(folder)),
    "worlds": lambda folder: bool(world_files(folder)),
}
"""How a folder of each kind is known."""
LOOKS_LIKE = {
    "makehuman": "`clothes/` and `skins/`",
    "rocketbox": "`people/*.npz`",
    "motion": "`cmu/*.amc` or `deepmimic/*.txt`",
    "worlds": "`*.exr` or `*.hdr`",
}


@dataclass(frozen=True, eq=False)
class Assets:
    """What there is to make people of. makehuman, rocketbox, motion: folders, None where none was given; worlds: picture files; clips:
    poses (T, 24, 3) by clip name, axis-angle from the T pose, body frame: mocap and MakeHuman's single poses (T = 1)."""

    makehuman: Path | None
    rocketbox: Path | None
    motion: Path | None
    worlds: tuple[Path, ...]
    clips: dict[str, np.ndarray]

    def split(self, judging: bool) -> "Assets":
        """The same with only the clips and worlds that results are judged on, or only the others."""
        worlds, clips = set(held_out("worlds")), set(held_out("clips"))
        return replace(
            self,
            worlds=tuple(path for path in self.worlds if (path.stem in worlds) == judging),
            clips={name: poses for name, poses in self.clips.items() if (name in clips) == judging},
        )

    def artist_names(self, judging: bool) -> list[str]:
        """Names in the people pack that results are judged on, or those to train with; the example's person and his twin are neither."""
        names, kept = people_names(self.rocketbox) if self.rocketbox else [], held_out("people")
        apart = {*kept, *held_out("example")}
        return [name for name in names if (name in kept if judging else name not in apart)]


def open_assets(folders: list[Path], needs: tuple[str, ...] = tuple(KINDS)) -> Assets:
    """The assets in any number of folders (each one kind's, or holding such folders). needs: the kinds that must be there.

    Raises FileNotFoundError naming what is missing, MotionUnreadable for a motion that cannot be read.
    """
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for folder in map(Path, folders):
        for kind, place in _kinds_in(folder):
            found[kind].append(place)
    lacking = [f"{kind} ({LOOKS_LIKE[kind]})" for kind in needs if not found[kind]]
    if lacking:
        raise FileNotFoundError(f"no asset folder holds {', '.join(lacking)}; looked in {', '.join(map(str, folders)) or 'none'}")
    one = {kind: found[kind][0] if found[kind] else None for kind in KINDS}
    worlds = sorted({path for folder in found["worlds"] for path in world_files(folder)}, key=lambda path: path.name)
    return Assets(one["makehuman"], one["rocketbox"], one["motion"], tuple(worlds), _clips(tuple(found["motion"]), one["makehuman"]))


def world_files(folder: Path) -> list[Path]:
    """Every radiance picture in the folder, sorted."""
    return sorted(path for path in Path(folder).glob("*") if path.suffix in (".exr", ".hdr"))


def _kinds_in(folder: Path) -> list[tuple[str, Path]]:
    """(kind, folder) of the folder itself, else of the folders in it. Raises FileNotFoundError where that is nothing."""
    if not folder.is_dir():
        raise FileNotFoundError(f"the asset folder {folder} does not exist")
    for places in ([folder], sorted(path for path in folder.iterdir() if path.is_dir())):
        known = [(kind, place) for place in places for kind, holds in KINDS.items() if holds(place)]
        if known:
            return known
    raise FileNotFoundError(f"the asset folder {folder} holds none of {', '.join(f'{kind} ({how})' for kind, how in LOOKS_LIKE.items())}")


@lru_cache(maxsize=4)
def _clips(motion: tuple[Path, ...], makehuman: Path | None) -> dict[str, np.ndarray]:
    clips = {path.stem: read_clip(path).poses for folder in motion for path in motion_files(folder)}
    poses = sorted((makehuman / "poses").glob("*.bvh")) if makehuman else []
    return clips | {path.stem: smpl_poses(read_bvh(path)) for path in poses}
