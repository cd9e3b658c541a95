"""The lifter: a small network that turns one person's landmarks into SMPL rotations, with how sure it is of each.

The landmarks of a detector, 2D and 3D, err together (a whole leg too near, a trunk leaning forward); the network has seen how, and undoes
it, without ever seeing a pixel, so what it learned on synthetic people carries over to photos. After Martinez et al. 2017 ("A simple yet
effective baseline for 3d human pose estimation"), with rotations in 6D (Zhou et al. 2019) instead of joints.
"""

from dataclasses import dataclass
from pathlib import Path

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

LIFTED = tuple(name for name in JOINT_NAMES if name not in ("left_hand", "right_hand"))
"""Joints the network turns; landmarks say nothing of the fingers."""

WIDTH, BLOCKS = 512, 2
DROPOUT = 0.25
"""Share of each layer's values left out in training: thousands of pairs, not millions, and the network learned them by heart without."""

FEATURES = len(LANDMARKS) * 7
OUTPUTS = len(LIFTED) * 7 + 10

DEVIATIONS_PER_SPREAD = 2.0
"""Standard deviation per axis of a Laplace density exp(-|x| / b) in three dimensions, over its spread b: E|x|² is 12 b²."""

_SMPL_TWINS = [LIFTED.index(mirrored(name)) for name in LIFTED]
_LANDMARK_TWINS = torch.tensor(TWINS[: len(LANDMARKS)])


@dataclass(frozen=True)
class Lifted:
    """What the landmarks say of a body. pose: (24, 3) axis-angle, the pelvis' in the upright camera frame (core.camera.UPRIGHT); deviation:
    (24,) radians, how far each rotation is usually off; betas: (10,). Hands are at rest with a small deviation."""

    pose: np.ndarray
    deviation: np.ndarray
    betas: np.ndarray


class Block(nn.Module):
    """A residual block: two linear layers, each normalised and rectified."""

    def __init__(self, width: int):
        super().__init__()
        layers = [layer for _ in range(2) for layer in (nn.Linear(width, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(DROPOUT))]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "B C"]) -> Float[Tensor, "B C"]:
        return x + self.layers(x)


class Lifter(nn.Module):
    """Features (B, 231) to rotations (B, 22, 3, 3) relative to the parents, log-deviations (B, 22) and betas (B, 10).

    Mirror-symmetric by construction: the mean of what it says of a person and, mirrored back, of their mirror image.
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.enter = nn.Sequential(nn.Linear(FEATURES, WIDTH), nn.LayerNorm(WIDTH), nn.GELU())
        self.blocks = nn.Sequential(*(Block(WIDTH) for _ in range(BLOCKS)))
        self.leave = nn.Linear(WIDTH, OUTPUTS)

    def forward(self, features: Float[Tensor, "B 231"]) -> tuple[Float[Tensor, "B 22 3 3"], Float[Tensor, "B 22"], Float[Tensor, "B 10"]]:
        six, deviation, betas = self.one_side(features)
        other_six, other_deviation, other_betas = self.one_side(mirrored_features(features))
        six = (six + mirrored_six(other_six)) / 2
        deviation = (deviation + other_deviation[:, _SMPL_TWINS]) / 2
        return six_to_rotation(six), deviation, (betas + other_betas) / 2

    def one_side(self, features: Float[Tensor, "B 231"]) -> tuple[Float[Tensor, "B 22 6"], Float[Tensor, "B 22"], Float[Tensor, "B 10"]]:
        """The network's answer without its mirrored twin; rotations as 6D."""
        out = self.leave(self.blocks(self.enter((features - self.mean) / self.scale)))
        count = len(LIFTED)
        six = out[:, : 6 * count].unflatten(1, (count, 6)) + out.new_tensor([1, 0, 0, 0, 1, 0])
        return six, out[:, 6 * count : 7 * count].clamp(-5, 1), out[:, 7 * count :]


def landmark_features(
    landmarks: Float[Tensor, "B 33 2"], seen: Float[Tensor, "B 33 2"], world: Float[Tensor, "B 33 3"]
) -> Float[Tensor, "B 231"]:
    """What the network reads: 2D landmarks about their mean over their spread, 3D ones in metres, visibility and presence.

    landmarks: pixels; world: metres along the camera's axes. So neither focal length nor the place in the picture matters.
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


def lift(lifter: Lifter, person: Person) -> Lifted:
    """What the network says of one person."""
    seen = np.stack([person.visibility, person.presence], axis=1)
    with torch.no_grad():
        arrays = [torch.as_tensor(np.float32(array))[None] for array in (person.landmarks, seen, person.world_landmarks)]
        rotations, deviation, betas = lifter(landmark_features(*arrays))
    pose, spread = np.zeros((24, 3)), np.full(24, np.radians(5.0))
    rows = [JOINT[name] for name in LIFTED]
    pose[rows] = Rotation.from_matrix(rotations[0].double().numpy()).as_rotvec()
    spread[rows] = DEVIATIONS_PER_SPREAD * np.exp(deviation[0].double().numpy())
    return Lifted(pose, spread, betas[0].double().numpy())
