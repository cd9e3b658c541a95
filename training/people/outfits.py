"""What a person puts on: garments that go together for their sex and age, and how they are cut, loosened and worn."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from core.skeleton import JOINT
from training.people.sewn import Sewn, sew
from training.people.wardrobe import Wardrobe, Wearable, allowed
from training.people.who import Who

DRESS, SKIRT, FLARE = {True: 0.3, False: 0.5}, {True: 0.3, False: 0.6}, {True: 0.5, False: 0.9}
"""Of women: how often a dress (against .65 for top and bottom), how often a skirt below a top; and the widest a skirt flares. Where results
are judged (True) as often as ever; training sees more of what a field that follows the legs gets wrong."""
SEWN, MEN_IN_SKIRTS, COATS = 0.75, 0.1, 0.12
"""In training, before the shares above: so many of dresses (as a top and a skirt of one cloth) and of SKIRT of women's bottoms are sewn,
and so many of men's bottoms; and so many of all people wear a coat, a dress over trousers. Of a hundred women in top and bottom without
a coat 78 wear skirts so, 45 of them sewn."""
OPTIONAL = {"hat": 0.07, "glasses": 0.13}
BAREFOOT = 0.04
UNSEEN_SHARE = 0.7
"""Of the garments of people that results are judged on: so many are held out, where there are any; the others keep them from all looking
alike, there being few."""
CLOSE = 0.0095  # metres; tops that stand off farther, jackets and wide shirts, are not tucked in
TO_THE_HIPS = 2.5
"""Stretches any top as far as it may be: to the hips."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A garment as it is worn. shorten: share of sleeves or legs cut off, 0..1 (none: 0); stretch: of what hangs below the waist; flare:
    how much wider it is at the bottom; ease: metres it stands off; layer: larger is farther out; one_cloth: of the same cloth as the others
    that are."""

    garment: Wearable | Sewn
    shorten: float
    stretch: float
    flare: float
    ease: float
    layer: int
    one_cloth: bool = False


def choose_outfit(rng: Generator, wardrobe: Wardrobe, who: Who, validation: bool) -> list[Worn]:
    """Garments from the inside to the outside: a dress, a suit, or top and bottom; shoes; sometimes a hat or glasses."""
    at_hand = _at_hand(rng, wardrobe, who, validation)
    kinds = {"dress": DRESS[validation] if who.sex == "female" else 0.0, "suit": 0.05, "two": 0.65}
    kinds = {kind: share for kind, share in kinds.items() if kind == "two" or at_hand[kind]}
    shares = np.array(list(kinds.values()))
    kind = str(rng.choice(list(kinds), p=shares / shares.sum()))
    if not validation and at_hand["trousers"] and rng.random() < COATS:
        return _with_sewn_skirt(rng, wardrobe, who, at_hand, True, over_trousers=True)
    if not validation and (kind == "dress" or (kind == "two" and who.sex == "female" and rng.random() < SKIRT[False])):
        if rng.random() < SEWN:
            return _with_sewn_skirt(rng, wardrobe, who, at_hand, kind == "dress")
    elif not validation and kind == "two" and who.sex == "male" and rng.random() < MEN_IN_SKIRTS:
        return _with_sewn_skirt(rng, wardrobe, who, at_hand, False)
    roles = [kind] if kind != "two" else ["top", _bottom(rng, at_hand, SKIRT[validation])]
    roles += [role for role, share in OPTIONAL.items() if rng.random() < share]
    roles += ["shoes"] if rng.random() > BAREFOOT else []
    if kind == "suit":  # its trousers cannot be cut off above boots
        at_hand["shoes"] = [shoes for shoes in at_hand["shoes"] if "Boots" not in shoes.name] or at_hand["shoes"]
    chosen = {role: at_hand[role][rng.integers(len(at_hand[role]))] for role in roles if at_hand[role]}
    if chosen.get("top") and "elegant" in chosen["top"].name:
        matching = [one for one in at_hand["trousers"] + at_hand["skirt"] if one.name.split()[0] == chosen["top"].name.split()[0]]
        if matching and rng.random() < 0.7:
            chosen = {role: one for role, one in chosen.items() if role not in ("trousers", "skirt")} | {matching[0].role: matching[0]}
    tucked = "top" in chosen and chosen["top"].stands_off < CLOSE and (rng.random() < 0.3 or "Swimsuit" in chosen["top"].name)
    worn = {role: _worn(rng, garment, who, tucked, FLARE[validation]) for role, garment in chosen.items()}
    if "trousers" in worn and "shoes" in worn and worn["shoes"].layer:
        worn["trousers"] = replace(worn["trousers"], shorten=above_boots(worn["shoes"].garment, wardrobe))
        worn["shoes"] = replace(worn["shoes"], layer=0)
    return sorted(worn.values(), key=lambda one: one.layer)


def _with_sewn_skirt(
    rng: Generator, wardrobe: Wardrobe, who: Who, at_hand: dict[str, list[Wearable]], dress: bool, over_trousers: bool = False
) -> list[Worn]:
    """A top, a skirt made to measure, and what else is worn; as a dress both are of one cloth, and over trousers that is a coat."""
    worn = [Worn(sew(rng, wardrobe), 0.0, 1.0, 0.0, 0.0, 2, dress)]
    if over_trousers:  # which boots would come through, as through a suit's
        at_hand["shoes"] = [shoes for shoes in at_hand["shoes"] if "Boots" not in shoes.name] or at_hand["shoes"]
        trousers = _worn(rng, at_hand["trousers"][rng.integers(len(at_hand["trousers"]))], who, False, FLARE[False])
        worn.append(replace(trousers, shorten=0.0, flare=0.0, layer=1))
    for role in (
        "top",
        *(role for role, share in OPTIONAL.items() if rng.random() < share),
        *(["shoes"] if rng.random() > BAREFOOT else []),
    ):
        if at_hand[role]:
            garment = at_hand[role][rng.integers(len(at_hand[role]))]
            tucked = role == "top" and garment.stands_off < CLOSE and (dress or rng.random() < 0.6) and not over_trousers
            worn.append(replace(_worn(rng, garment, who, tucked, FLARE[False]), one_cloth=dress and role == "top"))
    return sorted(worn, key=lambda one: one.layer)


def above_boots(boots: Wearable, wardrobe: Wardrobe) -> float:
    """How much of the legs to cut off, 0..1, so that trousers end just below the boots' tops and nothing comes through their shafts."""
    crotch, ankle = leg_ends(wardrobe)
    return float((boots.places[:, 1].max() - 0.03 - ankle) / (crotch - ankle))


