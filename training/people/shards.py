"""Shards: files of some twenty people each, at most 40 MiB, that training reads person by person and view by view.

A shard is a plain .npz without pickles. Its member `index` is JSON: version, recipe, and per person name, family, facts and how many
views; the members of person 3 are called `3/shell/…`, `3/truth/…` and `3/view0/…`. Nothing is read before it is asked for. What is stored
is smaller than what it is read back as:

    vertices     16 bits a coordinate in the person's box, as differences from vertex to vertex: 0.03 mm steps
    faces        turned so that their smallest number comes first, sorted by it, as differences; normals are worked out anew
    transfer     7 bits a number, with a scale for each of the nine
    views        cut to their box; albedo and normals as JPEG (4:4:4), masks and labels as PNG, transfer as bytes
"""

import json
import os
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy import ndarray

from core.surface.surface import vertex_normals
from training.people.character import BodyTruth, DressedPerson, Shell, View
from training.people.snapshot import Snapshot
from training.people.view_codec import decoded_photograph, decoded_view, encoded_photograph, encoded_view

VERSION = 1
LIMIT = 40 * 2**20
"""Bytes a shard may have."""
TRANSFER_STEPS = 63
"""Of the light transfer, to each side of zero; its own error, from finitely many directions, is larger than half of one."""


class ShardInvalid(ValueError):
    """A file that is no shard of this version; the sentence names it."""


@dataclass(frozen=True, eq=False)
class Record:
    """A person as a shard gives them back; facts: those of the DressedPerson."""

    name: str
    family: str
    joints: ndarray
    body: BodyTruth
    shell: Shell
    views: list[View]
    facts: dict


# --- one person to arrays and back ------------------------------------------------------------------------------------------------


def encoded(person: DressedPerson, shell: Shell, views: list[View], traced: dict[int, Snapshot] | None = None) -> dict[str, ndarray]:
    """The person's arrays by member name; `about` is JSON as bytes. traced: photographs by Cycles, by the number of their view."""
    body = person.body
    truth = {"pose": body.pose, "betas": body.betas, "translation": body.translation, "joints": person.joints}
    about = {
        "name": person.name,
        "family": person.family,
        "facts": person.facts,
        "views": len(views),
        "traced": sorted(traced or {}),
        "joint_residual_cm": float(body.joint_residual_cm),
        "skin_residual_cm": None if np.isnan(body.skin_residual_cm) else float(body.skin_residual_cm),
    }
    arrays = {"about": _json(about)}
    arrays |= {f"truth/{key}": np.asarray(values, dtype=np.float32) for key, values in truth.items()}
    arrays |= {f"shell/{key}": values for key, values in _encoded_shell(shell).items()}
    for number, view in enumerate(views):
        arrays |= {f"view{number}/{key}": values for key, values in encoded_view(view).items()}
    for number, photo in (traced or {}).items():
        arrays |= {f"view{number}/traced_{key}": values for key, values in encoded_photograph(photo).items()}
    return arrays


def _encoded_shell(shell: Shell) -> dict[str, ndarray]:
    low, high = shell.vertices.min(axis=0).astype(np.float64), shell.vertices.max(axis=0).astype(np.float64)
    steps = np.round((shell.vertices - low) / np.maximum(high - low, 1e-9) * 65535).astype(np.uint16)
    first = np.argmin(shell.faces, axis=1)
    faces = np.take_along_axis(shell.faces, (first[:, None] + np.arange(3)) % 3, axis=1)
    faces = faces[np.argsort(faces[:, 0], kind="stable")]
    scale = np.maximum(np.abs(shell.transfer).max(axis=0), 1e-6) / TRANSFER_STEPS
    return {
        "box": np.stack([low, high]),
        "vertices": _bytes_apart(_differences(steps).T),
        "faces": _bytes_apart(np.stack([_differences(faces[:, 0]), faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0]]).astype(np.int32)),
        "albedo": shell.albedo,
        "trusted": shell.trusted,
        "label": shell.label,
        "transfer": np.round(shell.transfer / scale).astype(np.int8),
        "transfer_scale": scale.astype(np.float32),
    }


def _decoded_shell(arrays: dict[str, ndarray]) -> Shell:
    low, high = arrays["box"]
    steps = np.cumsum(_bytes_together(arrays["vertices"], np.uint16).T, axis=0, dtype=np.uint16)
    vertices = (low + steps / 65535 * (high - low)).astype(np.float32)
    first, second, third = _bytes_together(arrays["faces"], np.int32)
    first = np.cumsum(first, dtype=np.int32)
    faces = np.stack([first, first + second, first + third], axis=1)
    transfer = arrays["transfer"] * arrays["transfer_scale"]
    normals = vertex_normals(vertices.astype(np.float64), faces).astype(np.float32)
    return Shell(vertices, faces, normals, arrays["albedo"], arrays["trusted"], arrays["label"], transfer)


def _differences(values: ndarray) -> ndarray:
    """Each row less the one before, wrapping round; the first as it is."""
    return np.diff(values, axis=0, prepend=np.zeros_like(values[:1]))


def _bytes_apart(values: ndarray) -> ndarray:
    """Values (…, N) as bytes (S, …, N), all lowest bytes first: like lies beside like, which packs better."""
    wide = np.ascontiguousarray(values).view(np.uint8).reshape(*values.shape, values.itemsize)
    return np.ascontiguousarray(np.moveaxis(wide, -1, 0))


