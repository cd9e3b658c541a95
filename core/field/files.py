"""The field's weights: a .safetensors file that carries its configuration, so that it loads into the network it was trained as."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import WeightsCorrupt
from .config import FieldConfig, from_dict, to_dict
from .network import FieldNetwork


def save_field(network: FieldNetwork, path: Path, half: bool = True, state: dict[str, Tensor] | None = None) -> None:
    """Writes the weights (or those of `state`, by the network's names), as float16 where half."""
    values = network.state_dict() if state is None else state
    tensors = {name: value.detach().to("cpu", torch.float16 if half else torch.float32).contiguous() for name, value in values.items()}
    save_file(tensors, path, {"config": json.dumps(to_dict(network.config))})


def load_field(path: Path, device: torch.device | str = "cpu", expected: FieldConfig | None = None) -> FieldNetwork:
    """The trained network, ready to be asked. expected: the configuration it must have, where that matters.

    Raises WeightsCorrupt where the file is no field's, holds another configuration or other tensors than it says, or numbers that are none.
    """
    try:
        with safe_open(path, "pt") as file:
            config = from_dict(json.loads((file.metadata() or {})["config"]))
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 a safetensors file is no dict
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise WeightsCorrupt(f"{path.name} holds no field: {error}") from error
    if expected is not None and config != expected:
        raise WeightsCorrupt(f"{path.name} was trained with another configuration: {config}")
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise WeightsCorrupt(f"{path.name} holds numbers that are not finite")
    network = FieldNetwork(config)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsCorrupt(f"{path.name} does not fit its own configuration: {error}") from error
    return network.to(device).eval()
