"""The bench: what is counted up from what, which seconds are compared, and that a measurement has a process of its own."""

import os
import time

import numpy as np
import pytest
import torch

from training.bench.__main__ import against, cost, counted_up, field_table, stage_table, to_the_mesh, verdict
from training.bench.process import Seconds, Stopwatch, alone
from training.bench.published import points_of, timed

OURS = {
    "seconds": {
        "encode": Seconds(1, 2),
        "ask": Seconds(3, 4),
        "extract": Seconds(0.5, 0.5),
        "relief": Seconds(0.4, 0.4),
        "colour": Seconds(9, 9),
    },
    "asked": 200,
    "nodes": 10_000,
    "memory": 2**30,
    "gpu_memory": None,
}
OTHER = {"seconds": {"encode": Seconds(2, 3), "ask": Seconds(1, 2)}, "asked": 100, "nodes": 10_000, "memory": 2**31, "gpu_memory": 2**30}


def test_seconds_are_counted_up_by_points():
    assert counted_up(OTHER, 10_000) == Seconds(2 + 100, 3 + 200)
    assert counted_up(OTHER, 100) == Seconds(3, 5)


def test_the_published_are_compared_with_our_way_to_the_mesh():
    """Colour is not in it, on either side; processors are compared by their own time, GPUs by the clock."""
    assert to_the_mesh(OURS) == Seconds(4.5, 6.5)
    assert (cost(Seconds(1, 2), "cpu"), cost(Seconds(1, 2), "cuda")) == (2, 1)
    assert "31.2 times. Met." in verdict(OURS, {"PIFu": OTHER}, "cpu")
    slow = OTHER | {"seconds": {"encode": Seconds(2, 3), "ask": Seconds(0.1, 0.2)}}
    assert "3.5 times. Missed." in verdict(OURS, {"PIFu": OTHER, "PaMIR": slow}, "cpu")
    table = against(OURS, {"PIFu": OTHER}, "cpu").splitlines()
    assert table[2] == "| ours, to the finished mesh | 4.50 | 6.50 | 1 | 1.0 GiB |"
    assert table[3] == "| PIFu, every point of the grid | 102.0 | 203.0 | 31.2 | 2.0 GiB + 1.0 on the GPU |"
    assert table[4] == "| PIFu, only as many points as ours | 4.0 | 7.0 | 1.1 | 2.0 GiB + 1.0 on the GPU |"


def test_tables_have_a_row_for_every_stage():
    rows = {"draft, cpu": {"seconds": {"A": Seconds(1, 2), "B": Seconds(3, 4)}, "vertices": 1000, "memory": 2**30, "gpu_memory": None}}
    table = stage_table(rows | {"high, cpu": rows["draft, cpu"] | {"seconds": {"B": Seconds(5, 6)}}})
    assert "| A | 1.00 / 2.00 | – |" in table
    assert "| **all** | 4.00 / 6.00 | 5.00 / 6.00 |" in table
    assert "| points asked, of the grid | 200, 2.0 % of 10,000 |" in field_table({"draft, cpu": OURS})


def where(size: int) -> dict:
    filled = np.ones(size, np.uint8)
    return {"pid": os.getpid(), "threads": torch.get_num_threads(), "filled": int(filled.sum())}


def test_a_measurement_has_its_own_process_and_peak():
    """Its own, however much the process that asks has used: the child would inherit that peak."""
    held = np.ones(150 * 2**20)  # 1.2 GB
    little, much = alone(where, 1, 1), alone(where, 1, 400 * 2**20)
    assert little["memory"] < held.nbytes
    assert len({os.getpid(), little["pid"], much["pid"]}) == 3
    assert little["threads"] == 1
    assert much["memory"] - little["memory"] > 300 * 2**20


def test_the_stopwatch_tells_waiting_from_working():
    watch = Stopwatch()
    with watch("waits"):
        time.sleep(0.2)
    with watch("works"):
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
    assert watch.taken["waits"].wall >= 0.2
    assert watch.taken["waits"].cpu < 0.1
    assert watch.taken["works"].cpu >= 0.05


def test_points_are_spread_over_the_whole_grid():
    """From end to end of the box, in the camera's frame."""
    scene = {
        "low": np.array([-0.5, -0.9, -0.3]),
        "high": np.array([0.5, 0.9, 0.3]),
        "rotation": np.diag([1.0, -1, -1]),
        "translation": np.array([0, 0, 3.0]),
        "intrinsics": np.array([1.0, 1, 0.5, 0.5]),
        "pelvis": np.array([0, 0, 3.0]),
    }
    seen = []

    def query(encoded, points, intrinsics, pelvis):
        seen.append(points[0].numpy())
        torch.testing.assert_close(intrinsics[0], torch.tensor([512.0, 512, 256, 256]))
        return points[..., 0]

    found = timed(lambda: torch.zeros(1), query, scene, 64, "cpu", 0.5)
    points = np.concatenate(seen[1:])  # the first call warms up
    assert len(points) == found["asked"]
    assert found["asked"] == pytest.approx(max(100_000, 0.5 * found["nodes"]), abs=1)
    assert (points.min(axis=0) < [-0.49, -0.89, 2.71]).all()
    assert (points.max(axis=0) > [0.49, 0.89, 3.29]).all()


def test_grid_points_are_where_the_product_asks():
    from core.surface.crossings import grid_over

    scene = {"rotation": np.diag([1.0, -1, -1]), "translation": np.array([0, 0, 3.0])}
    grid = grid_over(np.full(3, -1.0), np.full(3, 1.0), 16)
    found = points_of(grid, grid.keys(np.array([[16, 0, 16]])), scene, "cpu")
    np.testing.assert_allclose(found[0, 0], [1, 1, 2])
