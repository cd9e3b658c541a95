"""AMASS' and SMPL's motions (.npz): axis-angle rotations of 24, 52 or 55 joints, and the way of the body.

AMASS (Mahmood et al. 2019) keeps SMPL-H (52 joints) and SMPL-X (55) motions: `poses`, or in parts `root_orient`, `pose_body` and so on;
`trans`; `mocap_framerate` or `mocap_frame_rate`. All three models have the same first 22 joints. SMPL then has a joint for each hand;
SMPL-H and SMPL-X have fifteen for each, and SMPL-X's come after jaw and eyes. Z is up in AMASS, whatever the body's own axes are.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import MotionUnreadable
from ..skeleton import JOINT, JOINT_NAMES, rotation_matrices
from .clip import Clip
from .text_file import fault

BODY = JOINT_NAMES[:22]
FINGERS = tuple(
    tuple(f"{side}_{finger}{bone}" for finger in ("index", "middle", "pinky", "ring", "thumb") for bone in (1, 2, 3))
    for side in ("left", "right")
)
JOINTS_OF = {
    24: JOINT_NAMES,
    52: BODY + FINGERS[0] + FINGERS[1],
    55: (*BODY, "jaw", "left_eye", "right_eye") + FINGERS[0] + FINGERS[1],
}
"""The joints of SMPL, SMPL-H and SMPL-X in their files' order, by their number."""

HAND_LIKE = "middle1"
"""SMPL's hand joint is at the knuckles and bends all fingers: it takes the turn of the middle finger's first joint."""

UP = {"Z": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]), "Y": np.eye(3)}
"""From a file's axes to the body frame's, by which of the file's is up."""

RATES = ("mocap_framerate", "mocap_frame_rate")
NO_MOTION = "Choose a motion of AMASS or of a body tracker, with `poses` and `trans`; a file of shapes or one of Doppel's Avatars has none."


def read_smpl_motion(path: Path, rest_joints: np.ndarray, up: str = "Z", rate: float = 0.0) -> Clip:
    """The file's motion for a person with these rest joints (24, 3). Raises MotionUnreadable.

    The pelvis goes where SMPL puts it: at `trans` plus its place at rest, which is taken from rest_joints, in the file's axes. up: which
    of the file's axes is up. rate: frames per second where the file does not say, 0 for none.
    """
    path = Path(path)
    found = _arrays(path)
    names, turns = _poses(found, path)
    frames = len(turns)
    trans = _matrix(found.get("trans", found.get("transl")), "trans", 3, path)
    if len(trans) != frames:
        raise fault(path, None, f"has {frames} frames of poses and {len(trans)} of `trans`")
    axes, row = UP[up], {name: number for number, name in enumerate(names)}
    rotations = np.tile(np.eye(3), (frames, len(JOINT_NAMES), 1, 1))
    for name in JOINT_NAMES:
        source = name if name in row else name.replace("hand", HAND_LIKE)
        if source in row:
            rotations[:, JOINT[name]] = rotation_matrices(turns[:, row[source]])
    rotations[:, JOINT["pelvis"]] = axes @ rotations[:, JOINT["pelvis"]]
    return Clip(path.stem, rotations, (trans + rest_joints[JOINT["pelvis"]]) @ axes.T, _rate(found, rate, path))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the file that can be read without running anything: objects in it are left out."""
    found = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for name in file.files if hasattr(file, "files") else ():
                try:
                    found[name] = file[name]
                except ValueError:  # an object, which only a pickle could read; motions are none
                    continue
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise fault(path, None, f"cannot be read as .npz ({error})") from error
    return found


def _poses(found: dict[str, np.ndarray], path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """The file's joints, and their axis-angle vectors (T, J, 3)."""
    if "poses" in found:
        poses = _matrix(found["poses"], "poses", None, path)
    elif "pose_body" in found and "root_orient" in found:
        root, body = _matrix(found["root_orient"], "root_orient", 3, path), _matrix(found["pose_body"], "pose_body", None, path)
        if len(root) != len(body):
            raise fault(path, None, f"has {len(root)} frames of `root_orient` and {len(body)} of `pose_body`")
        if body.shape[1] == 63:  # 21 joints, the hands in an array of their own, or left out
            hands = _matrix(found["pose_hand"], "pose_hand", 90, path) if "pose_hand" in found else np.zeros((len(body), 90))
            body = np.concatenate([body, hands], axis=1) if len(hands) == len(body) else body[:0]
        poses = np.concatenate([root, body], axis=1) if len(root) == len(body) else np.zeros((0, 0))
    else:
        raise fault(path, None, "has neither `poses` nor `root_orient` and `pose_body`", NO_MOTION)
    names = JOINTS_OF.get(poses.shape[1] // 3) if poses.shape[1] % 3 == 0 else None
    if names is None:
        raise fault(path, None, f"has poses of {poses.shape[1]} numbers; 72, 156 or 165 (24, 52 or 55 joints) are known", NO_MOTION)
    return names, poses.reshape(len(poses), -1, 3)


def _matrix(array: np.ndarray | None, name: str, columns: int | None, path: Path) -> np.ndarray:
    """The array as frames of finite numbers (T, columns), at least one."""
    if array is None:
        raise fault(path, None, f"has no `{name}`", NO_MOTION)
    if array.ndim < 2 or not len(array) or array.dtype.kind not in "fiu":
        raise fault(path, None, f"`{name}` is no table of numbers with a row for each frame", NO_MOTION)
    flat = array.reshape(len(array), -1).astype(np.float64)
    if columns and flat.shape[1] != columns:
        raise fault(path, None, f"`{name}` has {flat.shape[1]} columns, {columns} are expected", NO_MOTION)
    if not np.isfinite(flat).all():
        raise fault(path, None, f"`{name}` holds numbers that are not finite")
    return flat


def _rate(found: dict[str, np.ndarray], given: float, path: Path) -> float:
    said = next((found[name] for name in RATES if name in found), None)
    try:
        rate = float(given) if said is None else float(np.asarray(said).reshape(()))
    except (TypeError, ValueError) as error:
        raise fault(path, None, f"says a frame rate that is no number: {said}") from error
    if not 0 < rate < 1e5:
        raise _no_rate(path) if said is None else fault(path, None, f"says a frame rate of {rate:g}")
    return rate


def _no_rate(path: Path) -> MotionUnreadable:
    return fault(path, None, "does not say its frame rate", "Set File's Rate to the frames per second it was recorded with.")
