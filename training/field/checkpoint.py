"""A run's state on disk: weights, their running mean, the optimiser's moments and the step, in one .safetensors file without pickles."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from core.field.config import to_dict
from core.field.network import FieldNetwork

DECAY = 0.998
"""Of the running mean of the weights, per step: it remembers the last five hundred."""


class RunningMean:
    """The exponential running mean of a network's weights, which measures better than the weights themselves at a batch of four."""

    def __init__(self, network: FieldNetwork):
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: FieldNetwork, step: int) -> None:
        """One step further; at first the mean follows faster, so that the start is forgotten."""
        decay = min(DECAY, (step + 1) / (step + 10))
        for name, value in network.state_dict().items():
            self.values[name].lerp_(value, 1 - decay)


def save_checkpoint(path: Path, network: FieldNetwork, mean: RunningMean, optimisers: list[Optimizer], step: int) -> None:
    """Whole or not at all."""
    tensors = {f"weights/{name}": value.detach() for name, value in network.state_dict().items()}
    tensors |= {f"mean/{name}": value for name, value in mean.values.items()}
    for name, parameter in network.named_parameters():
        state = owner(optimisers, parameter).state.get(parameter, {})
        tensors |= {f"{key}/{name}": state[key] for key in ("exp_avg", "exp_avg_sq") if key in state}
    half = path.with_suffix(".part")
    about = {"step": str(step), "config": json.dumps(to_dict(network.config))}
    save_file({name: value.cpu().contiguous().clone() for name, value in tensors.items()}, half, about)
    half.replace(path)


def load_checkpoint(path: Path, network: FieldNetwork, mean: RunningMean, optimisers: list[Optimizer]) -> int:
    """Puts everything back where it was; the step that comes next. Raises ValueError where the configuration differs."""
    with safe_open(path, "pt") as file:
        about = file.metadata()
        if json.loads(about["config"]) != to_dict(network.config):
            raise ValueError(f"{path} was made with another configuration: {about['config']}")
        names = set(file.keys())
        step = int(about["step"])
        state: dict[str, Tensor] = {name: file.get_tensor(name) for name in names}
    network.load_state_dict({name.removeprefix("weights/"): value for name, value in state.items() if name.startswith("weights/")})
    for name in mean.values:
        mean.values[name].copy_(state[f"mean/{name}"])
    for name, parameter in network.named_parameters():
        moments = {key: state[f"{key}/{name}"].to(parameter.device) for key in ("exp_avg", "exp_avg_sq") if f"{key}/{name}" in names}
        if moments:
            owner(optimisers, parameter).state[parameter] = {"step": torch.tensor(float(step)), **moments}
    return step


def owner(optimisers: list[Optimizer], parameter: Tensor) -> Optimizer:
    """The one that moves the parameter."""
    return next(one for one in optimisers if any(parameter is held for group in one.param_groups for held in group["params"]))
