"""Asset folders told apart by what they hold, on made-up folders."""

from pathlib import Path

import numpy as np
import pytest

from training.held_out import held_out
from training.people.assets import Assets, open_assets


@pytest.fixture
def folders(tmp_path):
    """One folder of each kind that holds no motion, by kind."""
    (tmp_path / "mh" / "clothes").mkdir(parents=True)
    (tmp_path / "mh" / "skins").mkdir()
    (tmp_path / "pack" / "people").mkdir(parents=True)
    for name in ("Somebody_01", held_out("people")[0], held_out("example")[0]):
        (tmp_path / "pack" / "people" / f"{name}.npz").touch()
    (tmp_path / "skies").mkdir()
    for name in ("any", held_out("worlds")[0]):
        (tmp_path / "skies" / f"{name}.exr").touch()
    return {"makehuman": tmp_path / "mh", "rocketbox": tmp_path / "pack", "worlds": tmp_path / "skies"}


def test_folders_are_known_by_what_they_hold_in_any_order(folders):
    assets = open_assets([folders["worlds"], folders["rocketbox"], folders["makehuman"]], needs=("makehuman", "rocketbox", "worlds"))
    assert (assets.makehuman, assets.rocketbox, assets.motion) == (folders["makehuman"], folders["rocketbox"], None)
    assert [path.name for path in assets.worlds] == ["any.exr", f"{held_out('worlds')[0]}.exr"]


def test_one_folder_may_hold_them_all(folders):
    together = folders["worlds"].parent
    assert open_assets([together], needs=()).rocketbox == folders["rocketbox"]


def test_a_missing_kind_is_named_with_what_it_looks_like(folders):
    with pytest.raises(FileNotFoundError, match=r"motion \(`cmu/\*.amc`"):
        open_assets(list(folders.values()))


def test_a_folder_without_assets_or_that_is_not_there_is_named(folders, tmp_path):
    with pytest.raises(FileNotFoundError, match="clothes holds none of"):
        open_assets([folders["makehuman"] / "clothes"])
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        open_assets([tmp_path / "nowhere"])


def test_judged_and_trained_on_share_nothing_and_the_example_is_in_neither(folders):
    clips = {name: np.zeros((1, 24, 3)) for name in ("free", held_out("clips")[0])}
    worlds = tuple(Path(f"{name}.exr") for name in ("any", held_out("worlds")[0]))
    assets = Assets(None, folders["rocketbox"], None, worlds, clips)
    judged, trained = assets.split(judging=True), assets.split(judging=False)
    assert (list(judged.clips), list(trained.clips)) == ([held_out("clips")[0]], ["free"])
    assert ([path.stem for path in judged.worlds], [path.stem for path in trained.worlds]) == ([held_out("worlds")[0]], ["any"])
    assert assets.artist_names(judging=True) == [held_out("people")[0]]
    assert assets.artist_names(judging=False) == ["Somebody_01"]
