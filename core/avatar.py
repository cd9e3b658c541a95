"""The Avatar: one reconstructed person as plain arrays, and its file (.npz, numpy only, no pickle, versioned).

All positions are metres in the body frame (+X the person's left, +Y up, +Z out of the chest); the camera looks at that frame as
core/camera.py says. `rest_…` is the skeleton's T pose without translation; everything else is the photo's pose with it.
"""

import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from .camera import Camera
from .errors import AvatarInvalid, FolderNotWritable

VERSION = 1
"""Version of the file's layout, in meta["version"]. It changes when a reader of the old layout would misread the new one."""

LAYOUT = {
    "vertices": ("V 3", np.float32),
    "faces": ("F 3", np.int32),
    "albedo": ("V 3", np.uint8),
    "rest_vertices": ("V 3", np.float32),
    "skin_joints": ("V 4", np.int16),
    "skin_weights": ("V 4", np.float32),
    "joints": ("24 3", np.float32),
    "rest_joints": ("24 3", np.float32),
    "pose": ("24 3", np.float32),
    "betas": ("10", np.float32),
    "translation": ("3", np.float32),
    "body_vertices": ("B 3", np.float32),
    "body_faces": ("G 3", np.int32),
    "light": ("9 3", np.float32),
    "camera_intrinsics": ("4", np.float32),
    "camera_rotation": ("3 3", np.float32),
    "camera_translation": ("3", np.float32),
    "image_size": ("2", np.int32),
}
"""Shape and type of every array; equal letters mean equal sizes."""

OPTIONAL = {"uv": ("F 3 2", np.float32), "texture": ("T T 3", np.uint8)}
"""The same of arrays that an Avatar may lack: both are there, or neither (None)."""


@dataclass(frozen=True, eq=False)
class Avatar:
    """One person. Arrays are converted to LAYOUT's types and checked on creation (AvatarInvalid names the key that is off).

    vertices, faces, albedo: the surface, colour sRGB bytes free of light; rest_vertices: the same vertices in the T pose; skin_joints,
    skin_weights: up to four joints per vertex, weights sum to 1; joints, rest_joints, pose, betas, translation: SMPL's; body_vertices,
    body_faces: the fitted body under the clothes; light: SH radiance, linear RGB, index l² + l + m, real orthonormal, body frame;
    camera_…, image_size: the original photo's camera, pixels; meta: JSON-able facts (version, photo, settings, seconds, device, …).

    uv, texture: where each triangle's corners lie in the texture (0..1, v upwards), and the albedo as its picture, sRGB bytes, top row
    first; None where none was asked for.
    """

    vertices: np.ndarray
    faces: np.ndarray
    albedo: np.ndarray
    rest_vertices: np.ndarray
    skin_joints: np.ndarray
    skin_weights: np.ndarray
    joints: np.ndarray
    rest_joints: np.ndarray
    pose: np.ndarray
    betas: np.ndarray
    translation: np.ndarray
    body_vertices: np.ndarray
    body_faces: np.ndarray
    light: np.ndarray
    camera_intrinsics: np.ndarray
    camera_rotation: np.ndarray
    camera_translation: np.ndarray
    image_size: np.ndarray
    meta: dict
    uv: np.ndarray | None = None
    texture: np.ndarray | None = None

    def __post_init__(self):
        sizes: dict[str, int] = {}
        if (self.uv is None) != (self.texture is None):
            raise AvatarInvalid("Avatar: uv and texture belong together, and one is missing")
        for key, (shape, dtype) in self.layout.items():
            value = np.asarray(getattr(self, key))
            _check_shape(key, value.shape, shape.split(), sizes)
            object.__setattr__(self, key, np.ascontiguousarray(value.astype(dtype, copy=False)))
        object.__setattr__(self, "meta", {"version": VERSION, **self.meta})
        _check_values(self)

    @property
    def layout(self) -> dict[str, tuple[str, type]]:
        """Shape and type of the arrays that this Avatar has."""
        return LAYOUT | {key: value for key, value in OPTIONAL.items() if getattr(self, key) is not None}

    @property
    def camera(self) -> Camera:
        return Camera(self.camera_intrinsics, self.camera_rotation, self.camera_translation, self.image_size)

    def save(self, path: Path | str) -> Path:
        """Write the file whole or not at all (a temporary file beside it is renamed). FolderNotWritable where that cannot be done."""
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        arrays = {key: getattr(self, key) for key in self.layout}
        try:
            with partial.open("wb") as file:
                np.savez_compressed(file, meta=np.array(json.dumps(self.meta)), **arrays)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True) if partial.parent.is_dir() else None
            raise FolderNotWritable(f"{path} could not be written: {error.strerror or error}") from error
        return path


def load_avatar(path: Path | str) -> Avatar:
    """The Avatar of a file. AvatarInvalid if it is missing, not an Avatar, damaged, or of a newer version."""
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise AvatarInvalid(f"{path.name} cannot be read as an Avatar: {error}") from error
    missing = [field.name for field in fields(Avatar) if field.name not in found and field.name not in OPTIONAL]
    if missing:
        raise AvatarInvalid(f"{path.name} is not an Avatar: it has no “{missing[0]}”")
    meta = json.loads(str(found["meta"]))
    if meta.get("version") != VERSION:
        raise AvatarInvalid(f"{path.name} has version {meta.get('version')}, this Doppel reads {VERSION}", "Install the newest Doppel.")
    return Avatar(**{key: found.get(key) for key in LAYOUT | OPTIONAL}, meta=meta)


def _check_shape(key: str, shape: tuple[int, ...], letters: list[str], sizes: dict[str, int]) -> None:
    """Compare a shape with its letters; a letter seen before must have the same size again."""
    expected = [int(letter) if letter.isdigit() else sizes.setdefault(letter, size) for letter, size in zip(letters, shape, strict=False)]
    if len(shape) != len(letters) or list(shape) != expected:
        raise AvatarInvalid(f"Avatar: {key} has shape {shape}, expected ({', '.join(letters)})")


def _check_values(avatar: Avatar) -> None:
    """Refuse what would only fail later and elsewhere: NaN, indices out of range, weights that do not sum to one."""
    for key, (_, dtype) in avatar.layout.items():
        if dtype is np.float32 and not np.isfinite(getattr(avatar, key)).all():
            raise AvatarInvalid(f"Avatar: {key} holds values that are not finite")
    for faces, vertices in (("faces", "vertices"), ("body_faces", "body_vertices")):
        numbers = getattr(avatar, faces)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(getattr(avatar, vertices)):
            raise AvatarInvalid(f"Avatar: {faces} names a vertex that is not there")
    if avatar.skin_joints.size and not 0 <= avatar.skin_joints.min() <= avatar.skin_joints.max() < 24:
        raise AvatarInvalid("Avatar: skin_joints names a joint that is not there")
    if not np.allclose(avatar.skin_weights.sum(axis=1), 1, atol=1e-4):
        raise AvatarInvalid("Avatar: skin_weights do not sum to 1")
