"""MakeHuman's macro targets: who a person is, as numbers in 0..1, becomes offsets of the base mesh's vertices.

A target belongs to one combination such as female-young-maxmuscle-minweight; its strength is the product of how much the person
is each of these (MakeHuman's macro.json). Every characteristic is interpolated linearly between its named values.
"""

import gzip
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from training.makehuman.mesh import METRES, data_folder

SEXES = ("female", "male")
ETHNICITIES = ("african", "asian", "caucasian")
AGE_ANCHORS = {"baby": 0.0, "child": 0.1875, "young": 0.5, "old": 1.0}  # 1, 10, 25 and 90 years
FOLDER = "macrodetails"


@dataclass(frozen=True)
class Macro:
    """Who each person of a crowd is: arrays (N,) in 0..1; sex 0 female, 1 male; ethnicity (N, 3) sums to one. Defaults sit at 0.5."""

    sex: np.ndarray
    age: np.ndarray
    muscle: np.ndarray
    weight: np.ndarray
    height: np.ndarray
    proportions: np.ndarray
    cup: np.ndarray
    firmness: np.ndarray
    ethnicity: np.ndarray


def shares(value: np.ndarray, anchors: dict[str, float]) -> dict[str, np.ndarray]:
    """How much (N,) of each named anchor a value is: linear between neighbours, summing to one."""
    names, places = list(anchors), np.array(list(anchors.values()))
    return {name: np.interp(value, places, np.eye(len(names))[number]) for number, name in enumerate(names)}


def three(kind: str, value: np.ndarray) -> dict[str, np.ndarray]:
    return shares(value, {f"min{kind}": 0.0, f"average{kind}": 0.5, f"max{kind}": 1.0})


def strengths(crowd: Macro) -> dict[str, np.ndarray]:
    """Strength (N,) of every macro target, by the target's path under `targets` without its ending."""
    sex, age = shares(crowd.sex, {"female": 0.0, "male": 1.0}), shares(crowd.age, AGE_ANCHORS)
    build = combined(three("muscle", crowd.muscle), three("weight", crowd.weight))
    height = shares(crowd.height, {"minheight": 0.0, "": 0.5, "maxheight": 1.0})
    proportions = shares(crowd.proportions, {"uncommonproportions": 0.0, "": 0.5, "idealproportions": 1.0})
    breasts = combined(three("cup", crowd.cup), three("firmness", crowd.firmness))
    who = combined(sex, age)
    ethnicity = dict(zip(ETHNICITIES, crowd.ethnicity.T, strict=True))
    grown_up = {name: share for name, share in who.items() if not name.endswith("baby")}
    women = {name: share for name, share in grown_up.items() if name.startswith("female")}
    for empty in (height, proportions):
        del empty[""]  # the middle is the base mesh itself
    del breasts["averagecup-averagefirmness"]
    return {
        **under(FOLDER, combined(ethnicity, who)),
        **under(f"{FOLDER}/universal-", combined(who, build)),
        **under(f"{FOLDER}/height", combined(who, build, height)),
        **under(f"{FOLDER}/proportions", combined(grown_up, build, proportions)),
        **under("breast", combined(women, build, breasts)),
    }


def combined(*parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All combinations of the parts' names, joined by dashes, with the products of their shares."""
    return {"-".join(names): np.prod([part[name] for part, name in zip(parts, names, strict=True)], axis=0) for names in product(*parts)}


def under(folder: str, table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{folder}{'' if folder.endswith('-') else '/'}{name}": share for name, share in table.items()}


def read_target(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertex numbers (M,) and their offsets (M, 3) in metres."""
    with gzip.open(path, "rt") as file:
        rows = np.array([line.split() for line in file if line.strip() and not line.startswith("#")], dtype=np.float64).reshape(-1, 4)
    return rows[:, 0].astype(np.int64), rows[:, 1:4] * METRES


class MacroTargets:
    """The base mesh's vertices `kept` (K,) for any crowd: `vertices(crowd)` is (N, K, 3) in metres, MakeHuman's rest pose and scale."""

    def __init__(self, base: np.ndarray, kept: np.ndarray):
        self.base = base[kept].astype(np.float32)
        place = np.full(len(base), -1)
        place[kept] = np.arange(len(kept))
        nobody = Macro(*[np.full(1, 0.5)] * 8, ethnicity=np.full((1, 3), 1 / 3))
        self.names = list(strengths(nobody))
        self.offsets = np.zeros((len(self.names), len(kept), 3), np.float32)
        for number, name in enumerate(self.names):
            vertices, offsets = read_target(data_folder() / "targets" / f"{name}.target.gz")
            used = place[vertices] >= 0
            self.offsets[number, place[vertices[used]]] = offsets[used]

    def vertices(self, crowd: Macro) -> np.ndarray:
        table = strengths(crowd)
        strength = np.stack([table[name] for name in self.names], axis=1).astype(np.float32)
        moved = strength @ self.offsets.reshape(len(self.names), -1)
        return self.base + moved.reshape(len(strength), *self.base.shape)
