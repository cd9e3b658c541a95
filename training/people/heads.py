"""Skin, eyes, brows, lashes and hair: what every person has, coloured by age and ethnicity."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from core.skeleton import JOINT
from training.makehuman.figure import Shaped
from training.people.piece import Piece
from training.people.wardrobe import Wardrobe, Wearable, allowed
from training.people.who import Who

HAIR_COLOURS = {  # sRGB, and how often among people of African, Asian and European looks
    (20, 18, 17): (0.75, 0.6, 0.12), (44, 32, 26): (0.2, 0.28, 0.2), (84, 58, 40): (0.03, 0.06, 0.25), (120, 86, 56): (0.01, 0.03, 0.18),
    (176, 138, 92): (0.0, 0.01, 0.14), (206, 178, 132): (0.0, 0.0, 0.06), (124, 58, 34): (0.01, 0.02, 0.05),
}  # fmt: skip
GREY = ((128, 126, 124), (186, 184, 180), (216, 214, 210))
AGES = {"young": 25, "middleage": 48, "old": 70}
EYE_CENTRES = ((0.71, 0.71), (0.288, 0.294))  # of the two eyeballs in MakeHuman's pictures of eyes, v up; both may serve either eye
EYE_RADIUS, EYE_ANGLE = 0.262, np.radians(68)  # that radius shows the ball up to this angle from the gaze
LASHES_AND_BROWS = 256


def hair_colour(rng: Generator, who: Who) -> np.ndarray:
    """The person's hair colour (3,), sRGB 0..1; grey comes with age."""
    if rng.random() < np.clip((who.years - 38) / 35, 0, 0.92):
        colour = GREY[rng.integers(len(GREY))]
    else:
        shares = np.array(list(HAIR_COLOURS.values())) @ [who.ethnicity[name] for name in ("african", "asian", "caucasian")]
        colour = list(HAIR_COLOURS)[rng.choice(len(shares), p=shares / shares.sum())]
    return np.clip(np.array(colour) / 255 * rng.uniform(0.8, 1.2) + rng.normal(0, 0.01, 3), 0.02, 0.95)


def any_hair_colour(rng: Generator) -> np.ndarray:
    """A hair colour (3,), sRGB 0..1, whoever it is: each as likely, grey ones too."""
    known = [*HAIR_COLOURS, *GREY]
    return np.clip(np.array(known[rng.integers(len(known))]) / 255 * rng.uniform(0.8, 1.2) + rng.normal(0, 0.015, 3), 0.02, 0.95)


def choose_hair(rng: Generator, wardrobe: Wardrobe, who: Who, hat: bool, validation: bool) -> Wearable | None:
    """A hair style for this person's sex, short under a hat; none for some men and few women."""
    if rng.random() < (0.03 + 0.3 * np.clip((who.years - 30) / 40, 0, 1) if who.sex == "male" else 0.01):
        return None
    styles = [hair for hair in wardrobe.hair if who.sex in hair.clothing.tags or not {"male", "female"} & hair.clothing.tags]
    if who.sex == "female" and rng.random() < 0.2:
        styles = [hair for hair in wardrobe.hair if "short" in hair.clothing.tags] or styles
    if hat:
        styles = [hair for hair in styles if "long" not in hair.clothing.tags] or styles
    shares = np.array([1.0 if "afro" not in hair.clothing.tags else 0.04 + 2.5 * who.ethnicity["african"] ** 2 for hair in styles])
    shares *= allowed([hair.name for hair in styles], wardrobe.kept["hair"], validation)
    if not shares.any():
        return None
    return styles[rng.choice(len(styles), p=shares / shares.sum())]


