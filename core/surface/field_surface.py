"""The stage `surface` with the learned field: photo, person, fitted body in; the dressed surface, its colours and the photo's light out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial import ConvexHull

from ..body.distance import Nearest
from ..body.fitted import FittedBody
from ..camera import Camera
from ..errors import FieldNotFinite
from ..field.framing import Framed, framed
from ..field.illumination import solved_light
from ..field.network import Answer, Encoded, FieldNetwork
from ..light import rotated
from ..photo.frame import CORNER_TO_CENTRE
from ..photo.person import Person, Photo
from ..skeleton import JOINT
from .body_help import body_help
from .decimation import decimated
from .isosurface import CELLS, isosurface
from .portions import CHUNK, Portions
from .seen import colours_seen, confidence
from .surface import Surface
from .view import View, look, to_linear, to_srgb

HOLLOW = 0.05
"""Metres: no place in a mouth is farther from the surface than this."""

WITHIN = 0.018
"""Metres under the hull of the body's head from which on all is head: below the skin of the hollows at eyes, nose and temples."""

LONGEST = {"draft": 768, "standard": 1024, "high": 2048}
"""Longer side in pixels of the photo's part that colours are read from, by quality."""


ROOM = 0.18
"""Metres round the fitted body in which the surface is looked for: hair, a hat, a wide skirt."""


FEWEST = 1_000
"""Triangles of a surface: with fewer a person is none."""


class Dressed(NamedTuple):
    """What the stage gives. light (9, 3): SH radiance, body frame; unlit: a view of the same photo -> the same freed from light;
    notes: what the user should know."""

    surface: Surface
    light: ndarray
    unlit: Callable[[View], View]
    notes: tuple[str, ...] = ()


def field_surface(photo: Photo, person: Person, body: FittedBody, network: FieldNetwork, quality: str, triangles: int = 0) -> Dressed:
    """The dressed surface with its albedo, and the photo's light. quality: a key of CELLS; triangles: about how many there may be (at least
    FEWEST), 0 for all.

    Raises NoPersonFound where the person's mask is empty, EmptySurface and FieldNotFinite where the field makes no surface of it.
    """
    field = field_of(photo, person, body, network)
    low, high = body.vertices.min(axis=0) - ROOM, body.vertices.max(axis=0) + ROOM
    helped = body_help(body, field.nearest)
    mesh = isosurface(lambda points: helped(points, field.distance(points)), low, high, CELLS[quality])
    if triangles:
        mesh = decimated(*mesh, max(triangles, FEWEST))
    surface = coloured(field, photo, person, body, mesh, quality)
    return Dressed(surface, light_of(field), partial(unlit, field), field.portions.notes)


