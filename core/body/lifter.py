"""The lifter: a small network that turns one person's landmarks into SMPL rotations, with how sure it is of each.

The landmarks of a detector, 2D and 3D, err together (a whole leg too near, a trunk leaning forward); the network has seen how, and undoes
it, without ever seeing a pixel, so what it learned on synthetic people carries over to photos. After Martinez et al. 2017 ("A simple yet
effective baseline for 3d human pose estimation"), with rotations in 6D (Zhou et al. 2019) instead of joints.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from ..errors import WeightsCorrupt
from ..photo.landmarks import LANDMARKS, TWINS
from ..photo.person import Person
from ..skeleton import JOINT, JOINT_NAMES, mirrored
from .aim import aimed, turned_pelvis

LIFTED = tuple(name for name in JOINT_NAMES if name not in ("left_hand", "right_hand"))
"""Joints the network turns; landmarks say nothing of the fingers."""

WIDTH, BLOCKS = 512, 2
DROPOUT = 0.25
"""Share of each layer's values left out in training: thousands of pairs, not millions, and the network learned them by heart without."""

FEATURES = len(LANDMARKS) * 7
BETAS = 10
OUTPUTS = len(LIFTED) * 7 + 2 * BETAS

DEVIATIONS_PER_SPREAD = 2.0
"""Standard deviation per axis of a Laplace density exp(-|x| / b) in three dimensions, over its spread b: E|x|² is 12 b²."""
DEVIATIONS_PER_SPREAD_ALONE = 2**0.5
"""The same in one dimension, which is what each beta's is."""

_SMPL_TWINS = [LIFTED.index(mirrored(name)) for name in LIFTED]
_LANDMARK_TWINS = torch.tensor(TWINS[: len(LANDMARKS)])


@dataclass(frozen=True)
class Lifted:
    """What the landmarks say of a body. pose: (24, 3) axis-angle, the pelvis' in the upright camera frame (core.camera.UPRIGHT); deviation:
    (24,) radians, how far each rotation is usually off; betas, betas_deviation: (10,). Hands are at rest with a small deviation."""

    pose: np.ndarray
    deviation: np.ndarray
    betas: np.ndarray
    betas_deviation: np.ndarray


class Said(NamedTuple):
    """The network's answer: rotations (B, 22, 3, 3) relative to the parents and the logarithms of their spreads (B, 22), radians; betas
    and the logarithms of theirs (B, 10). The camera's distance is not among them: body, focal length and 2D landmarks tell it exactly."""

    rotations: Tensor
    spread: Tensor
    betas: Tensor
    betas_spread: Tensor


class Block(nn.Module):
    """A residual block: two linear layers, each normalised and rectified."""

    def __init__(self, width: int):
        super().__init__()
        layers = [layer for _ in range(2) for layer in (nn.Linear(width, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(DROPOUT))]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "B C"]) -> Float[Tensor, "B C"]:
        return x + self.layers(x)


class Lifter(nn.Module):
    """Features (B, 231) to what they say of the body.

    Mirror-symmetric by construction: the mean of what it says of a person and, mirrored back, of their mirror image.
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.enter = nn.Sequential(nn.Linear(FEATURES, WIDTH), nn.LayerNorm(WIDTH), nn.GELU())
        self.blocks = nn.Sequential(*(Block(WIDTH) for _ in range(BLOCKS)))
        self.leave = nn.Linear(WIDTH, OUTPUTS)

    def forward(self, features: Float[Tensor, "B 231"]) -> Said:
        one, other = self.one_side(features), self.one_side(mirrored_features(features))
        six = (one[0] + mirrored_six(other[0])) / 2
        spread = (one[1] + other[1][:, _SMPL_TWINS]) / 2
        return Said(six_to_rotation(six), spread, (one[2] + other[2]) / 2, (one[3] + other[3]) / 2)

    def one_side(self, features: Float[Tensor, "B 231"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The network's answer without its mirrored twin; rotations (B, 22, 6) as 6D."""
        out = self.leave(self.blocks(self.enter((features - self.mean) / self.scale)))
        turns, spread, betas, betas_spread = out.split([6 * len(LIFTED), len(LIFTED), BETAS, BETAS], dim=1)
        six = turns.unflatten(1, (len(LIFTED), 6)) + out.new_tensor([1, 0, 0, 0, 1, 0])
        return six, spread.clamp(-5, 1), betas, betas_spread.clamp(-3, 1)


