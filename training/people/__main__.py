"""`python -m training.people --assets DIR [DIR …] --count N --seed S --out DIR`: synthetic people into shards.

Run from the repository's root. Killed runs go on where they stopped when called again with the same options.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: the worker processes are the parallelism
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from pathlib import Path

from training.people.group_shards import GroupShard, make_groups
from training.people.maker import FAMILIES, News, Recipe, make_people, numbers_of, unfinished
from training.people.shards import shard_files
from training.people.sheet import write_group_sheet, write_sheet


def main() -> int:
    options = _options()
    recipe = Recipe(
        tuple(str(folder) for folder in options.assets),
        options.seed,
        options.family,
        options.held_out,
        options.size,
        options.views,
        options.per_shard,
        0.0 if options.groups else options.traced,
        options.around,
    )
    try:
        if options.groups:
            groups(recipe, options)
        else:
            people(recipe, options)
    except KeyboardInterrupt:
        print("\nStopped. Call again with the same options to go on.", file=sys.stderr)
        return 130
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def people(recipe: Recipe, options: argparse.Namespace) -> None:
    """Shards of people, and the sheet where asked for."""
    shards = unfinished(recipe, options.count, options.out)
    bar = Bar(sum(len(numbers_of(recipe, shard, options.count)) for shard in shards), "people")
    for news in make_people(recipe, options.count, options.out, options.workers):
        bar.show(news)
    bar.end()
    say_sizes(options.out, "people", options.count)
    if options.sheet:
        print(write_sheet(shard_files(options.out), options.out / "sheet.jpg", recipe.folders, recipe.seed))


def groups(recipe: Recipe, options: argparse.Namespace) -> None:
    """Shards of pictures with several people, and the sheet where asked for."""
    shards = unfinished(recipe, options.count, options.out, GroupShard)
    bar = Bar(sum(len(numbers_of(recipe, shard, options.count)) for shard in shards), "pictures")
    for news in make_groups(recipe, options.count, options.out, options.workers):
        bar.show(news)
    bar.end()
    say_sizes(options.out, "groups", options.count)
    if options.sheet:
        print(write_group_sheet(shard_files(options.out, "groups"), options.out / "groups.jpg"))


def say_sizes(out: Path, kind: str, count: int) -> None:
    """One line about the files."""
    files = shard_files(out, kind)
    size = sum(file.stat().st_size for file in files) / 2**20
    print(f"{out}: {count} {kind} in {len(files)} shards, {size:.0f} MiB, {size / count:.2f} MiB each")


class Bar:
    """A progress bar on stderr: how many, how fast, how long still, how many had to be replaced."""

    def __init__(self, total: int, what: str):
        self.total, self.what, self.done, self.failed, self.start = total, what, 0, 0, time.monotonic()

    def show(self, news: News) -> None:
        """One more done, or one failed, which is said in a line of its own."""
        if news.problem:
            self.failed += 1
            print(f"\r\033[Kperson {news.number} replaced: {news.problem}", file=sys.stderr)
        else:
            self.done += 1
        passed = max(time.monotonic() - self.start, 1e-9)
        left = passed / max(self.done, 1) * (self.total - self.done)
        full = int(30 * self.done / max(self.total, 1))
        rate = f"{3600 * self.done / passed:.0f} {self.what}/hour, {left / 3600:.0f} h {left / 60 % 60:02.0f} min left"
        print(
            f"\r\033[K{'█' * full}{'·' * (30 - full)} {self.done}/{self.total}, {rate}, {self.failed} replaced",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def end(self) -> None:
        """Leaves the bar's line, and says the time on stdout."""
        if self.done:
            print(file=sys.stderr)
        passed = time.monotonic() - self.start
        print(f"{self.done} {self.what} in {passed:.0f} s, {3600 * self.done / max(passed, 1e-9):.0f} an hour, {self.failed} replaced")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.people", description=__doc__)
    parser.add_argument("--assets", type=Path, nargs="+", required=True, help="asset folders, told apart by what they hold")
    parser.add_argument("--count", type=int, required=True, help="people (with --groups: pictures) in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; each takes about 1 GB")
    parser.add_argument("--family", choices=FAMILIES, default="both")
    parser.add_argument("--held-out", action="store_true", help="make people for judging, from what no training may see")
    parser.add_argument("--size", type=int, default=512, help="pixels a side of a view, a multiple of 4")
    parser.add_argument("--views", type=int, default=6, help="of each person")
    parser.add_argument("--around", action="store_true", help="the first view from anywhere too, and not nearly frontal")
    parser.add_argument("--per-shard", type=int, default=12, help="people in a file of at most 40 MiB")
    parser.add_argument("--traced", type=float, default=0.1, help="share of people photographed by Cycles too, with full light transport")
    parser.add_argument("--groups", action="store_true", help="pictures of two to six people instead")
    parser.add_argument("--sheet", action="store_true", help="write a contact sheet too")
    options = parser.parse_args()
    if options.count < 1 or options.workers < 1 or options.per_shard < 1 or options.views < 1:
        parser.error("--count, --workers, --per-shard and --views must be at least 1")
    if not 0 <= options.traced <= 1:
        parser.error("--traced must be a share, 0 to 1")
    if options.size < 4 or options.size % 4:
        parser.error("--size must be a multiple of 4")
    return options


if __name__ == "__main__":
    sys.exit(main())
