"""Export Person: files of the selected person for other programs, as it stands in the scene."""

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import DoppelError
from ..core.settings import FORMATS, LODS
from ..scene.export import ENGINES, export_files
from ..scene.material import texture_of
from ..scene.person import parts, person_meant
from .job import in_words
from .person import OfPerson
from .properties import PATH_OPTIONS, setting_to_property
from .runtime import output_folder

WITHOUT_COLOURS = {*ENGINES, "usd", "fbx"}
"""Formats whose readers mostly show a texture and not the vertices' colours."""


class DOPPEL_OT_export(OfPerson, bpy.types.Operator):
    bl_idname = "doppel.export"
    bl_label = "Export Person"
    bl_description = "Write files of the selected person for other programs, named after the person; the scene stays as it is"

    to = "to export"

    __annotations__ = {
        "directory": bpy.props.StringProperty(
            name="Folder",
            description="Where the files go (default: a folder “doppel” beside the .blend)",
            subtype="DIR_PATH",
            options={"SKIP_SAVE"} | PATH_OPTIONS,
        ),
        "formats": bpy.props.EnumProperty(
            name=FORMATS.label,
            description=FORMATS.tooltip,
            items=[(choice.name, choice.label, choice.tooltip) for choice in FORMATS.choices if choice.name != "npz"],
            default={"glb"},
            options={"ENUM_FLAG"},
        ),
        LODS.name: setting_to_property(LODS),
        "animation": bpy.props.BoolProperty(
            name="Animation",
            description="Where an action moves the person, write the motion, from its first frame to its last at the scene's frame rate",
            default=True,
        ),
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        wanted: Any = self
        person, formats = person_meant(context), [choice.name for choice in FORMATS.choices if choice.name in wanted.formats]
        folder = Path(bpy.path.abspath(wanted.directory)) if wanted.directory else output_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = export_files(person, folder, bpy.path.clean_name(person.name), formats, wanted.lods, wanted.animation)
        except (DoppelError, OSError) as error:
            hint = error.hint if isinstance(error, DoppelError) else "Choose a folder you may write to."
            self.report({"ERROR"}, in_words(str(error), hint))
            return {"CANCELLED"}
        if WITHOUT_COLOURS & set(formats) and texture_of(parts(person)["surface"].active_material) is None:
            self.report(
                {"WARNING"}, "The person has no texture, and most programs show no other colours: press Make Texture, then export again"
            )
        self.report({"INFO"}, f"{', '.join(file.name for file in files)} in {folder}")
        return {"FINISHED"}
