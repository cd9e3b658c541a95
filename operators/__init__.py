"""What a person can do, one file each, named as the button; thin: settings → request → worker → scene.

install_runtime  the Python environment that computes, made or mended
remove_runtime   that environment deleted
reconstruct   Reconstruct from Image: the button, and the same for scripts
batch         Reconstruct Folder: many photos into files, without the scene
cancel        ends the running job
give_back     ends the process that is kept for the next photo
photos        add photos to the list, remove them, drop them into the view
load_avatar   an Avatar file into the scene
apply_light   a person's light as the scene's world
fit_light     any world as spherical harmonics
bake_light    the world as an equirectangular picture
suns          the world's light as suns for EEVEE, and back
export        Export Person: files for other programs
texture       a person's colours as an image
low_poly      a light copy of a person's surface
pose          T, A and the photo's pose
apply_motion  a motion file onto a person
add_ik        controls for hands and feet, elbows and knees
remove_ik     those taken away, the pose kept
smooth_weights  a person's skin weights more even
cut_seams     parts that touch in the photo, apart
command       `blender --command doppel reconstruct …`

job           the running job and how the last one ended, for the panels to show
people        what a job made, into the scene
person        what operators on one person of the scene have in common
watch         what every operator that waits for a job does
runtime       which Python computes, where weights and results are
properties    core's settings as Blender's properties
"""

import bpy

from .add_ik import DOPPEL_OT_add_ik
from .apply_light import DOPPEL_OT_apply_light
from .apply_motion import DOPPEL_OT_apply_motion
from .bake_light import DOPPEL_OT_bake_light
from .batch import DOPPEL_OT_batch
from .cancel import DOPPEL_OT_cancel
from .command import register_command, unregister_command
from .cut_seams import DOPPEL_OT_cut_seams
from .export import DOPPEL_OT_export
from .fit_light import DOPPEL_OT_fit_light
from .give_back import DOPPEL_OT_give_back
from .install_runtime import DOPPEL_OT_install_runtime
from .job import STATE
from .load_avatar import DOPPEL_OT_load_avatar
from .low_poly import DOPPEL_OT_low_poly
from .photos import DOPPEL_FH_photos, DOPPEL_OT_add_photos, DOPPEL_OT_drop_photos, DOPPEL_OT_remove_photo
from .pose import DOPPEL_OT_pose
from .reconstruct import DOPPEL_OT_reconstruct
from .remove_ik import DOPPEL_OT_remove_ik
from .remove_runtime import DOPPEL_OT_remove_runtime
from .runtime import load_recent
from .smooth_weights import DOPPEL_OT_smooth_weights
from .suns import DOPPEL_OT_add_suns, DOPPEL_OT_remove_suns
from .texture import DOPPEL_OT_texture

CLASSES = (
    DOPPEL_OT_install_runtime,
    DOPPEL_OT_remove_runtime,
    DOPPEL_OT_add_photos,
    DOPPEL_OT_remove_photo,
    DOPPEL_OT_drop_photos,
    DOPPEL_FH_photos,
    DOPPEL_OT_reconstruct,
    DOPPEL_OT_batch,
    DOPPEL_OT_cancel,
    DOPPEL_OT_give_back,
    DOPPEL_OT_load_avatar,
    DOPPEL_OT_apply_light,
    DOPPEL_OT_fit_light,
    DOPPEL_OT_bake_light,
    DOPPEL_OT_add_suns,
    DOPPEL_OT_remove_suns,
    DOPPEL_OT_texture,
    DOPPEL_OT_low_poly,
    DOPPEL_OT_export,
    DOPPEL_OT_pose,
    DOPPEL_OT_apply_motion,
    DOPPEL_OT_add_ik,
    DOPPEL_OT_remove_ik,
    DOPPEL_OT_smooth_weights,
    DOPPEL_OT_cut_seams,
)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    register_command()
    STATE.recent = load_recent()


def unregister() -> None:
    STATE.stop()
    unregister_command()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
