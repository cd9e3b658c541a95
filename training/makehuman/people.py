"""A population: who people are in MakeHuman's terms, and how tall they really are.

Adults: men 1.77 m (sd .07), women 1.64 m (sd .065). Children from 5 to 18: the median by age of the CDC's growth charts (2000),
sd 4.5 %. MakeHuman's own heights only set proportions; every body is scaled to its real height.
"""

from dataclasses import dataclass, fields

import numpy as np

from training.makehuman.targets import AGE_ANCHORS, Macro

CHILD_YEARS = np.array([5, 6, 8, 10, 12, 14, 16, 18])
CHILD_HEIGHT = {
    "male": np.array([1.09, 1.155, 1.28, 1.385, 1.49, 1.64, 1.735, 1.77]),
    "female": np.array([1.08, 1.15, 1.275, 1.38, 1.515, 1.605, 1.625, 1.64]),
}
ADULT_SD = {"male": 0.07, "female": 0.065}
ANCHOR_YEARS = np.array([1, 10, 25, 90])  # MakeHuman's baby, child, young, old
USUAL = {"weight": 0.66, "muscle": 0.4}  # MakeHuman's middle (0.5, 0.5) is slim: body mass index 20 for women, 22.6 for men
SLIDER_PER_SD = 0.05  # one standard deviation of height on MakeHuman's height slider


@dataclass(frozen=True)
class Crowd:
    """N people: their macro values, years (N,) and real heights (N,) in metres."""

    macro: Macro
    years: np.ndarray
    height: np.ndarray

    def part(self, chosen: slice) -> "Crowd":
        macro = Macro(**{field.name: getattr(self.macro, field.name)[chosen] for field in fields(Macro)})
        return Crowd(macro, self.years[chosen], self.height[chosen])


def crowd(number: int, sex: str, random: np.random.Generator, child_share: float = 0.15) -> Crowd:
    """Random people; sex is female, male or neutral (both, and a few between)."""
    child = random.random(number) < child_share
    years = np.where(child, random.uniform(5, 18, number), random.triangular(18, 28, 85, number))
    male = {"female": np.zeros(number), "male": np.ones(number), "neutral": _between(number, random)}[sex]
    deviation = random.normal(size=number)
    weight = np.clip(random.normal(USUAL["weight"], 0.25, number), 0, 1)
    muscle = np.clip(USUAL["muscle"] - 0.35 * (weight - USUAL["weight"]) + random.normal(0, 0.2, number), 0, 1)
    macro = Macro(
        sex=male,
        age=age_slider(years),
        muscle=muscle,
        weight=weight,
        height=np.clip(0.5 + SLIDER_PER_SD * deviation, 0.35, 0.65),
        proportions=np.clip(random.normal(0.5, 0.22, number), 0, 1),
        cup=np.clip(random.normal(0.5, 0.2, number), 0, 1),
        firmness=np.clip(random.normal(0.5, 0.2, number), 0, 1),
        ethnicity=random.dirichlet([0.5, 0.5, 0.5], number),
    )
    return Crowd(macro, years, real_height(male, years, deviation))


def average_adult(sex: str) -> Crowd:
    """The one adult that zero betas mean: 35 years old, usual build, mean height, everything else in the middle."""
    names = ("muscle", "weight", "height", "proportions", "cup", "firmness")
    middle = {name: np.full(1, USUAL.get(name, 0.5)) for name in names}
    male, years = np.full(1, {"female": 0.0, "male": 1.0, "neutral": 0.5}[sex]), np.full(1, 35.0)
    macro = Macro(sex=male, age=age_slider(years), ethnicity=np.full((1, 3), 1 / 3), **middle)
    return Crowd(macro, years, real_height(male, years, np.zeros(1)))


def age_slider(years: np.ndarray) -> np.ndarray:
    return np.interp(years, ANCHOR_YEARS, list(AGE_ANCHORS.values()))


def real_height(male: np.ndarray, years: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Heights (N,) in metres of people `deviation` standard deviations from their age's and sex's mean."""
    means = [np.interp(years, CHILD_YEARS, CHILD_HEIGHT[sex]) for sex in ("female", "male")]
    adult = [ADULT_SD[sex] / CHILD_HEIGHT[sex][-1] for sex in ("female", "male")]
    spread = np.where(years < 18, 0.045, (1 - male) * adult[0] + male * adult[1])
    return ((1 - male) * means[0] + male * means[1]) * (1 + spread * deviation)


def _between(number: int, random: np.random.Generator) -> np.ndarray:
    """Women, men, and one in five anywhere between, so that the space has no gap in the middle."""
    mixed = random.random(number) < 0.2
    return np.where(mixed, random.random(number), (random.random(number) < 0.5).astype(float))
