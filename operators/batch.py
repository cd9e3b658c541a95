"""Reconstruct Folder: many photos into files, several at once, without touching the scene. The command line's `reconstruct` as a button."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ..core.batch import Part
from ..core.blender import export
from ..core.command import make_batch
from ..core.errors import PhotoUnreadable
from ..core.settings import RUN_SETTINGS
from ..core.summary import in_short
from .job import STATE, Job, Outcome, Problem
from .properties import PATH_OPTIONS, RunProperties, SettingProperties, setting_values
from .runtime import output_folder, preference, python
from .watch import Watched


class DOPPEL_OT_batch(Watched, SettingProperties, RunProperties, bpy.types.Operator):
    bl_idname = "doppel.batch"
    bl_label = "Reconstruct Folder"
    bl_description = "Make people of all photos in a folder, as files beside each other with a contact sheet; the scene stays as it is"

    directory: bpy.props.StringProperty(
        name="Photos",
        description="A folder of photos, one photo, or a pattern such as //shots/**/*.jpg",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"} | PATH_OPTIONS,
    )
    folder: bpy.props.StringProperty(
        name="Output Folder",
        description="Where the files go (default: a folder “doppel” beside the .blend)",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"} | PATH_OPTIONS,
    )

    def start(self) -> Job:
        """The batch of these properties, begun. PhotoUnreadable where no folder is named."""
        if not self.directory:
            raise PhotoUnreadable("No folder of photos was chosen", "Choose one in the sidebar, or give its path as `directory`.")
        words = argparse.Namespace(
            photos=[bpy.path.abspath(self.directory)],
            out=Path(bpy.path.abspath(self.folder) if self.folder else output_folder()),
            weights=preference("weights"),
            body_file=preference("body_file"),
            part=Part(),
            ray="",
            **{setting.name: getattr(self, setting.name) for setting in RUN_SETTINGS},
            **setting_values(self),
        )
        return STATE.follow(Job(make_batch(words, python, partial(export, program=bpy.app.binary_path)), "Photos are being reconstructed"))

    def finish(self, job: Job) -> set[Any]:
        """What became of the ended batch, for the panel and for a script."""
        report = job.result()
        sheet = Path(bpy.path.abspath(self.folder) if self.folder else output_folder()) / "report.html"
        STATE.outcome = Outcome([f"{in_short(report)}: {sheet}"])
        for photo in report.failed:
            STATE.outcome.errors.append(Problem(f"{Path(photo.photo).name}: {photo.error.text}", photo.error.hint, photo.error.kind))
        none = len(report.failed) == len(report.photos)
        self.report({"ERROR" if none else "WARNING" if report.failed else "INFO"}, STATE.outcome.facts[0])
        return {"CANCELLED"} if none else {"FINISHED"}
