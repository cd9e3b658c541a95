"""Load Avatar: a person from the .npz file that an earlier reconstruction wrote."""

import warnings
from pathlib import Path
from typing import Any

import bpy

from ..core.avatar import load_avatar
from ..core.errors import DoppelError
from ..scene.person import build_person
from ..scene.photo import find_photo
from .job import in_words
from .properties import PATH_OPTIONS


class DOPPEL_OT_load_avatar(bpy.types.Operator):
    bl_idname = "doppel.load_avatar"
    bl_label = "Load Avatar"
    bl_description = "Put a person into the scene from the .npz file an earlier reconstruction wrote"
    bl_options = {"UNDO"}  # noqa: RUF012

    filepath: bpy.props.StringProperty(
        name="Avatar", description="The .npz file", subtype="FILE_PATH", options={"SKIP_SAVE"} | PATH_OPTIONS
    )
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        path = Path(bpy.path.abspath(self.filepath))
        try:
            avatar = load_avatar(path)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UserWarning)
                build_person(avatar, path.stem, find_photo(path, avatar))
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        for warning in caught:
            self.report({"WARNING"}, str(warning.message))
        return {"FINISHED"}
