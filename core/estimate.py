"""How long a photo takes and how much memory, before it is begun and while it runs.

The figures are the main path's in docs/RESULTS.md (`python -m training.bench`, two threads of two cores); a running job scales them by what
its own stages have taken. Standard library only.
"""

from collections.abc import Mapping
from typing import NamedTuple

STARTING = "Starting"

SECONDS: Mapping[str, Mapping[str, float]] = {
    "draft": {
        "Reading the photo": 0.1,
        "Finding people": 1.3,
        "Fitting the body": 0.9,
        "Making the surface": 2.6,
        "Making the rig": 0.6,
    },
    "standard": {
        "Reading the photo": 0.1,
        "Finding people": 1.3,
        "Fitting the body": 0.9,
        "Making the surface": 5.9,
        "Making the rig": 1.5,
    },
    "high": {
        "Reading the photo": 0.1,
        "Finding people": 1.3,
        "Fitting the body": 0.9,
        "Making the surface": 12.3,
        "Making the rig": 2.9,
    },
}
"""Of each stage, by quality, on two cores."""

LOADING = 4.0
"""Seconds until a new process has loaded torch and the weights."""

MEMORY = {"draft": 0.6, "standard": 0.7, "high": 0.9}
"""GiB of the main memory at most, by quality, without a texture."""


class Estimate(NamedTuple):
    seconds: float
    memory: float
    """GiB."""


def estimate(quality: str, photos: int = 1) -> Estimate:
    """What so many photos of one person each take on two cores."""
    return Estimate(LOADING + max(1, photos) * sum(SECONDS[quality].values()), MEMORY[quality])


class Forecast:
    """Seconds that a running job still takes, from when its stages began. Times are seconds of any one clock."""

    def __init__(self, quality: str, photos: int, now: float, loaded: bool = False):
        """loaded: whether the process is there already, with its models."""
        stages = SECONDS[quality]
        self.plan = [(STARTING, 0.0 if loaded else LOADING), *(list(stages.items()) * max(1, photos))]
        self.began = self.stage_began = now
        self.place = 0

    def stage(self, name: str, now: float) -> None:
        """The job is at this stage now. One that is not planned (a texture's, another person's) belongs to the one before."""
        for place in range(self.place + 1, len(self.plan)):
            if self.plan[place][0] == name:
                self.place, self.stage_began = place, now
                return

    def remaining(self, now: float) -> float:
        """Seconds, at least 0: what is planned for the rest, times how much slower than planned the finished stages were."""
        planned = sum(seconds for _, seconds in self.plan[: self.place])
        pace = (self.stage_began - self.began) / planned if planned else 1.0
        rest = sum(seconds for _, seconds in self.plan[self.place + 1 :])
        present = max(0.0, self.plan[self.place][1] * pace - (now - self.stage_began))
        return present + rest * pace


def in_words(seconds: float) -> str:
    """A time as people say it: “8 s”, “2 min”."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
