"""Nothing stays behind of what failed halfway, nor of a file that is to start empty."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy


def datablocks() -> dict[int, bpy.types.ID]:
    """Every datablock of the file, by its address."""
    kinds = [prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION"]
    return {block.as_pointer(): block for kind in kinds for block in getattr(bpy.data, kind)}


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Where the block inside fails, remove every datablock it made, and let the error pass."""
    before = set(datablocks())
    try:
        yield
    except BaseException:
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        _remove_others(before)
        raise


@contextmanager
def temporary() -> Iterator[None]:
    """Remove every datablock that the block inside makes, however it ends."""
    before = set(datablocks())
    try:
        yield
    finally:
        _remove_others(before)


def _remove_others(kept: set[int]) -> None:
    bpy.data.batch_remove([block for address, block in datablocks().items() if address not in kept])


def empty_file() -> None:
    """Remove whatever the file shows: objects, collections and all they use. For a Blender of our own, never for an artist's."""
    for kind in ("objects", "collections", "meshes", "armatures", "cameras", "lights", "materials", "images", "worlds", "actions"):
        bpy.data.batch_remove(list(getattr(bpy.data, kind)))
