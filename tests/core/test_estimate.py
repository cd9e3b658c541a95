"""What is said of a job's time: its stages are the pipeline's, it adds up, and a slow machine's rest is longer."""

import pytest

from core import pipeline
from core.estimate import LOADING, MEMORY, SECONDS, STARTING, Forecast, estimate, in_words
from core.settings import QUALITY


def test_every_quality_knows_every_stage_but_the_texture():
    assert set(SECONDS) == set(MEMORY) == {choice.name for choice in QUALITY.choices}
    for stages in SECONDS.values():
        assert [*stages, "Painting the texture"] == list(pipeline.STAGES)


def test_photos_add_up_and_loading_is_once():
    one, three = estimate("draft").seconds, estimate("draft", 3).seconds
    assert three - LOADING == pytest.approx(3 * (one - LOADING))


def test_a_job_at_the_planned_pace_counts_down_to_nothing():
    forecast, now, whole = Forecast("standard", 2, 100.0), 100.0, estimate("standard", 2).seconds
    for stage, seconds in [(STARTING, LOADING), *SECONDS["standard"].items(), *SECONDS["standard"].items()]:
        forecast.stage(stage, now)
        assert forecast.remaining(now) == pytest.approx(whole - (now - 100))
        assert forecast.remaining(now + seconds / 2) == pytest.approx(whole - (now - 100) - seconds / 2)
        now += seconds
    assert forecast.remaining(now + 5) == pytest.approx(0)


def test_at_half_the_pace_the_rest_takes_twice_as_long():
    forecast = Forecast("high", 1, 0.0)
    forecast.stage("Reading the photo", 2 * LOADING)
    forecast.stage("Painting the texture", 2 * LOADING)  # not planned: it changes nothing
    assert forecast.remaining(2 * LOADING) == pytest.approx(2 * (estimate("high").seconds - LOADING))


def test_times_in_words():
    assert [in_words(seconds) for seconds in (0.0, 8.4, 89.0, 121.0)] == ["1 s", "8 s", "89 s", "2 min"]
