"""Garments put on a body: fitted, cut, lengthened, flared and loosened as they are worn."""

from dataclasses import replace

import numpy as np

from core.skeleton import JOINT
from training.makehuman.figure import Shaped
from training.people.outfits import Worn, leg_ends
from training.people.piece import Piece, subdivided, trimmed, vertex_normals
from training.people.sewn import Sewn
from training.people.wardrobe import Wardrobe

FEW = 6000  # vertices; garments with fewer get their faces cut in four, so that folds have room


def on_body(worn: Worn, wardrobe: Wardrobe, shaped: Shaped) -> Piece:
    """The garment on this body in the rest pose, cut and loosened as it is worn; with its own picture still."""
    garment = worn.garment
    if isinstance(garment, Sewn):
        piece = garment.on(shaped)
        return replace(piece, weights=hung(piece.weights, piece.vertices, shaped.joints))
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
    piece = piece.compacted()
    piece = subdivided(piece) if len(piece.vertices) < FEW else piece
    piece = replace(piece, vertices=_reshaped(worn, piece, shaped))
    if garment.role in ("skirt", "dress"):
        piece = replace(piece, weights=hung(piece.weights, piece.vertices, shaped.joints))
    eased = vertex_normals(piece.vertices, piece.faces) * (worn.ease * _looseness(garment.role, piece.places, wardrobe))[:, None]
    return replace(piece, vertices=piece.vertices + eased)


def cut_level(worn: Worn, wardrobe: Wardrobe, places: np.ndarray) -> np.ndarray:
    """How far (metres) inside of the shortened leg's or sleeve's hem each place (V, 3) of the plain T-pose lies; negative is cut off."""
    at = wardrobe.plain.t_joints
    if worn.garment.role == "trousers":
        crotch, ankle = leg_ends(wardrobe)
        return places[:, 1] - (ankle + worn.shorten * (crotch - ankle))
    shoulder, wrist = at[JOINT["left_shoulder"], 0] + 0.1, at[JOINT["left_wrist"], 0]
    return wrist - worn.shorten * (wrist - shoulder) - np.abs(places[:, 0])


def covered_skin(outfit: list[Worn], wardrobe: Wardrobe) -> np.ndarray:
    """True for the base vertices (19158,) that clothes hide: as the assets say, but for what a shortened leg or sleeve leaves bare."""
    covered = np.zeros(len(wardrobe.plain_t), bool)
    for worn in outfit:
        hides = worn.garment.hides
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


def _reshaped(worn: Worn, piece: Piece, shaped: Shaped) -> np.ndarray:
    """Vertices (V, 3) with the hem lowered by `stretch` and widened by `flare`."""
    joints, vertices = shaped.joints, piece.vertices.copy()
    waist = joints[JOINT["spine2" if worn.garment.role == "top" else "spine1"], 1]
    hip, ankle = joints[JOINT["left_hip"], 1], joints[JOINT["left_ankle"], 1] + 0.03
    arms = [JOINT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hand")]
    below = (vertices[:, 1] < waist) & (piece.weights[:, arms].sum(axis=1) < 0.3)
    low = vertices[below, 1].min() if below.any() else waist
    if worn.stretch != 1 and waist - low > 0.02:
        lowest = hip - 0.04 if worn.garment.role == "top" else ankle
        stretch = max(1.0, min(worn.stretch, (waist - lowest) / (waist - low)))
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


def hung(weights: np.ndarray, vertices: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Skin weights (V, 24) of a skirt: what hangs below the hips follows both thighs, by how far left or right it is, so that the cloth
    between the legs spans from one to the other; below the knees it follows the shanks in part. vertices (V, 3), joints: rest pose."""
    hip, knee = joints[JOINT["left_hip"]], joints[JOINT["left_knee"]]
    free = smooth((hip[1] - 0.02 - vertices[:, 1]) / 0.14)
    left = smooth(0.5 + vertices[:, 0] / (2.4 * hip[0] + 0.02))
    low = 0.75 * smooth((knee[1] + 0.05 - vertices[:, 1]) / 0.2)
    hanging = np.zeros_like(weights)
    for side, share in (("left", left), ("right", 1 - left)):
        hanging[:, JOINT[f"{side}_hip"]], hanging[:, JOINT[f"{side}_knee"]] = share * (1 - low), share * low
    return (1 - free)[:, None] * weights + free[:, None] * hanging


def smooth(way: np.ndarray) -> np.ndarray:
    """0 before 0, 1 after 1, without a corner between."""
    way = np.clip(way, 0, 1)
    return way * way * (3 - 2 * way)


def _looseness(role: str, places: np.ndarray, wardrobe: Wardrobe) -> np.ndarray:
    """How much of its ease a garment has at each place (V,): little at collar and waistband, all of it at hem and cuffs."""
    at = wardrobe.plain.t_joints
    if role in ("trousers", "skirt"):
        return np.clip((at[JOINT["spine1"], 1] - places[:, 1]) / 0.2, 0.1, 1)
    down = np.clip((at[JOINT["neck"], 1] - places[:, 1]) / 0.35, 0, 1)
    out = np.clip((np.abs(places[:, 0]) - at[JOINT["left_shoulder"], 0]) / 0.15, 0, 1)
    return np.clip(np.maximum(down, out), 0.1, 1)
