"""Garments put on a body: fitted, cut, lengthened, flared, loosened, and kept from poking through each other and the skin."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from core.skeleton import JOINT
from training.makehuman.figure import Figure, Shaped
from training.people.outfits import Worn
from training.people.piece import Piece, rim, subdivided, trimmed, vertex_normals
from training.people.wardrobe import Wardrobe

SKIN_GAP, LAYER_GAP = 0.003, 0.005  # metres between a garment and the skin, and the garment below
FEW = 6000  # vertices; garments with fewer get their faces cut in four, so that folds have room
UNDER = 0.03  # metres from its hem inwards an outer garment still shows what is below


def on_body(worn: Worn, wardrobe: Wardrobe, shaped: Shaped) -> Piece:
    """The garment on this body in the rest pose, cut and loosened as it is worn; with its own picture still."""
    garment = worn.garment
    clothing = garment.clothing
    vertices = clothing.fitted(shaped.rest / shaped.scale) * shaped.scale
    label = {"shoes": "shoe", "glasses": "other"}.get(garment.role, "cloth")
    side = 512 if garment.role not in ("hat", "glasses") else 256
    piece = Piece(
        garment.name, label, vertices, garment.weights, garment.places, clothing.faces, clothing.uv, clothing.uv_faces, garment.picture,
        False, side,
    )  # fmt: skip
    piece = piece.with_faces(_opaque(piece))
    if worn.shorten:
        piece = trimmed(piece, cut_level(worn, wardrobe, piece.places))
    piece = subdivided(piece) if len(piece.vertices) < FEW else piece
    piece = replace(piece, vertices=_reshaped(worn, piece, wardrobe, shaped))
    eased = vertex_normals(piece.vertices, piece.faces) * (worn.ease * _looseness(garment.role, piece.places, wardrobe))[:, None]
    return replace(piece, vertices=piece.vertices + eased)


def cut_level(worn: Worn, wardrobe: Wardrobe, places: np.ndarray) -> np.ndarray:
    """How far (metres) inside of the shortened leg's or sleeve's hem each place (V, 3) of the plain T-pose lies; negative is cut off."""
    at = wardrobe.plain.t_joints
    if worn.garment.role == "trousers":
        crotch, ankle = at[JOINT["left_hip"], 1] - 0.12, at[JOINT["left_ankle"], 1]
        return places[:, 1] - (ankle + worn.shorten * (crotch - ankle))
    shoulder, wrist = at[JOINT["left_shoulder"], 0] + 0.1, at[JOINT["left_wrist"], 0]
    return wrist - worn.shorten * (wrist - shoulder) - np.abs(places[:, 0])


def covered_skin(outfit: list[Worn], wardrobe: Wardrobe) -> np.ndarray:
    """True for the base vertices (19158,) that clothes hide: as the assets say, but for what a shortened leg or sleeve leaves bare."""
    covered = np.zeros(len(wardrobe.plain_t), bool)
    for worn in outfit:
        hides = worn.garment.clothing.hides
        if worn.shorten:
            hides = hides & (cut_level(worn, wardrobe, wardrobe.plain_t) > 0.02)
        covered |= hides
    return covered


def _opaque(piece: Piece) -> np.ndarray:
    """True for the faces (F,) that are not clear altogether, as spectacle lenses are."""
    alpha, side = piece.picture[..., 3], len(piece.picture)
    corners = piece.uv[piece.uv_faces]
    points = np.clip((np.concatenate([corners, corners.mean(axis=1, keepdims=True)], axis=1) * side).astype(int), 0, side - 1)
    return (alpha[side - 1 - points[..., 1], points[..., 0]] >= 128).any(axis=1)


def _reshaped(worn: Worn, piece: Piece, wardrobe: Wardrobe, shaped: Shaped) -> np.ndarray:
    """Vertices (V, 3) with the hem lowered by `stretch` and widened by `flare`."""
    joints, vertices = shaped.joints, piece.vertices.copy()
    waist = joints[JOINT["spine1"], 1]
    hip, ankle = joints[JOINT["left_hip"], 1], joints[JOINT["left_ankle"], 1] + 0.03
    arms = [JOINT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hand")]
    below = (vertices[:, 1] < waist) & (piece.weights[:, arms].sum(axis=1) < 0.3)
    low = vertices[below, 1].min() if below.any() else waist
    if worn.stretch != 1 and waist - low > 0.02:
        stretch = min(worn.stretch, (waist - ankle) / (waist - low))
        vertices[below, 1] = waist - (waist - vertices[below, 1]) * stretch
    if worn.flare and worn.garment.role == "trousers":
        _flare_legs(vertices, joints, worn.flare)
    elif worn.flare:
        wide = 1 + worn.flare * np.clip((hip + 0.08 - vertices[:, 1]) / (hip - ankle), 0, 1)
        centre = joints[JOINT["pelvis"], [0, 2]]
        vertices[:, [0, 2]] = np.where(below[:, None], centre + (vertices[:, [0, 2]] - centre) * wide[:, None], vertices[:, [0, 2]])
    return vertices


def _flare_legs(vertices: np.ndarray, joints: np.ndarray, flare: float) -> None:
    """Widens each trouser leg about the line hip-knee-ankle, from nothing at the crotch to the whole flare at the ankle."""
    for side, sign in (("left", 1), ("right", -1)):
        chain = joints[[JOINT[f"{side}_{name}"] for name in ("ankle", "knee", "hip")]]
        leg = (vertices[:, 0] * sign > 0) & (vertices[:, 1] < chain[2, 1] - 0.1)
        height = vertices[leg, 1]
        centre = np.stack([np.interp(height, chain[:, 1], chain[:, axis]) for axis in (0, 2)], axis=1)
        share = np.clip((chain[2, 1] - 0.1 - height) / (chain[2, 1] - 0.1 - chain[0, 1]), 0, 1)
        vertices[np.ix_(leg, [0, 2])] = centre + (vertices[np.ix_(leg, [0, 2])] - centre) * (1 + flare * share)[:, None]


def _looseness(role: str, places: np.ndarray, wardrobe: Wardrobe) -> np.ndarray:
    """How much of its ease a garment has at each place (V,): little at collar and waistband, all of it at hem and cuffs."""
    at = wardrobe.plain.t_joints
    if role in ("trousers", "skirt"):
        return np.clip((at[JOINT["spine1"], 1] - places[:, 1]) / 0.2, 0.1, 1)
    down = np.clip((at[JOINT["neck"], 1] - places[:, 1]) / 0.35, 0, 1)
    out = np.clip((np.abs(places[:, 0]) - at[JOINT["left_shoulder"], 0]) / 0.15, 0, 1)
    return np.clip(np.maximum(down, out), 0.1, 1)


def layered(pieces: list[Piece], layers: list[int], skin: np.ndarray, skin_faces: np.ndarray, most: float = 0.05) -> list[Piece]:
    """The garments, inside first, each pushed out of the skin and of those below it, by `most` metres at the most."""
    below = [(skin, vertex_normals(skin, skin_faces), SKIN_GAP)]
    done: list[Piece] = []
    for piece, layer in zip(pieces, layers, strict=True):
        vertices = piece.vertices
        for points, normals, gap in below if layer < 5 else ():
            vertices = pushed_out(vertices, points, normals, gap, most)
        done.append(replace(piece, vertices=vertices))
        if layer < 5:
            below.append((vertices, vertex_normals(vertices, piece.faces), LAYER_GAP))
    return done


def pushed_out(vertices: np.ndarray, points: np.ndarray, normals: np.ndarray, gap: float, most: float) -> np.ndarray:
    """Vertices (V, 3), each at least `gap` metres in front of the surface (points and normals (N, 3)) where that is within reach."""
    distance, near = cKDTree(points).query(vertices, k=3, distance_upper_bound=most)
    found = np.isfinite(distance[:, 0])
    here = np.where(np.isfinite(distance[found]), near[found], near[found, :1])
    closeness = 1 / (np.where(np.isfinite(distance[found]), distance[found], most) + 1e-3)
    closeness /= closeness.sum(axis=1, keepdims=True)
    normal = np.einsum("nk,nkc->nc", closeness, normals[here])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    ahead = np.einsum("nc,nc->n", vertices[found] - np.einsum("nk,nkc->nc", closeness, points[here]), normal)
    moved = vertices.copy()
    moved[found] += np.clip(gap - ahead, 0, most)[:, None] * normal
    return moved


def without_hidden(pieces: list[Piece], layers: list[int]) -> list[Piece]:
    """The garments without the faces that lie well under a garment farther out."""
    shown = []
    for piece, layer in zip(pieces, layers, strict=True):
        hidden = np.zeros(len(piece.vertices), bool)
        for outer, outer_layer in zip(pieces, layers, strict=True):
            if layer < outer_layer < 5 and piece.label != "other":
                hidden |= _under(piece.vertices, outer)
        shown.append(piece.with_faces(~hidden[piece.faces].all(axis=1)))
    return shown


def _under(vertices: np.ndarray, outer: Piece) -> np.ndarray:
    """True for the vertices (V,) behind the outer garment, near it and away from its hems."""
    distance, near = cKDTree(outer.vertices).query(vertices, distance_upper_bound=0.06)
    found = np.isfinite(distance)
    near = np.where(found, near, 0)
    behind = np.einsum("vc,vc->v", vertices - outer.vertices[near], vertex_normals(outer.vertices, outer.faces)[near]) < 0
    to_hem = cKDTree(outer.vertices[rim(outer.faces)]).query(outer.vertices[near])[0]
    return found & behind & (to_hem > UNDER)


def folded(rng: Generator, piece: Piece, pose: np.ndarray, wardrobe: Wardrobe, waves) -> np.ndarray:
    """Vertices (V, 3), T-pose, with folds: low waves all over, and creases across arms and legs where elbows and knees bend."""
    at, places = wardrobe.plain.t_joints, piece.places
    height = rng.uniform(0.0005, 0.003) * (1 + waves(rng, places, rng.uniform(0.05, 0.14), 6))
    wobble = waves(rng, places, 0.1, 4)
    for joint in ("elbow", "knee"):
        for side, sign in (("left", 1), ("right", -1)):
            limb = "shoulder" if joint == "elbow" else "hip"
            share = piece.weights[:, [JOINT[f"{side}_{limb}"], JOINT[f"{side}_{joint}"]]].sum(axis=1)
            along = places[:, 0 if joint == "elbow" else 1] - at[JOINT[f"{side}_{joint}"], 0 if joint == "elbow" else 1]
            bent = min(float(np.linalg.norm(pose[JOINT[f"{side}_{joint}"]])), 1.6) / 1.6
            crease = 1 + np.sin(along * sign * 2 * np.pi / 0.05 + 2 * wobble)
            height += share * (0.001 + 0.004 * bent) * crease * np.exp(-((along / 0.09) ** 2))
    height = np.clip(height, 0, 0.012) * (piece.label == "cloth")
    return piece.vertices + vertex_normals(piece.vertices, piece.faces) * height[:, None]


def skin_vertices(figure: Figure, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The person's vertices (V, 3) out of hm08's, and their faces (F, 3)."""
    return rest[figure.person.kept], figure.person.faces
