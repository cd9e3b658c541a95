"""How much memory is free, and how many workers it holds. Standard library only."""

import ctypes
import os
import shutil
import sys
from pathlib import Path

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
    free = available_memory() if free is None else free
    need = NEED + (NEED_OF_EXPORT if set(formats.split(",")) - {"npz"} else 0)
    return max(1, min(cores, free // need if free else cores // 2))


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int:
    """Bytes that can be taken without swapping, within the container's limit if there is one; 0 where the system does not say."""
    if sys.platform == "linux":
        return min(_meminfo(), _container_room())
    if sys.platform == "win32":
        return _windows()
    if hasattr(os, "sysconf"):  # macOS says how much there is, not how much is free
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 0


def _meminfo() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))


def _container_room() -> int:
    """Bytes left below the control group's limit; a very large number where there is none."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = int((group / "memory.max").read_text()), int((group / "memory.current").read_text())
        cached = next(
            int(line.split()[1]) for line in (group / "memory.stat").read_text().splitlines() if line.startswith("inactive_file ")
        )
    except (OSError, ValueError, StopIteration):  # no control groups, an older kind, or "max"
        return sys.maxsize
    return max(0, limit - used + cached)


def _windows() -> int:
    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "page", "page_free", "virtual", "virtual_free", "extended")),
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.free)


def _gpu_likely() -> bool:
    """Whether `auto` will most likely take a GPU. Only torch knows, and it is not loaded here."""
    return sys.platform == "darwin" or shutil.which("nvidia-smi") is not None
