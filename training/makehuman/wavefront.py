"""A garment's .obj: vertices, UVs and faces of three or four corners, as MakeHuman's community writes them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.makehuman.asset_file import AssetFileError, floats, numbered_lines


@dataclass(frozen=True, eq=False)
class WavefrontMesh:
    """vertices (V, 3) as written, uv (T, 2) v up, faces (F, 3) and uv_faces (F, 3): triangles, quads split along their first diagonal."""

    vertices: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    uv_faces: np.ndarray


def read_wavefront(path: Path) -> WavefrontMesh:
    """The mesh in the file. Raises AssetFileError where a line is malformed or a corner names what is not there."""
    vertices, uv, corners = [], [], []
    for line, words in numbered_lines(path):
        if words[0] == "v":
            vertices.append(floats(words[1:], 3, path, line))
        elif words[0] == "vt":
            uv.append(floats(words[1:], 2, path, line))
        elif words[0] == "f":
            corners.extend(_triangles(words[1:], len(vertices), len(uv), path, line))
    if not corners:
        raise AssetFileError(path, None, "has no faces")
    corners = np.array(corners)
    return WavefrontMesh(np.array(vertices), np.array(uv), corners[..., 0], corners[..., 1])


def _triangles(words: list[str], vertices: int, uvs: int, path: Path, line: int) -> list[list[tuple[int, int]]]:
    if len(words) not in (3, 4):
        raise AssetFileError(path, line, f"a face with {len(words)} corners; three or four are allowed")
    corners = [_corner(word, vertices, uvs, path, line) for word in words]
    return [[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)]


def _corner(word: str, vertices: int, uvs: int, path: Path, line: int) -> tuple[int, int]:
    vertex, _, rest = word.partition("/")
    uv = rest.partition("/")[0]
    for number, most, kind in ((vertex, vertices, "vertex"), (uv, uvs, "UV")):
        if not number.isdigit() or not 1 <= int(number) <= most:
            raise AssetFileError(path, line, f"corner {word!r} names no {kind} (1 to {most})")
    return int(vertex) - 1, int(uv) - 1
