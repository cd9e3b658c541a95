"""What the sidebar remembers, saved in the .blend at Scene.doppel: the photos, the folders and every setting."""

import bpy

from ..operators.properties import PATH_OPTIONS, RunProperties, SettingProperties


def _show_preview(settings: "DOPPEL_settings", context: bpy.types.Context) -> None:
    """Make the preview now, because a panel's draw should change nothing."""
    if settings.photo:
        settings.photo.preview_ensure()


class DOPPEL_photo(bpy.types.PropertyGroup):
    """One more photo: `name` is its path."""


class DOPPEL_settings(SettingProperties, RunProperties, bpy.types.PropertyGroup):
    photo: bpy.props.PointerProperty(type=bpy.types.Image, name="Photo", description="The photo to reconstruct", update=_show_preview)
    photos: bpy.props.CollectionProperty(type=DOPPEL_photo, name="More Photos", description="Photos to reconstruct besides the one shown")
    active_photo: bpy.props.IntProperty(name="Active Photo", options={"HIDDEN"})
    photo_folder: bpy.props.StringProperty(
        name="Photos",
        description="A folder of photos for a batch, or a pattern such as //shots/**/*.jpg",
        subtype="DIR_PATH",
        options=PATH_OPTIONS,
    )
    folder: bpy.props.StringProperty(
        name="Output Folder",
        description="Where the person's files go (empty: a folder “doppel” beside the .blend)",
        subtype="DIR_PATH",
        options=PATH_OPTIONS,
    )
