"""People by the thousand: each from (seed, number, attempt) alone, a shard at a time, over worker processes, resumable.

A finished shard is kept and an unfinished one made anew, so a run can be killed at any time. A person whose making fails is written down
and replaced by the next attempt at the same number.
"""

import json
import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from queue import Empty

import numpy as np
from numpy.random import Generator

from training.people.assets import Assets, open_assets
from training.people.character import DressedPerson, Shell, View
from training.people.rounding import is_coarse, rounded
from training.people.shards import Shard, ShardFile, ShardInvalid, encoded, shard_path, write_shard
from training.people.shell import outer_shell
from training.people.snapshot import Snapshot
from training.people.views import render_views
from training.people.worlds import read_world
from training.poses import sample_everyday_pose

FAMILIES = {"composed": ("composed",), "artist": ("artist",), "both": ("composed", "artist")}
NEEDS = {"composed": "makehuman", "artist": "rocketbox"}
"""The kind of asset folder each family is made from."""
ATTEMPTS = 6
"""At one person before the run gives up: six failures in a row are no bad luck."""
PATIENCE = 2.0
"""Seconds without news after which the workers are looked at: they may have ended."""


@dataclass(frozen=True)
class Recipe:
    """What makes people what they are. folders: of assets; family: of FAMILIES; held_out: from the parts that results are judged on;
    size, views: of the pictures; per_shard: people to a file; traced: share of people whose first view Cycles photographs too; around: the
    first view is from anywhere too, not nearly frontal."""

    folders: tuple[str, ...]
    seed: int
    family: str = "both"
    held_out: bool = False
    size: int = 512
    views: int = 6
    per_shard: int = 12
    traced: float = 0.0
    around: bool = False

    def stated(self) -> dict:
        """The recipe as a shard states it: without the folders, which are this machine's, and without what was not asked for."""
        return {key: value for key, value in asdict(self).items() if key != "folders" and (value or key not in ("traced", "around"))}


@dataclass(frozen=True)
class News:
    """Word from a worker: a person (or picture) finished (problem None), or failed, with the error's last line and its trace."""

    number: int
    problem: str | None = None
    trace: str = ""


@dataclass(frozen=True, eq=False)
class Sources:
    """The opened assets; composed: what composing needs (`composed.ComposedAssets`), None where nobody is composed."""

    assets: Assets
    composed: object | None


@lru_cache(maxsize=1)
def open_sources(folders: tuple[str, ...], family: str, held_out: bool) -> Sources:
    """What the family is made from. Raises FileNotFoundError naming what is missing, and the readers' errors."""
    needs = tuple(NEEDS[one] for one in FAMILIES[family])
    assets = open_assets([Path(folder) for folder in folders], (*needs, "motion")).split(held_out)
    return Sources(assets, _open_composed(assets) if "makehuman" in needs else None)


def _open_composed(assets: Assets) -> object:
    from training.people.composed import open_composed  # here, since reading all that takes a while and artists' people do without

    return open_composed([assets.makehuman])


# --- one person -------------------------------------------------------------------------------------------------------------------


def make_person(recipe: Recipe, number: int, attempt: int = 0) -> tuple[DressedPerson, Shell, list[View]]:
    """The person with this number, their shell, and views of them."""
    rng = np.random.default_rng([recipe.seed, number, attempt])
    person = dressed_person(rng, recipe, number)
    shell = outer_shell(person)
    return person, shell, render_views(rng, person, shell, recipe.size, recipe.views, around=recipe.around)


def photographs(recipe: Recipe, number: int, attempt: int, person: DressedPerson, views: list[View]) -> dict[int, Snapshot]:
    """Photographs with full light transport by the number of their view: the first one's of a share of people, none of the others."""
    rng = np.random.default_rng([recipe.seed, number, attempt, 3])  # of its own, so that people are the same with and without
    if rng.random() >= recipe.traced:
        return {}
    from training.people.traced import traced_photograph  # here, since it brings Blender along

    return {0: traced_photograph(rng, person, views[0].camera, open_worlds(recipe.folders, recipe.held_out))}


@lru_cache(maxsize=1)
def open_worlds(folders: tuple[str, ...], held_out: bool) -> list[np.ndarray]:
    """The worlds to photograph in, as `worlds.read_world` gives them."""
    return [read_world(file) for file in open_assets([Path(folder) for folder in folders], ()).split(held_out).worlds]


def dressed_person(rng: Generator, recipe: Recipe, number: int) -> DressedPerson:
    """A person of the recipe's family (of both in turn) in a pose of their own."""
    sources, families = open_sources(recipe.folders, recipe.family, recipe.held_out), FAMILIES[recipe.family]
    pose = sample_everyday_pose(rng, sources.assets.clips)
    if families[number % len(families)] == "composed":
        from training.people.composed import compose_person

        person = compose_person(rng, sources.composed, pose, recipe.held_out)
    else:
        from training.people.artist import artist_person

        person = artist_person(rng, sources.assets, pose, recipe.held_out)
    return rounded(person) if is_coarse(person) else person


