"""Remove Runtime: the installed environment is out of use at once, and deleted by a process of its own while Blender stays usable."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..core.removal import waiting
from ..core.runtime import GIB
from .job import STATE, Outcome, in_words, problem_of, pump
from .runtime import runtime_folder
from .watch import busy, redraw


class DOPPEL_OT_remove_runtime(bpy.types.Operator):
    bl_idname = "doppel.remove_runtime"
    bl_label = "Remove Runtime"
    bl_description = (
        "Delete the installed Python environment, in the background. People already made stay; a new photo needs the runtime again"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = busy() or ("The old runtime is still being deleted" if STATE.removal else "")
        if not reason and not runtime_folder().is_dir() and not waiting(runtime_folder()):
            reason = "No runtime is installed"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """In a window the runtime is out of use when this returns; in background mode, where there are no timers, it is deleted."""
        STATE.outcome = Outcome()
        try:
            STATE.remove(runtime_folder())
        except DoppelError as error:
            return self.fail(error)
        if not bpy.app.background:
            bpy.app.timers.register(look, first_interval=0.2, persistent=True)
            self.report({"INFO"}, "The runtime is out of use, and is being deleted")
            return {"FINISHED"}
        job = STATE.removal
        while look(timeout=0.2):
            pass
        return self.fail(job.error) if job and job.error else {"FINISHED"}

    def fail(self, error: DoppelError) -> set[Any]:
        self.report({"ERROR"}, in_words(str(error), error.hint))
        return {"CANCELLED"}


def look(timeout: float | None = None) -> float | None:
    """Take in how the deleting goes, and tell when it is over; seconds until the next look, None when there is nothing to look for."""
    job = STATE.removal
    if job is None:
        return None
    before, over = job.words(), pump(job, timeout)
    if over:
        STATE.removal = None
        if job.error:
            STATE.outcome.errors.append(problem_of(job.error))
        else:
            STATE.outcome.facts.append(f"The runtime is deleted: {job.made / GIB:.1f} GiB are free again")
    if over or job.words() != before:
        redraw(bpy.context)
    return None if over else 0.2
