"""A measurement in a process of its own: its seconds by the clock and of the processor, and its peak of memory."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import torch

from core.memory import peak
from core.pipeline import Clock


class Seconds(NamedTuple):
    """By the clock on the wall, and of all the processor's cores together: where a machine is busy, the second is what it took."""

    wall: float
    cpu: float


class Stopwatch(Clock):
    """A Clock that also counts processor time: `taken` has the Seconds of each stage, those of a GPU waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, Seconds] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start, cpu = time.perf_counter(), time.process_time()
        with super().__call__(stage):
            yield
            _wait()
        before = self.taken.get(stage, Seconds(0, 0))
        self.taken[stage] = Seconds(before.wall + time.perf_counter() - start, before.cpu + time.process_time() - cpu)


def alone(function: Callable[..., dict], threads: int, *arguments: object) -> dict:
    """What the function gives in a fresh process with so many threads; and under "memory" its peak in bytes, "gpu_memory" that of a GPU."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, function, threads, arguments).result()


def _measured(function: Callable[..., dict], threads: int, arguments: tuple) -> dict:
    torch.set_num_threads(threads)
    found = function(*arguments)
    gpu = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    return found | {"memory": peak(), "gpu_memory": gpu}


def _wait() -> None:
    """Until a GPU has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
