"""The open body inside a composed person: made from the same base mesh, so its parameters follow without a search.

Betas by least squares on the T-posed nude body, pose as the person is posed, translation so that the joints agree in the mean.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from core.body.files import read_body
from core.body.model import BETAS
from training.makehuman.figure import posed
from training.people.character import BodyTruth
from training.people.piece import vertex_normals

RIDGE = 1e-4  # keeps betas small where the components hardly differ; metres² a vertex


@dataclass(frozen=True, eq=False)
class OpenBody:
    """The open neutral body as plain arrays, with the solution of its least squares: betas = solver @ (T-posed vertices - template)."""

    template: np.ndarray
    shapedirs: np.ndarray
    regressor: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    solver: np.ndarray


def open_body(folder: Path) -> OpenBody:
    """The neutral open body in the folder. Raises BodyFileInvalid, WeightsMissing."""
    arrays = read_body(Path(folder) / "body_neutral.npz")
    template, shapes = arrays.template.astype(np.float64), arrays.shapedirs.astype(np.float64)
    basis = shapes.reshape(-1, BETAS)
    solver = np.linalg.solve(basis.T @ basis + RIDGE * np.eye(BETAS), basis.T)
    return OpenBody(template, shapes, arrays.joint_regressor.astype(np.float64), arrays.skin_weights, arrays.faces, solver)


def betas_of(body: OpenBody, nude: np.ndarray) -> np.ndarray:
    """Betas (10,) of the body nearest to a nude body's vertices (V, 3), T-pose, pelvis at the origin."""
    return body.solver @ (nude - body.template).ravel()


def body_truth(body: OpenBody, nude: np.ndarray, pose: np.ndarray, joints: np.ndarray, bare: np.ndarray) -> BodyTruth:
    """The open body for a nude body (V, 3) in T-pose, the pose, the person's posed joints (24, 3) and bare skin's posed points (N, 3)."""
    betas = betas_of(body, nude)
    rest = body.template + body.shapedirs @ betas
    rest_joints = body.regressor @ rest
    surface = posed(rest, body.weights, pose, rest_joints)
    placed = posed(rest_joints, np.eye(len(rest_joints)), pose, rest_joints)
    translation = (joints - placed).mean(axis=0)
    joint_cm = 100 * np.linalg.norm(placed + translation - joints, axis=1).mean()
    surface = surface + translation
    skin_cm = float("nan")
    if len(bare):
        _, near = cKDTree(surface).query(bare)
        ahead = np.einsum("nc,nc->n", bare - surface[near], vertex_normals(surface, body.faces)[near])
        skin_cm = 100 * np.abs(ahead).mean()
    return BodyTruth(pose, betas, translation, float(joint_cm), float(skin_cm))
