"""A LiteRT network: one .tflite file, one picture in, its outputs by shape."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Network:
    """A loaded .tflite model on the processor. Two threads: more gain nothing at these sizes."""

    def __init__(self, path: Path):
        self._interpreter = Interpreter(model_path=str(path), num_threads=2)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {tuple(output["shape"].tolist()): output["index"] for output in self._interpreter.get_output_details()}

    def __call__(self, picture: np.ndarray, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        """The outputs of these shapes for one picture (h, w, 3), each without its first dimension of 1."""
        self._interpreter.set_tensor(self._input, np.float32(picture)[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(self._outputs[shape])[0] for shape in shapes]


@lru_cache(maxsize=4)
def load_network(path: Path) -> Network:
    """The network of a checked file (see `weights.find`), loaded once per process."""
    return Network(path)
