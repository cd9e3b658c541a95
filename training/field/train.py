"""Trains the field on plates.

    python -m training.field.train --plates DIR --out checkpoints/field --size small --steps 12000

On a processor, on one GPU, or on several with torchrun. A run that was stopped goes on from its checkpoint to the same numbers when called
again with the same options. --dry-run proves the whole loop in under a minute. --init starts from trained weights. log.jsonl says what
happens; sheet-*.jpg shows it.
"""

import argparse
import json
import math
import os
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset

from core.field.config import CONDITIONINGS, SIZES, FieldConfig
from core.field.files import load_field, save_field
from core.field.network import FieldNetwork
from training.field.batch import BODY_SHARE, Batch, Wish, batch_of
from training.field.checkpoint import RunningMean, load_checkpoint, save_checkpoint
from training.field.losses import WEIGHTS, detail_losses, field_losses, light_losses, map_losses, weighted
from training.field.muon import optimisers_of
from training.field.patches import patch_losses
from training.field.plates import Plate, plate_files
from training.field.sheet import write_sheet
from training.field.usual_light import usual_light

WARM_UP = 100
"""Steps over which the learning rate rises."""
CLIP = 1.0
"""The gradient's norm at most: a batch of four has its bad days."""
LOOSE = 0.035
"""Metres: one person in twelve wears a skirt or a coat so wide."""
JUDGED = 0.04
"""Share of people kept from training, whose losses are the run's own judge (the yardstick's people are others again)."""


class Trainee(nn.Module):
    """The network with its losses, in one forward so that several GPUs can share the work."""

    def __init__(self, network: FieldNetwork, weights: dict[str, float]):
        super().__init__()
        self.network, self.weights = network, weights

    def forward(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        encoded = self.network.encode(batch.picture)
        parts = field_losses(self.network, encoded, batch) | map_losses(encoded, batch) | light_losses(self.network, encoded, batch)
        parts |= detail_losses(encoded, batch) | patch_losses(self.network, encoded, batch)
        losses = weighted(parts, self.weights)
        return losses.total, losses.parts


class Steps(Dataset):
    """The batches of the steps from `start` on. patches: every so many steps half as many plates, with rays for the rendering losses."""

    def __init__(self, files: list[Path], wish: Wish, seed: int, start: int, stop: int, rank: int, patches: int = 0):
        self.files, self.wish, self.seed, self.start, self.stop, self.rank = files, wish, seed, start, stop, rank
        self.patches = patches
        self.traced = [file for file in files if Plate(file).about["patches"]] if patches else []

    def __len__(self) -> int:
        return max(self.stop - self.start, 0)

    def __getitem__(self, number: int) -> Batch:
        step = self.start + number
        if self.traced and step % self.patches == 0:
            shares = (("exact", 1.0),) if self.wish.shift else self.wish.shares  # rays are not moved with a wrong body
            fewer = replace(self.wish, patches=True, plates=max(self.wish.plates // 2, 1), shares=shares)
            return batch_of(self.traced, fewer, self.seed, step, self.rank)
        return batch_of(self.files, self.wish, self.seed, step, self.rank)


@dataclass(frozen=True)
class Place:
    """Where this process trains: its device, its number among `world` of them."""

    device: torch.device
    rank: int
    world: int

    @property
    def first(self) -> bool:
        return self.rank == 0


def place() -> Place:
    """CUDA where there is one; of several processes (torchrun) each its own."""
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    there = torch.cuda.is_available()
    if world > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if there else "gloo")
    return Place(torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if there else torch.device("cpu"), rank, world)


def rate_at(step: int, steps: int, highest: float) -> float:
    """The learning rate: up over WARM_UP steps, then down along half a cosine."""
    up = min((step + 1) / WARM_UP, 1.0)
    return highest * up * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(step / max(steps, 1), 1.0))))


def divided(files: list[Path], share: float = JUDGED) -> tuple[list[Path], list[Path]]:
    """Plates to train on, and those of the share of people kept for judging: a plate's name begins with its person's."""
    people = sorted({file.stem.rpartition("-")[0] for file in files})
    kept = set(people[:: round(1 / share)]) if len(people) > 1 else set()
    return [file for file in files if file.stem.rpartition("-")[0] not in kept], [
        file for file in files if file.stem.rpartition("-")[0] in kept
    ]


def loose_more_often(files: list[Path], times: int) -> list[Path]:
    """The plates, those of people dressed wider than LOOSE metres from their body, on average, so many times."""

    def wide(file: Path) -> bool:
        plate = Plate(file)
        return float(plate.rows("exact/nearest", 0, plate.about["surface"])[:, 0].float().abs().mean()) > LOOSE

    return [file for file in files for _ in range(times if times > 1 and wide(file) else 1)]


