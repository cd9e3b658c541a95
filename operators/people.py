"""What a job made, into the scene."""

import warnings
from pathlib import Path

from ..core.avatar import Avatar, load_avatar
from ..core.job import Report
from ..scene.cleanup import all_or_nothing
from ..scene.export import export_files
from ..scene.person import build_person
from .job import Outcome, Problem


def build_people(report: Report, formats: list[str]) -> Outcome:
    """Build every Avatar of the report in the current scene, and write its other files beside it. The Outcome says what came of each photo.

    All people or none: AvatarInvalid, FolderNotWritable. A photo that failed is an error in the outcome, and the others are built.
    """
    outcome = Outcome()
    avatars = [(Path(file), photo.photo, load_avatar(file)) for photo in report.photos for file in photo.files if file.endswith(".npz")]
    with all_or_nothing():
        for path, photo, avatar in avatars:
            outcome.facts.append(_build(avatar, path, photo, formats, outcome))
    if avatars:
        outcome.facts.append(f"Files in {avatars[0][0].parent}")
        memory = _memory(report)
        outcome.facts += [memory] if memory else []
    for result in report.photos:
        outcome.warnings += result.warnings
        if result.error:
            outcome.errors.append(Problem(f"{Path(result.photo).name}: {result.error.text}", result.error.hint, result.error.kind))
    return outcome


def _memory(report: Report) -> str:
    """The most that any photo took, in words; "" where the worker did not say."""
    most = {kind: max(photo.memory.get(kind, 0) for photo in report.photos) for kind in ("main", "gpu")}
    gpu = f", {most['gpu']:g} GiB of the GPU" if most["gpu"] else ""
    return f"Memory: {most['main']:g} GiB at most{gpu}" if most["main"] else ""


def _build(avatar: Avatar, path: Path, photo: str, formats: list[str], outcome: Outcome) -> str:
    """One person into the scene and its files; what to say of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        person = build_person(avatar, path.stem, photo)
    outcome.warnings += [str(warning.message) for warning in caught if warning.category is UserWarning]
    export_files(person, path.parent, path.stem, formats)
    seconds = sum(avatar.meta.get("seconds", {}).values())
    files = ", ".join(["npz", *formats])
    return f"{person.name}: {len(avatar.vertices):,} vertices, {len(avatar.joints)} joints, {seconds:.1f} s ({files})"
