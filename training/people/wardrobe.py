"""What there is to wear: every garment, hair, brow, lash, skin and iris of the asset folders, read once and told apart by where it sits.

Any folder laid out as MakeHuman's assets works. What a garment is follows from which part of the base mesh it covers; who wears it from
its tags. MakeHuman's suits (a top and trousers or a skirt in one file) come apart, so that their halves go with everything else.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from core.camera import Camera
from core.surface.raster import Raster, rasterise
from training.held_out import held_out
from training.makehuman.asset_file import AssetFileError
from training.makehuman.clothing import Clothing, read_clothing
from training.makehuman.figure import Figure, Shaped
from training.people.piece import vertex_normals

ROLES = ("top", "trousers", "skirt", "dress", "suit", "shoes", "hat", "glasses")
AGES = dict.fromkeys(("TubeDress", "TubeTop", "miniskirt", "Beach", "Swimsuit", "spaghetti", "sportsuit01 top"), (16.0, 50.0))
AGES |= {"elegant": (16.0, 90.0), "Dress_03": (14.0, 60.0), "female_top_01": (14.0, 45.0)}
"""Words in the names of what only people of these years are dressed in."""
FOR_BOTH = ("tee", "Tank_Top", "shoes", "hat", "helmet", "glasses")
"""Words in the names of what men wear too, whatever the tags say."""
SKIN_PIXELS, GARMENT_PIXELS = 1024, 512
"""Sides of the pictures as they are kept, and as they stand in the atlas at the most."""


@dataclass(frozen=True, eq=False)
class Wearable:
    """An asset ready to be worn. places (V, 3): its vertices in the T-pose of the plain base mesh, metres, for cutting and painting."""

    name: str
    clothing: Clothing
    weights: np.ndarray
    places: np.ndarray
    role: str
    sexes: tuple[str, ...]
    years: tuple[float, float]

    @property
    def hides(self) -> np.ndarray:
        """The base vertices (19158,) that it covers."""
        return self.clothing.hides

    @cached_property
    def stands_off(self) -> float:
        """Metres, in the mean, between the garment and the vertices it hangs on, on the base mesh it was made for."""
        return float(np.linalg.norm(self.clothing.offsets, axis=1).mean())

    @cached_property
    def picture(self) -> np.ndarray:
        """RGBA (S, S, 4) uint8; clear pixels carry the colour of the nearest opaque one, so that seams do not show."""
        return read_picture(self.clothing.texture, GARMENT_PIXELS)

    @cached_property
    def pixel_places(self) -> tuple[np.ndarray, np.ndarray]:
        """Which pixels of the picture the garment covers (S, S), and where each lies (S, S, 3) on the plain base mesh in T-pose, metres."""
        raster = uv_raster(self.clothing.uv, self.clothing.uv_faces, len(self.picture))
        return raster.face >= 0, raster.interpolate(self.clothing.faces, self.places.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """Everything the folders hold, by kind, without what is held out, or, for validation, with it first. plain: the base mesh itself."""

    figure: Figure
    plain: Shaped
    plain_t: np.ndarray
    garments: tuple[Wearable, ...]
    hair: tuple[Wearable, ...]
    brows: tuple[Wearable, ...]
    lashes: tuple[Wearable, ...]
    skins: dict[str, Path]
    irises: tuple[Path, ...]
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: dict[Path, np.ndarray] = field(default_factory=dict)

    def picture(self, path: Path) -> np.ndarray:
        """A skin's or iris' picture, read once."""
        if path not in self.pictures:
            self.pictures[path] = read_picture(path)
        return self.pictures[path]

    @cached_property
    def skin_raster(self) -> Raster:
        """Which of the person's faces covers each pixel of a skin."""
        return uv_raster(self.figure.person.uv, self.figure.person.uv_faces, SKIN_PIXELS)


