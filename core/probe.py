"""What a Python has: `ask` starts it, and there `python -m core.probe` says it in one line of JSON on stdout.

Nothing of that may fail: a package that cannot be imported is told with its reason. Standard library only, but for torch, which the Python
that is asked loads to know its devices.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from .child import take_stdout
from .errors import RuntimeMissing
from .runtime import ROOT, pins

MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "fast-simplification": "fast_simplification",
    "opencv-python-headless": "cv2",
    "pillow": "PIL.Image",
    "pillow-heif": "pillow_heif",
    "scikit-image": "skimage.measure",
    "scipy": "scipy.spatial",
}
"""What is imported of a package, where that is not its own name."""


def ask(python: Path) -> dict:
    """What `probe` says in that Python. RuntimeMissing where it will not start or answer."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    variables |= {"PYTHONPATH": str(ROOT), "PYTHONNOUSERSITE": "1"}
    hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}
    try:
        ended = subprocess.run(
            [str(python), "-m", "core.probe"],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **hidden,
        )
        return json.loads(ended.stdout)
    except OSError as error:
        raise RuntimeMissing(f"{python} could not be started: {error.strerror}") from error
    except ValueError as error:
        words = ended.stderr.strip().splitlines()
        raise RuntimeMissing(f"{python} does not run as a Python: {words[-1] if words else 'it said nothing'}") from error


def probe() -> dict:
    """python: version; packages: version by name; broken: reason by name of each package that is missing or will not load; torch: see
    `torch_facts`, or None."""
    packages, broken = {}, {}
    for name in pins():
        try:
            packages[name] = importlib.metadata.version(name)
            importlib.import_module(MODULES.get(name, name))
        except Exception as error:  # whatever a package does while it loads is what we are here to tell
            broken[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    torch = None if "torch" in broken else torch_facts()
    return {"python": platform.python_version(), "packages": packages, "broken": broken, "torch": torch}


def torch_facts() -> dict:
    """version; build: "cuda", "metal" or "cpu"; device: what would compute now, in words; memory: the GPU's bytes (all), or None."""
    import torch

    build = "cuda" if torch.version.cuda else "metal" if torch.backends.mps.is_built() else "cpu"
    device, memory = "the processor", None
    if torch.cuda.is_available():
        device, memory = torch.cuda.get_device_name(), torch.cuda.mem_get_info()[1]
    elif torch.backends.mps.is_available():
        device = "the Apple GPU"
    return {"version": torch.__version__, "build": build, "device": device, "memory": memory}


if __name__ == "__main__":
    line = take_stdout()
    line.write(json.dumps(probe()) + "\n")
    line.flush()
    sys.exit(0)
