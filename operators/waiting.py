"""What operators that start a job have in common: a script waits for its end, a window stays usable and looks after it by a timer."""

from typing import Any

import bpy

from ..core.errors import Cancelled, DoppelError
from .job import STATE, Outcome, in_words, pump


class WaitsForJob:
    """Mixed into an operator that has `start` (the job, begun; DoppelError) and `finish` (what the ended job made, and the result)."""

    report: Any
    start: Any
    finish: Any

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
        return self.finish(job)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """In a window, start and return; in background mode there are no timers, so wait."""
        return self.execute(context) if bpy.app.background else self.begin(context)

    def begin(self, context: bpy.types.Context) -> set[Any]:
        """Start the job and look after it by a timer."""
        try:
            self.start()
        except DoppelError as error:
            return self.fail(error)
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.modal_handler_add(self)  # type: ignore[arg-type] # an operator once it is mixed in
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        job = STATE.job
        if job is None:  # stopped from elsewhere, as by switching the add-on off
            context.window_manager.event_timer_remove(self._timer)
            return {"CANCELLED"}
        if event.type == "ESC" and event.value == "PRESS":
            job.worker.cancel()
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        redraw_sidebars(context)
        if not pump(job):
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self.finish(job)

    def cancel(self, context: bpy.types.Context) -> None:
        """Called where Blender ends the operator: its window is closed, another file is opened."""
        context.window_manager.event_timer_remove(self._timer)
        STATE.stop()

    def fail(self, error: DoppelError) -> set[Any]:
        """The error on screen and in the panel. For a script the report of an error is a RuntimeError."""
        cancelled = isinstance(error, Cancelled)
        STATE.outcome = Outcome(errors=[(str(error), error.hint)])
        self.report({"INFO" if cancelled else "ERROR"}, in_words(str(error), error.hint))
        return {"CANCELLED"}


def redraw_sidebars(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
