"""What the rooms of the generator hand to each other: a dressed person in a pose, its outer shell, and a view of it.

Body frame (metres, +Y up, +Z out of the chest when the pelvis is not turned), lowest point at y = 0, pelvis at x = z = 0.
"""

from dataclasses import dataclass, field

from numpy import ndarray

from core.camera import Camera

LABELS = ("skin", "hair", "cloth", "shoe", "other")
"""What a face is, by number. Other: eyes, glasses, hats' badges, props."""


@dataclass(frozen=True, eq=False)
class BodyTruth:
    """The open neutral body inside the clothes: pose (24, 3) axis-angle, betas (10,), translation (3,) metres, SMPL's convention; and how
    far its joints are from the person's own, and where skin shows, its surface from the person's: mean centimetres (NaN if none shows)."""

    pose: ndarray
    betas: ndarray
    translation: ndarray
    joint_residual_cm: float
    skin_residual_cm: float


@dataclass(frozen=True, eq=False)
class DressedPerson:
    """One posed, textured person.

    family: "composed" or "artist"; vertices (V, 3), split at texture seams; same_point (V,): equal numbers are one point; faces (F, 3),
    counter-clockwise seen from outside; cards (F,): thin alpha-tested two-sided sheets, such as hair; label (F,): number in LABELS;
    uv (V, 2), v up; texture (T, T, 3) uint8 sRGB, unlit colour; alpha (T, T) uint8, cut at 128, or None where all is opaque; trusted
    (T, T) uint8, 255 where the colour is known and not filled in, or None where all is; joints (24, 3): SMPL's joints as the person's own
    rig has them; body: the ground truth for body estimation; facts: sex, years, height, garments, pose kind and source … for the records.
    """

    name: str
    family: str
    vertices: ndarray
    same_point: ndarray
    faces: ndarray
    cards: ndarray
    label: ndarray
    uv: ndarray
    texture: ndarray
    alpha: ndarray | None
    trusted: ndarray | None
    joints: ndarray
    body: BodyTruth
    facts: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shell:
    """The watertight outer surface of a dressed person: what the field learns.

    vertices (V, 3) f4, faces (F, 3) i4, normals (V, 3) f4 outward unit; albedo (V, 3) uint8 sRGB; trusted (V,) uint8, 255 where the
    colour is known; label (V,) uint8, number in LABELS; transfer (V, 9) f4: with it an SH light (9, 3) of radiance (core.light) gives the
    shading, occlusion included, as transfer @ light, so that the colour seen is albedo (linear) times shading:
    transfer_k = 1/π ∫ V(ω) max(n·ω, 0) Y_k(ω) dω (Sloan et al. 2002, eq. 10, diffuse shadowed).
    """

    vertices: ndarray
    faces: ndarray
    normals: ndarray
    albedo: ndarray
    trusted: ndarray
    label: ndarray
    transfer: ndarray


@dataclass(frozen=True, eq=False)
class View:
    """What one camera sees of a person, before any light: relit on the fly.

    camera: body frame to pixels of these maps; alpha (H, W) uint8 soft at the edge; albedo (H, W, 3) uint8 sRGB, filled a little beyond the
    edge; normal, body_normal (H, W, 3) int8, camera frame times 127 (the dressed surface's and the open body's); body_alpha (H, W) uint8;
    trusted, label (H, W) uint8; transfer (h, w, 9) int8 at a quarter of the side, times transfer_scale (9,).
    """

    camera: Camera
    alpha: ndarray
    albedo: ndarray
    normal: ndarray
    body_normal: ndarray
    body_alpha: ndarray
    trusted: ndarray
    label: ndarray
    transfer: ndarray
    transfer_scale: ndarray
