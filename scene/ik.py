"""IK controls for a person's hands and feet, on request: bones beside SMPL's, which stay as they are and follow by constraints.

Each limb has a target (where the wrist or ankle is, and how it is turned), a pole (where the elbow or knee points) and a switch: a custom
property of the armature, 0 to 1, which drives the constraints. At 0 the bones' own rotations count alone, as without controls.
"""

from dataclasses import dataclass
from math import atan2, cos, sin
from typing import Any

import bpy
from mathutils import Matrix, Quaternion, Vector

from .action import action_frames, action_of, build_action, local_matrices, sampled
from .control_shapes import drop_shapes, give_shape

COLLECTION = "IK Controls"
"""The bone collection of the controls."""

CONSTRAINT = "Doppel IK"
"""Name of the constraints that follow them."""

STRAIGHT = 0.05
"""An elbow or knee is nearer than this share of the limb's length to the line from end to end (bent by less than 11°): where the limb will
bend is then said by the joint's hinge and not by where it is."""

STIFF = 0.99
"""How stiff a straight limb's joint is about its other two axes: the solver starts from a pose it would else bend on sideways."""

LEAST = 0.0002
"""Metres that a straight limb's middle joint is to be off the line: less, and the solver does not know where to bend."""

HAIR = 0.003
"""Metres that a straight limb's middle joint may be off the line on the wrong side to be bent the right way; farther is the pose's own."""

FORWARD, BACKWARD = Vector((0, -1, 0)), Vector((0, 1, 0))
"""Where knees and elbows point at rest, Blender's axes: people look towards -Y."""


@dataclass(frozen=True)
class Limb:
    """The bones of one limb, from the trunk on, where its middle joint points at rest, and what its parts are called."""

    upper: str
    lower: str
    end: str
    bends: Vector
    switch: str
    label: str

    @property
    def target(self) -> str:
        return f"{self.end}_ik"

    @property
    def pole(self) -> str:
        return f"{self.lower}_pole"


LIMBS = tuple(
    Limb(f"{side}_{upper}", f"{side}_{lower}", f"{side}_{end}", bends, f"ik_{side}_{limb}", f"{side.capitalize()} {limb.capitalize()}")
    for limb, upper, lower, end, bends in (("arm", "shoulder", "elbow", "wrist", BACKWARD), ("leg", "hip", "knee", "ankle", FORWARD))
    for side in ("left", "right")
)


def has_ik(armature: bpy.types.Object) -> bool:
    """True where all controls of `add_ik` are there."""
    return all(name in armature.pose.bones for limb in LIMBS for name in (limb.target, limb.pole))


def why_no_ik(armature: bpy.types.Object) -> str:
    """Why bones can be neither added to the armature nor removed, as a sentence; empty where they can."""
    if bpy.context.mode.startswith("EDIT"):
        return "Leave edit mode first"
    if armature.library or armature.data.library or armature.override_library:
        return "The armature is linked from another file: make it local first"
    return "" if armature.visible_get() else "Show the armature first: its bones can only be changed while it is visible"


def add_ik(armature: bpy.types.Object) -> None:
    """Give every limb its controls, where it has none yet, and put them onto the pose as it is; the limbs follow them from then on."""
    if not has_ik(armature):
        remove_ik(armature)  # what an artist left of older ones
        with _edit_bones(armature) as bones:
            for limb in LIMBS:
                _add_controls(bones, limb)
        _dress(armature)
        for limb in LIMBS:
            _add_constraints(armature, limb)
    snap_ik(armature)


def snap_ik(armature: bpy.types.Object) -> None:
    """Put the controls where the limbs are now, and let the limbs follow them: nothing moves.

    But a straight limb that is bent a hair the wrong way is bent a hair the right way, because the solver bends on as it finds it.
    """
    posed = local_matrices(armature)
    _switch(armature, 0.0)
    _write_pose(armature, posed)
    bones = armature.pose.bones
    for limb in LIMBS:
        bpy.context.view_layer.update()
        bones[limb.target].matrix = bones[limb.end].matrix.copy()
        bend = _bend(armature, limb)
        if bend.straight and bend.flexion < LEAST:
            _unlock(armature, limb, bend)
            bend = _bend(armature, limb)
        turn = armature.data.bones[limb.pole].matrix_local.to_3x3().to_4x4()
        bones[limb.pole].matrix = Matrix.Translation(bend.foot + bend.reach * bend.side) @ turn
        reach: Any = bones[limb.lower].constraints[CONSTRAINT]
        reach.pole_angle = _pole_angle(bones[limb.upper].matrix, bend)
        bones[limb.lower].ik_stiffness_y = bones[limb.lower].ik_stiffness_z = STIFF if bend.straight else 0
    _switch(armature, 1.0)


