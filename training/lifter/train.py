"""Train the lifter on pairs: `python -m training.lifter.train --pairs data/pairs --minutes 6 --out checkpoints/lifter.safetensors`.

Losses, on every lifted joint: the angle to the true rotation under a Laplace density whose spread the network tells (its median, unlike a
mean, does not bend straight knees), and the distance of the joints that the rotations carry. Betas are learned from bone lengths.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from core.body.files import load_body
from core.body.lifter import LIFTED, Lifter, landmark_features
from core.body.model import BodyModel, joint_transforms, rotation_matrices
from core.skeleton import JOINT, PARENTS
from training.lifter.noise import modelled_pairs, observed_errors, pose_pool
from training.lifter.pairs import Pairs, load_pairs

ROWS = [JOINT[name] for name in LIFTED]
BATCH = 512
LENGTHS = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("knee", "ankle", "elbow", "wrist")] + [
    JOINT[name] for name in ("spine2", "spine3", "neck")
]
"""Joints whose bones tell the shape; their places agree between rigs."""


def bone_betas(model: BodyModel, joints: np.ndarray) -> np.ndarray:
    """Betas (N, 10) whose bones are as long as those of posed joints (N, 24, 3): regularised least squares, one centimetre of trust."""
    template, dirs = model.joint_template, model.joint_shapedirs
    parents = np.array(PARENTS)[LENGTHS]
    bones, slopes = template[LENGTHS] - template[parents], dirs[LENGTHS] - dirs[parents]
    lengths = np.linalg.norm(bones, axis=1)
    by_beta = np.einsum("ja,jak->jk", bones / lengths[:, None], slopes) / 0.01
    wanted = (np.linalg.norm(joints[:, LENGTHS] - joints[:, parents], axis=2) - lengths) / 0.01
    return wanted @ by_beta @ np.linalg.inv(by_beta.T @ by_beta + np.eye(10))


def tensors(pairs: Pairs, model: BodyModel) -> tuple[Tensor, Tensor, Tensor]:
    """Features (N, 231), true rotations (N, 24, 3, 3), betas (N, 10)."""
    features = landmark_features(*(torch.as_tensor(array) for array in (pairs.landmarks, pairs.seen, pairs.world)))
    return features, rotation_matrices(torch.as_tensor(pairs.pose)), torch.as_tensor(np.float32(bone_betas(model, pairs.joints)))


def noised(features: Tensor) -> Tensor:
    """Landmarks moved a little more, and the 3D ones scaled: the detector's size of people is a guess."""
    points = features.unflatten(1, (33, 7)).clone()
    points[..., :2] += 0.02 * torch.randn_like(points[..., :2])
    points[..., 2:5] = points[..., 2:5] * (1 + 0.05 * torch.randn(len(points), 1, 1)) + 0.02 * torch.randn_like(points[..., 2:5])
    points[..., 5:] = (points[..., 5:] + 0.05 * torch.randn_like(points[..., 5:])).clamp(0, 1)
    return points.flatten(1)


def losses(lifter: Lifter, model: BodyModel, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    features, rotations, betas = batch
    found, spread, shape = lifter(features)
    true = rotations[:, ROWS]
    cosine = ((found * true).sum((-1, -2)) - 1) / 2
    chord = (found - true).square().sum((-1, -2)).clamp_min(1e-8).sqrt()  # 2√2 sin(angle / 2)
    angle = chord / 2**0.5 * (1 + (1 - cosine).clamp(0, 2) / 12)
    likely = (angle / spread.exp() + 3 * spread).mean()
    full = rotations.clone()
    full[:, ROWS] = found
    rest = model._joint_template.expand(len(full), -1, -1)
    points = torch.nn.functional.pad(rest, (0, 1), value=1.0)[..., None]
    places = [joint_transforms(turns, rest)[:, :, :3] @ points for turns in (full, rotations)]
    reach = (places[0] - places[1])[..., 0].norm(dim=-1).mean()
    return likely + 20 * reach + 0.1 * (shape - betas).abs().mean()


def train(pairs: Pairs, modelled: Pairs | None, minutes: float, rate: float, seed: int, kept: float = 0.05) -> tuple[Lifter, dict]:
    """The network with the lowest loss on the last `kept` of the pairs, and the figures of its course."""
    torch.manual_seed(seed)
    model, lifter = load_body(Path("weights")), Lifter()
    data = tensors(pairs, model)
    more = tensors(modelled, model) if modelled else None
    count = int(len(pairs) * (1 - kept))
    lifter.mean.copy_(data[0][:count].mean(0))
    lifter.scale.copy_(data[0][:count].std(0).clamp_min(1e-3))
    optimiser = torch.optim.AdamW(lifter.parameters(), lr=rate, weight_decay=1e-2)
    start, step, best, figures = time.time(), 0, float("inf"), {}
    held = tuple(array[count:] for array in data)
    while (spent := (time.time() - start) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.5 + 0.5 * np.cos(np.pi * spent)) * min(1, (step + 1) / 200)
        rows = torch.randint(count, (BATCH // 2 if more else BATCH,))
        batch = [array[rows] for array in data]
        if more:
            rows = torch.randint(len(more[0]), (BATCH // 2,))
            batch = [torch.cat([array, other[rows]]) for array, other in zip(batch, more, strict=True)]
        features, rotations, betas = batch
        loss = losses(lifter, model, (noised(features), rotations, betas))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(lifter.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 200 == 0:
            lifter.eval()
            with torch.no_grad():
                value = float(losses(lifter, model, held))
            lifter.train()
            if value < best:
                best, kept_state = value, {key: tensor.clone() for key, tensor in lifter.state_dict().items()}
                figures = {"step": step, "loss": value, "pairs": count}
            print(f"\rstep {step} loss {float(loss):.3f} held {value:.3f} best {best:.3f}", end="", flush=True)
    print()
    lifter.load_state_dict(kept_state)
    return lifter, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, default=Path("data/pairs"))
    parser.add_argument("--motion", type=Path, help="folder of motion clips, for modelled pairs")
    parser.add_argument("--modelled", type=int, default=0, help="pairs of made-up bodies with modelled errors")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/lifter.safetensors"))
    options = parser.parse_args()
    pairs, modelled, model = load_pairs(options.pairs), None, load_body(Path("weights"))
    if options.modelled:
        poses = pose_pool(options.motion, options.modelled // 4, options.seed)
        modelled = modelled_pairs(observed_errors(pairs, model), poses, model, options.modelled, options.seed)
    lifter, figures = train(pairs, modelled, options.minutes, options.rate, options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.half().contiguous() for key, tensor in lifter.state_dict().items()}, options.out)
    print(f"{options.out}: {figures}")


if __name__ == "__main__":
    main()