def _bytes_together(parts: ndarray, dtype: type) -> ndarray:
    return np.ascontiguousarray(np.moveaxis(parts, 0, -1)).view(dtype)[..., 0]


def _json(value: object) -> ndarray:
    return np.frombuffer(json.dumps(value, default=_plain).encode(), dtype=np.uint8)


def _plain(value: object) -> object:
    """What JSON has no word for: numpy's numbers and arrays as plain ones, anything else by its name."""
    return value.tolist() if isinstance(value, ndarray | np.generic) else str(value)


# --- files ------------------------------------------------------------------------------------------------------------------------


def packed(members: dict[str, ndarray], prefix: str = "") -> list[tuple[str, bytes, int]]:
    """(name, bytes of its .npy, how to compress) of each array; pictures are packed already."""
    result = []
    for name, values in members.items():
        buffer = BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(values), allow_pickle=False)
        picture = name.rpartition("/")[2].endswith(("_jpg", "_png"))
        result.append((f"{prefix}{name}.npy", buffer.getvalue(), zipfile.ZIP_STORED if picture else zipfile.ZIP_DEFLATED))
    return result


def write_shard(path: Path, things: list[dict[str, ndarray]], recipe: dict, kind: str = "people") -> int:
    """Writes a shard of encoded people (or groups) and gives its bytes. The file appears whole or not at all; equal things, equal bytes.

    Raises ValueError where it would be larger than LIMIT.
    """
    half = path.with_suffix(".part")
    index = {"version": VERSION, "kind": kind, "recipe": recipe, "count": len(things)}
    with zipfile.ZipFile(half, "w") as file:
        for name, content, how in packed({"index": _json(index)}):
            file.writestr(zipfile.ZipInfo(name), content, how)  # ZipInfo's own date, so that no clock gets in
        for number, arrays in enumerate(things):
            for name, content, how in packed(arrays, f"{number}/"):
                file.writestr(zipfile.ZipInfo(name), content, how)
    size = half.stat().st_size
    if size > LIMIT:
        half.unlink()
        raise ValueError(f"{path.name} would have {size / 2**20:.1f} MiB; ask for fewer people in a shard")
    os.replace(half, path)
    return size


class ShardFile:
    """A shard opened for reading; its things are numbered from 0. Safe to hand to the workers of a data loader.

    Raises ShardInvalid where the file is no shard of this kind and version.
    """

    kind = ""

    def __init__(self, path: Path):
        self.path = Path(path)
        self._file, self._owner = None, None
        try:
            self.index = json.loads(self._read("index").tobytes())
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ShardInvalid(f"{self.path} is no shard of {self.kind}: {error}") from error
        found = self.index.get("kind"), self.index.get("version")
        if found != (self.kind, VERSION):
            raise ShardInvalid(f"{self.path} holds {found[0]} in version {found[1]}; {self.kind} in version {VERSION} were expected")

    def __len__(self) -> int:
        return self.index["count"]

    def __getstate__(self) -> dict:
        return {"path": self.path, "index": self.index, "_file": None, "_owner": None}

    def _read(self, member: str) -> ndarray:
        if self._owner != os.getpid():  # a forked worker would share the file's position with its siblings
            self._file, self._owner = np.load(self.path, allow_pickle=False), os.getpid()
        return self._file[member]


class Shard(ShardFile):
    """A shard of people."""

    kind = "people"

    def about(self, number: int) -> dict:
        """name, family, facts, views, traced, joint_residual_cm and skin_residual_cm (None where no skin shows)."""
        return json.loads(self._read(f"{number}/about").tobytes())

    def shell(self, number: int) -> Shell:
        """The person's shell, normals worked out anew."""
        names = ("box", "vertices", "faces", "albedo", "trusted", "label", "transfer", "transfer_scale")
        return _decoded_shell({name: self._read(f"{number}/shell/{name}") for name in names})

    def body(self, number: int) -> BodyTruth:
        """The open body inside the person."""
        about = self.about(number)
        skin = about["skin_residual_cm"]
        parts = [self._read(f"{number}/truth/{name}") for name in ("pose", "betas", "translation")]
        return BodyTruth(*parts, about["joint_residual_cm"], np.nan if skin is None else skin)

    def joints(self, number: int) -> ndarray:
        """The person's own joints (24, 3)."""
        return self._read(f"{number}/truth/joints")

    def view(self, number: int, which: int) -> View:
        """One view of the person, whole maps."""
        prefix = f"{number}/view{which}/"
        return decoded_view(lambda name: self._read(prefix + name))

    def traced(self, number: int, which: int) -> Snapshot | None:
        """Cycles' photograph of a view, None where there is none."""
        if which not in self.about(number).get("traced", []):  # shards made before there were any do not say
            return None
        camera, prefix = self.view(number, which).camera, f"{number}/view{which}/traced_"
        return decoded_photograph(lambda name: self._read(prefix + name), camera)

    def record(self, number: int) -> Record:
        """Everything about the person."""
        about = self.about(number)
        views = [self.view(number, which) for which in range(about["views"])]
        return Record(about["name"], about["family"], self.joints(number), self.body(number), self.shell(number), views, about["facts"])


def shard_path(out: Path, kind: str, number: int) -> Path:
    """The file of the shard with this number."""
    return Path(out) / f"{kind}-{number:05d}.npz"


def shard_files(folder: Path, kind: str = "people") -> list[Path]:
    """Every finished shard in a folder, sorted."""
    return sorted(Path(folder).glob(f"{kind}-*.npz"))
