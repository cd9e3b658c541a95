"""The open bodies as committed, and the steps of the generator that made them."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from smplx import SMPL
from smplx.utils import Struct

from core.body.files import SEXES, read_body
from core.body.model import BodyArrays, BodyModel
from core.skeleton import JOINT, JOINT_NAMES, mirrored
from training.makehuman import mesh, people, rig, targets, tpose

WEIGHTS = Path(__file__).parents[2] / "weights"
HEIGHT = {"neutral": 1.705, "female": 1.64, "male": 1.77}
SWAPPED = [JOINT[mirrored(name)] for name in JOINT_NAMES]


@pytest.fixture(scope="module", params=SEXES)
def body(request) -> tuple[str, BodyArrays, BodyModel]:
    arrays = read_body(WEIGHTS / f"body_{request.param}.npz")
    return request.param, arrays, BodyModel(arrays)


@pytest.fixture(scope="module")
def base() -> mesh.BaseMesh:
    return mesh.read_base_mesh()


@pytest.fixture(scope="module")
def person(base) -> mesh.Person:
    return mesh.person_of(base)


def winding_numbers(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """How often the surface goes round each point (N,): one inside (van Oosterom and Strackee 1983)."""
    a, b, c = np.moveaxis(vertices[faces][None] - points[:, None, None], 2, 0)
    lengths = [np.linalg.norm(corner, axis=-1) for corner in (a, b, c)]
    volume = (a * np.cross(b, c)).sum(-1)
    flat = np.prod(lengths, axis=0) + sum((p * q).sum(-1) * r for p, q, r in ((a, b, lengths[2]), (b, c, lengths[0]), (c, a, lengths[1])))
    return np.arctan2(volume, flat).sum(1) / (2 * np.pi)


def test_smplx_poses_the_file_s_own_keys_alike(body):
    sex, arrays, model = body
    with np.load(WEIGHTS / f"body_{sex}.npz", allow_pickle=False) as file:
        table = {key: file[key] for key in ("v_template", "f", "shapedirs", "J_regressor", "weights", "kintree_table")}
    struct = Struct(**table, posedirs=np.zeros((len(arrays.template), 3, 207), np.float32))
    theirs = SMPL(model_path="", data_struct=struct, vertex_ids=defaultdict(int), create_transl=False)
    generator = torch.Generator().manual_seed(4)
    betas, pose, translation = (torch.randn(2, *size, generator=generator) for size in ((10,), (24, 3), (3,)))
    expected = theirs(betas=betas, body_pose=pose[:, 1:].flatten(1), global_orient=pose[:, 0], transl=translation)
    found = model(betas, pose, translation)
    assert (found.vertices - expected.vertices).abs().max() < 1e-5
    assert (found.joints - expected.joints[:, :24]).abs().max() < 1e-5


def test_zero_betas_are_an_average_adult_standing_on_its_feet(body):
    sex, arrays, _ = body
    low, high = arrays.template.min(0), arrays.template.max(0)
    assert high[1] - low[1] == pytest.approx(HEIGHT[sex], abs=0.01)
    sole = arrays.template[:, 1] < low[1] + 0.01
    assert (
        arrays.skin_weights[sole][:, [JOINT[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]].sum(1).min()
        > 0.9
    )
    assert 0.95 < (high[0] - low[0]) / HEIGHT[sex] < 1.06  # arm span by height


def test_joints_stand_in_a_t_pose_about_the_pelvis(body):
    _, _, model = body
    joints = dict(zip(JOINT_NAMES, model.joint_template, strict=True))
    np.testing.assert_allclose(joints["pelvis"], 0, atol=0.005)
    arm = np.array([joints[f"left_{name}"] for name in ("shoulder", "elbow", "wrist", "hand")])
    np.testing.assert_allclose(arm[:, 1:], arm[:1, 1:].repeat(4, 0), atol=0.008)
    assert (np.diff(arm[:, 0]) > 0.08).all()
    for name in ("knee", "ankle"):
        assert abs(joints[f"left_{name}"][2] - joints["left_hip"][2]) < 0.06
    heights = [joints[name][1] for name in ("left_ankle", "left_knee", "left_hip", "pelvis", "spine1", "spine2", "spine3", "neck", "head")]
    assert (np.diff(heights) > 0.03).all()


@pytest.mark.parametrize("betas", [0.0, 1.0], ids=["average", "random"])
def test_every_joint_lies_inside_the_skin(body, betas):
    _, arrays, model = body
    shape = betas * torch.randn(1, 10, generator=torch.Generator().manual_seed(2))
    rest = model.rest(shape)
    winding = winding_numbers(rest.joints[0].double().numpy(), rest.vertices[0].double().numpy(), arrays.faces)
    np.testing.assert_allclose(winding, 1, atol=0.01)


def test_left_and_right_mirror_each_other_in_every_shape(body):
    _, arrays, model = body
    twin = mesh.mirror_pairs(arrays.template)
    np.testing.assert_allclose(arrays.template[twin] * [-1, 1, 1], arrays.template, atol=1e-6)
    np.testing.assert_allclose(arrays.shapedirs[twin] * np.array([-1, 1, 1])[:, None], arrays.shapedirs, atol=1e-6)
    np.testing.assert_allclose(arrays.skin_weights[twin][:, SWAPPED], arrays.skin_weights, atol=1e-6)
    np.testing.assert_allclose(model.joint_template[SWAPPED] * [-1, 1, 1], model.joint_template, atol=1e-5)


def test_at_most_four_weights_and_few_regressor_vertices(body):
    _, arrays, _ = body
    assert (arrays.skin_weights > 0).sum(1).max() <= 4
    np.testing.assert_allclose(arrays.skin_weights.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(arrays.joint_regressor.sum(1), 1, atol=1e-6)
    assert (arrays.joint_regressor > 0).sum(1).max() <= 48


def test_the_skin_is_closed_and_its_faces_look_outwards(body):
    _, arrays, _ = body
    edges = np.concatenate([arrays.faces[:, [0, 1]], arrays.faces[:, [1, 2]], arrays.faces[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)
    np.testing.assert_array_equal(np.unique(edges, axis=0), np.unique(edges[:, ::-1], axis=0))
    corners = arrays.template[arrays.faces].astype(float)
    litres = 1000 * np.einsum("fa,fa->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    assert 50 < litres < 90


def test_uvs_cover_the_unit_square(body):
    _, arrays, _ = body
    assert arrays.uv.min() >= 0
    assert arrays.uv.max() <= 1
    corners = arrays.uv[arrays.uv_faces]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    assert 0.4 < np.abs(area).sum() < 1


def test_the_first_shape_is_size_and_unit_betas_stay_human(body):
    sex, _, model = body
    heights = np.ptp(model.rest(torch.eye(10)).vertices[..., 1].numpy(), axis=1)
    assert heights[0] - HEIGHT[sex] > 0.08
    assert np.abs(heights[1:] - HEIGHT[sex]).max() < 0.05


def test_the_committed_faces_are_the_generator_s(body, person):
    _, arrays, _ = body
    np.testing.assert_array_equal(arrays.faces, person.faces)
    np.testing.assert_array_equal(arrays.uv_faces, person.uv_faces)


def test_the_base_mesh_gives_13380_body_vertices_and_two_eyeballs(base, person):
    assert len(base.vertices) == 19158
    assert len(person.kept) == 13380 + 2 * 72
    np.testing.assert_array_equal(person.kept[:13380], np.arange(13380))


def test_a_macro_value_is_shared_among_its_neighbours():
    shares = targets.shares(np.array([0.0, 0.1, 0.5, 0.75, 1.0]), targets.AGE_ANCHORS)
    np.testing.assert_allclose(sum(shares.values()), 1)
    np.testing.assert_allclose(shares["young"], [0, 0, 1, 0.5, 0])
    np.testing.assert_allclose(shares["baby"][1], 1 - 0.1 / 0.1875)


def test_every_macro_target_is_there_and_strengths_sum_to_one_within_a_kind():
    strengths = targets.strengths(people.crowd(20, "neutral", np.random.default_rng(0)).macro)
    missing = [name for name in strengths if not (mesh.data_folder() / "targets" / f"{name}.target.gz").is_file()]
    assert not missing
    for kind in ("macrodetails/universal-", "macrodetails/african-|macrodetails/asian-|macrodetails/caucasian-"):
        total = sum(share for name, share in strengths.items() if name.startswith(tuple(kind.split("|"))))
        np.testing.assert_allclose(total, 1)


def test_the_population_has_real_heights():
    everyone = people.crowd(4000, "female", np.random.default_rng(0))
    adults = everyone.height[everyone.years >= 18]
    assert adults.mean() == pytest.approx(1.64, abs=0.01)
    assert adults.std() == pytest.approx(0.065, abs=0.005)
    assert everyone.height.min() > 0.9


def test_skinning_both_ways_is_exact_where_one_joint_moves_a_vertex(base):
    cubes = rig.JointCubes(base)
    places = base.vertices[None, cubes.numbers]
    joints, centres = cubes.joints(places), cubes.centres(places)
    rotations = tpose.t_pose_rotations(joints, centres)
    points = np.random.default_rng(0).normal(size=(1, 24, 3))
    vertices, t_joints = tpose.t_pose(points, joints, rotations, np.eye(24))
    expected = np.einsum("njab,njb->nja", rotations, points - joints) + t_joints
    np.testing.assert_allclose(vertices, expected, atol=1e-9)
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand")):
        bone = t_joints[0, JOINT[f"right_{end}"]] - t_joints[0, JOINT[f"right_{start}"]]
        np.testing.assert_allclose(bone / np.linalg.norm(bone), [-1, 0, 0], atol=1e-9)


def test_t_pose_turnings_are_rotations(base):
    cubes = rig.JointCubes(base)
    places = base.vertices[None, cubes.numbers]
    rotations = tpose.t_pose_rotations(cubes.joints(places), cubes.centres(places))
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, -1, -2), np.eye(3)[None, None].repeat(24, 1), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
