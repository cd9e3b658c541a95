"""Motion clips as SMPL poses: CMU's .amc (with its subject's .asf beside it) and DeepMimic's .txt, told apart by their ending."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.motion.retarget import T_POSE, smpl_poses
from core.motion.text_file import fault
from training import acclaim, deepmimic


@dataclass(frozen=True)
class Clip:
    """A motion in SMPL's terms: poses (T, 24, 3) axis-angle, relative to the T pose, body frame; roots (T, 3), the pelvis in metres."""

    name: str
    poses: np.ndarray
    roots: np.ndarray


def read_clip(path: Path, rest_joints: np.ndarray = T_POSE) -> Clip:
    """One motion file as a Clip for a skeleton with those rest joints (24, 3). Raises MotionUnreadable, which names file and line."""
    path = Path(path)
    if path.suffix == ".amc":
        motion = acclaim.read_amc(path, acclaim.read_asf(_skeleton_beside(path)))
    elif path.suffix == ".txt":
        motion = deepmimic.read_clip(path)
    else:
        raise fault(path, None, "is neither a CMU motion (.amc) nor a DeepMimic clip (.txt)")
    return Clip(path.stem, smpl_poses(motion, rest_joints), motion.roots)


def motion_files(folder: Path) -> list[Path]:
    """Every motion file in a folder's `cmu` and `deepmimic`, sorted; DeepMimic's skeleton file, which has no motion, left out."""
    folder = Path(folder)
    return sorted(folder.glob("cmu/*.amc")) + sorted(folder.glob("deepmimic/*_*.txt"))


def _skeleton_beside(path: Path) -> Path:
    """The subject's skeleton: `02.asf` for `02_01.amc`, in the same folder."""
    skeleton = path.with_name(path.stem.split("_")[0] + ".asf")
    if not skeleton.exists():
        raise fault(path, None, f"needs its subject's skeleton, {skeleton.name}, in the same folder")
    return skeleton
