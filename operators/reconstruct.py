"""Reconstruct from Image: a photo in, rigged people in the scene. A window stays usable meanwhile; a script waits."""

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import Cancelled, DoppelError, PhotoUnreadable
from ..core.job import Request
from .job import STATE, Job, Outcome, in_words, pump
from .people import build_people
from .properties import PATH_OPTIONS, SettingProperties, other_formats, setting_values
from .runtime import output_folder, preference, problem


class DOPPEL_OT_reconstruct(SettingProperties, bpy.types.Operator):
    bl_idname = "doppel.reconstruct"
    bl_label = "Reconstruct from Image"
    bl_description = "Make a rigged 3D person of each person in a photo"
    bl_options = {"UNDO"}  # noqa: RUF012

    filepath: bpy.props.StringProperty(name="Photo", description="The photo", subtype="FILE_PATH", options={"SKIP_SAVE"} | PATH_OPTIONS)
    folder: bpy.props.StringProperty(
        name="Output Folder",
        description="Where the person's files go (default: a folder “doppel” beside the .blend)",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"} | PATH_OPTIONS,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = why_not()
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Wait for the job: for scripts and background mode."""
        try:
            job = STATE.start(self.request())
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
            STATE.start(self.request())
        except DoppelError as error:
            return self.fail(error)
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.modal_handler_add(self)
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

    def request(self) -> Request:
        """The job of these properties. PhotoUnreadable where no photo is named."""
        if not self.filepath:
            raise PhotoUnreadable("No photo was chosen", "Choose one in the sidebar, or give its path as `filepath`.")
        out = bpy.path.abspath(self.folder) if self.folder else output_folder()
        photo = bpy.path.abspath(self.filepath)
        return Request((photo,), str(out), setting_values(self), preference("weights"), preference("body_file"))

    def finish(self, job: Job) -> set[Any]:
        """What the ended job made into the scene, or its error to the user."""
        STATE.job = None
        try:
            STATE.outcome = build_people(job.result(), other_formats(self))
        except DoppelError as error:
            return self.fail(error)
        outcome = STATE.outcome
        for warning in outcome.warnings:
            self.report({"WARNING"}, warning)
        for text, hint in outcome.errors:
            self.report({"WARNING" if outcome.facts else "ERROR"}, in_words(text, hint))
        if not outcome.facts:
            return {"CANCELLED"}
        self.report({"INFO"}, outcome.facts[0])
        return {"FINISHED"}

    def fail(self, error: DoppelError) -> set[Any]:
        """The error on screen and in the panel. For a script the report of an error is a RuntimeError."""
        cancelled = isinstance(error, Cancelled)
        STATE.outcome = Outcome(errors=[(str(error), error.hint)])
        self.report({"INFO" if cancelled else "ERROR"}, in_words(str(error), error.hint))
        return {"CANCELLED"}


def why_not() -> str:
    """Why no job can start now; "" if one can. Cheap: it is asked at every redraw."""
    if STATE.job:
        return "A person is being reconstructed already: wait for it, or cancel it"
    missing = problem()
    return in_words(str(missing), missing.hint) if missing else ""


def redraw_sidebars(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def photo_path(image: bpy.types.Image | None) -> str:
    """The file of an image datablock, absolute; "" where it has none (packed, rendered, painted)."""
    if image is None or not image.filepath:
        return ""
    return str(Path(bpy.path.abspath(image.filepath, library=image.library)))
