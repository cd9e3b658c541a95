"""This computer's memory: what is free, the most a process has held, and which errors mean that it ran out. Standard library only."""

import ctypes
import gc
import os
import sys
from pathlib import Path


def available() -> int:
    """Bytes that a program could take now without others losing theirs, within the container's limit if there is one."""
    if sys.platform == "linux":
        return min(1024 * _line(Path("/proc/meminfo"), "MemAvailable:"), _container_room())
    if sys.platform == "win32":
        return _windows_memory()
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # macOS tells no simple number; half of all is a fair guess


def peak() -> int:
    """Bytes this process has held at most since it began, or since `forget_peak`.

    On Linux from /proc: there `ru_maxrss` survives fork and exec, so a child's would be at least what its parent had used.
    """
    if sys.platform == "linux":
        return 1024 * _line(Path("/proc/self/status"), "VmHWM:")
    if sys.platform == "win32":
        return _windows_peak()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Let `peak` begin anew from what is held now, where the system can: Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def give_back() -> None:
    """Let the system have what this process has freed and still holds for later. Elsewhere than on Linux with glibc its own ways do."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)


def ran_out(error: BaseException) -> bool:
    """Whether an error means that memory ran out: Python's, or torch's on the processor, CUDA or Metal."""
    signs = ("can't allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or any(sign in str(error) for sign in signs)


def _line(path: Path, name: str) -> int:
    """The number after a name in a file of /proc."""
    return int(next(line.split()[1] for line in path.read_text().splitlines() if line.startswith(name)))


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


class _Status(ctypes.Structure):
    """MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        *((name, ctypes.c_ulonglong) for name in ("total", "available", "page", "page_free", "virtual", "virtual_free", "extended")),
    )


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("faults", ctypes.c_ulong),
        *((name, ctypes.c_size_t) for name in ("peak", "now", "a", "b", "c", "d", "page", "page_peak")),
    )


def _windows_memory() -> int:
    status = _Status(length=ctypes.sizeof(_Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status.available


def _windows_peak() -> int:
    counters = _Counters(length=ctypes.sizeof(_Counters))
    kernel = ctypes.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo(ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.length)
    return counters.peak
