"""Clothes, hair, brows and lashes in MakeHuman's format: .mhclo (how it hangs on the base mesh), .obj (its mesh), .mhmat (its look).

Every vertex hangs on three vertices of the base mesh: their weighted mean plus an offset. Offsets grow with the body, each axis by the
distance of two marked vertices of the base mesh compared with the body the asset was made on.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.makehuman.asset_file import AssetFileError, floats, numbered_lines, vertex_number
from training.makehuman.mesh import METRES
from training.makehuman.wavefront import read_wavefront

BASE_VERTICES = 19158
AXES = {"x_scale": 0, "y_scale": 1, "z_scale": 2}


@dataclass(frozen=True, eq=False)
class Clothing:
    """One asset. references (V, 3): base vertices; shares (V, 3); offsets (V, 3) metres; scales: axis -> (vertex, vertex, metres);
    hides (B,): true for the base vertices it covers; depth: larger is farther out; uv (T, 2), faces and uv_faces (F, 3); texture: file."""

    name: str
    references: np.ndarray
    shares: np.ndarray
    offsets: np.ndarray
    scales: dict[int, tuple[int, int, float]]
    hides: np.ndarray
    depth: int
    tags: frozenset[str]
    uv: np.ndarray
    faces: np.ndarray
    uv_faces: np.ndarray
    texture: Path

    def fitted(self, base: np.ndarray) -> np.ndarray:
        """Vertices (V, 3) on the base mesh's vertices (19158, 3), metres, in MakeHuman's own scale and rest pose."""
        scale = np.ones(3)
        for axis, (first, second, length) in self.scales.items():
            scale[axis] = abs(base[first, axis] - base[second, axis]) / length
        return self.blended(base) + scale * self.offsets

    def blended(self, values: np.ndarray) -> np.ndarray:
        """Something per base vertex (19158, C), weighted as each of this asset's vertices (V, C) hangs on them."""
        return np.einsum("vk,vkc->vc", self.shares, values[self.references])


def read_clothing(path: Path) -> Clothing:
    """The asset whose .mhclo this is, with its mesh and look. Raises AssetFileError, which names the file and line at fault."""
    words_of, scales, tags, hides, rows = {}, {}, set(), np.zeros(BASE_VERTICES, bool), []
    section = ""
    for line, words in numbered_lines(path):
        if words[0] in ("verts", "delete_verts"):
            section = words[0]
        elif words[0][0].isalpha():
            words_of[words[0]] = words[1:]
            if words[0] in AXES:
                scales[AXES[words[0]]] = _scale(words[1:], path, line)
            elif words[0] == "tag":
                tags.add(" ".join(words[1:]).lower())
        elif section == "verts":
            rows.append(_row(words, path, line))
        elif section == "delete_verts":
            _mark(hides, words, path, line)
        else:
            raise AssetFileError(path, line, f"{words[0]!r} stands outside of verts and delete_verts")
    mesh = read_wavefront(_beside(path, words_of, "obj_file"))
    if len(rows) != len(mesh.vertices):
        raise AssetFileError(path, None, f"places {len(rows)} vertices, but its mesh has {len(mesh.vertices)}")
    table = np.array(rows)
    return Clothing(
        name=Path(path).stem,
        references=table[:, :3].astype(np.int64),
        shares=table[:, 3:6],
        offsets=table[:, 6:] * METRES,
        scales=scales,
        hides=hides,
        depth=int(float(words_of.get("z_depth", ["50"])[0])),
        tags=frozenset(tags),
        uv=mesh.uv,
        faces=mesh.faces,
        uv_faces=mesh.uv_faces,
        texture=read_material(_beside(path, words_of, "material")),
    )


def read_material(path: Path) -> Path:
    """The picture that a .mhmat names as its diffuse texture. Raises AssetFileError where it names none, or one that is not there."""
    for line, words in numbered_lines(path):
        if words[0] == "diffuseTexture":
            texture = Path(path).parent / " ".join(words[1:])
            if not texture.is_file():
                raise AssetFileError(path, line, f"names the picture {texture.name}, which is not there")
            return texture
    raise AssetFileError(path, None, "names no diffuseTexture")


def _beside(path: Path, words_of: dict[str, list[str]], key: str) -> Path:
    if not words_of.get(key):
        raise AssetFileError(path, None, f"names no {key}")
    return Path(path).parent / " ".join(words_of[key])


def _row(words: list[str], path: Path, line: int) -> list[float]:
    """Three references, their weights, an offset; or one vertex alone, on which the garment's vertex lies."""
    if len(words) == 1:
        return [*[vertex_number(words[0], BASE_VERTICES, path, line)] * 3, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    if len(words) != 9:
        raise AssetFileError(path, line, f"1 or 9 values were expected, {len(words)} are there")
    return [vertex_number(word, BASE_VERTICES, path, line) for word in words[:3]] + floats(words[3:], 6, path, line)


def _scale(words: list[str], path: Path, line: int) -> tuple[int, int, float]:
    if len(words) != 3:
        raise AssetFileError(path, line, f"two vertices and a length were expected, {len(words)} words are there")
    first, second = (vertex_number(word, BASE_VERTICES, path, line) for word in words[:2])
    length = floats(words[2:], 1, path, line)[0]
    if length <= 0:
        raise AssetFileError(path, line, f"the length {length} is not positive")
    return first, second, length * METRES


def _mark(hides: np.ndarray, words: list[str], path: Path, line: int) -> None:
    """Sets the vertices of a line such as `12 - 15 20` true."""
    previous, ranged = None, False
    for word in words:
        if word == "-":
            if previous is None:
                raise AssetFileError(path, line, "a range without a beginning")
            ranged = True
            continue
        number = vertex_number(word, BASE_VERTICES, path, line)
        hides[(previous if ranged else number) : number + 1] = True
        previous, ranged = number, False
