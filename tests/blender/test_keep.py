"""Keep Ready: the process of one photo does the next one, and goes when it is sent away or what it was started with has changed."""

import addon_utils
import bpy
import pytest


@pytest.fixture
def preferences(installed):
    yield bpy.context.preferences.addons[installed].preferences
    bpy.context.preferences.addons[installed].preferences.keep_minutes = 0


@pytest.fixture
def make(worker_that_makes, photo, state, preferences, tmp_path):
    """Reconstruct the photo with a process that is kept for two minutes; that process."""
    preferences.keep_minutes = 2
    worker_that_makes()

    def made():
        assert bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out")) == {"FINISHED"}
        return state.keeper.worker.child.process

    return made


def test_the_second_photo_is_made_by_the_first_ones_process(make, state):
    process = make()
    assert process.poll() is None
    assert make() is process
    assert process.poll() is None
    assert len([name for name in bpy.data.collections.keys() if name.startswith("walk")]) == 2  # noqa: SIM118 - names, not collections


def test_it_is_not_kept_unless_asked_for(worker_that_makes, photo, state, tmp_path):
    worker_that_makes()
    bpy.ops.doppel.reconstruct(filepath=str(photo), folder=str(tmp_path / "out"))
    assert state.keeper.worker.child.process.poll() is not None
    assert not bpy.ops.doppel.give_back.poll()
    with pytest.raises(RuntimeError, match=r"No process is kept ready\. Keep Ready in the preferences"):
        bpy.ops.doppel.give_back()


def test_give_back_ends_it(make):
    process = make()
    assert bpy.ops.doppel.give_back.poll()
    assert bpy.ops.doppel.give_back() == {"FINISHED"}
    assert process.poll() is not None
    assert not bpy.ops.doppel.give_back.poll()


def test_the_time_that_is_left_is_that_of_loading_less(part, make, state, photo, tmp_path):
    make()
    request = part("core.job").Request((str(photo),), str(tmp_path / "out"))
    warm = state.start(request).forecast.remaining(0) - state.job.forecast.began
    state.stop()
    cold = state.start(request).forecast.remaining(0) - state.job.forecast.began
    assert cold - warm == pytest.approx(part("core.estimate").LOADING, abs=0.5)


@pytest.mark.parametrize("name", ["python", "weights", "body_file", "keep_minutes"])
def test_a_change_of_the_preferences_ends_it(make, preferences, name):
    process, before = make(), getattr(preferences, name)
    setattr(preferences, name, 3 if name == "keep_minutes" else "/elsewhere")
    setattr(preferences, name, before)
    assert process.poll() is not None


def test_switching_the_add_on_off_ends_it(make, installed):
    process = make()
    addon_utils.disable(installed)
    addon_utils.enable(installed)
    assert process.poll() is not None


def test_a_batch_has_its_memory(make, photo, tmp_path):
    process = make()
    assert bpy.ops.doppel.batch(directory=str(photo), folder=str(tmp_path / "batch")) == {"FINISHED"}
    assert process.poll() is not None


def test_it_ends_before_the_runtime_is_mended(part, make, state, tmp_path):
    process = make()
    state.install(part("core.runtime").Installation(str(tmp_path / "runtime"), "cpu", wheels=str(tmp_path)))
    assert process.poll() is not None
