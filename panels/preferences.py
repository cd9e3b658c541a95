"""The add-on's preferences: the runtime, the weights, the body; and whether a job can run with them."""

import bpy

from ..core.removal import waiting
from ..core.runtime import FLAVOUR, GIB, usual_flavour
from ..operators.job import STATE, in_words
from ..operators.properties import setting_to_property
from ..operators.runtime import PACKAGE, installed, problem, python, runtime_folder
from .runtime import draw_install, draw_job, draw_removal, installing
from .text import paragraph

COMPUTING = ("python", "weights", "body_file", "keep_minutes")
INSTALLING = ("wheels", "index", "torch_index", "make_with")


def _release(settings: "DOPPEL_preferences", context: bpy.types.Context) -> None:
    """A worker that is kept was started with other preferences."""
    STATE.keeper.release()


class DOPPEL_preferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    python: bpy.props.StringProperty(
        name="Python Runtime",
        description="A Python program that has the packages of requirements/runtime.txt, to compute with instead of the installed runtime",
        subtype="FILE_PATH",
        update=_release,
    )
    weights: bpy.props.StringProperty(
        name="Weights Folder",
        description="A folder of weights to use instead of those that came with the extension",
        subtype="DIR_PATH",
        update=_release,
    )
    body_file: bpy.props.StringProperty(
        name="SMPL File",
        description="Your own licensed SMPL model (.pkl or .npz), used instead of the open body that came with the extension",
        subtype="FILE_PATH",
        update=_release,
    )
    keep_minutes: bpy.props.IntProperty(
        name="Keep Ready",
        description=(
            "Minutes for which the process that computes stays after a photo, its models loaded, so that the next photo starts at once. "
            "It holds some of the memory meanwhile, of a GPU's, too. 0: it ends with each photo"
        ),
        default=0,
        min=0,
        max=240,
        update=_release,
    )
    flavour: setting_to_property(FLAVOUR, usual_flavour())
    wheels: bpy.props.StringProperty(
        name="Wheels Folder", description="A folder of wheels: the runtime is installed from it, without a network", subtype="DIR_PATH"
    )
    index: bpy.props.StringProperty(
        name="Package Index", description="Address of the package index to install from. Empty: the one that pip is set up with"
    )
    torch_index: bpy.props.StringProperty(
        name="Torch Index",
        description="Address of a package index for torch alone, such as PyTorch's own for one CUDA version or for the processor",
    )
    make_with: bpy.props.StringProperty(
        name="Make With",
        description="The Python program, 3.11 to 3.14, to make the runtime with. Empty: Blender's own",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        for name in COMPUTING:
            layout.prop(self, name)
        missing = problem()
        words = in_words(str(missing), missing.hint) if missing else f"Computes with {python()}"
        paragraph(layout, context, words, "ERROR" if missing else "CHECKMARK")
        box = layout.box()
        box.label(text="Installed Runtime", icon="PACKAGE")
        draw_runtime(box, context, self)


def draw_runtime(box: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.AddonPreferences) -> None:
    for name in INSTALLING:
        box.prop(settings, name)
    if STATE.removal:
        draw_removal(box, STATE.removal)
    elif waiting(runtime_folder()):
        paragraph(box, context, "A removed runtime is not deleted yet: press Remove Runtime", "INFO")
    if installing():
        draw_job(box, context, STATE.job)
        return
    runtime, there = installed(), runtime_folder().is_dir()
    if runtime:
        paragraph(box, context, f"{runtime.size / GIB:.1f} GiB: Python {runtime.python}, torch {runtime.torch}", "CHECKMARK")
        for note in (runtime.note, "This version asks for other packages: press Repair" if runtime.outdated else ""):
            if note:
                paragraph(box, context, note, "INFO")
    draw_install(box, context, settings, "Repair Runtime" if there else "Install Runtime")
    size = f" ({runtime.size / GIB:.1f} GiB)" if runtime else ""
    box.operator("doppel.remove_runtime", text=f"Remove Runtime{size}", icon="TRASH")
