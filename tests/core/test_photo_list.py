"""Which files are photos, and names that never collide."""

import pytest

from core.errors import SettingInvalid
from core.photo_list import list_photos, output_names


def test_folders_patterns_and_files_each_photo_once(tmp_path):
    for name in ("a/2.jpg", "a/1.PNG", "a/notes.txt", "a/b/3.jpg", "out/records/1.jpg", "out/4.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = list_photos([tmp_path / "a", tmp_path / "a" / "2.jpg", f"{tmp_path}/**/*.jpg", tmp_path / "not there.txt"], tmp_path / "out")
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a/1.PNG", "a/2.jpg", "a/b/3.jpg", "out/4.jpg", "not there.txt"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    (tmp_path / "walk[1].jpg").touch()
    assert list_photos([tmp_path / "walk[1].jpg"], tmp_path / "out") == [tmp_path / "walk[1].jpg"]


@pytest.mark.parametrize("word", ["empty", "*.jpg"])
def test_what_names_no_photo_is_refused(tmp_path, word):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingInvalid, match="holds no photos"):
        list_photos([tmp_path / word], tmp_path / "out")


def test_output_names_never_collide():
    names = output_names(("x/walk.jpg", "y/walk.jpg", "walk.png", "run.jpg", "z/walk.jpg", "Walk.jpg"))
    assert (names[0], names[3]) == ("walk", "run")
    assert len({name.casefold() for name in names}) == 6


def test_no_photo_is_called_as_another_ones_second_person():
    assert output_names(("walk-2.jpg", "walk.jpg", "shot-7.jpg")) == ["walk-2_jpg", "walk", "shot-7"]