def open_wardrobe(folders: list[Path], figure: Figure | None = None) -> Wardrobe:
    """The folders' assets; folders without MakeHuman's layout are passed over. Raises AssetFileError, FileNotFoundError."""
    figure = figure or Figure()
    plain = figure.placed(figure.base)
    read = {kind: [_worn(read_clothing(path), figure, plain) for path in _assets(folders, kind)] for kind in KINDS}
    garments = tuple(part for garment in read["clothes"] for part in _halves(garment, figure))
    skins = {path.parent.name: path for path in _pictures(folders, "skins")}
    irises = tuple(_pictures(folders, "eyes"))
    for kind, found in {"clothes": garments, "hair": read["hair"], "skins": skins, "eyes": irises}.items():
        if not found:
            raise FileNotFoundError(f"none of the asset folders holds MakeHuman's {kind}")
    kept = {kind: tuple(held_out(kind)) for kind in ("garments", "hair", "skins")}
    faces = [tuple(read[kind]) for kind in ("hair", "eyebrows", "eyelashes")]
    return Wardrobe(figure, plain, plain.t_posed(plain.rest, figure.weights), garments, *faces, skins, irises, kept)


KINDS = ("clothes", "hair", "eyebrows", "eyelashes")


def allowed(names: list[str], kept: tuple[str, ...], validation: bool) -> list[bool]:
    """Which of the names may be used: for training none that is held out; for validation only those, where there are any."""
    out = [any(name == one or name.startswith(f"{one} ") for one in kept) for name in names]
    if not validation:
        return [not one for one in out]
    return out if any(out) else [True] * len(names)


def _assets(folders: list[Path], kind: str) -> list[Path]:
    return sorted(path for folder in folders for path in Path(folder).glob(f"{kind}/*/*.mhclo"))


def _pictures(folders: list[Path], kind: str) -> list[Path]:
    found = [path for folder in folders for path in sorted(Path(folder).glob(f"{kind}/*/*")) if path.suffix in (".jpg", ".png")]
    return found


