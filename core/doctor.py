"""The doctor: one page on what is there, what is missing, and what to press.

Standard library only; it takes seconds, for it starts the Python it asks about.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from . import __version__
from .errors import DoppelError, RuntimeMissing
from .memory import available
from .probe import ask
from .runtime import GIB, free_disk, pins
from .weights import FOLDER, check_all, read_index


class Finding(NamedTuple):
    """One thing looked at. state: "ok", "note" (works, but not as it might) or "missing" (no photo can be reconstructed). fix: what to
    press or do, or ""."""

    what: str
    state: str
    text: str
    fix: str = ""


SIGNS = {"ok": "ok  ", "note": "note", "missing": "MISS"}


def examine(python: Callable[[], Path], weights: str, body_file: str, out: Path, blender: Callable[[], str]) -> list[Finding]:
    """Everything a job needs. python: finds the Python that computes; weights, body_file: the user's own, or ""; out: where results
    would go; blender: what writes glb, blend and the like, in words (BlenderMissing)."""
    return [
        *runtime_findings(python),
        *weight_findings(weights),
        *body_findings(body_file),
        *machine_findings(out),
        blender_finding(blender),
    ]


def runtime_findings(python: Callable[[], Path]) -> Iterator[Finding]:
    """The Python that computes, each package that it lacks, and what it computes on."""
    try:
        program = python()
        found = ask(program)
    except RuntimeMissing as error:
        yield Finding("Python", "missing", str(error), error.hint)
        return
    yield Finding("Python", "ok", f"{program}, {found['python']}")
    wanted = pins()
    for name, reason in found["broken"].items():
        yield Finding(name, "missing", reason, "Press Install Runtime (or Repair Runtime) in the add-on's preferences.")
    for name, version in found["packages"].items():
        if name not in found["broken"] and version.partition("+")[0] not in wanted[name]:
            yield Finding(
                name, "note", f"{version}, tested is {' or '.join(wanted[name])}", "Press Repair Runtime if something goes wrong."
            )
    if not found["broken"]:
        yield Finding("Packages", "ok", f"all {len(wanted)} load")
    torch = found["torch"]
    if torch:
        memory = f", {torch['memory'] / GIB:.0f} GiB" if torch["memory"] else ""
        yield Finding("Computes on", "ok", f"{torch['device']}{memory} (torch {torch['version']}, {torch['build']})")
        if torch["build"] == "cuda" and not torch["memory"]:
            yield Finding("CUDA", "note", "this torch could use an NVIDIA GPU, and finds none", "Update the GPU's driver if there is one.")


def weight_findings(weights: str) -> Iterator[Finding]:
    """Each file of weights that is missing or damaged, or that all are well."""
    try:
        wrong = check_all(weights or None)
        count = len(read_index(weights or None))
    except DoppelError as error:
        yield Finding("Weights", "missing", str(error), error.hint)
        return
    for name, problem in wrong.items():
        yield Finding(f"Weights {name}", "missing", str(problem), problem.hint)
    if not wrong:
        yield Finding("Weights", "ok", f"all {count} in {weights or FOLDER}")


def body_findings(body_file: str) -> Iterator[Finding]:
    """The user's own SMPL file, if one is named."""
    if body_file and not Path(body_file).is_file():
        yield Finding("SMPL file", "missing", f"{body_file} is not there", "Choose it anew, or empty SMPL File to use the open body.")
    elif body_file:
        yield Finding("SMPL file", "ok", f"{body_file} (under its own licence)")


def machine_findings(out: Path) -> Iterator[Finding]:
    """Memory and disk. The bounds are those of the quality `high` (docs/RESULTS.md) and of a few people with textures."""
    memory, disk = available() / GIB, free_disk(out.absolute()) / GIB
    enough = memory >= 1.5
    fix = "" if enough else "Close other programs, or choose the quality `draft`."
    yield Finding("Free memory", "ok" if enough else "note", f"{memory:.1f} GiB; a photo takes 0.6 to 1 GiB", fix)
    enough = disk >= 0.5
    yield Finding(
        "Free disk", "ok" if enough else "note", f"{disk:.1f} GiB at {out}", "" if enough else "Make room, or choose another folder."
    )


def blender_finding(blender: Callable[[], str]) -> Finding:
    """What writes the formats besides npz."""
    try:
        return Finding("Blender", "ok", blender())
    except DoppelError as error:
        return Finding("Blender", "note", str(error), error.hint)


def page(findings: list[Finding]) -> str:
    """The findings as text, each with what to do, and the verdict last."""
    width = max(len(finding.what) for finding in findings)
    lines = [f"Doppel {__version__} on {sys.platform}", ""]
    for finding in findings:
        lines.append(f"  {SIGNS[finding.state]}  {finding.what:<{width}}  {finding.text}")
        if finding.fix:
            lines.append(f"        {'':<{width}}  -> {finding.fix}")
    missing = [finding.what for finding in findings if finding.state == "missing"]
    lines += ["", f"Not ready: {', '.join(missing)}." if missing else "Ready to reconstruct."]
    return "\n".join(lines) + "\n"


def ready(findings: list[Finding]) -> bool:
    return all(finding.state != "missing" for finding in findings)
