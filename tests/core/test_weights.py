"""The index of weights: what is found, what is missing, what is damaged, and the command that writes the index."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from core import weights
from core.errors import WeightsCorrupt, WeightsMissing

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"some weights"
TABLE = """# a remark
[net]
file = "net.bin"
size = {size}
sha256 = "{digest}"
licence = "CC0-1.0"
origin = "made up"
trained_by = "nobody"
measured = ""

[other]
file = "other.bin"
size = 1
sha256 = "00"
licence = "CC0-1.0"
origin = "made up"
trained_by = "nobody"
measured = ""
package = "made-up==1.0"
member = "inside/other.bin"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.bin").write_bytes(CONTENT)
    (tmp_path / "index.toml").write_text(TABLE.format(size=len(CONTENT), digest=sha256(CONTENT).hexdigest()))
    return tmp_path


@pytest.fixture
def fetch(tmp_path, monkeypatch):
    """weights/fetch.py as a module that works in a folder of its own."""
    spec = importlib.util.spec_from_file_location("fetch", ROOT / "weights" / "fetch.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    return module


def test_find(folder):
    assert weights.find("net", folder) == folder / "net.bin"
    assert weights.read_index(folder)["net"].licence == "CC0-1.0"


def test_unknown_name(folder):
    with pytest.raises(WeightsMissing, match="nett") as error:
        weights.find("nett", folder)
    assert "net, other" in error.value.hint


def test_missing_file(folder):
    (folder / "net.bin").unlink()
    with pytest.raises(WeightsMissing, match=r"net\.bin") as error:
        weights.find("net", folder)
    assert "make weights" in error.value.hint


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"some weight", "11 bytes"), (b"same weights", sha256(b"same weights").hexdigest()[:12])]
)
def test_damaged_file(folder, content, sentence):
    (folder / "net.bin").write_bytes(content)
    with pytest.raises(WeightsCorrupt, match=sentence) as error:
        weights.find("net", folder)
    assert "net.bin" in str(error.value)
    assert error.value.hint


def test_file_that_changes_is_read_again(folder):
    path = weights.find("net", folder)
    path.write_bytes(b"same weights")
    os.utime(path, ns=(1, 1))
    with pytest.raises(WeightsCorrupt):
        weights.find("net", folder)


def test_file_is_read_once(folder, monkeypatch):
    weights.find("net", folder)
    monkeypatch.setattr(weights, "sha256", lambda path: pytest.fail("read twice"))
    weights.find("net", folder)


def test_own_folder_is_the_only_one_looked_in(tmp_path):
    """A folder without an index is judged by Doppel's, and what is not in it is missing, though Doppel has it."""
    assert set(weights.read_index(tmp_path)) == set(weights.read_index())
    with pytest.raises(WeightsMissing, match=tmp_path.name):
        weights.find("pose_detection", tmp_path)


@pytest.mark.parametrize("text", ["[net", "[net]\nfile = 'x'\n", "net = 3\n"])
def test_index_that_is_not_one(tmp_path, text):
    (tmp_path / "index.toml").write_text(text)
    with pytest.raises(WeightsCorrupt, match=r"index\.toml"):
        weights.find("net", tmp_path)


def test_check_all_lists_what_is_wrong(folder):
    assert {name: type(error) for name, error in weights.check_all(folder).items()} == {"other": WeightsMissing}


def test_all_weights_of_this_checkout_are_intact():
    assert weights.check_all() == {}


def test_index_says_whose_everything_is():
    for weight in weights.read_index().values():
        assert weight.licence, weight.name
        assert weight.origin, weight.name
        assert weight.trained_by, weight.name
        assert len(weight.sha256) == 64, weight.name
        assert weight.size < 64 * 2**20, weight.name


def test_update_index_changes_one_table_only(folder, fetch):
    before = weights.read_index(folder)
    (folder / "net.bin").write_bytes(b"new weights, longer")
    fetch.update_index(folder / "index.toml", "net")
    after = weights.read_index(folder)
    assert weights.find("net", folder)
    assert after["net"].size == 19
    assert after["other"] == before["other"]
    assert (folder / "index.toml").read_text().startswith("# a remark")
    with pytest.raises(WeightsMissing, match="other"):
        fetch.update_index(folder / "index.toml", "other")


def test_fetch_unpacks_checks_and_skips(folder, fetch, monkeypatch, capsys):
    fetch.CACHE.mkdir()
    with zipfile.ZipFile(fetch.CACHE / "made_up-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("inside/other.bin", CONTENT)
    assert fetch.main([]) == 1  # not what the index says
    assert "not the file" in capsys.readouterr().err
    assert not (folder / "other.bin").exists()
    index = (folder / "index.toml").read_text()
    (folder / "index.toml").write_text(
        index.replace("size = 1\n", f"size = {len(CONTENT)}\n").replace('"00"', f'"{sha256(CONTENT).hexdigest()}"')
    )
    assert fetch.main([]) == 0
    assert (folder / "other.bin").read_bytes() == CONTENT
    monkeypatch.setattr(fetch, "fetch", lambda weight: pytest.fail("fetched again"))
    assert fetch.main([]) == 0


def test_fetch_offline_says_so(folder, fetch, monkeypatch, capsys):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: No matching distribution found")
    monkeypatch.setattr(fetch.subprocess, "run", lambda *arguments, **options: failed)
    assert fetch.main([]) == 1
    said = capsys.readouterr().err
    assert "No matching distribution" in said
    assert "network" in said
