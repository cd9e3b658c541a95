"""The Avatar and its file."""

import json

import numpy as np
import pytest

from core.avatar import LAYOUT, VERSION, Avatar, load_avatar
from core.errors import AvatarInvalid, FolderNotWritable

SIZES = {"V": 5, "F": 3, "B": 4, "G": 2}


def made_up(**changes) -> Avatar:
    rng = np.random.default_rng(0)
    arrays = {}
    for key, (shape, dtype) in LAYOUT.items():
        size = [SIZES.get(letter) or int(letter) for letter in shape.split()]
        arrays[key] = rng.integers(0, 4, size).astype(dtype) if np.issubdtype(dtype, np.integer) else rng.normal(size=size).astype(dtype)
    arrays["skin_weights"] = np.full((5, 4), 0.25)
    return Avatar(**{**arrays, "meta": {"photo": "walk.jpg"}, **changes})


def test_round_trip_keeps_everything(tmp_path):
    avatar = made_up()
    again = load_avatar(avatar.save(tmp_path / "walk.npz"))
    for key, (_, dtype) in LAYOUT.items():
        assert np.array_equal(getattr(again, key), getattr(avatar, key))
        assert getattr(again, key).dtype == dtype
    assert again.meta == {"version": VERSION, "photo": "walk.jpg"}
    assert [file.name for file in tmp_path.iterdir()] == ["walk.npz"]


def test_file_needs_numpy_only(tmp_path):
    made_up().save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert set(file.files) == {*LAYOUT, "meta"}
        assert json.loads(str(file["meta"]))["version"] == VERSION


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"vertices": np.zeros((5, 2))}, "vertices has shape"),
        ({"albedo": np.zeros((4, 3))}, "albedo has shape"),
        ({"joints": np.zeros((23, 3))}, "joints has shape"),
        ({"betas": np.full(10, np.nan)}, "betas holds values that are not finite"),
        ({"faces": np.full((3, 3), 5)}, "faces names a vertex"),
        ({"body_faces": np.full((2, 3), -1)}, "body_faces names a vertex"),
        ({"skin_joints": np.full((5, 4), 24)}, "skin_joints names a joint"),
        ({"skin_weights": np.full((5, 4), 0.2)}, "do not sum to 1"),
    ],
)
def test_what_is_off_is_named(changes, word):
    with pytest.raises(AvatarInvalid, match=word):
        made_up(**changes)


def test_reading_what_is_no_avatar(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "other.npz", vertices=np.zeros(3))
    whole = made_up().save(tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "other", "cut", "missing"):
        with pytest.raises(AvatarInvalid):
            load_avatar(tmp_path / f"{name}.npz")


def test_newer_version_is_refused(tmp_path):
    made_up(meta={"version": VERSION + 1}).save(tmp_path / "new.npz")
    with pytest.raises(AvatarInvalid, match="version"):
        load_avatar(tmp_path / "new.npz")


def test_failed_save_says_so_and_leaves_nothing(tmp_path):
    with pytest.raises(FolderNotWritable):
        made_up().save(tmp_path / "no folder" / "a.npz")
    assert not list(tmp_path.iterdir())


def test_a_texture_is_kept_and_comes_with_its_coordinates(tmp_path):
    random = np.random.default_rng(0)
    uv, texture = random.random((3, 3, 2)).astype(np.float32), random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    again = load_avatar(made_up(uv=uv, texture=texture).save(tmp_path / "walk.npz"))
    assert np.array_equal(again.uv, uv)
    assert np.array_equal(again.texture, texture)
    with pytest.raises(AvatarInvalid, match="uv and texture belong together"):
        made_up(uv=uv)
    with pytest.raises(AvatarInvalid, match="texture has shape"):
        made_up(uv=uv, texture=texture[:4])


def test_an_avatar_without_a_texture_has_none(tmp_path):
    again = load_avatar(made_up().save(tmp_path / "walk.npz"))
    assert (again.uv, again.texture) == (None, None)
