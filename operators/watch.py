"""An operator that starts a job and looks after it: by a timer in a window, which stays usable, and by waiting in a script."""

from collections.abc import Callable
from typing import Any

import bpy

from ..core.errors import Cancelled, DoppelError
from .job import STATE, Job, Outcome, in_words, problem_of, pump
from .runtime import problem

SHOWING = {("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")}
"""Areas and their regions that show how a job goes."""


def busy() -> str:
    """What is running, and what to do about it; "" while nothing is."""
    return f"{STATE.job.what}: wait for it, or cancel it" if STATE.job else ""


def why_not() -> str:
    """Why no photo can be worked on now; "" if one can. Cheap: it is asked at every redraw."""
    missing = problem()
    return busy() or (in_words(str(missing), missing.hint) if missing else "")


class Watched:
    """Mixed into an operator. It brings `start`, which starts the job (DoppelError), and `finish`, which takes what an ended one made.

    why_not: what stands in the way of starting it, in words, or "".
    """

    start: Callable[[], Job]
    finish: Callable[[Job], set[Any]]
    why_not: Callable[[], str] = staticmethod(why_not)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = cls.why_not()
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return not reason

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Wait for the job: for scripts and background mode."""
        try:
            job = self.start()
        except DoppelError as error:
            return self.fail(error)
        try:
            while not pump(job, timeout=0.2):
                pass
        except KeyboardInterrupt:
            STATE.stop()
            raise
        return self.end(job)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """In a window, start and return; in background mode there are no timers, so wait."""
        return self.execute(context) if bpy.app.background else self.begin(context)

    def begin(self, context: bpy.types.Context) -> set[Any]:
        """Start the job and look after it by a timer."""
        try:
            self.start()
        except DoppelError as error:
            return self.fail(error)
        self._shown: tuple[str, ...] = ()
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.modal_handler_add(self)  # type: ignore[arg-type]
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        if event.type == "ESC" and event.value == "PRESS":
            STATE.cancel()
        job = STATE.job
        if job is None:  # cancelled, or stopped as by switching the add-on off
            context.window_manager.event_timer_remove(self._timer)
            for error in STATE.outcome.errors:
                self.report({"INFO"}, in_words(error.text, error.hint))  # type: ignore[attr-defined]
            redraw(context)
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        before, over = self._shown, pump(job)
        self._shown = job.words()
        if over or self._shown != before:
            redraw(context)
        if not over:
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self.end(job)

    def cancel(self, context: bpy.types.Context) -> None:
        """Called where Blender ends the operator: its window is closed, another file is opened."""
        context.window_manager.event_timer_remove(self._timer)
        STATE.stop()

    def end(self, job: Job) -> set[Any]:
        """What the ended job made, or its error to the user."""
        STATE.job = None
        try:
            return self.finish(job)
        except DoppelError as error:
            return self.fail(error)

    def fail(self, error: DoppelError) -> set[Any]:
        """The error on screen and in the panel. For a script the report of an error is a RuntimeError."""
        STATE.outcome = Outcome(errors=[problem_of(error)])
        self.report({"INFO" if isinstance(error, Cancelled) else "ERROR"}, in_words(str(error), error.hint))  # type: ignore[attr-defined]
        return {"CANCELLED"}


def redraw(context: bpy.types.Context) -> None:
    """Draw the sidebars and the preferences anew; not the 3D views beside them, which may hold a heavy scene."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if (area.type, region.type) in SHOWING:
                    region.tag_redraw()
