"""Body files: official layouts are read as they are, everything else is refused with a sentence, and nothing in a file ever runs."""

import builtins
import functools
import os
import pickle
import sys
import types
from collections import defaultdict

import numpy as np
import pytest
import scipy.sparse
import torch
from smplx import SMPL
from smplx.utils import Struct

from core.body.files import load_body, read_body
from core.errors import BodyFileInvalid, WeightsMissing
from core.skeleton import JOINT_NAMES, PARENTS

JOINTS = len(JOINT_NAMES)
PARENTS_AS_STORED = np.array([[2**32 - 1, *PARENTS[1:]], range(JOINTS)], np.uint32)  # the root's parent is -1, unsigned


def smpl_table(vertices: int = 40, shapes: int = 10) -> dict[str, object]:
    """Random but valid arrays under SMPL's keys, the regressor sparse as in the official files."""
    random = np.random.default_rng(vertices)
    weights = random.random((vertices, JOINTS)) ** 8
    regressor = random.random((JOINTS, vertices)) * (random.random((JOINTS, vertices)) < 0.3) + np.eye(JOINTS, vertices)
    return {
        "v_template": random.normal(size=(vertices, 3)),
        "f": random.integers(0, vertices, (2 * vertices, 3)).astype(np.uint32),
        "shapedirs": 0.03 * random.normal(size=(vertices, 3, shapes)),
        "posedirs": 0.01 * random.normal(size=(vertices, 3, 207)),
        "J_regressor": scipy.sparse.csc_matrix(regressor / regressor.sum(1, keepdims=True)),
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": PARENTS_AS_STORED,
        "bs_style": "lbs",
    }


def write_pickle(path, table, protocol=2):
    path.write_bytes(pickle.dumps(table, protocol))
    return path


def write_npz(path, table):
    np.savez(path, **table)
    return path


def written(path, table):
    return write_npz(path, table) if path.suffix == ".npz" else write_pickle(path, table)


@pytest.mark.parametrize("name", ["SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl"])
def test_an_official_sized_file_poses_as_smplx_does(tmp_path, name):
    table = smpl_table(6890)
    model = load_body(written(tmp_path / name, table))
    theirs = SMPL(model_path="", data_struct=Struct(**table), vertex_ids=defaultdict(int), create_transl=False)
    betas, pose, translation = torch.randn(2, 10), 0.5 * torch.randn(2, JOINTS, 3), torch.randn(2, 3)
    expected = theirs(betas=betas, body_pose=pose[:, 1:].flatten(1), global_orient=pose[:, 0], transl=translation)
    found = model(betas, pose, translation)
    assert (found.vertices - expected.vertices).abs().max() < 1e-5
    assert (found.joints - expected.joints[:, :JOINTS]).abs().max() < 1e-5


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_gives_the_same_arrays(tmp_path, protocol):
    table = smpl_table()
    arrays = read_body(write_pickle(tmp_path / "body.pkl", table, protocol))
    np.testing.assert_allclose(arrays.joint_regressor, table["J_regressor"].toarray(), atol=1e-7)
    np.testing.assert_allclose(arrays.template, table["v_template"], atol=1e-6)
    np.testing.assert_array_equal(arrays.faces, table["f"])


@pytest.mark.parametrize("kind", ["csc", "csr", "coo"])
def test_sparse_matrices_of_each_kind(tmp_path, kind):
    table = smpl_table()
    dense = table["J_regressor"].toarray()
    table["J_regressor"] = table["J_regressor"].asformat(kind)
    np.testing.assert_allclose(read_body(write_pickle(tmp_path / "body.pkl", table)).joint_regressor, dense, atol=1e-7)


@pytest.mark.parametrize("protocol", [0, 2])
def test_chumpy_arrays_are_read_without_chumpy(tmp_path, monkeypatch, protocol):
    chumpy = types.ModuleType("chumpy.ch")
    chumpy.Ch = type("Ch", (), {"__module__": "chumpy.ch"})
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", chumpy)
    table = smpl_table()
    expected, table["shapedirs"] = table["shapedirs"], chumpy.Ch()
    table["shapedirs"].x = expected
    path = write_pickle(tmp_path / "body.pkl", table, protocol)
    monkeypatch.delitem(sys.modules, "chumpy.ch")
    np.testing.assert_allclose(read_body(path).shapedirs, expected, atol=1e-7)


def test_big_endian_and_fortran_order_arrays(tmp_path):
    table = smpl_table()
    expected = table["v_template"]
    table["v_template"] = np.asfortranarray(expected).astype(">f8")
    np.testing.assert_allclose(read_body(write_pickle(tmp_path / "body.pkl", table)).template, expected, atol=1e-6)


