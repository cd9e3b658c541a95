"""The body model against smplx, against a slow obvious version, and against itself."""

from collections import defaultdict

import numpy as np
import pytest
import torch
from smplx import SMPL
from smplx.utils import Struct

from core.body.model import BodyArrays, BodyModel, rotation_matrices
from core.skeleton import JOINT_NAMES, PARENTS, joint_transforms, posed_joints
from core.skeleton import rotation_matrices as rotation_matrices_in_numpy

JOINTS = len(JOINT_NAMES)


def random_arrays(vertices: int, seed: int = 0, bent: bool = True) -> BodyArrays:
    """A body of random points: nothing like a person, but every array of the right kind."""
    random = np.random.default_rng(seed)
    weights = random.random((vertices, JOINTS)) ** 8
    regressor = random.random((JOINTS, vertices)) ** 20
    return BodyArrays(
        template=random.normal(size=(vertices, 3)).astype(np.float32),
        faces=random.integers(0, vertices, (2 * vertices, 3)),
        shapedirs=(0.03 * random.normal(size=(vertices, 3, 10))).astype(np.float32),
        joint_regressor=(regressor / regressor.sum(1, keepdims=True)).astype(np.float32),
        skin_weights=(weights / weights.sum(1, keepdims=True)).astype(np.float32),
        posedirs=(0.01 * random.normal(size=(vertices, 3, 207))).astype(np.float32) if bent else None,
    )


