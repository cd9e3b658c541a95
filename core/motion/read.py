"""A motion file, told apart by its ending, as a Clip for a person."""

from pathlib import Path

import numpy as np

from .bvh_person import read_bvh_motion
from .clip import Clip
from .smpl_file import read_smpl_motion
from .text_file import fault

ENDINGS = (".npz", ".bvh")


def read_motion(path: Path | str, rest_joints: np.ndarray, up: str = "Z", rate: float = 0.0) -> Clip:
    """The motion for a person with these rest joints (24, 3), metres, body frame. Raises MotionUnreadable.

    up, rate: of an .npz, which axis is up and how many frames a second has where the file does not say; a .bvh says both itself.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz":
        return read_smpl_motion(path, rest_joints, up, rate)
    if path.suffix.lower() == ".bvh":
        return read_bvh_motion(path, rest_joints)
    raise fault(path, None, f"is no motion of a known kind ({' or '.join(ENDINGS)})")