def test_three_hundred_shape_components_are_cut_to_ten(tmp_path):
    table = smpl_table(shapes=300)
    np.testing.assert_allclose(read_body(write_npz(tmp_path / "b.npz", table)).shapedirs, table["shapedirs"][..., :10], atol=1e-7)


class Trap:
    """Something whose unpickling calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


TRAPS = {
    "os.system": lambda path: Trap(os.system, f"touch {path}"),
    "eval": lambda path: Trap(builtins.eval, f"open({str(path)!r}, 'w').close()"),
    "partial": lambda path: Trap(functools.partial, os.mkdir, str(path)),
    "open": lambda path: Trap(open, str(path), "w"),
    "getattr": lambda path: Trap(getattr, "", "format"),
    "numpy.load": lambda path: Trap(np.load, str(path)),
    "a sparse matrix with a trap in it": lambda path: Trap(scipy.sparse.csc_matrix, Trap(os.system, f"touch {path}")),
}


@pytest.mark.parametrize("suffix", [".pkl", ".npz"])
@pytest.mark.parametrize("trap", TRAPS)
def test_a_file_that_would_run_something_is_refused_and_nothing_runs(tmp_path, suffix, trap):
    table = smpl_table()
    table["J_regressor"] = np.array(TRAPS[trap](tmp_path / "made"), dtype=object)
    path = written(tmp_path / f"body{suffix}", table)
    with pytest.raises(BodyFileInvalid, match="refused and nothing was run"):
        read_body(path)
    assert not (tmp_path / "made").exists()


def test_the_traps_would_have_worked(tmp_path):
    """So that the test above cannot pass by harmless traps."""
    pickle.loads(pickle.dumps(TRAPS["eval"](tmp_path / "made")))  # noqa: S301
    assert (tmp_path / "made").exists()


def test_a_sparse_matrix_that_points_outside_itself_is_refused(tmp_path):
    table = smpl_table()
    table["J_regressor"].indices[0] = 10**6
    with pytest.raises(BodyFileInvalid, match="J_regressor"):
        read_body(write_pickle(tmp_path / "body.pkl", table))


BROKEN = {
    "v_template": (np.zeros((40, 2)), "v_template in .* has shape 40 x 2"),
    "f": (np.full((80, 3), 40), "f names vertices that do not exist"),
    "shapedirs": (np.zeros((40, 3, 9)), "fewer than 10"),
    "posedirs": (np.zeros((40, 3, 9)), "posedirs in .* has shape"),
    "J_regressor": (np.zeros((24, 40)), "J_regressor does not sum to one"),
    "weights": (np.full((40, 24), 0.5), "weights do not sum to one"),
    "kintree_table": (np.zeros((2, 24), int), "kintree_table is not SMPL's tree"),
}


@pytest.mark.parametrize("key", BROKEN)
def test_each_broken_array_is_named(tmp_path, key):
    value, sentence = BROKEN[key]
    with pytest.raises(BodyFileInvalid, match=sentence):
        read_body(write_npz(tmp_path / "body.npz", smpl_table() | {key: value}))


@pytest.mark.parametrize("key", [key for key in BROKEN if key != "posedirs"])
def test_each_missing_array_is_named(tmp_path, key):
    table = smpl_table()
    del table[key]
    with pytest.raises(BodyFileInvalid, match=f"has no {key}"):
        read_body(write_npz(tmp_path / "body.npz", table))


def test_not_a_number_text_and_52_joints_are_refused(tmp_path):
    holed = smpl_table()["v_template"]
    holed[3, 1] = np.nan
    for change, sentence in (
        ({"v_template": holed}, "NaN"),
        ({"v_template": np.full((40, 3), "x")}, "not numbers"),
        ({"weights": np.full((40, 52), 1 / 52)}, "weights in .* has shape 40 x 52"),
        ({"f": smpl_table()["f"].astype(float)}, "whole numbers"),
    ):
        with pytest.raises(BodyFileInvalid, match=sentence):
            read_body(write_npz(tmp_path / "body.npz", smpl_table() | change))


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_cut_off_file_is_refused(tmp_path, suffix, share):
    path = written(tmp_path / f"body{suffix}", smpl_table())
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(BodyFileInvalid):
        read_body(path)


def test_a_missing_file_and_an_empty_folder_say_so(tmp_path):
    with pytest.raises(BodyFileInvalid, match="cannot be read"):
        load_body(tmp_path / "nothing.npz")
    with pytest.raises(WeightsMissing, match="no female body"):
        load_body(tmp_path, "female")


def test_a_folder_gives_the_file_of_the_sex(tmp_path):
    for sex, vertices in (("FEMALE", 30), ("MALE", 31)):
        write_npz(tmp_path / f"SMPL_{sex}.npz", smpl_table(vertices))
    assert len(load_body(tmp_path, "male").v_template) == 31
    assert len(load_body(tmp_path, "female").v_template) == 30