def _worn(clothing: Clothing, figure: Figure, plain: Shaped) -> Wearable:
    weights = clothing.blended(figure.weights)
    weights = np.clip(weights, 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    fitted = clothing.fitted(figure.base)
    role = role_of(fitted)
    tagged = {sex for sex in ("female", "male") if sex in clothing.tags or clothing.name.lower().startswith((sex, f"{sex[0]}_"))}
    both = not tagged or "male" in tagged or any(word in clothing.name for word in FOR_BOTH)
    sexes = ("female", "male") if both else ("female",)
    return Wearable(clothing.name, clothing, weights, plain.t_posed(fitted, weights), role, sexes, worn_at(clothing.name))


def worn_at(name: str) -> tuple[float, float]:
    """From what age to what age people wear it."""
    return next((years for word, years in AGES.items() if word in name), (0.0, 120.0))


def role_of(fitted: np.ndarray) -> str:
    """What a garment is by what it covers of the base mesh (feet -0.82 m, crotch -0.02, chest .35, eyes .73, top of the head .85)."""
    low, high = fitted[:, 1].min(), fitted[:, 1].max()
    if high < -0.4:
        return "shoes"
    if low > 0.6:
        return "hat" if high > 0.8 else "glasses"
    if high < 0.26:
        return "trousers" if low < -0.5 else "skirt"
    if low > -0.12:
        return "top"
    return "suit" if low < -0.6 else "dress"


def _halves(garment: Wearable, figure: Figure) -> list[Wearable]:
    """Top and bottom of one of MakeHuman's suits, or the garment itself where it is of one piece."""
    clothing = garment.clothing
    fitted = clothing.fitted(figure.base)
    number, piece = _components(clothing)
    of_two = "suit" in garment.name.lower() and "swim" not in garment.name.lower()
    if garment.role == "dress" and not of_two:
        return [_chosen(garment, clothing.name, ~_underneath(fitted, clothing.faces, piece), clothing.hides, fitted)]
    if not of_two:
        return [garment]
    height = np.bincount(piece, fitted[:, 1]) / np.bincount(piece)
    below = (height < 0.075)[piece]
    if number == 1 or not below.any() or below.all():
        return [garment]
    hidden = np.flatnonzero(clothing.hides)
    distance = [cKDTree(fitted[half]).query(figure.base[hidden])[0] for half in (~below, below)]
    parts = []
    for half, near, word in ((~below, distance[0] < distance[1] + 0.02, "top"), (below, distance[1] < distance[0] + 0.02, "bottom")):
        hides = np.zeros_like(clothing.hides)
        hides[hidden[near]] = True
        parts.append(_chosen(garment, f"{clothing.name} {word}", half, hides, fitted))
    return parts


def _chosen(garment: Wearable, name: str, chosen: np.ndarray, hides: np.ndarray, fitted: np.ndarray) -> Wearable:
    """The garment's chosen vertices (V,) as a garment of that name, which hides those base vertices."""
    part = _part(replace(garment.clothing, name=name, hides=hides), chosen)
    own = {"weights": garment.weights[chosen], "places": garment.places[chosen], "role": role_of(fitted[chosen])}
    return replace(garment, name=name, clothing=part, years=worn_at(name), **own)


def _components(clothing: Clothing) -> tuple[int, np.ndarray]:
    """How many pieces of cloth the garment is of, and which of them each vertex (V,) belongs to."""
    ends = np.concatenate([clothing.faces[:, [0, 1]], clothing.faces[:, [1, 2]]])
    return connected_components(coo_matrix((np.ones(len(ends)), ends.T), shape=(len(clothing.references),) * 2), directed=False)


UNDERWEAR = 0.3  # metres it is high at the most: a slip, which is higher, shows at neck and hem


def _underneath(fitted: np.ndarray, faces: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """True for the vertices (V,) of pieces that lie under the others altogether: the underwear some dresses bring along."""
    normals, hidden = vertex_normals(fitted, faces), np.zeros(len(fitted), bool)
    for number in range(piece.max() + 1):
        own = piece == number
        if own.all():
            break
        distance, near = cKDTree(fitted[~own]).query(fitted[own])
        behind = np.einsum("vc,vc->v", fitted[own] - fitted[~own][near], normals[~own][near]) < 0
        hidden[own] = (behind & (distance < 0.06)).mean() > 0.75 and np.ptp(fitted[own, 1]) < UNDERWEAR
    return hidden


def _part(clothing: Clothing, chosen: np.ndarray) -> Clothing:
    """The clothing's chosen vertices (V,) only."""
    place = np.cumsum(chosen) - 1
    faces = chosen[clothing.faces].all(axis=1)
    return replace(
        clothing,
        references=clothing.references[chosen],
        shares=clothing.shares[chosen],
        offsets=clothing.offsets[chosen],
        faces=place[clothing.faces[faces]],
        uv_faces=clothing.uv_faces[faces],
    )


def read_picture(path: Path, most: int = SKIN_PIXELS) -> np.ndarray:
    """RGBA (S, S, 4) uint8, square, at most so wide; clear pixels filled with the nearest opaque colour. Raises AssetFileError."""
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None or read.ndim != 3 or read.dtype != np.uint8:
        raise AssetFileError(path, None, "is no colour picture of 8 bits")
    side = min(most, 1 << (max(read.shape[:2]) - 1).bit_length())
    read = cv2.resize(read, (side, side), interpolation=cv2.INTER_AREA) if read.shape[:2] != (side, side) else read
    alpha = read[..., 3] if read.shape[2] == 4 else np.full((side, side), 255, np.uint8)
    colour = read[..., 2::-1]
    if (alpha < 128).any() and (alpha >= 128).any():
        rows, columns = distance_transform_edt(alpha < 128, return_distances=False, return_indices=True)
        colour = colour[rows, columns]
    return np.dstack([colour, alpha])


def uv_raster(uv: np.ndarray, uv_faces: np.ndarray, side: int) -> Raster:
    """Which face covers each pixel of a square texture, and where: the z-buffer looking straight at the UV plane."""
    flat = np.column_stack([uv[:, 0] * side, (1 - uv[:, 1]) * side, np.ones(len(uv))])
    straight = Camera(np.array([1.0, 1.0, 0.0, 0.0]), np.eye(3), np.zeros(3), np.array([side, side]))
    return rasterise(flat, uv_faces, straight)
