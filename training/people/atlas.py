"""A pack person's texture read closely: which face each texel shows, which texels were seen, and what each face is.

Faces are skin, hair, cloth, shoe or other (`character.LABELS`), told from the material's name, the bone that moves them, where they are,
and how near their colour is to that of the person's own face. Worked out once per person.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray
from scipy.ndimage import distance_transform_edt

from core.camera import Camera
from core.skeleton import JOINT, JOINT_NAMES
from core.surface.raster import rasterise
from training.people.character import LABELS
from training.rocketbox import RocketboxPerson, load_person

LABEL = {name: number for number, name in enumerate(LABELS)}
CLOTH_MATERIALS = ("hat", "keffiyeh", "protection", "mask")
PLACES = np.concatenate([np.full((1, 3), 1 / 3), 0.15 + 0.55 * np.eye(3), 0.425 - 0.275 * np.eye(3)])
"""Seven places on a face, barycentric: the middle, towards the corners, towards the edges."""
SOFT, FEWEST = 2.0, 50
"""Texels: how softly skin, hair and cloth go over into each other; and how many of a kind are too few to know its colour."""
PROPS = ("helmet", "glasses", "tools", "flashlight", "stetoskop", "equipment", "combat_knife", "pistol", "shotgun", "machinegun")
BARE = {
    "hand": 26.0,
    "wrist": 26.0,
    "elbow": 15.0,
    "neck": 15.0,
    "knee": 12.0,
    "shoulder": 13.0,
    "ankle": 11.0,
    "collar": 10.0,
    "foot": 11.0,
    "hip": 10.0,
}
"""How far (in Lab's a, b and a third of L) a face of the body's material may be from the person's skin to be bare, by what moves it: hands
seldom wear gloves, and a beige coat is no chest."""
BARE_TORSO = 7.0
FACE_SKIN, SCALP = 24.0, 9.0
"""The same for the head's material, whose skin runs from cheek to ear and beard shadow; and for crown and back, where hair may be blond."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """A person's picture, read.

    texture (T, T, 3) uint8 sRGB; alpha (T, T) uint8 or None; trusted (T, T) uint8, 255 where the preview showed the texel; label (F,);
    part (F,): SMPL's joint that moves the face most; skin, hair, cloth (T, T) uint8: how much of that each texel is, soft at borders;
    skin_lab (3,): the face's skin in Lab.
    """

    person: RocketboxPerson
    texture: ndarray
    alpha: ndarray | None
    trusted: ndarray
    label: ndarray
    part: ndarray
    skin: ndarray
    hair: ndarray
    cloth: ndarray
    skin_lab: ndarray


@lru_cache(maxsize=128)
def read_atlas(folder: Path, name: str) -> Atlas:
    """One person of the pack, read. Raises FileNotFoundError where the folder has no such person."""
    person = load_person(folder, name)
    with np.load(Path(folder) / "people" / f"{name}.npz") as file:
        seen, material = file["vertex_seen"].astype(np.float64), file["face_material"]
        materials = [str(whole).split("_", 1)[-1] for whole in file["material_names"]]
    texture = cv2.imread(str(person.texture))
    if texture is None:
        raise FileNotFoundError(f"{person.texture} is no picture that can be read")
    texture = np.ascontiguousarray(texture[..., ::-1])
    alpha = cv2.imread(str(person.alpha), cv2.IMREAD_GRAYSCALE) if person.alpha else None
    face, known = unwrapped(person, len(texture), seen)
    part = moving_joint(person)[person.faces[:, 0]]
    colours = face_colours(person, texture)
    names = np.array(materials)[material]
    skin = face_skin(person, names, colours)
    label = face_labels(person, names, part, colours, skin)
    shares = {name: label_share(label[face] == LABEL[name]) for name in ("skin", "hair", "cloth")}
    return Atlas(person, texture, alpha, known, label, part, skin_lab=skin, **shares)


def label_share(marked: ndarray) -> ndarray:
    """How much of each texel (T, T) uint8 is what is marked (T, T): soft at the borders. Nothing where too little is marked to tell."""
    soft = cv2.GaussianBlur(np.where(marked, 255, 0).astype(np.uint8), (0, 0), SOFT)
    return soft if (soft > 200).sum() > FEWEST else np.zeros_like(soft)


def unwrapped(person: RocketboxPerson, side: int, seen: ndarray) -> tuple[ndarray, ndarray]:
    """Which face each texel shows (T, T), and 255 where it was seen, 0 where filled in (T, T) uint8. seen (V,) is 1 or 0.

    The picture is drawn as a camera sees it, the sheet one metre away. Where two parts share texels, the seen one lies on top.
    """
    sheet = np.column_stack([person.uv[:, 0], 1 - person.uv[:, 1], 1 + 1e-6 * (1 - seen)])
    sheet[:, :2] *= sheet[:, 2:]
    drawn = rasterise(sheet, person.faces, Camera(np.array([side, side, 0.0, 0.0]), np.eye(3), np.zeros(3), np.array([side, side])))
    known = drawn.interpolate(person.faces, seen[:, None])[..., 0] > 0.5
    near = distance_transform_edt(drawn.face < 0, return_distances=False, return_indices=True)
    return drawn.face[tuple(near)], np.where(known[tuple(near)], 255, 0).astype(np.uint8)


def moving_joint(person: RocketboxPerson) -> ndarray:
    """SMPL's joint (V,) that moves each vertex most; fingers count as the hand, everything on the head as the head."""
    rows = {rig: number for number, rig in enumerate(person.smpl_rows)}
    of_rig = np.zeros(len(person.parents), dtype=int)
    for joint, parent in enumerate(person.parents):
        name = person.joint_names[joint]
        hand = "Finger" in name
        of_rig[joint] = JOINT["left_hand" if " L " in name else "right_hand"] if hand else rows.get(joint, of_rig[max(parent, 0)])
    return of_rig[person.skin_joints[np.arange(len(person.skin_joints)), person.skin_weights.argmax(axis=1)]]


def face_colours(person: RocketboxPerson, texture: ndarray) -> ndarray:
    """Lab (F, 3), L 0..100, of each face: the mean of seven places on it, as parts of the person may share texels."""
    lab = cv2.cvtColor(cv2.GaussianBlur(texture, (0, 0), 0.8).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    places = np.einsum("pk,fkc->fpc", PLACES, person.uv[person.faces])
    columns = np.clip(places[..., 0] * texture.shape[1], 0, texture.shape[1] - 1).astype(int)
    rows = np.clip((1 - places[..., 1]) * texture.shape[0], 0, texture.shape[0] - 1).astype(int)
    return lab[rows, columns].mean(axis=1).astype(np.float64)


# --- what is what -----------------------------------------------------------------------------------------------------------------


def face_skin(person: RocketboxPerson, names: ndarray, colours: ndarray) -> ndarray:
    """The skin's Lab (3,): the median of what has a skin's colour at the front of the face, else on the head, else on the hands; NaN where
    a mask and gloves leave none."""
    middle, (low, high, front) = person.vertices[person.faces].mean(axis=1), _head_box(person)
    up, head = (middle[:, 1] - low) / (high - low), names == "head"
    at_front = head & (up > 0.2) & (up < 0.5) & (middle[:, 2] > front - 0.05) & (np.abs(middle[:, 0]) < 0.06)
    hands = np.isin(moving_joint(person)[person.faces[:, 0]], [JOINT["left_hand"], JOINT["right_hand"]])
    for group in (at_front, head, hands):
        found = group & could_be_skin(colours)
        if found.sum() > max(20, 0.2 * group.sum()):
            return np.median(colours[found], axis=0)
    return np.full(3, np.nan)


def could_be_skin(colours: ndarray) -> ndarray:
    """Whether Lab colours (F, 3) are any person's: reddish yellow, neither vivid nor grey (F,)."""
    lightness, red, yellow = colours.T
    return (lightness > 12) & (lightness < 95) & (red > 3) & (red < 36) & (yellow > 4) & (yellow < 46) & (yellow < 4 * red)


def _head_box(person: RocketboxPerson) -> tuple[float, float, float]:
    """Heights of chin and crown, and how far out the face is (z), metres: of what the head moves, cards left out."""
    solid = np.zeros(len(person.vertices), dtype=bool)
    solid[person.faces[~person.cards]] = True
    head = person.vertices[solid & (moving_joint(person) == JOINT["head"])]
    return (float(head[:, 1].min()), float(head[:, 1].max()), float(head[:, 2].max())) if len(head) else (0.0, 1.0, 0.0)


def skin_distance(colours: ndarray, skin: ndarray) -> ndarray:
    """How far colours (F, 3) are from the skin: in Lab with lightness, which shade and make-up change, at a third."""
    return np.nan_to_num(np.linalg.norm((colours - skin) * [1 / 3, 1, 1], axis=1), nan=99.0)


def face_labels(person: RocketboxPerson, names: ndarray, part: ndarray, colours: ndarray, skin: ndarray) -> ndarray:
    """Number in LABELS per face (F,) uint8."""
    middle, (chin, crown, front) = person.vertices[person.faces].mean(axis=1), _head_box(person)
    away = skin_distance(colours, skin)
    on_head = part == JOINT["head"]
    label = np.full(len(part), LABEL["other"], dtype=np.uint8)
    label[np.isin(names, CLOTH_MATERIALS)] = LABEL["cloth"]
    body = ~np.isin(names, ("head", "opacity", *PROPS, *CLOTH_MATERIALS))
    bare_legs = (away < BARE["hip"])[body & np.isin(part, [JOINT["left_hip"], JOINT["right_hip"]])]
    torso = BARE_TORSO if bare_legs.mean() < 0.8 else 2 * BARE_TORSO  # a bathing suit
    limit = np.array([BARE.get(name.split("_")[-1], torso) for name in JOINT_NAMES])
    label[body] = np.where(away < limit[part], LABEL["skin"], LABEL["cloth"])[body]
    feet = np.isin(part, [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("ankle", "foot")])
    ankle = person.bind[person.smpl_rows, 1, 3][[JOINT["left_ankle"], JOINT["right_ankle"]]].mean()
    label[body & feet & (middle[:, 1] < 1.15 * ankle) & (label != LABEL["skin"])] = LABEL["shoe"]
    up = (middle[:, 1] - chin) / (crown - chin)
    head = names == "head"
    label[head] = LABEL["skin"]
    crown_or_back = (up > 0.85) | ((middle[:, 2] < front - 0.13) & (up > 0.3))
    hairy = head & on_head & (away > np.where(crown_or_back, SCALP, FACE_SKIN)) & ((up > 0.72) | (middle[:, 2] < front - 0.09))
    label[hairy | (names == "opacity")] = LABEL["hair"]
    label[(names == "opacity") & (~on_head | np.isnan(skin).any())] = LABEL["cloth"]  # fringes; a visor
    label[head & ~on_head & (away > FACE_SKIN)] = LABEL["cloth"]
    label[head & _eyes(person)] = LABEL["other"]
    return smoothed_labels(person, label, body | head)


def _eyes(person: RocketboxPerson) -> ndarray:
    eyes = [number for number, name in enumerate(person.joint_names) if name.endswith("Eye")]
    moved = person.skin_joints[np.arange(len(person.skin_joints)), person.skin_weights.argmax(axis=1)]
    return np.isin(moved, eyes)[person.faces].all(axis=1)


def smoothed_labels(person: RocketboxPerson, label: ndarray, where: ndarray, rounds: int = 3) -> ndarray:
    """The labels with lone faces given to what surrounds them, where asked: each face takes its corners' most common label."""
    corners = person.same_point[person.faces]
    for _ in range(rounds):
        votes = np.zeros((corners.max() + 1, len(LABELS)))
        np.add.at(votes, corners.ravel(), np.repeat(np.eye(len(LABELS))[label], 3, axis=0))
        around = votes[corners].sum(axis=1) + 1.5 * np.eye(len(LABELS))[label]
        label = np.where(where, around.argmax(axis=1), label).astype(np.uint8)
    return label