def worn_on_head(asset: Wearable, shaped: Shaped, colour: np.ndarray, side: int) -> Piece:
    """Hair, brows or lashes on this head, rest pose, in this colour: alpha-tested cards."""
    clothing = asset.clothing
    vertices = clothing.fitted(shaped.rest / shaped.scale) * shaped.scale
    light = cv2.cvtColor(asset.picture[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)
    middle = max(float(np.median(light[asset.picture[..., 3] >= 128])), 12.0)
    shade = np.clip((light / middle) ** (0.7 - 0.45 * colour.mean()), 0.35 + 0.35 * colour.mean(), min(1.7, 0.97 / colour.max()))
    picture = np.dstack([np.uint8(np.clip(255 * shade[..., None] * colour, 0, 255)), asset.picture[..., 3]])
    return Piece(
        asset.name, "hair", vertices, asset.weights, asset.places, clothing.faces, clothing.uv, clothing.uv_faces, picture, True, side
    )


def below_hat(hair: Piece, hat: Piece) -> Piece:
    """The hair without what would stand through the hat: faces above its band."""
    near = cKDTree(hair.vertices).query(hat.vertices)[0] < 0.03
    band = hat.vertices[near, 1].min() if near.any() else hat.vertices[:, 1].min()
    return hair.with_faces((hair.vertices[hair.faces, 1] < band + 0.015).all(axis=1))


def skin(rng: Generator, wardrobe: Wardrobe, who: Who, shaped: Shaped, hidden: np.ndarray, validation: bool) -> tuple[Piece, str]:
    """The skin where no clothes cover it (hidden (19158,)), rest pose, and which skins it is mixed from."""
    figure = wardrobe.figure
    person = figure.person
    bare = (person.faces < 13380).all(axis=1) & ~hidden[person.kept][person.faces].all(axis=1)
    picture, names = skin_picture(rng, wardrobe, who, validation)
    piece = Piece(
        "skin", "skin", shaped.rest[person.kept], figure.weights[person.kept], wardrobe.plain_t[person.kept], person.faces, person.uv,
        person.uv_faces, picture, False, 1024,
    )  # fmt: skip
    return piece.with_faces(bare), names


def skin_picture(rng: Generator, wardrobe: Wardrobe, who: Who, validation: bool) -> tuple[np.ndarray, str]:
    """RGBA (1024, 1024, 4): skins of the person's sex and about their age, mixed as their ethnicity is, then tinted."""
    names = [name for name in wardrobe.skins if ("female" in name) == (who.sex == "female")] or list(wardrobe.skins)
    names = [name for name, use in zip(names, allowed(names, wardrobe.kept["skins"], validation), strict=True) if use]
    mixed, total, used = 0.0, 0.0, []
    for ethnicity, share in who.ethnicity.items():
        same = [name for name in names if ethnicity in name]
        if share > 0.15 and same:
            off = np.array([abs(AGES.get(name.split("_")[0], 35) - who.years) for name in same])
            name = same[rng.choice(len(same), p=np.exp(-off / 8) / np.exp(-off / 8).sum())]
            mixed, total, used = mixed + share * _square(wardrobe, name), total + share, [*used, name]
    if not used:
        used = [names[rng.integers(len(names))]]
        mixed, total = _square(wardrobe, used[0]), 1.0
    tint = rng.uniform(0.88, 1.08) * (1 + rng.normal(0, 0.02, 3))
    colour = np.uint8(np.clip(mixed / total * tint, 0, 255))
    return np.dstack([colour, np.full(colour.shape[:2], 255, np.uint8)]), "+".join(used)


def _square(wardrobe: Wardrobe, name: str) -> np.ndarray:
    return cv2.resize(wardrobe.picture(wardrobe.skins[name])[..., :3], (1024, 1024)).astype(np.float32)


def with_scalp(piece: Piece, wardrobe: Wardrobe, hair: Piece, colour: np.ndarray) -> Piece:
    """The skin with its scalp in the hair's colour where hair lies on it, so that nothing light shows between the strands."""
    figure = wardrobe.figure
    head = figure.weights[figure.person.kept, JOINT["head"]] > 0.6
    distance, _ = cKDTree(hair.vertices).query(piece.vertices[head], distance_upper_bound=0.05)
    covered = np.zeros(len(piece.vertices), np.float32)
    covered[head] = np.clip((0.028 - distance) / 0.012, 0, 1) * np.clip(above_hairline(wardrobe, piece.places[head]) / 0.012, 0, 1)
    mask = wardrobe.skin_raster.interpolate(figure.person.faces, covered[:, None])
    mask = 0.9 * cv2.GaussianBlur(mask, (0, 0), 4)[..., None]
    picture = piece.picture.copy()
    picture[..., :3] = np.uint8((1 - mask) * picture[..., :3] + mask * 255 * 0.75 * colour)
    return replace(piece, picture=picture)


def above_hairline(wardrobe: Wardrobe, places: np.ndarray) -> np.ndarray:
    """How far (metres) places (V, 3) of the plain T-pose lie above the line on which hair begins: nape, ears, temples, forehead."""
    eye = wardrobe.plain_t[wardrobe.figure.person.kept[wardrobe.figure.person.kept >= 13380]].mean(axis=0)
    behind = places[:, 2] - eye[2]
    return places[:, 1] - eye[1] - np.interp(behind, [-0.16, -0.105, -0.03, 0.02], [-0.075, 0.005, 0.05, 0.075])


def eyes(rng: Generator, wardrobe: Wardrobe, who: Who, shaped: Shaped) -> Piece:
    """Both eyeballs, rest pose. Iris and white are laid on from the front: angle from the gaze is distance from the picture's middle."""
    figure = wardrobe.figure
    person = figure.person
    faces = person.faces[(person.faces >= 13380).all(axis=1)]
    kept, corners = np.unique(faces, return_inverse=True)
    numbers = person.kept[kept]
    rest, uv = shaped.rest[numbers], np.zeros((len(kept), 2))
    for left in (True, False):
        ball = (figure.base[numbers, 0] > 0) == left
        ahead = figure.base[numbers[ball]] - figure.base[numbers[ball]].mean(axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        angle = np.arccos(np.clip(ahead[:, 2], -1, 1))
        around = ahead[:, :2] / (np.linalg.norm(ahead[:, :2], axis=1, keepdims=True) + 1e-9)
        uv[ball] = np.array(EYE_CENTRES[int(left)]) + around * (EYE_RADIUS * np.minimum(angle / EYE_ANGLE, 1))[:, None]
    picture = wardrobe.picture(_iris(rng, wardrobe, who))
    corners = corners.reshape(-1, 3)
    return Piece("eyes", "other", rest, figure.weights[numbers], wardrobe.plain_t[numbers], corners, uv, corners, picture, False, 256)


def _iris(rng: Generator, wardrobe: Wardrobe, who: Who):
    brown = [path for path in wardrobe.irises if "brown" in path.name]
    light = rng.random() < 0.7 * who.ethnicity["caucasian"] ** 2
    choice = [path for path in wardrobe.irises if path not in brown] if light else brown
    return (choice or list(wardrobe.irises))[rng.integers(len(choice or wardrobe.irises))]
