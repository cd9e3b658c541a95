"""Settings, requests, messages and reports: what crosses the process boundary."""

from pathlib import Path

import pytest

from core import errors
from core.errors import DoppelError, NoPersonFound, SettingInvalid, Unexpected, from_kind
from core.job import (
    Done,
    Error,
    PhotoReport,
    Progress,
    Report,
    Request,
    error_message,
    line_to_message,
    load_report,
    load_request,
    message_to_line,
)
from core.settings import SETTINGS, checked_settings


def test_defaults_are_valid():
    assert checked_settings({}) == {setting.name: setting.checked(setting.default) for setting in SETTINGS}


@pytest.mark.parametrize("values", [{"quality": "best"}, {"seed": -1}, {"seed": "many"}, {"formats": "npz,doc"}, {"colour": "red"}])
def test_what_a_setting_does_not_take_is_refused_with_a_hint(values):
    with pytest.raises(SettingInvalid) as caught:
        checked_settings(values)
    assert caught.value.hint


def test_formats_may_be_several_and_are_named_once():
    assert checked_settings({"formats": "npz,glb,npz"})["formats"] == "npz,glb"


def test_request_round_trip(tmp_path):
    request = Request(("a.jpg", "/b.png"), "out", {"seed": "3"}, weights="w")
    again = load_request(request.save(tmp_path / "request.json"))
    assert again == request
    assert again.photos[0] == str(Path("a.jpg").absolute())
    assert again.settings["seed"] == 3
    assert again.body_file == ""


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"photos": [], "out": "x", "more": 1}'])
def test_what_is_no_request_is_refused(tmp_path, text):
    (tmp_path / "request.json").write_text(text)
    with pytest.raises(SettingInvalid):
        load_request(tmp_path / "request.json")


@pytest.mark.parametrize("message", [Progress("Finding people", 0.25), Done("/out/report.json"), Error("NoPersonFound", "No", "Look")])
def test_message_round_trip(message):
    line = message_to_line(message)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line_to_message(line) == message


@pytest.mark.parametrize(
    "line", ["", "loading…", "{}", "[]", "3", '{"message": "hello"}', '{"message": "progress"}', '{"message": ["done"]}']
)
def test_noise_is_no_message(line):
    assert line_to_message(line) is None


def test_every_error_has_a_hint_and_survives_the_crossing():
    for cls in DoppelError.__subclasses__():
        error = cls("What happened")
        assert error.hint, cls
        again = error_message(error).exception()
        assert (type(again), str(again), again.hint) == (cls, "What happened", error.hint)


def test_unknown_kind_becomes_unexpected():
    assert isinstance(from_kind("FromTheFuture", "x", "y"), Unexpected)


def test_errors_file_defines_nothing_else():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and value.__module__ == errors.__name__]
    assert all(issubclass(cls, DoppelError) for cls in classes)


def test_report_round_trip(tmp_path):
    failed = PhotoReport("b.jpg", "failed", {}, (), error_message(NoPersonFound("Nobody")))
    report = Report((PhotoReport("a.jpg", "done", {"x": 1.5}, ("/o/a.npz", "/o/a.glb"), None, ("dim",)), failed), "0.1.0")
    again = load_report(report.save(tmp_path / "report.json"))
    assert again == report
    assert again.failed == (failed,)
    assert again.avatars == ("/o/a.npz",)
