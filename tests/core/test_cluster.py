"""Photos on a real Ray: two workers, one killed in the middle, and nothing is lost or doubled. And without Ray: what is said."""

import json
import os
import shutil
import signal
import sys
import types
from pathlib import Path

import pytest

from core.avatar import load_avatar
from core.batch import Batch
from core.cluster import Cluster, make_photo
from core.errors import RuntimeMissing, SettingInvalid
from core.job import Request

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "person.jpg"
QUICK = {"quality": "draft", "surface": "body", "device": "cpu"}


def test_without_ray_the_requirement_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RuntimeMissing, match="Ray is not installed") as caught:
        Cluster("auto", Request((str(EXAMPLE),), str(tmp_path)))
    assert "requirements/ray.txt" in caught.value.hint


def test_an_address_where_nothing_answers(tmp_path, monkeypatch):
    def init(*_, **__):
        raise ConnectionError("nobody there\nand a long story")

    monkeypatch.setitem(sys.modules, "ray", types.SimpleNamespace(init=init))
    with pytest.raises(SettingInvalid, match=r"No Ray cluster answers at 1\.2\.3\.4:5: nobody there$"):
        Cluster("1.2.3.4:5", Request((str(EXAMPLE),), str(tmp_path)))


def test_what_a_task_gives_back_says_what_was_wrong():
    """As on a machine of the cluster, but here: a photo that could not be read, and weights that are not there."""
    report, files, previews = make_photo("gone.jpg", None, "gone", QUICK, "", "")
    assert (report["status"], report["error"]["kind"], files, previews) == ("failed", "PhotoUnreadable", {}, {})
    assert make_photo("gone.jpg", None, "gone", QUICK, "no such folder", "")[0]["kind"] == "WeightsMissing"


@pytest.mark.cluster
def test_a_killed_worker_loses_and_doubles_nothing(tmp_path):
    pytest.importorskip("ray")
    shots = tmp_path / "shots"
    shots.mkdir()
    for number in range(5):
        shutil.copy(EXAMPLE, shots / f"shot{number}.jpg")
    (shots / "bad.jpg").write_text("no photo")
    photos = tuple(str(path) for path in sorted(shots.iterdir()))
    request = Request(photos, str(tmp_path / "out"), QUICK)
    cluster = Cluster("local", request)
    batch = Batch(request, cluster.start, lambda *_: [], 2, share=1)
    killed, started = None, []
    start = batch.start
    batch.start = lambda share, folder: started.append(Path(share.photos[0]).name) or start(share, folder)
    try:
        while not batch.ended:
            messages = batch.poll(0.2)
            if killed is None and len(batch.reports) >= 2 and task_processes():
                killed = task_processes()[0]
                os.kill(killed, signal.SIGKILL)
        assert not [message for message in messages if hasattr(message, "kind")], messages
    finally:
        cluster.close()
    assert killed, "no worker was there to be killed"
    photos = json.loads((tmp_path / "out" / "report.json").read_text())["photos"]
    assert [Path(photo["photo"]).name for photo in photos] == ["bad.jpg", *(f"shot{number}.jpg" for number in range(5))]
    assert [photo["status"] for photo in photos] == ["failed"] + ["done"] * 5
    assert sorted(started) == sorted(set(started))
    avatars = sorted((tmp_path / "out").glob("*.npz"))
    assert [path.name for path in avatars] == [f"shot{number}.npz" for number in range(5)]
    first, *others = map(load_avatar, avatars)
    assert all((other.vertices == first.vertices).all() for other in others), "the same photo and seed give the same person"


def task_processes() -> list[int]:
    """Processes of Ray that make a photo at this moment, among this process's descendants."""
    found, parents = [], {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if (folder / "cmdline").read_bytes().startswith(b"ray::make_photo"):
                    found.append(int(folder.name))
            except OSError:
                continue
    return [pid for pid in found if _descends(pid, parents)]


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        pid = parents.get(pid, 0)
        if pid == os.getpid():
            return True
    return False
