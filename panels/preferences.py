"""The add-on's preferences: three paths, and whether a job can run with them."""

import bpy

from ..operators.job import in_words
from ..operators.runtime import PACKAGE, problem, python
from .text import paragraph


class DOPPEL_preferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    python: bpy.props.StringProperty(
        name="Python Runtime",
        description="The Python program that computes: one that has the packages of requirements/runtime.txt",
        subtype="FILE_PATH",
    )
    weights: bpy.props.StringProperty(
        name="Weights Folder", description="A folder of weights to use instead of those that came with the extension", subtype="DIR_PATH"
    )
    body_file: bpy.props.StringProperty(
        name="SMPL File",
        description="Your own licensed SMPL model (.pkl or .npz), used instead of the open body that came with the extension",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        for name in ("python", "weights", "body_file"):
            layout.prop(self, name)
        missing = problem()
        words = in_words(str(missing), missing.hint) if missing else f"Computes with {python()}"
        paragraph(layout, context, words, "ERROR" if missing else "CHECKMARK")