def leg_ends(wardrobe: Wardrobe) -> tuple[float, float]:
    """Heights (metres, plain T-pose) between which trousers may be cut: below the crotch, and the ankle."""
    at = wardrobe.plain.t_joints
    return float(at[JOINT["left_hip"], 1] - 0.12), float(at[JOINT["left_ankle"], 1])


def _at_hand(rng: Generator, wardrobe: Wardrobe, who: Who, validation: bool) -> dict[str, list[Wearable]]:
    """The garments of each role this person may be given."""
    found = {}
    for role in ("top", "trousers", "skirt", "dress", "suit", "shoes", "hat", "glasses"):
        fitting = [
            one for one in wardrobe.garments if one.role == role and who.sex in one.sexes and one.years[0] <= who.years <= one.years[1]
        ]
        usable = allowed([one.name for one in fitting], wardrobe.kept["garments"], validation)
        if validation and rng.random() > UNSEEN_SHARE:
            usable = [True] * len(fitting)
        found[role] = [one for one, use in zip(fitting, usable, strict=True) if use]
    return found


def _bottom(rng: Generator, at_hand: dict[str, list[Wearable]], skirts: float) -> str:
    return "skirt" if at_hand["skirt"] and (not at_hand["trousers"] or rng.random() < skirts) else "trousers"


def _worn(rng: Generator, garment: Wearable, who: Who, tucked: bool, widest: float) -> Worn:
    shorten, stretch, flare, ease = 0.0, 1.0, 0.0, float(rng.choice([0.0, 0.005, 0.011], p=[0.35, 0.4, 0.25]) * rng.uniform(0.7, 1.3))
    if garment.role == "trousers":
        shorten = rng.uniform(0.2, 0.7) if rng.random() < (0.45 if who.child else 0.2) else 0.0
        flare = rng.choice([0.0, rng.uniform(0.1, 0.45)], p=[0.45, 0.55])
    elif garment.role in ("skirt", "dress"):
        stretch = rng.uniform(0.95, 1.9 if garment.role == "skirt" else 1.6)
        flare = rng.choice([0.0, rng.uniform(0.1, widest)], p=[0.4, 0.6])
    elif garment.role == "top":
        shorten = rng.uniform(0.1, 0.85) if rng.random() < 0.35 else 0.0
        stretch = TO_THE_HIPS if who.sex == "male" or who.child else rng.choice([1.0, rng.uniform(1.0, TO_THE_HIPS)], p=[0.4, 0.6])
    layers = {"top": 1 if tucked else 3, "shoes": 4 if "Boots" in garment.name else 0, "hat": 6, "glasses": 5}
    if "elegant" in garment.name:  # jackets keep their cut
        shorten, layers["top"] = 0.0, 3
    if garment.role in ("shoes", "hat", "glasses"):
        shorten, stretch, flare, ease = 0.0, 1.0, 0.0, 0.0
    return Worn(garment, float(shorten), float(stretch), float(flare), float(ease), layers.get(garment.role, 2))