def to_fk(armature: bpy.types.Object) -> None:
    """Let the bones' own rotations count alone: what poses and motions are written for. Without controls nothing happens."""
    if has_ik(armature):
        _switch(armature, 0.0)


def remove_ik(armature: bpy.types.Object, bake: bool = True) -> bpy.types.Action | None:
    """Take the controls away; the pose stays. bake: so does the motion of an action, on every frame, as a new action, which comes back."""
    posed, action, baked = local_matrices(armature), action_of(armature), None
    if action and bake and has_ik(armature):
        frames = action_frames(action)
        values = sampled(armature, frames)
        baked = build_action(armature, f"{action.name} baked", frames.start, values)
    for limb in LIMBS:
        for name in (limb.lower, limb.end):
            _drop_constraint(armature.pose.bones[name])
        if limb.switch in armature.keys():  # noqa: SIM118 - an ID has no `in`
            del armature[limb.switch]
    names = [name for limb in LIMBS for name in (limb.target, limb.pole) if name in armature.data.bones]
    if names:
        with _edit_bones(armature) as bones:
            for name in names:
                bones.remove(bones[name])
    if COLLECTION in armature.data.collections:
        armature.data.collections.remove(armature.data.collections[COLLECTION])
    drop_shapes()
    _write_pose(armature, posed)
    bpy.context.view_layer.update()
    return baked


def _write_pose(armature: bpy.types.Object, posed: dict[str, Matrix]) -> None:
    """Give the limbs' bones these turns of their own."""
    for limb in LIMBS:
        for name in (limb.upper, limb.lower, limb.end):
            armature.pose.bones[name].matrix_basis = posed[name]


class _edit_bones:  # noqa: N801 - reads as the block it opens
    """The armature's edit bones for the time of the block; mode and active object are the same afterwards."""

    def __init__(self, armature: bpy.types.Object):
        self.armature = armature

    def __enter__(self) -> Any:
        layer = bpy.context.view_layer
        self.active, self.mode = layer.objects.active, bpy.context.mode
        if self.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        layer.objects.active = self.armature
        bpy.ops.object.mode_set(mode="EDIT")
        return self.armature.data.edit_bones

    def __exit__(self, *error: object) -> None:
        bpy.ops.object.mode_set(mode="OBJECT")
        bpy.context.view_layer.objects.active = self.active
        if self.mode == "POSE":
            bpy.ops.object.mode_set(mode="POSE")


def _add_controls(bones: Any, limb: Limb) -> None:
    """The limb's target on its last bone, and its pole as far off the middle joint as the upper bone is long."""
    end, middle = bones[limb.end], bones[limb.lower].head
    target, pole = bones.new(limb.target), bones.new(limb.pole)
    target.head, target.tail, target.roll = end.head, end.tail, end.roll
    pole.head = middle + bones[limb.upper].length * limb.bends
    pole.tail = pole.head + 0.1 * limb.bends
    for bone in (target, pole):
        bone.use_deform = False


def _dress(armature: bpy.types.Object) -> None:
    """Controls in a bone collection of their own, with shapes that can be told from bones and colours that tell left from right."""
    collection = armature.data.collections.new(COLLECTION)
    for limb in LIMBS:
        for name, shape in ((limb.target, "box"), (limb.pole, "ball")):
            bone = armature.pose.bones[name]
            collection.assign(bone.bone)
            bone.rotation_mode = "QUATERNION"
            give_shape(bone, shape)
    for limb in LIMBS:
        armature[limb.switch] = 0.0
        shown: Any = armature.id_properties_ui(limb.switch)
        shown.update(
            min=0.0, max=1.0, default=1.0, subtype="FACTOR", description=f"{limb.label}: 0 follows its bones (FK), 1 its controls (IK)"
        )


