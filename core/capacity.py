"""How many workers this computer's cores and free memory hold. Standard library only."""

import os
import shutil
import sys

from .memory import available

GIB = 2**30

NEED = int(1.25 * GIB)
"""Bytes a worker takes at its peak on the processor, measured 0.6 to 0.9 GiB by quality (docs/RESULTS.md) on a photo of a megapixel, and
some air: for larger photos, textures, and what Python itself keeps."""

NEED_OF_EXPORT = GIB // 2
"""Bytes more where Blender writes other formats beside each worker."""


def workers_for(device: str, formats: str, cores: int | None = None, free: int | None = None) -> int:
    """Workers that run at once without exhausting memory: one a core where it suffices, one where a GPU computes, never none.

    device, formats: the settings' words. cores, free: this computer's, in bytes.
    """
    if device in ("cuda", "mps") or (device == "auto" and _gpu_likely()):
        return 1
    cores = cores or usable_cores()
    free = available() if free is None else free
    need = NEED + (NEED_OF_EXPORT if set(formats.split(",")) - {"npz"} else 0)
    return max(1, min(cores, free // need if free else cores // 2))


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpu_likely() -> bool:
    """Whether `auto` will most likely take a GPU. Only torch knows, and it is not loaded here."""
    return sys.platform == "darwin" or shutil.which("nvidia-smi") is not None
