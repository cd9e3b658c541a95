"""Shards: what comes back is what went in to the stated steps, files alike from alike people; and the maker that fills them."""

import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from training.makehuman.asset_file import AssetFileError
from training.people import maker, shards
from training.people.lighting import rotated
from training.people.maker import News, Recipe, make_shard, make_shards, unfinished
from training.people.shards import Shard, ShardInvalid, encoded, shard_files, write_shard
from training.people.snapshot import Snapshot

sys.path.insert(0, str(Path(__file__).parent))  # where worker processes, which are told this path, find the module too
from made_up_people import hopeless_shard, made_up, noise_shard, unreadable_shard

RECIPE = Recipe(("nowhere",), seed=5, views=2, size=64, per_shard=2)


@pytest.fixture
def shard(tmp_path):
    write_shard(tmp_path / "people-00000.npz", [encoded(*made_up(0)), encoded(*made_up(1))], {"seed": 0})
    return Shard(tmp_path / "people-00000.npz")


def test_a_shell_comes_back_to_its_steps(shard):
    for number in (0, 1):
        _, shell, _ = made_up(number)
        back = shard.shell(number)
        np.testing.assert_allclose(back.vertices, shell.vertices, atol=0.8 / 65535)
        np.testing.assert_array_equal(back.albedo, shell.albedo)
        np.testing.assert_array_equal(back.trusted, shell.trusted)
        np.testing.assert_array_equal(back.label, shell.label)
        half_step = np.abs(shell.transfer).max(axis=0) / shards.TRANSFER_STEPS / 2
        assert (np.abs(back.transfer - shell.transfer) <= 1.001 * half_step).all()
        assert np.einsum("vc,vc->v", back.normals, shell.normals).min() > 0.999
        turned = [{tuple(np.roll(face, -np.argmin(face))) for face in faces.tolist()} for faces in (back.faces, shell.faces)]
        assert turned[0] == turned[1]


def test_truth_and_facts_come_back(shard):
    person, _, _ = made_up(1)
    record = shard.record(1)
    assert (record.name, record.family, len(record.views)) == ("person-1", "composed", 2)
    assert record.facts == {"pose": "relaxed", "height": 1.75, "garments": ["shirt"]}
    for name in ("pose", "betas", "translation"):
        np.testing.assert_allclose(getattr(record.body, name), getattr(person.body, name), rtol=1e-6)
    np.testing.assert_allclose(record.joints, person.joints, rtol=1e-6)
    assert record.body.joint_residual_cm == 0.8
    assert np.isnan(record.body.skin_residual_cm)


def test_views_come_back(shard):
    for number in (0, 1):
        for which, seen in enumerate(made_up(number)[2]):
            back = shard.view(number, which)
            for name in ("alpha", "body_alpha", "trusted", "label", "transfer", "transfer_scale"):
                np.testing.assert_array_equal(getattr(back, name), getattr(seen, name))
            inside = seen.alpha > 0
            for name in ("albedo", "normal", "body_normal"):
                off = np.abs(getattr(back, name).astype(int) - getattr(seen, name))[inside]
                assert off.mean() < 2  # small as it is, every pixel is near the edge
                assert off.max() < 25
            assert not back.normal[~inside].any()
            for name in ("intrinsics", "rotation", "translation", "size"):
                np.testing.assert_array_equal(getattr(back.camera, name), getattr(seen.camera, name))


def test_photographs_by_cycles_come_back_where_there_are_any(shard, tmp_path):
    person, shell, views = made_up(0)
    smooth = np.uint8(np.add.outer(np.arange(64), 2 * np.arange(64))[..., None] + [0, 20, 40])
    light = np.random.default_rng(0).normal(size=(9, 3))
    photo = Snapshot(smooth, views[1].alpha, light, rotated(light, views[1].camera.rotation), np.array([1.0, 1.1, 1.2]))
    write_shard(tmp_path / "traced.npz", [encoded(person, shell, views, {1: photo})], {})
    traced = Shard(tmp_path / "traced.npz")
    assert traced.traced(0, 0) is None
    back = traced.traced(0, 1)
    np.testing.assert_array_equal(back.alpha, photo.alpha)
    assert np.abs(back.pixels.astype(int) - photo.pixels).mean() < 1.5
    for name in ("light", "light_in_camera", "exposure"):
        np.testing.assert_allclose(getattr(back, name), getattr(photo, name), rtol=1e-5, atol=1e-6)
    assert shard.traced(0, 0) is None


def test_people_are_photographed_by_their_share_and_a_recipe_without_says_nothing_of_it(monkeypatch):
    """None at 0, so that shards made before are still of their recipe; about a tenth at 0.1, the same ones again."""
    monkeypatch.setattr(maker, "open_worlds", lambda *_: [])
    monkeypatch.setitem(sys.modules, "training.people.traced", SimpleNamespace(traced_photograph=lambda *_: "photo"))
    _, _, views = made_up()

    def chosen(share):
        recipe = replace(RECIPE, traced=share)
        return [number for number in range(300) if maker.photographs(recipe, number, 0, None, views) == {0: "photo"}]

    assert chosen(0.0) == []
    assert 15 < len(chosen(0.1)) < 50
    assert chosen(0.1) == chosen(0.1)
    assert not {"traced", "around"} & set(RECIPE.stated())
    assert replace(RECIPE, around=True).stated()["around"] is True
    assert replace(RECIPE, traced=0.1).stated()["traced"] == 0.1