# --- shards -----------------------------------------------------------------------------------------------------------------------


def numbers_of(recipe: Recipe, shard: int, count: int) -> range:
    """Numbers of the people (or pictures) in a shard, of count in all."""
    return range(shard * recipe.per_shard, min((shard + 1) * recipe.per_shard, count))


def unfinished(recipe: Recipe, count: int, out: Path, kind: type[ShardFile] = Shard) -> list[int]:
    """Numbers of the shards still to make. Raises ValueError where a finished one is of another recipe."""
    left = []
    for shard in range(-(-count // recipe.per_shard)):
        path = shard_path(out, kind.kind, shard)
        try:
            index = kind(path).index if path.exists() else None
        except ShardInvalid:
            index = None
        if index and index["recipe"] != recipe.stated():
            raise ValueError(f"{path} was made by another recipe, {index['recipe']}; choose another folder or the same options")
        if not index or index["count"] < len(numbers_of(recipe, shard, count)):
            left.append(shard)
    return left


def make_shard(recipe: Recipe, shard: int, count: int, out: Path, tell: Callable[[News], None]) -> Path:
    """Makes and writes one shard of people."""
    open_sources(recipe.folders, recipe.family, recipe.held_out)  # here, so that bad assets are an error and not every person's mishap
    return fill_shard(encoded_person, recipe, shard, count, out, tell)


def fill_shard(
    make: Callable, recipe: Recipe, shard: int, count: int, out: Path, tell: Callable[[News], None], kind: str = "people"
) -> Path:
    """Writes one shard of what make(recipe, number, attempt) makes."""
    path, numbers = shard_path(out, kind, shard), numbers_of(recipe, shard, count)
    write_shard(path, [made_or_replaced(make, recipe, number, tell) for number in numbers], recipe.stated(), kind)
    return path


def encoded_person(recipe: Recipe, number: int, attempt: int) -> dict[str, np.ndarray]:
    """The person as a shard keeps them."""
    person, shell, views = make_person(recipe, number, attempt)
    return encoded(person, shell, views, photographs(recipe, number, attempt, person, views))


def made_or_replaced(make: Callable[[Recipe, int, int], dict], recipe: Recipe, number: int, tell: Callable[[News], None]) -> dict:
    """What `make` makes at the number; whatever goes wrong in an attempt is told and the next one tried. Raises RuntimeError after
    ATTEMPTS."""
    for attempt in range(ATTEMPTS):
        try:
            made = make(recipe, number, attempt)
        except Exception as error:  # noqa: BLE001 - one person's mishap, whatever it is, must not end a night's run
            tell(News(number, f"{type(error).__name__}: {error}", traceback.format_exc()))
            continue
        tell(News(number))
        return made
    raise RuntimeError(f"number {number} failed {ATTEMPTS} times in a row; replaced.jsonl says how")


# --- many processes ---------------------------------------------------------------------------------------------------------------

_channel = None  # of a worker process, to the one that started it


def make_people(recipe: Recipe, count: int, out: Path, workers: int = 1) -> Iterator[News]:
    """Makes every unfinished shard of people and gives news of each as it comes; failures also go to `replaced.jsonl` in out.

    Raises ValueError, FileNotFoundError (see `unfinished`, `open_sources`), RuntimeError where a person cannot be made at all.
    """
    return make_shards(make_shard, unfinished(recipe, count, out), recipe, count, out, workers)


def make_shards(make: Callable, shards: list[int], recipe: Recipe, count: int, out: Path, workers: int) -> Iterator[News]:
    """The shards with these numbers, each made by make(recipe, shard, count, out, tell), a module's function, in one of the workers.

    Workers are started afresh rather than forked: a forked one inherits the locks of threads (OpenCV's, OpenMP's) it has not got, and
    waits on them for ever. Each opens the assets for itself, once.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not shards:
        return
    context = multiprocessing.get_context("spawn")
    channel = context.Queue()
    with ProcessPoolExecutor(min(workers, len(shards)), context, _start_worker, (channel,)) as pool:
        jobs = [pool.submit(_work, make, recipe, shard, count, out) for shard in shards]
        try:
            for news in _news(channel, jobs):
                if news.problem:
                    _write_down(out, news)
                yield news
            for job in jobs:
                job.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_worker(channel) -> None:
    import cv2
    import torch

    global _channel
    _channel = channel
    cv2.setNumThreads(1)  # the workers are the parallelism
    torch.set_num_threads(1)


def _work(make: Callable, recipe: Recipe, shard: int, count: int, out: Path) -> None:
    make(recipe, shard, count, out, _channel.put)


def _news(channel, jobs: list[Future]) -> Iterator[News]:
    """What the workers say until all are done or one has failed for good."""
    while True:
        over = all(job.done() for job in jobs) or any(job.done() and job.exception() for job in jobs)
        try:
            yield channel.get(timeout=0.2 if over else PATIENCE)
        except Empty:
            if over:
                return


def _write_down(out: Path, news: News) -> None:
    with (out / "replaced.jsonl").open("a") as file:
        file.write(json.dumps(asdict(news)) + "\n")
