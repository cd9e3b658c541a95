"""Bake World: the scene's world as an equirectangular picture, for other programs or as an Environment Texture."""

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import DoppelError
from ..scene.panorama import bake_world, why_no_panorama
from .job import in_words
from .properties import PATH_OPTIONS


class DOPPEL_OT_bake_light(bpy.types.Operator):
    bl_idname = "doppel.bake_light"
    bl_label = "Bake to Panorama"
    bl_description = "Make an equirectangular picture of the scene's world, whatever nodes it has, linear and without an upper end"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    filepath: bpy.props.StringProperty(
        name="File",
        description="Where to save the picture, .exr or .hdr. Empty: it is only packed into the .blend",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"} | PATH_OPTIONS,
    )
    filter_glob: bpy.props.StringProperty(default="*.exr;*.hdr", options={"HIDDEN"})
    width: bpy.props.EnumProperty(
        name="Width",
        description="Pixels round the horizon; the picture is half as high",
        items=[(str(width), str(width), f"{width} × {width // 2} pixels") for width in (256, 512, 1024, 2048, 4096)],
        default="1024",
    )
    pack: bpy.props.BoolProperty(name="Pack", description="Keep the picture in the .blend, too", default=True)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = why_no_panorama(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        self.filepath = self.filepath or f"{context.scene.world.name}.exr"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        path = Path(bpy.path.abspath(self.filepath)) if self.filepath else None
        try:
            image = bake_world(context.scene.world, int(self.width), path, self.pack)
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{image.name}: {image.size[0]} × {image.size[1]} pixels" + (f", saved as {path}" if path else ", packed"))
        return {"FINISHED"}
