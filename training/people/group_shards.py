"""Shards of pictures with two to six people in them, partly hidden by each other, and the truth of each.

People are dear and pictures cheap, so a shard's pictures are taken of one troupe of people, in ever other company, places and light.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.camera import Camera
from training.people.character import BodyTruth, DressedPerson, Shell
from training.people.groups import Group, Member, make_group
from training.people.maker import News, Recipe, dressed_person, fill_shard, make_shards, open_sources, unfinished
from training.people.shards import ShardFile
from training.people.shell import outer_shell
from training.people.worlds import read_world

TROUPE = 8
"""People to a shard."""
PICTURE = (768, 512)
"""Width and height."""


def make_groups(recipe: Recipe, count: int, out: Path, workers: int = 1) -> Iterator[News]:
    """Makes every unfinished shard of group pictures, as `maker.make_people` does with people."""
    return make_shards(make_group_shard, unfinished(recipe, count, out, GroupShard), recipe, count, out, workers)


def make_group_shard(recipe: Recipe, shard: int, count: int, out: Path, tell: Callable[[News], None]) -> Path:
    """Makes and writes one shard of pictures."""
    troupe = [troupe_member(recipe, shard, place) for place in range(TROUPE)]
    sources = open_sources(recipe.folders, recipe.family, recipe.held_out)
    worlds = [read_world(file) for file in sources.assets.worlds]

    def picture(recipe: Recipe, number: int, attempt: int) -> dict[str, ndarray]:
        rng = np.random.default_rng([recipe.seed, number, attempt, 2])
        chosen = rng.choice(TROUPE, size=rng.integers(2, 7), replace=False)
        return encoded_group(make_group(rng, [troupe[one] for one in chosen], PICTURE, worlds))

    return fill_shard(picture, recipe, shard, count, out, tell, "groups")


def troupe_member(recipe: Recipe, shard: int, place: int) -> tuple[DressedPerson, Shell]:
    """One of a shard's people, and their shell."""
    person = dressed_person(np.random.default_rng([recipe.seed, shard, place, 1]), recipe, place)
    return person, outer_shell(person)


# --- one picture to arrays and back -----------------------------------------------------------------------------------------------


def encoded_group(group: Group) -> dict[str, ndarray]:
    """The picture's arrays by member name."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    camera, members = group.camera, group.members
    about = [
        {"name": one.name, "turn": one.turn, "visible_share": one.visible_share, "residuals_cm": _residuals(one.body)} for one in members
    ]
    return {
        "picture_jpg": cv2.imencode(".jpg", np.ascontiguousarray(group.pixels[..., ::-1]), quality)[1].ravel(),
        "light": group.light,
        "camera": np.concatenate([camera.intrinsics, camera.rotation.ravel(), camera.translation, camera.size]).astype(np.float64),
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        **{name: np.stack([getattr(one, name) for one in members]).astype(np.float32) for name in ("place", "joints", "box", "centre")},
        **{name: np.stack([getattr(one.body, name) for one in members]).astype(np.float32) for name in ("pose", "betas", "translation")},
        **{f"visible{number}_png": cv2.imencode(".png", one.visible)[1].ravel() for number, one in enumerate(members)},
    }


def _residuals(body: BodyTruth) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in (body.joint_residual_cm, body.skin_residual_cm)]


class GroupShard(ShardFile):
    """A shard of group pictures."""

    kind = "groups"

    def group(self, number: int) -> Group:
        """One picture and everybody in it."""

        def read(name: str) -> ndarray:
            return self._read(f"{number}/{name}")

        numbers = read("camera")
        camera = Camera(numbers[:4], numbers[4:13].reshape(3, 3), numbers[13:16], numbers[16:].astype(np.int64))
        about, names = json.loads(read("about").tobytes()), ("pose", "betas", "translation", "place", "joints", "box", "centre")
        arrays = {name: read(name) for name in names}
        members = []
        for place, one in enumerate(about):
            residuals = [np.nan if value is None else value for value in one["residuals_cm"]]
            body = BodyTruth(*(arrays[name][place] for name in names[:3]), *residuals)
            seen = cv2.imdecode(read(f"visible{place}_png"), cv2.IMREAD_UNCHANGED)
            own = [arrays[name][place] for name in names[4:]]
            members.append(Member(one["name"], one["turn"], arrays["place"][place], body, *own, seen, one["visible_share"]))
        pixels = np.ascontiguousarray(cv2.imdecode(read("picture_jpg"), cv2.IMREAD_COLOR)[..., ::-1])
        return Group(pixels, camera, read("light"), tuple(members))
