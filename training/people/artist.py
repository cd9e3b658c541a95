"""Artist-made people: someone of the people pack with other proportions, colours and hands, in a pose, with the open body inside."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.skeleton import JOINT, JOINT_NAMES, mirrored
from training.people.assets import Assets
from training.people.atlas import Atlas, read_atlas
from training.people.body_truth import fit_open_body
from training.people.character import BodyTruth, DressedPerson
from training.people.joint_offsets import joint_offsets
from training.people.proportions import proportioned, sample_proportions
from training.people.recolour import recoloured
from training.people.rig_pose import bind_pose, dressed_surface, finger_turns
from training.poses import SampledPose, mirrored_pose
from training.rocketbox import pose_person

MIRRORED = 0.5
"""Share of people shown as in a mirror."""


def artist_person(rng: Generator, assets: Assets, pose: SampledPose, held_out: bool = False) -> DressedPerson:
    """A random person of the pack in this pose. held_out: one of those that results are judged on, else none of them nor their twins.

    Raises FileNotFoundError where the assets have no pack, or nobody of that side in it.
    """
    names = assets.artist_names(held_out)
    if assets.rocketbox is None or not names:
        raise FileNotFoundError("artist-made people need an asset folder with `people/*.npz` of the people pack")
    return dressed(rng, assets.rocketbox, names[rng.integers(len(names))], pose)


def dressed(rng: Generator, folder: Path, name: str, pose: SampledPose) -> DressedPerson:
    """This person of the pack in the pose, varied."""
    atlas = read_atlas(folder, name)
    proportions = sample_proportions(rng)
    offsets = joint_offsets(atlas.person)
    atlas = replace(atlas, person=proportioned(atlas.person, proportions))
    shape = bind_truth(atlas, offsets)
    turns, hands = finger_turns(rng, atlas.person)
    posed = pose_person(atlas.person, pose.pose, turns=turns)
    body = fit_open_body(posed.joints, pose.pose, dressed_surface(atlas, posed.vertices), shape.betas, offsets)
    texture, colours = recoloured(rng, atlas)
    facts = {
        "person": name, "sex": _sex(name), "age": "child" if "Child" in name else "adult", "height": round(atlas.person.height, 3),
        "pose": pose.kind, "source": pose.source, "hands": list(hands), "proportions": vars(proportions), "colours": colours,
    }  # fmt: skip
    person = DressedPerson(
        name=name,
        family="artist",
        vertices=posed.vertices,
        same_point=atlas.person.same_point,
        faces=atlas.person.faces,
        cards=atlas.person.cards,
        label=atlas.label,
        uv=atlas.person.uv,
        texture=texture,
        alpha=atlas.alpha,
        trusted=atlas.trusted,
        joints=posed.joints,
        body=body,
        facts=facts,
    )
    return in_mirror(person) if rng.random() < MIRRORED else person


def bind_truth(atlas: Atlas, offsets: ndarray) -> BodyTruth:
    """The open body fitted to the person in the bind pose, where the clothes lie as they were made."""
    pose, joints = bind_pose(atlas.person)
    return fit_open_body(joints, pose, dressed_surface(atlas, atlas.person.vertices), offsets=offsets)


def in_mirror(person: DressedPerson) -> DressedPerson:
    """The person as a mirror shows them: left and right exchanged, faces still counter-clockwise seen from outside."""
    flip, swap = np.array([-1.0, 1.0, 1.0]), [JOINT[mirrored(name)] for name in JOINT_NAMES]
    body = replace(person.body, pose=mirrored_pose(person.body.pose), translation=person.body.translation * flip)
    return replace(
        person,
        vertices=person.vertices * flip,
        faces=np.ascontiguousarray(person.faces[:, ::-1]),
        joints=person.joints[swap] * flip,
        body=body,
        facts={**person.facts, "mirrored": True},
    )


def _sex(name: str) -> str:
    return "female" if "Female" in name else "male"
