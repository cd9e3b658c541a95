"""A composed person: a MakeHuman body of their own, dressed from a wardrobe, in a pose.

Everything is fitted to the body in MakeHuman's rest pose, carried into SMPL's T-pose and posed by SMPL's rotations with the skin weights
of the open body, so that the open body's numbers are the truth for the person inside.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.random import Generator

from core.skeleton import JOINT, posed_joints
from training.makehuman.figure import Shaped, posed, with_bent_fingers
from training.makehuman.fingers import sample_hands
from training.people import garments, heads, layers
from training.people.arms import off_the_body
from training.people.character import BodyTruth, DressedPerson
from training.people.cloth import of_one_cloth, repainted
from training.people.exact_body import OpenBody, body_truth, open_body
from training.people.joined import Joined, joined
from training.people.long_hair import grown
from training.people.outfits import Worn, choose_outfit
from training.people.piece import Piece, vertex_normals
from training.people.relief import folded
from training.people.wardrobe import Wardrobe, open_wardrobe
from training.people.who import Who, sample_who
from training.poses import SampledPose

GROWN = {"female": 0.6, "male": 0.15}
"""In training: share of people without a hat whose hair is grown to measure."""
ANY_COLOUR = 0.6
"""In training: share of those whose hair has any colour, whoever they are: what is told apart is hair and skin, and dark hair is easy."""


@dataclass(frozen=True, eq=False)
class ComposedAssets:
    """What composing needs: the wardrobe (which brings the base mesh) and the open body."""

    wardrobe: Wardrobe
    body: OpenBody


def open_composed(folders: list[Path], weights: Path = Path("weights")) -> ComposedAssets:
    """The assets in the folders that are laid out as MakeHuman's; half a minute of reading, done once. Raises AssetFileError,
    FileNotFoundError, BodyFileInvalid."""
    return ComposedAssets(open_wardrobe(folders), open_body(weights))


@dataclass(frozen=True, eq=False)
class Outfitted:
    """Someone dressed, in MakeHuman's rest pose. head, clothes: their pieces, the skin first, garments as `outfit` has them; hands
    (2, 5, 3, 3): how the fingers are held; facts: who they are and what they wear."""

    shaped: Shaped
    outfit: list[Worn]
    head: list[Piece]
    clothes: list[Piece]
    hands: np.ndarray
    facts: dict


def compose_person(rng: Generator, assets: ComposedAssets, pose: SampledPose, held_out: bool = False) -> DressedPerson:
    """A random person in the pose. held_out: dressed, as far as there is a choice, in what no training may see."""
    return in_pose(rng, assets, outfitted(rng, assets.wardrobe, held_out), pose)


def outfitted(rng: Generator, wardrobe: Wardrobe, held_out: bool = False) -> Outfitted:
    """A random person, dressed. held_out: see `compose_person`."""
    who = sample_who(rng, len(wardrobe.figure.base))
    shaped = who.shaped(wardrobe.figure)
    outfit = choose_outfit(rng, wardrobe, who, held_out)
    clothes, prints = dressed(rng, outfit, wardrobe, shaped)
    head, facts = with_head(rng, wardrobe, who, shaped, outfit, clothes, held_out)
    hands, holds = sample_hands(rng)
    facts |= {"sex": who.sex, "years": round(who.years, 1), "height": round(who.height, 3), "ethnicity": who.ethnicity, "hands": holds}
    facts |= {"garments": [worn.garment.name for worn in outfit], "prints": prints}
    return Outfitted(shaped, outfit, head, clothes, hands, facts)


def in_pose(rng: Generator, assets: ComposedAssets, someone: Outfitted, pose: SampledPose) -> DressedPerson:
    """That person in the pose, the clothes settled on the posed body."""
    figure, shaped = assets.wardrobe.figure, someone.shaped
    nude = shaped.t_posed(shaped.rest, figure.weights)
    turned = off_the_body(pose.pose, nude[figure.person.kept], figure.weights[figure.person.kept], shaped.t_joints)
    everything = t_posed_pieces(rng, someone, assets.wardrobe, turned)
    everything = [replace(piece, vertices=posed(piece.vertices, piece.weights, turned, shaped.t_joints)) for piece in everything]
    neck = assets.wardrobe.plain.t_joints[JOINT["neck"], 1]
    everything = settled(everything, len(someone.head), [worn.layer for worn in someone.outfit], neck)
    mesh, joints = joined(everything), posed_joints(turned, shaped.t_joints)
    ground = ground_below(mesh, joints)
    bare = everything[0].vertices[np.unique(everything[0].faces)]
    truth = body_truth(assets.body, nude[figure.person.kept], turned, joints - ground, bare - ground)
    facts = someone.facts | {"pose": pose.kind, "pose_source": pose.source}
    return as_person(f"composed-{rng.integers(2**48):012x}", mesh, joints, truth, facts)


def t_posed_pieces(rng: Generator, someone: Outfitted, wardrobe: Wardrobe, pose: np.ndarray) -> list[Piece]:
    """Head and clothes in the T-pose, cloth with the folds that the pose (24, 3) makes, fingers bent."""
    figure, shaped = wardrobe.figure, someone.shaped
    everything = [t_posed(rng, piece, shaped, pose, wardrobe) for piece in someone.head + someone.clothes]
    skin = everything[0]
    bent = with_bent_fingers(skin.vertices, figure.fingers[figure.person.kept], shaped.knuckles, someone.hands)
    return [replace(skin, vertices=bent), *everything[1:]]


def ground_below(mesh: Joined, joints: np.ndarray) -> np.ndarray:
    """The point (3,) of the ground below the pelvis of a posed mesh with joints (24, 3)."""
    return np.array([joints[JOINT["pelvis"], 0], mesh.vertices[np.unique(mesh.faces), 1].min(), joints[JOINT["pelvis"], 2]])


def as_person(name: str, mesh: Joined, joints: np.ndarray, truth: BodyTruth, facts: dict) -> DressedPerson:
    """A posed mesh with joints (24, 3) as a person who stands on the ground; truth: on the ground already."""
    ground = ground_below(mesh, joints)
    return DressedPerson(
        name=name,
        family="composed",
        vertices=mesh.vertices - ground,
        same_point=mesh.same_point,
        faces=mesh.faces,
        cards=mesh.cards,
        label=mesh.label,
        uv=mesh.uv,
        texture=mesh.texture,
        alpha=mesh.alpha,
        trusted=None,
        joints=joints - ground,
        body=truth,
        facts=facts,
    )


def dressed(rng: Generator, outfit: list[Worn], wardrobe: Wardrobe, shaped: Shaped) -> tuple[list[Piece], list[str]]:
    """The outfit on the body in the rest pose, repainted, what is under something else left out; and what was painted on each."""
    pieces, order = [garments.on_body(worn, wardrobe, shaped) for worn in outfit], [worn.layer for worn in outfit]
    person = wardrobe.figure.person
    skin_faces = person.faces[(person.faces < 13380).all(axis=1)]
    pieces = layers.layered(pieces, order, shaped.rest[person.kept], skin_faces)
    pieces = layers.without_hidden(pieces, order)
    painted = {worn: repainted(rng, worn.garment.picture, *worn.garment.pixel_places, worn.garment.role) for worn in outfit}
    if one_cloth := [worn for worn in outfit if worn.one_cloth]:
        pictures, what = of_one_cloth(rng, [(worn.garment.picture, *worn.garment.pixel_places) for worn in one_cloth])
        painted |= {worn: (picture, what) for worn, picture in zip(one_cloth, pictures, strict=True)}
    return [replace(piece, picture=painted[worn][0]) for worn, piece in zip(outfit, pieces, strict=True)], [
        painted[worn][1] for worn in outfit
    ]


def with_head(
    rng: Generator, wardrobe: Wardrobe, who: Who, shaped: Shaped, outfit: list[Worn], clothes: list[Piece], held_out: bool
) -> tuple[list[Piece], dict]:
    """Skin, eyes, brows, lashes and hair in the rest pose, skin first; and what they are."""
    skin, skins = heads.skin(rng, wardrobe, who, shaped, garments.covered_skin(outfit, wardrobe), held_out)
    colour = heads.hair_colour(rng, who)
    hat = next((piece for piece, worn in zip(clothes, outfit, strict=True) if worn.garment.role == "hat"), None)
    long = not held_out and hat is None and rng.random() < GROWN[who.sex]
    if long and rng.random() < ANY_COLOUR:
        colour = heads.any_hair_colour(rng)
    brow = wardrobe.brows[rng.integers(len(wardrobe.brows))]
    lash = wardrobe.lashes[rng.integers(len(wardrobe.lashes))]
    small = heads.LASHES_AND_BROWS
    face = [heads.worn_on_head(brow, shaped, 0.7 * colour, small), heads.worn_on_head(lash, shaped, np.full(3, 0.05), small)]
    style = None if long else heads.choose_hair(rng, wardrobe, who, hat is not None, held_out)
    hair = grown(rng, wardrobe, shaped, colour) if long else heads.worn_on_head(style, shaped, colour, 512) if style else None
    if hair is not None:
        skin = heads.with_scalp(skin, wardrobe, hair, colour)
        face.append(heads.below_hat(hair, hat) if hat is not None else hair)
    facts = {"hair": hair.name if hair else "none", "hair_colour": [round(float(part), 2) for part in colour], "skins": skins}
    return [skin, heads.eyes(rng, wardrobe, who, shaped), *face], facts


def t_posed(rng: Generator, piece: Piece, shaped: Shaped, pose: np.ndarray, wardrobe: Wardrobe) -> Piece:
    """The piece carried from the rest pose into the T-pose; cloth with its folds."""
    piece = replace(piece, vertices=shaped.t_posed(piece.vertices, piece.weights))
    return replace(piece, vertices=folded(rng, piece, pose, wardrobe.plain.t_joints)) if piece.label == "cloth" else piece


def settled(pieces: list[Piece], head: int, order: list[int], neck: float) -> list[Piece]:
    """Posed pieces (the first `head` of them skin, eyes and hair) with the clothes once more pushed off what they bend into, and long hair
    off both: what lies below `neck` (metres, plain T-pose)."""
    skin = pieces[0]
    clothes = layers.layered(pieces[head:], order, skin.vertices, skin.faces, 0.035)
    surfaces = [piece for piece, layer in zip(clothes, order, strict=True) if layer < layers.APART and piece.label == "cloth"]
    return [skin, *[_off(piece, [skin, *surfaces], neck) for piece in pieces[1:head]], *clothes]


def _off(hair: Piece, surfaces: list[Piece], neck: float) -> Piece:
    """Hair with what hangs below the neck (metres, plain T-pose) pushed off skin and clothes; anything else as it is."""
    hanging = np.flatnonzero(hair.places[:, 1] < neck)
    if hair.label != "hair" or not len(hanging):
        return hair
    vertices = hair.vertices.copy()
    for surface in surfaces:
        normals = vertex_normals(surface.vertices, surface.faces)
        vertices[hanging] = layers.pushed_out(vertices[hanging], surface.vertices, normals, layers.LAYER_GAP, 0.08)
    return replace(hair, vertices=vertices)