def _add_constraints(armature: bpy.types.Object, limb: Limb) -> None:
    reach: Any = armature.pose.bones[limb.lower].constraints.new("IK")
    reach.target = reach.pole_target = armature
    reach.subtarget, reach.pole_subtarget, reach.chain_count = limb.target, limb.pole, 2
    turn: Any = armature.pose.bones[limb.end].constraints.new("COPY_ROTATION")
    turn.target, turn.subtarget = armature, limb.target
    for constraint in (reach, turn):
        constraint.name = CONSTRAINT
        driver = constraint.driver_add("influence").driver
        driver.type = "AVERAGE"  # of one value: no Python, so it runs where scripts may not
        variable = driver.variables.new()
        variable.targets[0].id = armature
        variable.targets[0].data_path = f'["{limb.switch}"]'


def _drop_constraint(bone: Any) -> None:
    constraint = bone.constraints.get(CONSTRAINT)
    if constraint:
        constraint.driver_remove("influence")
        bone.constraints.remove(constraint)
    bone.ik_stiffness_y = bone.ik_stiffness_z = 0


def _switch(armature: bpy.types.Object, value: float) -> None:
    for limb in LIMBS:
        armature[limb.switch] = value
    armature.update_tag()
    bpy.context.view_layer.update()


@dataclass(frozen=True)
class Bend:
    """How a limb is bent, in the armature's frame: along is the way from its root to its end, side where its middle joint goes.

    foot: the point of the line from root to end that is nearest to the middle joint, from which the pole is in the direction of side.
    hinge: the axis about which it bends, so that turning about it is flexion. flexion: metres that the middle joint is off the line on the
    side to which the hinge bends it; reach: the upper bone's length.
    """

    root: Vector
    foot: Vector
    middle: Vector
    end: Vector
    along: Vector
    hinge: Vector
    side: Vector
    flexion: float
    straight: bool
    reach: float


def _bend(armature: bpy.types.Object, limb: Limb) -> Bend:
    bones, rest = armature.pose.bones, armature.data.bones[limb.lower].matrix_local
    root, middle, end = (bones[name].head.copy() for name in (limb.upper, limb.lower, limb.end))
    along = (end - root).normalized()
    axis = 1 if rest.col[0].to_3d().cross(rest.col[1].to_3d()).dot(limb.bends) > 0 else -1
    hinge = axis * bones[limb.lower].matrix.col[0].to_3d().normalized()
    bends = hinge.cross(along).normalized()
    foot = root + (middle - root).dot(along) * along
    off = middle - foot
    flexion, reach = off.dot(bends), (middle - root).length
    straight = -HAIR < flexion < STRAIGHT * (reach + (end - middle).length)
    return Bend(root, foot, middle, end, along, hinge, bends if straight else off.normalized(), flexion, straight, reach)


def _unlock(armature: bpy.types.Object, limb: Limb, bend: Bend) -> None:
    """Bend the limb by LEAST the right way; its end stays where it is, but for micrometres."""
    upper, lower = (armature.pose.bones[name] for name in (limb.upper, limb.lower))
    angle = (bend.flexion - LEAST) * (1 / bend.reach + 1 / (bend.end - bend.middle).length)
    end = bend.middle + Quaternion(bend.hinge, angle) @ (bend.end - bend.middle)
    back = (end - bend.root).rotation_difference(bend.end - bend.root)
    turned = Matrix.Translation(bend.middle) @ Quaternion(bend.hinge, angle).to_matrix().to_4x4() @ Matrix.Translation(-bend.middle)
    moved = Matrix.Translation(bend.root) @ back.to_matrix().to_4x4() @ Matrix.Translation(-bend.root)
    wanted = moved @ turned @ lower.matrix
    upper.matrix = moved @ upper.matrix
    bpy.context.view_layer.update()
    lower.matrix = wanted
    bpy.context.view_layer.update()


def _pole_angle(upper: Matrix, bend: Bend) -> float:
    """The pole angle with which nothing turns.

    Blender turns the limb about the line from end to end until x cos(angle) + z sin(angle) of the upper bone looks to the pole's side; the
    angle that asks for no turn puts no part of that vector across the plane of line and pole.
    """
    across, (x, _, z) = bend.along.cross(bend.side), upper.to_3x3().col
    angle = atan2(-x.dot(across), z.dot(across))
    turned_away = (x * cos(angle) + z * sin(angle)).dot(bend.side) < 0
    return atan2(x.dot(across), -z.dot(across)) if turned_away else angle
