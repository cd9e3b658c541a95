"""Reconstruct from Image: a photo in, rigged people in the scene. A window stays usable meanwhile; a script waits."""

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import PhotoUnreadable
from ..core.job import Request
from .job import STATE, Job, in_words
from .people import build_people
from .properties import PATH_OPTIONS, SettingProperties, other_formats, setting_values
from .runtime import output_folder, preference
from .watch import Watched


class DOPPEL_OT_reconstruct(Watched, SettingProperties, bpy.types.Operator):
    bl_idname = "doppel.reconstruct"
    bl_label = "Reconstruct from Image"
    bl_description = "Make a rigged 3D person of each person in a photo"
    bl_options = {"UNDO"}  # noqa: RUF012

    filepath: bpy.props.StringProperty(name="Photo", description="The photo", subtype="FILE_PATH", options={"SKIP_SAVE"} | PATH_OPTIONS)
    files: bpy.props.CollectionProperty(
        name="Photos",
        description="Paths of several photos, instead of one",
        type=bpy.types.OperatorFileListElement,
        options={"SKIP_SAVE", "HIDDEN"},
    )
    folder: bpy.props.StringProperty(
        name="Output Folder",
        description="Where the person's files go (default: a folder “doppel” beside the .blend)",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"} | PATH_OPTIONS,
    )

    def start(self) -> Job:
        return STATE.start(self.request())

    def request(self) -> Request:
        """The job of these properties. PhotoUnreadable where no photo is named."""
        paths = [file.name for file in self.files] or [self.filepath] * bool(self.filepath)
        if not paths:
            raise PhotoUnreadable("No photo was chosen", "Choose one in the sidebar, or give its path as `filepath`.")
        out = bpy.path.abspath(self.folder) if self.folder else output_folder()
        photos = tuple(bpy.path.abspath(path) for path in paths)
        return Request(photos, str(out), setting_values(self), preference("weights"), preference("body_file"))

    def finish(self, job: Job) -> set[Any]:
        """What the ended job made into the scene."""
        report = job.result()
        STATE.outcome = build_people(report, other_formats(self))
        STATE.remember(list(report.avatars))
        outcome = STATE.outcome
        for warning in outcome.warnings:
            self.report({"WARNING"}, warning)
        for text, hint, _ in outcome.errors:
            self.report({"WARNING" if outcome.facts else "ERROR"}, in_words(text, hint))
        if not outcome.facts:
            return {"CANCELLED"}
        self.report({"INFO"}, outcome.facts[0])
        return {"FINISHED"}


def photo_path(image: bpy.types.Image | None) -> str:
    """The file of an image datablock, absolute; "" where it has none (packed, rendered, painted)."""
    if image is None or not image.filepath:
        return ""
    return str(Path(bpy.path.abspath(image.filepath, library=image.library)))
