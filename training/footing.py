"""Both feet on the ground: soles laid flat, the hips tilted towards the leg that is short, the other knee bent for what is left.

So people stand: weight on one leg, the pelvis sinking on the side whose knee gives. The upper body stays as it was.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from core.motion.retarget import T_POSE, local_rotations, world_rotations
from core.skeleton import JOINT, PARENTS, posed_joints, rotation_matrices

SOLE = {"ankle": ((0.0, -0.08, -0.05), (0.0, -0.08, 0.02)), "foot": ((0.0, -0.02, 0.0), (0.0, -0.02, 0.07))}
"""Points of the sole in the joint's frame at rest, metres of the nominal adult: heel and ball."""
MOST_TILT = np.radians(6)
"""Of the hips; people drop the free hip so far when they stand at ease."""
MOST_STRETCH = np.radians(35)
"""How far a foot behind goes up on its toes."""
MOST_BEND = np.radians(50)
"""Of a knee, to shorten the longer leg."""


def footed(pose: np.ndarray, flat: bool = True, rest_joints: np.ndarray = T_POSE) -> np.ndarray:
    """The pose (24, 3) with both feet equally low. flat: soles are laid flat (standing), else the higher foot first stretches (walking)."""
    world = world_rotations(rotation_matrices(pose))
    if flat:
        for side in ("left", "right"):
            _lay_flat(world, side)
    else:
        _on_tiptoe(world, _higher(world, rest_joints), rest_joints)
    _tilt_hips(world, rest_joints)
    _bend_longer(world, rest_joints)
    return Rotation.from_matrix(local_rotations(world)).as_rotvec()


def sole_heights(world: np.ndarray, rest_joints: np.ndarray = T_POSE) -> dict[str, float]:
    """Height of each foot's lowest point over the pelvis' joint, metres, of bones with world rotations (24, 3, 3)."""
    places = posed_joints(Rotation.from_matrix(local_rotations(world)).as_rotvec(), rest_joints)
    lowest = {}
    for side in ("left", "right"):
        points = [places[JOINT[f"{side}_{name}"]] + world[JOINT[f"{side}_{name}"]] @ point for name, both in SOLE.items() for point in both]
        lowest[side] = float(np.min([point[1] for point in points]))
    return lowest


def _higher(world: np.ndarray, rest_joints: np.ndarray) -> str:
    heights = sole_heights(world, rest_joints)
    return max(heights, key=heights.get)


def _turn(world: np.ndarray, name: str, turn: np.ndarray) -> None:
    """Turns a joint and all below it, in the body frame."""
    below = [JOINT[name]]
    for joint, parent in enumerate(PARENTS):
        if parent in below:
            below.append(joint)
    world[below] = turn @ world[below]


def _lay_flat(world: np.ndarray, side: str) -> None:
    ahead = world[JOINT[f"{side}_ankle"]] @ [0.0, 0.0, 1.0]
    level = Rotation.from_euler("y", np.arctan2(ahead[0], ahead[2])).as_matrix()
    world[[JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]]] = level


def _on_tiptoe(world: np.ndarray, side: str, rest_joints: np.ndarray) -> None:
    """The higher foot's heel goes up until its ball is as low as the other foot, or as far as a foot goes."""
    shank = world[JOINT[f"{side}_knee"]]

    def gap(angle: float) -> tuple[float, np.ndarray]:
        tried = np.array(world)
        _turn(tried, f"{side}_ankle", Rotation.from_rotvec(angle * shank[:, 0]).as_matrix())
        heights = sole_heights(tried, rest_joints)
        return heights[side] - min(heights.values()), tried

    world[:] = gap(_root(lambda angle: gap(angle)[0], MOST_STRETCH))[1]


def _tilt_hips(world: np.ndarray, rest_joints: np.ndarray) -> None:
    """Rolls the pelvis alone: legs and upper body keep their directions."""
    heights = sole_heights(world, rest_joints)
    across = world[JOINT["pelvis"]] @ (rest_joints[JOINT["left_hip"]] - rest_joints[JOINT["right_hip"]])
    wide = max(float(np.hypot(across[0], across[2])), 1e-6)
    angle = np.clip((heights["right"] - heights["left"]) / wide, -MOST_TILT, MOST_TILT)
    axis = np.cross([across[0], 0.0, across[2]], [0.0, 1.0, 0.0]) / wide
    world[JOINT["pelvis"]] = Rotation.from_rotvec(angle * axis).as_matrix() @ world[JOINT["pelvis"]]


def _bend_longer(world: np.ndarray, rest_joints: np.ndarray) -> None:
    """Bends hip and knee of the leg that reaches lower until both reach equally low; its foot keeps its direction."""
    heights = sole_heights(world, rest_joints)
    side = min(heights, key=heights.get)

    def bent(angle: float) -> np.ndarray:
        tried, foot = np.array(world), [JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]]
        axis = world[JOINT[f"{side}_hip"]][:, 0]
        _turn(tried, f"{side}_hip", Rotation.from_rotvec(-0.5 * angle * axis).as_matrix())
        _turn(tried, f"{side}_knee", Rotation.from_rotvec(angle * axis).as_matrix())
        tried[foot] = world[foot]
        return tried

    def gap(angle: float) -> float:
        now = sole_heights(bent(angle), rest_joints)
        return max(now.values()) - now[side]

    world[:] = bent(_root(gap, MOST_BEND))


def _root(gap, most: float, steps: int = 14) -> float:
    """The smallest angle in 0..most at which the gap has closed (to half a millimetre), by bisection; `most` where it never does."""
    low, high = 0.0, most
    if gap(0.0) < 5e-4:
        return 0.0
    for _ in range(steps):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gap(middle) > 5e-4 else (low, middle)
    return high
