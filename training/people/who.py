"""Who a composed person is: sex, age, build, ethnicity, height and a face of their own; and the open body's numbers for that body."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from training.makehuman.details import sample_detail
from training.makehuman.figure import Figure, Shaped
from training.makehuman.people import crowd
from training.makehuman.targets import ETHNICITIES, Macro


@dataclass(frozen=True, eq=False)
class Who:
    """One person: sex female or male; years; height in metres; macro (of one); ethnicity: shares by name; detail (19158, 3) offsets."""

    sex: str
    years: float
    height: float
    macro: Macro
    detail: np.ndarray

    @property
    def ethnicity(self) -> dict[str, float]:
        return dict(zip(ETHNICITIES, self.macro.ethnicity[0], strict=True))

    @property
    def child(self) -> bool:
        return self.years < 14

    def shaped(self, figure: Figure) -> Shaped:
        return figure.shaped(self.macro, self.height, self.detail)


def sample_who(rng: Generator, vertices: int) -> Who:
    """A random person of 5 to 80 years, as many women as men; every sixth a child. vertices: of the base mesh."""
    sex = "female" if rng.random() < 0.5 else "male"
    people = crowd(1, sex, rng)
    years = float(min(people.years[0], 80.0))
    return Who(sex, years, float(people.height[0]), people.macro, sample_detail(rng, vertices))