def landmark_features(
    landmarks: Float[Tensor, "B 33 2"], seen: Float[Tensor, "B 33 2"], world: Float[Tensor, "B 33 3"]
) -> Float[Tensor, "B 231"]:
    """What the network reads: 2D landmarks about their mean over their spread, 3D ones in metres, visibility and presence.

    landmarks: any unit, of a camera aimed at the person (see `aim`); world: metres along its axes. So neither focal length nor the place in
    the picture matters.
    """
    centred = landmarks - landmarks.mean(dim=1, keepdim=True)
    spread = centred.square().sum(-1).mean(1).sqrt().clamp_min(1e-6)
    return torch.cat([centred / spread[:, None, None], world, seen], dim=-1).flatten(1)


def mirrored_features(features: Float[Tensor, "B 231"]) -> Float[Tensor, "B 231"]:
    """The features of the mirror image: left and right exchanged, x negated."""
    points = features.unflatten(1, (len(LANDMARKS), 7))[:, _LANDMARK_TWINS]
    return (points * points.new_tensor([-1, 1, -1, 1, 1, 1, 1])).flatten(1)


def mirrored_six(six: Float[Tensor, "B 22 6"]) -> Float[Tensor, "B 22 6"]:
    """The mirror image's rotations: M R M with M = diag(-1, 1, 1), which keeps or negates entries of R's first two columns."""
    return six[:, _SMPL_TWINS] * six.new_tensor([1, -1, -1, -1, 1, 1])


def six_to_rotation(six: Float[Tensor, "*B 6"]) -> Float[Tensor, "*B 3 3"]:
    """Rotation matrices from two columns made orthonormal (Zhou et al. 2019, "On the Continuity of Rotation Representations", B)."""
    first = nn.functional.normalize(six[..., :3], dim=-1)
    second = nn.functional.normalize(six[..., 3:] - (first * six[..., 3:]).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


def load_lifter(path: Path) -> Lifter:
    """The trained network of a .safetensors file. WeightsCorrupt where it does not fit this network."""
    lifter = Lifter()
    try:
        lifter.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    except (RuntimeError, ValueError, OSError, SafetensorError) as error:
        raise WeightsCorrupt(f"{path.name} does not fit the lifter: {error}") from error
    return lifter.eval()


def lift(lifter: Lifter, person: Person, intrinsics: Float[np.ndarray, "4"]) -> Lifted:
    """What the network says of one person, seen by a camera with these intrinsics (pixels)."""
    view = aimed(np.float64(person.landmarks)[None], np.float64(person.world_landmarks)[None], intrinsics[None])
    seen = np.stack([person.visibility, person.presence], axis=1)[None]
    with torch.no_grad():
        said = lifter(landmark_features(*(torch.as_tensor(np.float32(array)) for array in (view.landmarks, seen, view.world))))
    rotations, spread, betas, betas_spread = (part[0].double().numpy() for part in said)
    pose, deviation = np.zeros((24, 3)), np.full(24, np.radians(5.0))
    rows = [JOINT[name] for name in LIFTED]
    pose[rows] = Rotation.from_matrix(rotations).as_rotvec()
    deviation[rows] = DEVIATIONS_PER_SPREAD * np.exp(spread)
    pose = turned_pelvis(pose[None], view.turn.transpose(0, 2, 1))[0]
    return Lifted(pose, deviation, betas, DEVIATIONS_PER_SPREAD_ALONE * np.exp(betas_spread))
