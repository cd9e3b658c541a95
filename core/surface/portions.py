"""How many points a network is asked at once: as many as memory has room for, and fewer each time that it has not."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from numpy import ndarray

from ..field.network import Answer
from ..memory import available, ran_out

CHUNK = 65_536
"""Points whose nearest body points are looked for at once where there is room: about 250 MB."""

SEARCH = 4_000
"""Bytes that the search takes for each of them."""

AT_ONCE = 8_192
"""Points a processor's network is asked at once: their intermediate values stay in its cache, which makes it half as fast again."""

PER_POINT = 6_000
"""Bytes of the network's intermediate values for one point: on a processor 2,700 were measured; a GPU's allocator rounds up."""

LEAST = 1_024
"""Points: with fewer at once a GPU is slower than the processor, so there it is given up."""


class Portions:
    """A device's portions. reduced: whether its memory ran out, and they became smaller."""

    def __init__(self, device: torch.device):
        self.device = device
        self.reduced = False
        self.search = fitting(available() // 4, SEARCH, CHUNK)
        self.points = AT_ONCE
        if device.type == "cuda":
            self.points = fitting(torch.cuda.mem_get_info(device)[0] // 2, PER_POINT, CHUNK)
        elif device.type != "cpu":
            self.points = fitting(available() // 4, PER_POINT, CHUNK)  # Metal shares the main memory

    def answers(
        self, ask: Callable[[ndarray, ndarray], Answer], points: Float[ndarray, "N 3"], nearest: Float[ndarray, "N 10"]
    ) -> Iterator[Answer]:
        """The Answer to all points, portion by portion. Memory that runs out halves the portion; below LEAST the error goes on."""
        start = 0
        while start < len(points):
            part = slice(start, start + self.points)
            try:
                answer = ask(points[part], nearest[part])
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error) or self.points <= LEAST:
                    raise
                self.reduced, self.points = True, max(LEAST, self.points // 2)
                give_back(self.device)
                continue
            yield answer
            start += self.points

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        if not self.reduced:
            return ()
        where = "The processor's" if self.device.type == "cpu" else "The GPU's"
        return (f"{where} memory ran out: the surface was computed in smaller parts, of {self.points:,} points, which takes longer",)


def fitting(free: int, each: int, most: int) -> int:
    """How many of `each` bytes fit into the free ones: a power of two from LEAST to `most`."""
    count = most
    while count > LEAST and count * each > free:
        count //= 2
    return count


def give_back(device: torch.device) -> None:
    """Let go of what the device's allocator keeps for later."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
