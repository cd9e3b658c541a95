"""Fit Light to World: any world, an HDRI say, as nine colours that can be turned, mixed and animated."""

from typing import Any

import bpy

from ..core.errors import DoppelError
from ..scene.panorama import why_no_panorama
from ..scene.suns import suns_renewed
from ..scene.world import fit_light, replace_world
from .job import in_words


class DOPPEL_OT_fit_light(bpy.types.Operator):
    bl_idname = "doppel.fit_light"
    bl_label = "Fit to World"
    bl_description = (
        "Replace the scene's world by a Spherical Harmonics Light that lights matt surfaces as nearly as nine coefficients can. "
        "The old world is kept in the file"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = why_no_panorama(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[Any]:
        world = context.scene.world
        try:
            light = fit_light(world)
        except DoppelError as error:
            self.report({"ERROR"}, in_words(str(error), error.hint))
            return {"CANCELLED"}
        with suns_renewed(context.scene):
            replace_world(context.scene, light, f"{world.name} light")
        return {"FINISHED"}
