"""Body files: our open bodies (.npz) and official SMPL files (.npz, .pkl), read into checked arrays.

SMPL's keys: v_template (V, 3), f (F, 3), shapedirs (V, 3, 10 or more), J_regressor (24, V), weights (V, 24), kintree_table (2, 24), and
posedirs (V, 3, 207) where there are pose blend shapes; ours add vt (T, 2) and ft (F, 3), the UVs. Nothing is ever unpickled as
`pickle` would: see `core.body.inert_pickle`. Official files need no package of theirs; that our model poses them as `smplx` does is a test.
"""

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from ..errors import BodyFileInvalid, WeightsMissing
from ..skeleton import JOINT_NAMES, PARENTS
from .inert_pickle import dense_array, read_inert
from .model import BETAS, BodyArrays, BodyModel

SEXES = ("neutral", "female", "male")
OFFICIAL_NAMES = {  # as SMPL's makers distribute them, newest first
    "neutral": ("SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl", "basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl"),
    "female": ("SMPL_FEMALE.npz", "SMPL_FEMALE.pkl", "basicmodel_f_lbs_10_207_0_v1.1.0.pkl", "basicModel_f_lbs_10_207_0_v1.0.0.pkl"),
    "male": ("SMPL_MALE.npz", "SMPL_MALE.pkl", "basicmodel_m_lbs_10_207_0_v1.1.0.pkl", "basicModel_m_lbs_10_207_0_v1.0.0.pkl"),
}
MOST_BYTES = 2**30  # an official file with 300 shape components is a quarter of this
JOINTS = len(JOINT_NAMES)


def load_body(path: Path, sex: str = "neutral", dtype: torch.dtype = torch.float32) -> BodyModel:
    """The body model in a file, or in a folder's file for this sex (ours before an official one).

    Raises BodyFileInvalid for a file that is missing, no SMPL body, or holds anything but arrays; WeightsMissing for a folder
    without a body.
    """
    return BodyModel(read_body(find_body(Path(path), sex)), dtype)


def find_body(path: Path, sex: str = "neutral") -> Path:
    """The body file meant by a path: itself, or the first known name for this sex in the folder."""
    if not path.is_dir():
        return path
    for name in (f"body_{sex}.npz", *OFFICIAL_NAMES[sex]):
        if (path / name).is_file():
            return path / name
    raise WeightsMissing(f"There is no {sex} body in {path}.")


def read_body(path: Path) -> BodyArrays:
    """The arrays of one body file, checked. Raises BodyFileInvalid naming what is wrong."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BodyFileInvalid(f"{path.name} is larger than {MOST_BYTES >> 20} MB, too large for a body.")
        raw = read_npz(path) if zipfile.is_zipfile(path) else read_pickle(path)
    except OSError as error:
        raise BodyFileInvalid(f"{path} cannot be read: {error.strerror or error}.") from error
    return checked(raw, path.name)


def read_npz(path: Path) -> dict[str, object]:
    """Every array of an .npz; entries of Python objects (sparse matrices in official files) go through the inert reader."""
    raw = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise BodyFileInvalid(f"{path.name} unpacks to more than {MOST_BYTES >> 20} MB, too large for a body.")
            for entry in archive.infolist():
                raw[entry.filename.removesuffix(".npy")] = _entry(io.BytesIO(archive.read(entry)))
    except (zipfile.BadZipFile, zlib.error, EOFError, MemoryError, RuntimeError, ValueError) as error:
        raise BodyFileInvalid(f"{path.name} is damaged or no .npz of arrays: {error}.") from error
    return raw


def _entry(file: io.BytesIO) -> object:
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version in headers and headers[version](file)[2].hasobject:
        return read_inert(file)
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def read_pickle(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        raw = read_inert(file)
    if not isinstance(raw, dict):
        raise BodyFileInvalid(f"{path.name} holds no table of arrays.")
    return raw


def checked(raw: dict[str, object], name: str) -> BodyArrays:
    """SMPL's arrays out of a file's table: shapes, numbers, joints and weights verified."""

    def take(key: str, *shape: int | None, whole: bool = False) -> np.ndarray:
        if key not in raw:
            raise BodyFileInvalid(f"{name} has no {key}.")
        return shaped(dense_array(raw[key], f"{key} in {name}"), key, name, shape, whole)

    template = take("v_template", None, 3)
    number, faces = len(template), take("f", None, 3, whole=True)
    arrays = BodyArrays(
        template=template,
        faces=faces,
        shapedirs=_largest_shapes(take("shapedirs", number, 3, None), name),
        joint_regressor=take("J_regressor", JOINTS, number),
        skin_weights=take("weights", number, JOINTS),
        posedirs=take("posedirs", number, 3, 9 * (JOINTS - 1)) if "posedirs" in raw else None,
        uv=take("vt", None, 2) if "vt" in raw and "ft" in raw else None,
        uv_faces=take("ft", len(faces), 3, whole=True) if "vt" in raw and "ft" in raw else None,
    )
    check_meaning(arrays, take("kintree_table", 2, JOINTS, whole=True), name)
    return arrays


def shaped(array: np.ndarray, key: str, name: str, shape: tuple[int | None, ...], whole: bool) -> np.ndarray:
    """The array as float32 or int64 if it has this shape (None: any size) and finite numbers of this kind."""
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise BodyFileInvalid(f"{key} in {name} has shape {' x '.join(map(str, array.shape))}, not {wanted}.")
    if array.dtype.kind not in ("iu" if whole else "fiu"):
        raise BodyFileInvalid(f"{key} in {name} holds {array.dtype}, not {'whole ' if whole else ''}numbers.")
    if not np.isfinite(array).all():
        raise BodyFileInvalid(f"{key} in {name} holds NaN or infinite numbers.")
    return array.astype(np.int64 if whole else np.float32)


def check_meaning(arrays: BodyArrays, tree: np.ndarray, name: str) -> None:
    """Raises BodyFileInvalid unless the numbers make a body: faces of its vertices, SMPL's tree, weights and regressor summing to one."""
    number = len(arrays.template)
    problems = {
        "f names vertices that do not exist": not _within(arrays.faces, number),
        "ft names UVs that do not exist": arrays.uv is not None and not _within(arrays.uv_faces, len(arrays.uv)),
        "kintree_table is not SMPL's tree of 24 joints": not np.array_equal(tree[0, 1:], PARENTS[1:]),
        "weights are negative": bool((arrays.skin_weights < 0).any()),
        "weights do not sum to one": not np.allclose(arrays.skin_weights.sum(1), 1, atol=1e-3),
        "J_regressor does not sum to one": not np.allclose(arrays.joint_regressor.sum(1), 1, atol=1e-3),
    }
    for problem, found in problems.items():
        if found:
            raise BodyFileInvalid(f"In {name}, {problem}.")


def _largest_shapes(shapedirs: np.ndarray, name: str) -> np.ndarray:
    if shapedirs.shape[2] < BETAS:
        raise BodyFileInvalid(f"shapedirs in {name} has {shapedirs.shape[2]} components, fewer than {BETAS}.")
    return shapedirs[..., :BETAS]


def _within(numbers: np.ndarray, count: int) -> bool:
    return bool(numbers.size > 0 and numbers.min() >= 0 and numbers.max() < count)