def test_a_view_of_nobody_comes_back(tmp_path):
    person, shell, (seen, _) = made_up()
    empty = {name: np.zeros_like(getattr(seen, name)) for name in vars(seen) if name not in ("camera", "transfer_scale")}
    write_shard(tmp_path / "people-00000.npz", [encoded(person, shell, [replace(seen, **empty)])], {})
    back = Shard(tmp_path / "people-00000.npz").view(0, 0)
    assert back.alpha.shape == (64, 64)
    assert not back.alpha.any()


def test_equal_people_make_equal_files_and_a_shard_travels_between_processes(shard, tmp_path):
    write_shard(tmp_path / "again.npz", [encoded(*made_up(0)), encoded(*made_up(1))], {"seed": 0})
    assert (tmp_path / "again.npz").read_bytes() == shard.path.read_bytes()
    twin = pickle.loads(pickle.dumps(shard))  # noqa: S301 - what a data loader does with it
    assert twin.about(0) == shard.about(0)
    with np.load(shard.path, allow_pickle=False) as file:
        assert "1/view0/albedo_jpg" in file.files
        assert cv2.imdecode(file["1/view0/albedo_jpg"], cv2.IMREAD_COLOR) is not None


def test_what_is_no_shard_is_said_by_name(tmp_path, monkeypatch):
    (tmp_path / "people-00000.npz").write_bytes(b"PK nothing")
    with pytest.raises(ShardInvalid, match=r"people-00000\.npz is no shard"):
        Shard(tmp_path / "people-00000.npz")
    monkeypatch.setattr(shards, "VERSION", 99)
    write_shard(tmp_path / "new.npz", [], {})
    monkeypatch.undo()
    with pytest.raises(ShardInvalid, match="version 99"):
        Shard(tmp_path / "new.npz")


def test_too_large_a_shard_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "LIMIT", 1000)
    with pytest.raises(ValueError, match="fewer people"):
        write_shard(tmp_path / "people-00000.npz", [encoded(*made_up())], {})
    assert not list(tmp_path.iterdir())


# --- the maker --------------------------------------------------------------------------------------------------------------------


def test_people_are_made_alike_by_any_number_of_workers_and_a_bad_one_is_replaced(tmp_path):
    news = list(make_shards(noise_shard, [0, 1, 2], RECIPE, 5, tmp_path / "two", workers=2))
    assert sorted(one.number for one in news if not one.problem) == [0, 1, 2, 3, 4]
    assert [one.problem for one in news if one.problem] == ["ValueError: a sleeve came off"]
    written = json.loads((tmp_path / "two" / "replaced.jsonl").read_text())
    assert written["number"] == 3
    assert "noise_person" in written["trace"]
    for shard in range(3):
        noise_shard(RECIPE, shard, 5, tmp_path, lambda news: None)
    alone, together = shard_files(tmp_path), shard_files(tmp_path / "two")
    assert [len(Shard(path)) for path in together] == [2, 2, 1]
    assert [path.read_bytes() for path in alone] == [path.read_bytes() for path in together]


def test_a_killed_run_goes_on_with_what_is_missing(tmp_path):
    for shard in (0, 2):
        noise_shard(RECIPE, shard, 5, tmp_path, lambda news: None)
    (tmp_path / "people-00001.part").write_bytes(b"half")
    (tmp_path / "people-00003.npz").write_bytes(b"torn")
    assert unfinished(RECIPE, 5, tmp_path) == [1]
    assert unfinished(RECIPE, 8, tmp_path) == [1, 2, 3]  # the third had one person of two, the fourth is no shard
    with pytest.raises(ValueError, match="another recipe"):
        unfinished(replace(RECIPE, seed=6), 5, tmp_path)


def test_one_who_cannot_be_made_at_all_ends_the_run(tmp_path):
    told: list[News] = []
    with pytest.raises(RuntimeError, match="number 0 failed 6 times"):
        hopeless_shard(RECIPE, 0, 2, tmp_path, told.append)
    assert len(told) == maker.ATTEMPTS


def test_assets_that_cannot_be_read_end_the_run_and_are_named(tmp_path):
    with pytest.raises(AssetFileError, match=r"shirt\.mhclo, line 7: no such vertex"):
        list(make_shards(unreadable_shard, [0], RECIPE, 2, tmp_path, workers=1))


def test_folders_without_the_assets_are_an_error_and_nobodys_mishap(tmp_path):
    told: list[News] = []
    with pytest.raises(FileNotFoundError, match="makehuman"):
        make_shard(replace(RECIPE, folders=(str(tmp_path),)), 0, 2, tmp_path, told.append)
    assert not told
