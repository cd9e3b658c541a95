"""Reconstruct from Image in a window: timer by timer to its end, and every way of ending it early.

Without a window there are no timers, so the operator's methods run on a plain object and the test sends the events.
"""

import time
import types

import addon_utils
import bpy
import pytest


class Window:
    """What the modal operator needs of a window: timers and handlers, written down."""

    def __init__(self):
        self.timers, self.handlers, self.windows = [], [], []
        self.window_manager, self.window = self, None

    def event_timer_add(self, step, window):
        self.timers.append(step)
        return step

    def event_timer_remove(self, timer):
        self.timers.remove(timer)

    def modal_handler_add(self, operator):
        self.handlers.append(operator)


@pytest.fixture
def modal(part, photo, state, tmp_path):
    """The operator's methods on a plain object, as in a window: (operator, window, send); send(event type) gives what `modal` returned."""
    cls = part("operators.reconstruct").DOPPEL_OT_reconstruct
    words = {
        "people": "largest",
        "surface": "clothed",
        "quality": "draft",
        "triangles": 0,
        "texture": "none",
        "device": "cpu",
        "sex": "neutral",
    }
    words |= {"formats": {"npz"}, "seed": 0}
    methods = {name: getattr(cls, name) for name in ("request", "start", "finish", "fail", "begin", "modal", "cancel", "end")}
    reports = []
    operator = type("Operator", (), methods)()
    operator.__dict__.update(filepath=str(photo), files=[], folder=str(tmp_path / "out"), reports=reports, **words)
    operator.report = lambda kind, text: reports.append((*kind, text))
    window = Window()

    def send(kind):
        return operator.modal(window, types.SimpleNamespace(type=kind, value="PRESS"))

    return operator, window, send


def until(send, ends, seconds=10.0):
    """Send timer events until modal returns one of these; seconds it took."""
    start = time.perf_counter()
    while (result := send("TIMER")) not in ends:
        assert result == {"PASS_THROUGH"}
        assert time.perf_counter() - start < seconds
        time.sleep(0.02)
    return time.perf_counter() - start


def test_in_a_window_it_ends_with_the_person(modal, worker_that_makes, state):
    operator, window, send = modal
    worker_that_makes()
    assert operator.begin(window) == {"RUNNING_MODAL"}
    assert (window.timers, window.handlers) == ([0.1], [operator])
    assert send("MOUSEMOVE") == {"PASS_THROUGH"}
    until(send, [{"FINISHED"}])
    assert "walk" in bpy.data.collections
    assert (state.job, window.timers) == (None, [])


@pytest.mark.parametrize("how", ["escape", "button"])
def test_cancel_ends_within_a_second_and_leaves_the_scene_alone(modal, stand_in, state, census, how):
    operator, window, send = modal
    stand_in('say("progress", stage="Finding people", fraction=0.1); time.sleep(60)')
    before = census()
    operator.begin(window)
    while state.job.stage == "Starting":
        send("TIMER")
    child = state.job.worker.child.process
    start = time.perf_counter()
    ended = send("ESC") if how == "escape" else bpy.ops.doppel.cancel()
    assert state.job is None, "the panels wait for a timer"
    assert time.perf_counter() - start < 1
    assert ended == {"CANCELLED"} or until(send, [{"CANCELLED"}]) < 1
    assert child.poll() is not None
    assert census() == before
    assert (state.job, window.timers) == (None, [])
    assert operator.reports == [("INFO", "Cancelled. Nothing was changed. Start again when you like.")]
    assert state.outcome.errors == [("Cancelled", "Nothing was changed. Start again when you like.", "Cancelled")]


def test_only_the_sidebars_and_the_preferences_are_drawn_anew(part):
    """Not the 3D view itself: ten times a second a heavy scene would make Blender crawl."""
    drawn = []

    def area(kind, *regions):
        made = [types.SimpleNamespace(type=region, tag_redraw=lambda region=region: drawn.append((kind, region))) for region in regions]
        return types.SimpleNamespace(type=kind, regions=made, tag_redraw=lambda: drawn.append((kind, "everything")))

    areas = [area("VIEW_3D", "HEADER", "UI", "WINDOW"), area("PREFERENCES", "WINDOW"), area("NODE_EDITOR", "UI", "WINDOW")]
    window = Window()
    window.windows = [types.SimpleNamespace(screen=types.SimpleNamespace(areas=areas))]
    part("operators.watch").redraw(window)
    assert drawn == [("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")]


def test_a_job_that_was_over_when_cancel_was_pressed_ends_well(modal, worker_that_makes, state, part):
    operator, window, send = modal
    worker_that_makes()
    operator.begin(window)
    while not part("operators.job").pump(state.job, timeout=0.2):
        pass
    bpy.ops.doppel.cancel()
    until(send, [{"FINISHED"}])
    assert "walk" in bpy.data.collections


def test_it_draws_anew_only_when_there_is_something_new_to_see(modal, stand_in, state, part, monkeypatch):
    """Where drawing is slow, drawing at every tick would leave no time for a press on Cancel."""
    operator, window, send = modal
    stand_in('say("progress", stage="Finding people", fraction=0.1); time.sleep(60)')
    drawn = []
    monkeypatch.setattr(part("operators.watch"), "redraw", lambda context: drawn.append(state.job.words()))
    monkeypatch.setattr(part("operators.job").Job, "remaining", lambda job: "about 7 s left")
    operator.begin(window)
    while state.job.stage == "Starting":
        send("TIMER")
    for _ in range(20):
        send("TIMER")
    assert drawn == [("Starting  0%", "about 7 s left"), ("Finding people  10%", "about 7 s left")]


def test_a_closed_window_kills_the_worker(modal, stand_in, state):
    operator, window, _ = modal
    stand_in("time.sleep(60)")
    operator.begin(window)
    child = state.job.worker.child.process
    operator.cancel(window)
    assert child.wait(timeout=1) != 0
    assert (state.job, window.timers) == (None, [])


def test_switching_the_add_on_off_ends_the_job(modal, stand_in, state, installed):
    operator, window, send = modal
    stand_in("time.sleep(60)")
    operator.begin(window)
    child = state.job.worker.child.process
    addon_utils.disable(installed)
    addon_utils.enable(installed)
    assert send("TIMER") == {"CANCELLED"}
    assert child.wait(timeout=1) != 0
    assert window.timers == []


def test_a_start_that_fails_in_a_window_is_reported(modal, state, monkeypatch, tmp_path):
    operator, window, _ = modal
    monkeypatch.setenv("DOPPEL_PYTHON", str(tmp_path / "nothing"))
    assert operator.begin(window) == {"CANCELLED"}
    assert operator.reports[0][0] == "ERROR"
    assert window.timers == []
