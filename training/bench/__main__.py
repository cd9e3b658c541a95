"""Seconds and memory of the product, and of PIFu's and PaMIR's networks on the same grid in the same run.

    python -m training.bench [--photo examples/person.jpg] [--quality draft standard high] [--share 0.01] [--results docs/RESULTS.md]

On the processor, and on a GPU where there is one. Every measurement has a process of its own. `--share 1` asks the published networks for
every point of the grid; that takes a quarter of an hour on a processor.
"""

import argparse
import os
from pathlib import Path

import torch

from core.surface.isosurface import CELLS
from training.bench import product, published
from training.bench.process import Seconds, alone
from training.results import how_made, write_section

PUBLISHED = {"PIFu": published.pifu, "PaMIR": published.pamir}

AIM = 10
"""Times fewer seconds than the published networks that ours is to take."""


def devices() -> list[str]:
    """The processor, and CUDA where there is one."""
    return ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def stage_table(rows: dict[str, dict]) -> str:
    """Seconds of each stage (columns: quality and device), wall / processor."""
    names = list(dict.fromkeys(stage for row in rows.values() for stage in row["seconds"]))
    lines = ["| stage | " + " | ".join(rows) + " |", "|---" * (1 + len(rows)) + "|"]
    for stage in names:
        lines.append(f"| {stage} | " + " | ".join(shown(row["seconds"].get(stage)) for row in rows.values()) + " |")
    lines.append("| **all** | " + " | ".join(shown(total(row["seconds"])) for row in rows.values()) + " |")
    lines.append("| peak memory | " + " | ".join(memory(row) for row in rows.values()) + " |")
    lines.append("| vertices | " + " | ".join(f"{row['vertices']:,}" for row in rows.values()) + " |")
    return "\n".join(lines)


def field_table(rows: dict[str, dict]) -> str:
    """The field's pieces: columns as in `stage_table`."""
    lines = ["| piece | " + " | ".join(rows) + " |", "|---" * (1 + len(rows)) + "|"]
    for piece in ("encode", "ask", "extract", "relief", "colour"):
        lines.append(f"| {piece} | " + " | ".join(shown(row["seconds"][piece]) for row in rows.values()) + " |")
    lines.append("| **all** | " + " | ".join(shown(total(row["seconds"])) for row in rows.values()) + " |")
    asked = [f"{row['asked']:,}, {100 * row['asked'] / row['nodes']:.1f} % of {row['nodes']:,}" for row in rows.values()]
    lines.append("| points asked, of the grid | " + " | ".join(asked) + " |")
    return "\n".join(lines)


def against(ours: dict, others: dict[str, dict], device: str) -> str:
    """Ours and the published networks at one quality on one device: the dense grid as they are published, and at ours's points only."""
    mine = to_the_mesh(ours)
    lines = ["| network | seconds | of the processor | times ours | peak memory |", "|---|---|---|---|---|"]
    lines.append(f"| ours, to the finished mesh | {mine.wall:.2f} | {mine.cpu:.2f} | 1 | {memory(ours)} |")
    for name, row in others.items():
        for what, count in (("every point of the grid", row["nodes"]), ("only as many points as ours", ours["asked"])):
            took = counted_up(row, count)
            times = cost(took, device) / cost(mine, device)
            lines.append(f"| {name}, {what} | {took.wall:.1f} | {took.cpu:.1f} | {times:.1f} | {memory(row)} |")
    return "\n".join(lines)


def to_the_mesh(ours: dict) -> Seconds:
    """Our seconds for what the published networks do: from the picture to the surface, without colour."""
    return total({piece: ours["seconds"][piece] for piece in ("encode", "ask", "extract")})


def cost(seconds: Seconds, device: str) -> float:
    """What is compared: on a processor its own time, which other programs do not disturb; with a GPU the clock's."""
    return seconds.cpu if device == "cpu" else seconds.wall


def counted_up(row: dict, count: int) -> Seconds:
    """The seconds of encoding and of asking `count` points, at the rate that was measured."""
    encode, ask = row["seconds"]["encode"], row["seconds"]["ask"]
    return Seconds(*(encode[n] + ask[n] * count / row["asked"] for n in range(2)))


def verdict(ours: dict, others: dict[str, dict], device: str) -> str:
    """Whether the aim is met on the dense grid, which is what the published networks are asked on."""
    least = min(cost(counted_up(row, row["nodes"]), device) for row in others.values()) / cost(to_the_mesh(ours), device)
    met = "Met" if least >= AIM else "Missed"
    return f"Aim: at least {AIM} times fewer seconds than both on the same grid. Measured: {least:.1f} times. {met}."


def total(seconds: dict[str, Seconds]) -> Seconds:
    return Seconds(sum(each.wall for each in seconds.values()), sum(each.cpu for each in seconds.values()))


def shown(seconds: Seconds | None) -> str:
    return "–" if seconds is None else f"{seconds.wall:.2f} / {seconds.cpu:.2f}"


def memory(row: dict) -> str:
    gpu = f" + {row['gpu_memory'] / 2**30:.1f} on the GPU" if row["gpu_memory"] else ""
    return f"{row['memory'] / 2**30:.1f} GiB{gpu}"


def main() -> None:
    options = _options()
    whole, pieces, parts = {}, {}, []
    for device in devices():
        for quality in options.quality:
            name = f"{quality}, {device}"
            whole[name] = alone(product.stages, options.threads, options.photo, quality, device)
            pieces[name] = alone(product.field, options.threads, options.photo, quality, device)
            print(f"{name}: {shown(total(whole[name]['seconds']))} s", flush=True)
    for device in devices():
        for quality in options.against:
            ours = pieces[f"{quality}, {device}"]
            given = (ours["scene"], CELLS[quality], device, 1.0 if device == "cuda" else options.share)
            others = {name: alone(function, options.threads, *given) for name, function in PUBLISHED.items()}
            asked = next(iter(others.values()))
            about = f"PIFu and PaMIR asked {asked['asked']:,} of the {asked['nodes']:,} points, counted up to all."
            parts += [
                f"### {quality}, {device}: against the published networks",
                about,
                against(ours, others, device),
                verdict(ours, others, device),
            ]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    about = f"{options.threads} threads, {os.cpu_count()} cores, load {load} at the end. Seconds: by the clock / of the processor."
    tables = ["### The main path", stage_table(whole), "### The field and its surface, in pieces", field_table(pieces)]
    text = "\n\n".join(["## Seconds and memory", how_made("training.bench"), about, *tables, *parts])
    print(text)
    if options.results:
        write_section(options.results, "bench", text)


def _options() -> argparse.Namespace:
    about = {"description": __doc__, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(prog="python -m training.bench", **about)
    parser.add_argument("--photo", type=Path, default=Path("examples/person.jpg"))
    parser.add_argument("--quality", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--against", nargs="*", choices=CELLS, default=["standard"], help="qualities to measure the published networks at")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--share", type=float, default=0.01, help="of the grid's points that the published networks are asked on a processor"
    )
    parser.add_argument("--results", type=Path, help="Markdown file to write the tables into, such as docs/RESULTS.md")
    options = parser.parse_args()
    if set(options.against) - set(options.quality):
        parser.error("--against names a quality that --quality does not")
    return options


if __name__ == "__main__":
    main()