@dataclass(frozen=True, eq=False)
class FieldInSpace:
    """The field of one photo as a function of body-frame points."""

    network: FieldNetwork
    encoded: Encoded
    framed: Framed
    camera: Camera
    device: torch.device
    portions: Portions
    head: Callable[[ndarray], ndarray] = lambda points: np.full(len(points), np.inf)

    def distance(self, points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        """Signed distance, metres, negative inside; the head is filled (see `head_filling`). Raises FieldNotFinite."""
        found = np.concatenate([np.zeros(0, np.float32), *(answer.distance[0].cpu().numpy() for answer in self.answers(points))])
        if not np.isfinite(found).all():
            raise FieldNotFinite("The field gave values that are no numbers")
        return np.where(found < HOLLOW, np.minimum(found, self.head(points)), found)  # a field without a person gets no head either

    def nearest(self, points: Float[ndarray, "N 3"]) -> Nearest:
        """The fitted body's nearest points."""
        return self.framed.body.distance.query(self.camera.to_camera(points))

    def colour(self, points: Float[ndarray, "N 3"]) -> tuple[Float[ndarray, "N 3"], Float[ndarray, "N 3"]]:
        """Albedo, sRGB 0..1, and the shares of photo, predicted back and own colour in it."""
        answers = list(self.answers(points))
        return tuple(
            np.concatenate([part.cpu().numpy()[0] for part in parts]) for parts in zip(*((a.albedo, a.alpha) for a in answers), strict=True)
        )

    def answers(self, points: Float[ndarray, "N 3"]) -> Iterator[Answer]:
        """The network's Answer part by part."""
        for start in range(0, len(points), self.portions.search):
            seen = self.camera.to_camera(points[start : start + self.portions.search])
            yield from self.portions.answers(self.ask, seen, self.framed.body.nearest(seen).stacked())

    @torch.no_grad()
    def ask(self, points: Float[ndarray, "N 3"], nearest: Float[ndarray, "N 10"]) -> Answer:
        """points: camera frame; nearest: what the body says to each, see `conditioning.Nearest`."""
        given = (torch.from_numpy(np.float32(each))[None].to(self.device) for each in (points, nearest))
        return self.network.ask(self.encoded, *given)


def field_of(photo: Photo, person: Person, body: FittedBody, network: FieldNetwork) -> FieldInSpace:
    """The field of one person in a photo. Raises NoPersonFound where the person's mask is empty."""
    device = next(network.parameters()).device
    seen = framed(photo, person, body, network.config)
    picture = type(seen.picture)(*(part if part is None else part.to(device) for part in seen.picture))
    with torch.no_grad():
        encoded = network.encode(picture)
    return FieldInSpace(network, encoded, seen, body.camera, device, Portions(device), head_filling(body))


def head_filling(body: FittedBody) -> Callable[[ndarray], ndarray]:
    """Points (N, 3) -> metres (N,) to what is surely inside the head, negative inside it: the hull of the body's head, WITHIN smaller.

    The body has a mouth and eye sockets, and a field that follows them would have a hole from cheek to cheek. Infinite away from the head,
    and everywhere for a body whose head has no vertices of its own.
    """
    own = body.vertices[body.skin_weights[:, JOINT["head"]] > 0.9].astype(np.float64)
    if len(own) < 4 or np.ptp(own, axis=0).min() < 2 * WITHIN:
        return lambda points: np.full(len(points), np.inf)
    planes = ConvexHull(own).equations
    low, high = own.min(axis=0), own.max(axis=0)

    def filling(points: ndarray) -> ndarray:
        distance = np.full(len(points), np.inf)
        near = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
        for part in np.array_split(near, len(near) // CHUNK + 1):
            distance[part] = (points[part] @ planes[:, :3].T + planes[:, 3]).max(axis=1) + WITHIN
        return distance

    return filling


def light_of(field: FieldInSpace) -> Float[ndarray, "9 3"]:
    """The photo's light, SH radiance in the body frame: the encoder's, corrected by the predicted normals' predicted shading."""
    encoded = field.encoded
    inside = encoded.picture.photo[0, 3] > 0.9
    normals, shading = encoded.maps.normal_front[0][:, inside].T, encoded.maps.log_shading[0][:, inside].T.exp()
    light = encoded.light[0]
    solved = solved_light(normals, shading, light) if inside.any() else light
    return rotated(((light + solved) / 2).double().cpu().numpy(), field.camera.rotation.T)


def coloured(field: FieldInSpace, photo: Photo, person: Person, body: FittedBody, mesh: tuple[ndarray, ndarray], quality: str) -> Surface:
    """The mesh with its albedo: the photo's own pixel over its predicted shading where the photo sees the surface squarely, at the photo's
    resolution, and the field's colour elsewhere (PaMIR, section 4.4)."""
    vertices, faces = mesh
    predicted, _ = field.colour(vertices)
    view = unlit(field, look(photo, person, replace(body, vertices=vertices, faces=faces), LONGEST[quality]))
    seen = confidence(view, vertices, faces)
    albedo = seen[:, None] * colours_seen(view, vertices, faces) + (1 - seen[:, None]) * predicted
    return Surface(vertices, faces, np.round(255 * np.clip(albedo, 0, 1)).astype(np.uint8), seen)


def unlit(field: FieldInSpace, view: View) -> View:
    """The view with its colours freed from light: each pixel's linear colour over the shading predicted there."""
    log = np.ascontiguousarray(field.encoded.maps.log_shading[0].permute(1, 2, 0).cpu().numpy().astype(np.float32))
    mine, theirs = view.camera.intrinsics, field.framed.intrinsics
    scale = theirs[:2] / mine[:2]
    to_theirs = np.eye(3)
    to_theirs[:2] = np.column_stack([np.diag(scale), theirs[2:] - scale * mine[2:]])
    matrix = CORNER_TO_CENTRE @ to_theirs @ np.linalg.inv(CORNER_TO_CENTRE)
    size = view.colour.shape[1::-1]
    log = cv2.warpAffine(log, matrix[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    return replace(view, colour=to_srgb(np.clip(to_linear(view.colour) * np.exp(-log), 0, 1)).astype(np.float32))