@torch.no_grad()
def judge(trainee: Trainee, mean: RunningMean, files: list[Path], wish: Wish, device: torch.device) -> dict[str, float]:
    """Losses of the running mean's weights on people kept apart, each with the exact and with the estimated body."""
    own = {name: value.clone() for name, value in trainee.network.state_dict().items()}
    trainee.network.load_state_dict(mean.values)
    sums: dict[str, list[float]] = {}
    for body in ("exact", "estimated"):
        plain = replace(wish, augment=False, shift=0.0, shares=((body, 1.0), ("noisy", 1e-9)))
        for step in range(max(min(len(files), 32) // wish.plates, 1)):
            batch = batch_of(files, plain, 0, step).to(device)
            for name, value in trainee(batch)[1].items():
                sums.setdefault(f"{body}/{name}", []).append(float(value))
    trainee.network.load_state_dict(own)
    return {name: sum(values) / len(values) for name, values in sums.items()}


def train(options: argparse.Namespace) -> None:
    """The whole run."""
    here = place()
    torch.manual_seed(options.seed)
    files, judged = divided(plate_files(*options.plates), options.kept)
    if not files:
        raise FileNotFoundError(f"{', '.join(map(str, options.plates))}: no plates there; make them with `python -m training.field.bake`")
    files = loose_more_often(files, options.loose)
    network = beginning(options)
    fine = network.config.picture if network.config.detail else 0
    wish = Wish(options.batch, options.surface, options.near, options.far, shift=options.shift, shares=options.shares, relit=options.relit)
    wish = replace(wish, fine=fine)
    path = options.out / "checkpoint.safetensors"
    if not options.init and not path.exists():
        usual, precision = usual_light(files, wish, options.seed)
        network.illumination.usual.copy_(usual)
        network.illumination.precision.copy_(precision)
    network = network.to(here.device)
    network.encoder.to(memory_format=torch.channels_last)
    mean = RunningMean(network)
    optimisers = optimisers_of(network, options.rate, options.optimiser == "muon")
    start = load_checkpoint(path, network, mean, optimisers) if path.exists() else 0
    trainee = Trainee(network, WEIGHTS | dict(options.weight))
    model = DistributedDataParallel(trainee) if here.world > 1 else trainee
    steps = Steps(files, wish, options.seed, start, options.steps, here.rank, options.patches)
    loader = DataLoader(steps, batch_size=None, num_workers=options.workers)
    if here.first:
        print(f"{len(files)} plates to train on, {len(judged)} to judge on; step {start} of {options.steps}; {here.device}", flush=True)
    run(options, here, model, trainee, mean, optimisers, loader, judged or files, start)


def run(
    options, here: Place, model, trainee: Trainee, mean: RunningMean, optimisers: list[Optimizer], loader, judged: list[Path], start: int
) -> None:
    """Steps until there are enough, or until the time is up; then the last checkpoint, the weights and a sheet."""
    log = (options.out / "log.jsonl").open("a") if here.first else None
    began = saved = time.monotonic()
    wish, done = loader.dataset.wish, start
    for step, batch in enumerate(loader, start):
        parts = one_step(options, here, model, trainee, optimisers, batch.to(here.device), step)
        mean.update(trainee.network, step)
        done = step + 1
        late = options.minutes and time.monotonic() - began > 60 * options.minutes
        if here.first and (done % options.log == 0 or done == options.steps or late):
            say(log, done, time.monotonic() - began, {name: float(value) for name, value in parts.items()})
        if here.first and (time.monotonic() - saved > 60 * options.every or done == options.steps or late):
            save(options, trainee.network, mean, optimisers, done)
            say(log, done, time.monotonic() - began, judge(trainee, mean, judged, wish, here.device))
            saved = time.monotonic()
        if late:
            break
    if here.first:
        write_sheet(trainee.network, mean, judged, options.out / f"sheet-{done:06d}.jpg", here.device)
        log.close()


def one_step(options, here: Place, model, trainee: Trainee, optimisers: list[Optimizer], batch: Batch, step: int) -> dict[str, Tensor]:
    """One step of the optimisers; the losses. Raises FloatingPointError where they are no numbers."""
    for group in (group for one in optimisers for group in one.param_groups):
        group["lr"] = rate_at(step, options.steps, options.rate)
    half = torch.autocast(here.device.type, torch.bfloat16) if options.bf16 else nullcontext()
    with half:
        total, parts = model(batch)
    if not torch.isfinite(total):
        raise FloatingPointError(
            f"step {step}: the losses are no numbers: " + ", ".join(f"{name} {float(v):.3g}" for name, v in parts.items())
        )
    trainee.network.zero_grad(set_to_none=True)
    total.backward()
    nn.utils.clip_grad_norm_(trainee.network.parameters(), CLIP)
    for optimiser in optimisers:
        optimiser.step()
    return parts


def save(options, network: FieldNetwork, mean: RunningMean, optimisers: list[Optimizer], step: int) -> None:
    """The run's checkpoint, and the running mean as weights that the product can load."""
    save_checkpoint(options.out / "checkpoint.safetensors", network, mean, optimisers, step)
    save_field(network, options.out / "field.safetensors", state=mean.values)


def say(log, step: int, seconds: float, values: dict[str, float]) -> None:
    """A line for the log and one for the eye."""
    log.write(json.dumps({"step": step, "seconds": round(seconds, 1)} | {name: round(value, 5) for name, value in values.items()}) + "\n")
    log.flush()
    print(f"{step} {seconds:.0f} s  " + "  ".join(f"{name} {value:.4f}" for name, value in values.items()), flush=True)


def beginning(options: argparse.Namespace) -> FieldNetwork:
    """The network a run begins with: new, or trained weights, as they are or grown into the size asked for."""
    if not options.init:
        return FieldNetwork(configuration(options))
    old = load_field(options.init).train()
    if not options.grow:
        return old
    network = FieldNetwork(configuration(options))
    state, known = network.state_dict(), old.state_dict()
    kept = {name: value for name, value in known.items() if name in state and value.shape == state[name].shape}
    network.load_state_dict(state | kept)
    widened = [name for name in state if name.startswith("mlp") and name in known and name not in kept]
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in widened:
                widen(parameter, known[name])
            elif name.startswith("mlp.layers") and name not in kept:  # a new layer begins by adding nothing
                parameter.zero_()
    new = sum(state[name].numel() for name in state.keys() - kept.keys())
    print(f"grown from {options.init.name}; new: {new} of {sum(value.numel() for value in state.values())} numbers", flush=True)
    return network


def widen(parameter: Tensor, old: Tensor) -> None:
    """Puts a narrower layer's numbers into the first rows and columns of a wider one. The old rows take nothing of the new columns, so the
    network answers as before (Net2Net's aim, Chen et al. 2016; there new units are copies of old ones, here they are fresh)."""
    rows, columns = old.shape[0], old.shape[1:]
    parameter[:rows] = 0
    parameter[(slice(rows), *(slice(count) for count in columns))] = old


def configuration(options: argparse.Namespace) -> FieldConfig:
    """The size asked for, with what an ablation changes."""
    config = SIZES[options.size]
    return replace(
        config,
        conditioning=options.conditioning or config.conditioning,
        body_maps=config.body_maps and not options.no_body_maps,
        read_maps=config.read_maps and not options.no_read_maps,
    )


def _share(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in BODY_SHARE:
        raise argparse.ArgumentTypeError(f"no body is called {name!r}; there are {', '.join(BODY_SHARE)}")
    return name, float(value)


def _weight(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in WEIGHTS and not name.startswith("patch"):
        raise argparse.ArgumentTypeError(f"no loss is called {name!r}")
    return name, float(value)


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of a run, from the command line or from a list like one."""
    parser = argparse.ArgumentParser(
        prog="python -m training.field.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plates", type=Path, nargs="+", required=True, help="folders of plates")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/field"))
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--init", type=Path, help="trained weights to start from; they bring their configuration")
    parser.add_argument("--grow", action="store_true", help="with --init: keep this run's configuration, and the weights that fit it")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many, 0 for never")
    parser.add_argument("--batch", type=int, default=4, help="plates in a step, on each GPU")
    parser.add_argument("--surface", type=int, default=600, help="points on the surface of each")
    parser.add_argument("--near", type=int, default=1600)
    parser.add_argument("--far", type=int, default=300)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--optimiser", choices=("muon", "adamw"), default="muon")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0, help="processes that read plates")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--every", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--log-every", dest="log", type=int, default=50, help="steps between lines of the log")  # --log is torchrun's
    parser.add_argument("--patches", type=int, default=0, help="every so many steps the rendering losses too; 0 for never")
    parser.add_argument("--shift", type=float, default=0.0, help="share of the wrong bodies with depth-ambiguity-aware points")
    parser.add_argument("--relit", type=float, default=0.7, help="share of samples whose photograph is taken anew under another light")
    parser.add_argument("--shares", type=_share, nargs="+", metavar="BODY=NUMBER", help=f"how often each body is taken; {BODY_SHARE}")
    parser.add_argument("--kept", type=float, default=JUDGED, help="share of the people kept from training, to judge on")
    parser.add_argument("--loose", type=int, default=1, help="how many times as often wide clothes are seen")
    parser.add_argument("--conditioning", choices=CONDITIONINGS)
    parser.add_argument("--no-body-maps", action="store_true")
    parser.add_argument("--no-read-maps", action="store_true")
    parser.add_argument("--weight", type=_weight, action="append", default=[], metavar="LOSS=NUMBER", help="another weight for a loss")
    parser.add_argument("--dry-run", action="store_true", help="three steps, a checkpoint and a sheet")
    options = parser.parse_args(arguments)
    options.shares = tuple(options.shares or BODY_SHARE.items())
    if options.dry_run:
        options.steps, options.log, options.batch, options.out = 3, 1, 2, options.out / "dry-run"
    options.out.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    try:
        train(parsed())
    except (FileNotFoundError, FloatingPointError, ValueError) as error:
        sys.exit(f"training.field.train: {error}")
