"""Memory that runs out: portions shrink, the answer stays the same, and that is said."""

import numpy as np
import pytest
import torch

from core.field.network import Answer
from core.memory import ran_out
from core.surface import portions
from core.surface.portions import AT_ONCE, LEAST, Portions, fitting

COUNT = 3 * LEAST + 7


def asked(limit: int, error: Exception, sizes: list[int]):
    """A network that doubles the first coordinate, and whose memory holds `limit` points."""

    def ask(points, nearest) -> Answer:
        sizes.append(len(points))
        if len(points) > limit:
            raise error
        return Answer(torch.from_numpy(2 * points[None, :, 0]), *[torch.zeros(1)] * 4)

    return ask


def run(limit: int, error: Exception, device: str = "cpu"):
    own, sizes = Portions(torch.device(device)), []
    points = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
    answers = list(own.answers(asked(limit, error, sizes), points, np.zeros((COUNT, 10), np.float32)))
    found = np.concatenate([answer.distance[0].numpy() for answer in answers])
    assert np.array_equal(found, 2 * points[:, 0])
    return own, sizes


def test_with_room_all_is_asked_at_once_and_nothing_is_said():
    own, sizes = run(AT_ONCE, RuntimeError())
    assert (sizes, own.notes) == ([COUNT], ())


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("MPS backend out of memory"), MemoryError()])
def test_without_room_the_parts_are_halved_until_they_fit(error):
    own, sizes = run(2 * LEAST, error)
    assert sizes == [COUNT, COUNT, 2 * LEAST, LEAST + 7]  # 8192 and 4096 both hold all of them
    assert own.points == 2 * LEAST
    assert "2,048 points" in own.notes[0]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("shapes do not match")])
def test_below_the_least_and_for_other_errors_it_goes_on(error):
    with pytest.raises(type(error)):
        run(LEAST - 1, error)


def test_what_fits_is_a_power_of_two_between_the_bounds():
    assert fitting(2**40, 6000, 65536) == 65536
    assert fitting(20_000 * 6000, 6000, 65536) == 16384
    assert fitting(0, 6000, 65536) == LEAST


def test_a_gpus_portions_follow_its_free_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (400 * 2**20, 8 * 2**30))
    assert Portions(torch.device("cuda")).points == 32768
    monkeypatch.setattr(portions, "available", lambda: 300 * 2**20)
    assert Portions(torch.device("cpu")).search == 16384


def test_which_errors_mean_memory():
    assert ran_out(torch.OutOfMemoryError("x"))
    assert ran_out(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not ran_out(RuntimeError("x"))