def inputs(batch: int, dtype: torch.dtype = torch.float32, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sizes = ((batch, 10), (batch, JOINTS, 3), (batch, 3))
    return tuple(scale * torch.randn(size, generator=generator, dtype=dtype) for scale, size in zip((1, 0.6, 1), sizes, strict=True))


def in_smplx(arrays: BodyArrays) -> SMPL:
    posedirs = np.zeros((*arrays.template.shape, 207), np.float32) if arrays.posedirs is None else arrays.posedirs
    tree = np.array([PARENTS, range(JOINTS)])
    table = {"v_template": arrays.template, "f": arrays.faces, "shapedirs": arrays.shapedirs, "J_regressor": arrays.joint_regressor}
    struct = Struct(**table, weights=arrays.skin_weights, posedirs=posedirs, kintree_table=tree)
    return SMPL(model_path="", data_struct=struct, vertex_ids=defaultdict(int), create_transl=False)


def posed_slowly(arrays: BodyArrays, betas: np.ndarray, pose: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """The paper's equations, one vertex after another."""
    rest = arrays.template + arrays.shapedirs @ betas
    joints = arrays.joint_regressor @ rest
    bent = rotation_matrices_in_numpy(pose)[1:] - np.eye(3)
    rest = rest + arrays.posedirs @ bent.ravel()
    transforms = joint_transforms(pose, joints)
    moved = [[transform[:3, :3] @ point + transform[:3, 3] for transform in transforms] for point in rest]
    return np.einsum("vj,vja->va", arrays.skin_weights, np.array(moved)) + translation


@pytest.fixture(scope="module")
def arrays() -> BodyArrays:
    return random_arrays(60)


@pytest.mark.parametrize("bent", [True, False], ids=["posedirs", "no posedirs"])
def test_equals_smplx_on_the_same_arrays(bent):
    arrays = random_arrays(500, bent=bent)
    betas, pose, translation = inputs(4)
    ours = BodyModel(arrays)(betas, pose, translation)
    theirs = in_smplx(arrays)(betas=betas, body_pose=pose[:, 1:].flatten(1), global_orient=pose[:, 0], transl=translation)
    assert (ours.vertices - theirs.vertices).abs().max() < 1e-5
    assert (ours.joints - theirs.joints[:, :JOINTS]).abs().max() < 1e-5


def test_equals_the_equations_written_out(arrays):
    betas, pose, translation = inputs(1, torch.float64)
    model = BodyModel(arrays, torch.float64)
    slow = posed_slowly(arrays, betas[0].numpy(), pose[0].numpy(), translation[0].numpy())
    np.testing.assert_allclose(model(betas, pose, translation).vertices[0].numpy(), slow, atol=1e-7)


def test_zero_pose_and_betas_is_the_template(arrays):
    model = BodyModel(arrays)
    output = model(torch.zeros(1, 10), torch.zeros(1, JOINTS, 3))
    assert torch.allclose(output.vertices[0], model.v_template, atol=1e-6)
    assert torch.allclose(output.joints, output.rest_joints, atol=1e-6)


def test_joints_and_transforms_agree_with_the_numpy_skeleton(arrays):
    betas, pose, translation = inputs(1, torch.float64)
    model = BodyModel(arrays, torch.float64)
    output = model(betas, pose, translation)
    rest = model.joint_template + model.joint_shapedirs @ betas[0].numpy()
    np.testing.assert_allclose(output.rest_joints[0].numpy(), rest, atol=1e-9)
    np.testing.assert_allclose(output.joints[0].numpy(), posed_joints(pose[0].numpy(), rest) + translation[0].numpy(), atol=1e-9)
    expected = joint_transforms(pose[0].numpy(), rest)
    expected[:, :3, 3] += translation[0].numpy()
    np.testing.assert_allclose(output.transforms[0].numpy(), expected, atol=1e-9)


def test_rest_joints_are_the_regressor_on_the_rest_mesh(arrays):
    model = BodyModel(arrays, torch.float64)
    rest = model.rest(inputs(3, torch.float64)[0])
    assert torch.allclose(rest.joints, model.joint_regressor @ rest.vertices, atol=1e-9)


def test_a_batch_equals_its_singles(arrays):
    model = BodyModel(arrays)
    betas, pose, translation = inputs(3)
    whole = model(betas, pose, translation)
    for row in range(3):
        single = model(betas[row : row + 1], pose[row : row + 1], translation[row : row + 1])
        for together, alone in zip(whole, single, strict=True):
            assert torch.allclose(together[row], alone[0], atol=1e-6)


def test_turning_the_pelvis_turns_everything_about_it():
    model = BodyModel(random_arrays(60, bent=False), torch.float64)
    betas, pose, _ = inputs(1, torch.float64)
    upright = pose.clone()
    upright[:, 0] = 0
    turn, still, turned = rotation_matrices(pose[:, 0])[0], model(betas, upright), model(betas, pose)
    pelvis = still.joints[0, 0]
    assert torch.allclose(turned.vertices[0], (still.vertices[0] - pelvis) @ turn.T + pelvis, atol=1e-9)
    assert torch.allclose(turned.joints[0], (still.joints[0] - pelvis) @ turn.T + pelvis, atol=1e-9)


@pytest.mark.parametrize("scale", [0.0, 1.0], ids=["at zero pose", "at a random pose"])
def test_derivatives(scale):
    model = BodyModel(random_arrays(4), torch.float64)
    betas, pose, translation = (tensor.requires_grad_() for tensor in inputs(1, torch.float64))
    pose = (scale * pose).detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda *given: model(*given)[:2], (betas, pose, translation), fast_mode=True)


def test_rotations_are_rotations_however_small_or_large():
    axis_angle = torch.randn(6, 3, dtype=torch.float64) * torch.tensor([0, 1e-12, 1e-6, 1e-3, 1, 10], dtype=torch.float64)[:, None]
    matrices = rotation_matrices(axis_angle)
    assert torch.allclose(matrices @ matrices.mT, torch.eye(3, dtype=torch.float64).expand(6, 3, 3), atol=1e-12)
    np.testing.assert_allclose(matrices.numpy(), rotation_matrices_in_numpy(axis_angle.numpy()), atol=1e-9)


def test_moves_to_another_precision(arrays):
    model = BodyModel(arrays).to(torch.float64)
    assert model(*inputs(1, torch.float64)).vertices.dtype == torch.float64
    assert model.faces.dtype == torch.int64
