"""Train the lifter on pairs: `python -m training.lifter.train --pairs DIR [DIR ...] --minutes 6 --out checkpoints/lifter.safetensors`.

What it makes small stands in `losses`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from core.body.aim import aimed, turned_pelvis
from core.body.files import load_body
from core.body.lifter import Lifter, landmark_features, load_lifter
from core.body.model import rotation_matrices
from training.lifter.losses import Data, losses
from training.lifter.noise import modelled_pairs, observed_errors, pose_pool
from training.lifter.pairs import Pairs, joined, load_pairs

BATCH = 256
WARM_UP, CHECKED = 50, 50
"""Steps until the full rate, and between looks at the people kept apart."""


def tensors(pairs: Pairs) -> Data:
    """What the network reads of each pair and should say."""
    view = aimed(*(np.float64(array) for array in (pairs.landmarks, pairs.world, pairs.intrinsics)))
    features = landmark_features(*(torch.as_tensor(np.float32(array)) for array in (view.landmarks, pairs.seen, view.world)))
    pose = np.float32(turned_pelvis(pairs.pose, view.turn))
    return Data(features, rotation_matrices(torch.as_tensor(pose)), torch.as_tensor(np.float32(pairs.betas)))


def noised(features: Tensor) -> Tensor:
    """Landmarks moved a little more, and the 3D ones scaled: the detector's size of people is a guess."""
    points = features.unflatten(1, (33, 7)).clone()
    points[..., :2] += 0.02 * torch.randn_like(points[..., :2])
    points[..., 2:5] = points[..., 2:5] * (1 + 0.05 * torch.randn(len(points), 1, 1)) + 0.02 * torch.randn_like(points[..., 2:5])
    points[..., 5:] = (points[..., 5:] + 0.05 * torch.randn_like(points[..., 5:])).clamp(0, 1)
    return points.flatten(1)


def split_by_person(pairs: Pairs, kept: float, seed: int) -> tuple[Pairs, Pairs]:
    """The pairs to train on, and those of a share of the people, whom training never sees."""
    people = np.random.default_rng(seed).permutation(np.unique(pairs.who))
    held = np.isin(pairs.who, people[: max(1, round(kept * len(people)))])
    return pairs.rows(~held), pairs.rows(held)


def new_lifter(data: Data, seed: int) -> Lifter:
    """A network that has learned nothing but its features' means and scales."""
    torch.manual_seed(seed)
    lifter = Lifter()
    lifter.mean.copy_(data.features.mean(0))
    lifter.scale.copy_(data.features.std(0).clamp_min(1e-3))
    return lifter


def halfway(one: Lifter, other: Lifter) -> None:
    """Puts the network's weights halfway to another's that it was grown from: often better than both, on what either was trained for
    (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
    with torch.no_grad():
        for mine, theirs in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            mine.copy_((mine + theirs) / 2)


def train(lifter: Lifter, data: Data, more: Data | None, held: Data, minutes: float, rate: float, last: bool = False) -> dict:
    """Trains the network, which ends with the weights that had the lowest loss on `held`; the figures of the course. more: modelled pairs,
    half of every batch; last: it ends with the last weights that were looked at."""
    model = load_body(Path("weights"))
    lifter.train()
    optimiser = torch.optim.AdamW(lifter.parameters(), lr=rate, weight_decay=1e-2)
    start, step, best, figures = time.process_time(), 0, float("inf"), {}
    while (spent := (time.process_time() - start) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.5 + 0.5 * np.cos(np.pi * spent)) * min(1, (step + 1) / WARM_UP)
        batch = data.rows(torch.randint(len(data.features), (BATCH // 2 if more else BATCH,)))
        if more:
            other = more.rows(torch.randint(len(more.features), (BATCH // 2,)))
            batch = Data(*(torch.cat(arrays) for arrays in zip(batch, other, strict=True)))
        loss = losses(lifter, model, batch._replace(features=noised(batch.features)))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(lifter.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % CHECKED == 0:
            lifter.eval()
            with torch.no_grad():
                value = float(losses(lifter, model, held))
            lifter.train()
            if last or value < best:
                best, kept_state = value, {key: tensor.clone() for key, tensor in lifter.state_dict().items()}
                figures = {"step": step, "loss": value, "pairs": len(data.features)}
            print(f"\rstep {step} loss {float(loss.detach()):.3f} held {value:.3f} best {best:.3f}", end="", flush=True)
    print()
    lifter.load_state_dict(kept_state)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, nargs="+", default=[Path("data/pairs")])
    parser.add_argument("--modelled", type=int, default=0, help="pairs of made-up bodies with modelled errors")
    parser.add_argument("--kept", type=float, default=0.05, help="share of the people that training does not see")
    parser.add_argument("--minutes", type=float, default=6, help="of processor time")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--start", type=Path, help="weights to go on from, in place of new ones")
    parser.add_argument("--last", action="store_true", help="keep the last weights: those gone on from may know the people kept apart")
    parser.add_argument("--halfway", type=Path, metavar="WEIGHTS", help="end halfway to these, which the start was grown from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/lifter.safetensors"))
    options = parser.parse_args()
    model = load_body(Path("weights"))
    pairs, held = split_by_person(joined([load_pairs(folder) for folder in options.pairs]), options.kept, options.seed)
    more = None
    if options.modelled:
        poses = pose_pool(pairs, options.modelled, options.seed)
        more = tensors(modelled_pairs(observed_errors(pairs, model), poses, pairs.betas, model, options.modelled, options.seed))
    data = tensors(pairs)
    lifter = load_lifter(options.start) if options.start else new_lifter(data, options.seed)
    figures = train(lifter, data, more, tensors(held), options.minutes, options.rate, options.last)
    if options.halfway:
        halfway(lifter, load_lifter(options.halfway))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.half().contiguous() for key, tensor in lifter.state_dict().items()}, options.out)
    print(f"{options.out}: {figures}")


if __name__ == "__main__":
    main()
