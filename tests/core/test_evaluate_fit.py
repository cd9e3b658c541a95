"""The measures of the fit on cases whose answer is known, and the report they are written into."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from training import metrics
from training.metrics import LIMB_JOINTS
from training.results import BEGIN, END, write_section


@pytest.fixture
def truth():
    return np.random.default_rng(0).normal(size=(12, 3))


def test_root_error_ignores_place_and_size_but_not_direction(truth):
    assert metrics.root_error(truth * 1.7 + [1, 2, 3], truth) == pytest.approx(0, abs=1e-12)
    turned = truth @ Rotation.from_euler("y", 20, degrees=True).as_matrix().T
    assert metrics.root_error(turned, truth) > 0.1
    assert metrics.procrustes_error(turned * 0.4 - 2, truth) == pytest.approx(0, abs=1e-12)


def test_one_joint_off_by_a_known_length_counts_a_twelfth():
    """Points on a big ring: moving one of them at right angles to itself leaves the best scale at 1 to first order."""
    truth = np.zeros((12, 3))
    truth[:, 0], truth[:, 1] = np.cos(np.arange(12)), np.sin(np.arange(12))
    truth[metrics.HIPS] = [[0.1, 0, 0], [-0.1, 0, 0]]
    estimate = truth.copy()
    estimate[0, 2] += 0.012
    assert metrics.root_error(estimate, truth) == pytest.approx(0.001, rel=2e-2)
    assert metrics.depth_error(estimate, truth) == pytest.approx(0.001, rel=1e-3)


def test_depth_error_sees_only_depth(truth):
    flat = truth.copy()
    flat[:, 2] = truth[metrics.HIPS, 2].mean()
    a, b = metrics.root_aligned(flat, truth)
    assert metrics.depth_error(flat, truth) == pytest.approx(np.abs(b[:, 2]).mean())
    assert a[:, 2] == pytest.approx(0)


def test_procrustes_does_not_mirror(truth):
    assert metrics.procrustes_error(truth * [-1, 1, 1], truth) > 0.1


def test_procrustes_is_the_best_similarity(truth):
    """The slow way: no similarity near the found one does better, in the squared sense it is best in."""
    estimate = truth + np.random.default_rng(1).normal(0, 0.2, truth.shape)
    best = metrics.procrustes_error(estimate, truth)
    assert 0 < best <= metrics.root_error(estimate, truth) + 1e-9
    rng = np.random.default_rng(2)
    for _ in range(30):
        moved = estimate @ Rotation.random(random_state=rng.integers(1000)).as_matrix() * rng.uniform(0.5, 2) + rng.normal(size=3)
        assert metrics.procrustes_error(moved, truth) == pytest.approx(best, abs=1e-9)


def test_picture_error_is_a_fraction_of_the_height():
    points = np.random.default_rng(0).uniform(0, 100, (12, 2))
    assert metrics.picture_error(points + np.array([3, 4]), points, 200) == pytest.approx(0.025)
    far = points.copy()
    far[0] += 1000
    assert metrics.picture_error(far, points, 200, np.arange(12) > 0) == 0


def test_bends():
    assert metrics.bend(*np.array([[0.0, 2, 0], [0, 1, 0], [0, 0, 0]])) == pytest.approx(0, abs=1e-5)
    assert metrics.bend(*np.array([[0.0, 2, 0], [0, 1, 0], [0, 1, -1]])) == pytest.approx(90)
    joints = np.zeros((12, 3))
    for side, way in (("left", [0, 0, 1]), ("right", [0, 1, 0])):
        joints[LIMB_JOINTS.index(f"{side}_hip")], joints[LIMB_JOINTS.index(f"{side}_ankle")] = [0, -1, 0], way
    assert metrics.knee_bends(joints) == pytest.approx([90, 0], abs=1e-5)


def test_overlap():
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert metrics.overlap(first, second) == 1
    first[:2], second[1:3] = True, True
    assert metrics.overlap(first, second) == pytest.approx(1 / 3)


def test_a_section_is_written_between_its_marks_and_nothing_else_is_touched(tmp_path):
    path = tmp_path / "docs" / "RESULTS.md"
    write_section(path, "fit", "first")
    path.write_text("# Mine\n\n" + path.read_text() + "\nAfter.\n")
    write_section(path, "light", "other")
    write_section(path, "fit", "second")
    text = path.read_text()
    assert text.startswith("# Mine")
    assert "After." in text
    assert "first" not in text
    assert f"{BEGIN.format('fit')}\nsecond\n{END.format('fit')}" in text
    assert "other" in text
