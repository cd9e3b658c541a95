"""The stage `surface` with the learned field: photo, person, fitted body in; the dressed surface, its colours and the photo's light out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from ..body.distance import Nearest
from ..body.fitted import FittedBody
from ..camera import Camera
from ..errors import FieldNotFinite
from ..field.conditioning import BodyInView
from ..field.encoder import HAIR, LABELS
from ..field.framing import Framed, framed
from ..field.network import FAR, Answer, Encoded, FieldNetwork
from ..field.steady import SteadyBody
from ..light import rotated
from ..photo.frame import CORNER_TO_CENTRE
from ..photo.person import Person, Photo
from .body_help import body_help, face_normals, weights_near
from .decimation import decimated
from .depth_limit import depth_limited
from .isosurface import CELLS, isosurface
from .long_hair import Hair, hair_behind
from .neighbourhood import sharing
from .outline import outline_help
from .portions import Portions
from .regions import share_of
from .relief import leaning, relieved, told_normals
from .seen import colours_seen, confidence
from .skirt import skirt_help, upright
from .surface import Surface, vertex_normals
from .tones import Tones, seen_tones, toned
from .view import View, look, to_linear, to_srgb

LONGEST = {"draft": 768, "standard": 1024, "high": 2048}
"""Longer side in pixels of the photo's part that colours are read from, by quality."""


ROOM, SPARE = 0.18, 0.05
"""Metres round the fitted body in which the surface is looked for (hair, a hat, a coat), and beyond an outline that reaches further."""


FEWEST = 1_000
"""Triangles of a surface: with fewer a person is none."""


SKIN_OF_HAIR = 0.003
"""Metres round the hair behind the neck in which all is hair."""


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
    mesh = isosurface(distance_in(field), *box_round(body, person), CELLS[quality])
    mesh = in_relief(field, mesh)
    if triangles:
        mesh = decimated(*mesh, max(triangles, FEWEST))
    surface = coloured(field, photo, person, mesh, quality)
    return Dressed(surface, light_of(field), partial(unlit, field), field.portions.notes)


def distance_in(field: "FieldInSpace") -> Callable[[Float[ndarray, "N 3"]], Float[ndarray, " N"]]:
    """What the surface is the zero of, at points of the body frame, metres: the field, its feet and hands no deeper than the body's, a
    skirt and long hair filled, with the outline's help and the body's."""
    body = field.fitted
    limited = depth_limited(body, field.framed.body.distance.query, field.labels)
    skirt = skirt_help(field.encoded) if upright(body.joints) else None
    fillings = [*([skirt] if skirt else []), *([field.hair.outside] if field.hair else [])]

    def within(seen: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        found = limited(seen, field.distance_seen(seen))
        return np.minimum.reduce([found, *(filling(seen) for filling in fillings)])

    helped, lowered = body_help(body, field.nearest, field.beside), outline_help(field.encoded.picture, within)

    def distance(points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        seen = body.camera.to_camera(points)
        return helped(points, within(seen) - lowered(seen))

    return distance


def box_round(body: FittedBody, person: Person) -> tuple[Float[ndarray, "3"], Float[ndarray, "3"]]:
    """The lowest and the highest corner of the box in which the surface is looked for, body frame, metres."""
    room = room_round(body, person)
    return body.vertices.min(axis=0) - room, body.vertices.max(axis=0) + room


def room_round(body: FittedBody, person: Person) -> float:
    """Metres round the fitted body in which the surface is to be looked for: where the person's outline reaches further past the body than
    ROOM on some side (a gown), a hem may do so before and behind as well; no further than the field does."""
    rows, columns = (np.flatnonzero((person.mask >= 128).any(axis=axis)) for axis in (1, 0))
    seen = body.camera.project(body.vertices)
    past = np.concatenate([seen.min(axis=0) - (columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1) - seen.max(axis=0)]).max()
    metre = body.camera.intrinsics[0] / np.median(body.camera.to_camera(body.vertices)[:, 2])
    return float(np.clip(past / metre + SPARE, ROOM, FAR))


@dataclass(frozen=True, eq=False)
class FieldInSpace:
    """The field of one photo as a function of body-frame points."""

    network: FieldNetwork
    encoded: Encoded
    framed: Framed
    device: torch.device
    portions: Portions
    body: BodyInView | SteadyBody
    fitted: FittedBody

    @property
    def camera(self) -> Camera:
        """The photo's."""
        return self.fitted.camera

    @cached_property
    def fine(self) -> Camera:
        """The camera of the finest picture that the network reads and answers in."""
        picture = self.encoded.picture
        side = (picture.photo if picture.fine is None else picture.fine).shape[-1]
        intrinsics = self.framed.intrinsics * (side / self.network.config.picture)
        return Camera(intrinsics, self.camera.rotation, self.camera.translation, np.array([side, side]))

    def distance(self, points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        """Signed distance, metres, negative inside. Raises FieldNotFinite."""
        return self.distance_seen(self.camera.to_camera(points))

    def distance_seen(self, points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        """`distance` at points of the camera's frame."""
        found = np.concatenate([np.zeros(0, np.float32), *(answer.distance[0].cpu().numpy() for answer in self.answers(points))])
        if not np.isfinite(found).all():
            raise FieldNotFinite("The field gave values that are no numbers")
        return found

    def nearest(self, points: Float[ndarray, "N 3"]) -> Nearest:
        """The fitted body's nearest points."""
        return self.framed.body.distance.query(self.camera.to_camera(points))

    def beside(self, points: Float[ndarray, "N 3"]) -> Float[ndarray, " N"]:
        """How far points lie beside the person's outline, metres at their depth; 0 within it, and outside the photo."""
        seen = self.camera.to_camera(points)
        intrinsics, side = self.framed.intrinsics, len(self.outline)
        pixel = np.floor(seen[:, :2] / seen[:, 2:] * intrinsics[:2] + intrinsics[2:]).astype(int)
        column, row = pixel.clip(0, side - 1).T
        within = ((pixel >= 0) & (pixel < side)).all(axis=1)
        return within * self.outline[row, column] * seen[:, 2] / intrinsics[0]

    @cached_property
    def outline(self) -> Float[ndarray, "S S"]:
        """Pixels of the network's picture from the person's outline; 0 within it, and where the picture reaches beyond the photo."""
        mask, square = self.encoded.picture.photo[0, 3].cpu().numpy(), self.framed.frame
        away = cv2.distanceTransform((mask < 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        return away * square.take(np.ones(self.camera.size[::-1].astype(int), np.uint8))

    @cached_property
    def hair(self) -> Hair | None:
        """Long hair behind the neck that the field lacks."""
        return hair_behind(
            self.fitted, self.fine, self.encoded, self.distance_seen, lambda seen: self.framed.body.distance.query(seen).distance
        )

    @cached_property
    def tones(self) -> Tones:
        """The colours that are seen of each kind."""
        found = seen_tones(self.encoded)
        return {**found, HAIR: self.hair.colours} if self.hair else found

    def told(self, points: Float[ndarray, "N 3"]) -> tuple[Float[ndarray, "N 3"], Float[ndarray, "N 5"]]:
        """Albedo of points that the photo does not show, sRGB 0..1, and what they are taken for, as `labels` has it; what hangs behind the
        neck for hair."""
        seen = self.camera.to_camera(points)
        parts = [(answer.albedo[0].cpu().numpy(), answer.label[0].softmax(dim=-1).cpu().numpy()) for answer in self.answers(seen)]
        albedo, label = (np.concatenate([np.zeros((0, size)), *(part[at] for part in parts)]) for at, size in ((0, 3), (1, LABELS)))
        if self.hair:
            label[self.hair.outside(seen) < SKIN_OF_HAIR] = np.eye(LABELS)[HAIR]
        return albedo, label

    def labels(self, points: Float[ndarray, "N 3"]) -> Float[ndarray, "N 5"]:
        """What points of the camera's frame are taken for: shares of skin, hair, cloth, shoe, other."""
        shares = (answer.label[0].softmax(dim=-1).cpu().numpy() for answer in self.answers(points))
        return np.concatenate([np.zeros((0, LABELS), np.float32), *shares])

    def answers(self, points: Float[ndarray, "N 3"]) -> Iterator[Answer]:
        """The network's Answer to points of the camera's frame, part by part."""
        for start in range(0, len(points), self.portions.search):
            seen = points[start : start + self.portions.search]
            yield from self.portions.answers(self.ask, seen, self.body.nearest(seen).stacked())

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
    told = SteadyBody(seen.body) if network.config.uses_nearest else seen.body
    return FieldInSpace(network, encoded, seen, device, Portions(device), told, body)


def in_relief(field: FieldInSpace, mesh: tuple[ndarray, ndarray]) -> tuple[ndarray, ndarray]:
    """The mesh brought to the normals that the network sees in the photo and expects behind (see `relief`), in the face to the body's as
    well; not at the fingers, which would be drawn out into thorns."""
    body, maps, detail = field.fitted, field.encoded.maps, field.encoded.detail
    fine, photo = (detail.normal, field.encoded.picture.fine) if detail else (maps.normal_front, field.encoded.picture.photo)
    turn = field.camera.rotation
    front, back = (part[0].permute(1, 2, 0).double().cpu().numpy() @ turn for part in (fine, maps.normal_back))
    inside = (photo[0, 3] > 0.5).double().cpu().numpy()
    told, trust = told_normals(mesh, field.fine, front, back, inside)
    rows, shares, _ = weights_near(body, [share_of(body, "left_hand"), share_of(body, "right_hand")], field.nearest)(mesh[0])
    trust[rows] *= np.clip(1 - shares.max(axis=1), 0, 1)
    rows, normals, share = face_normals(body, field.nearest, mesh[0])
    told[rows], trust[rows] = leaning(told[rows], normals, share), np.maximum(trust[rows], share)
    return relieved(mesh, told, trust)


def light_of(field: FieldInSpace) -> Float[ndarray, "9 3"]:
    """The photo's light, SH radiance in the body frame."""
    return rotated(field.encoded.light[0].double().cpu().numpy(), field.camera.rotation.T)


def coloured(field: FieldInSpace, photo: Photo, person: Person, mesh: tuple[ndarray, ndarray], quality: str) -> Surface:
    """The mesh with its albedo: the photo's own pixel over its predicted shading where the photo sees the surface squarely, at the photo's
    resolution, and the field's colour elsewhere (PaMIR, section 4.4), in the tones of what is seen."""
    vertices, faces = mesh
    view = unlit(field, look(photo, person, replace(field.fitted, vertices=vertices, faces=faces), LONGEST[quality]))
    seen, albedo = confidence(view, vertices, faces), colours_seen(view, vertices, faces)
    unsure = np.flatnonzero(seen < 1)
    share = seen[unsure, None]
    told, labels = field.told(vertices[unsure])
    own = share * albedo[unsure] + (1 - share) * told
    about = sharing(vertices[unsure], vertex_normals(vertices, faces)[unsure], own)
    hidden = toned(told, own, labels, field.tones, about)
    albedo[unsure] = share * albedo[unsure] + (1 - share) * hidden
    return Surface(vertices, faces, np.round(255 * np.clip(albedo, 0, 1)).astype(np.uint8), seen)


def unlit(field: FieldInSpace, view: View) -> View:
    """The view with its colours freed from light: each pixel's linear colour over the shading predicted there."""
    told = (field.encoded.detail or field.encoded.maps).log_shading[0]
    log = np.ascontiguousarray(told.permute(1, 2, 0).cpu().numpy().astype(np.float32))
    mine, theirs = view.camera.intrinsics, field.framed.intrinsics * (told.shape[-1] / field.network.config.picture)
    scale = theirs[:2] / mine[:2]
    to_theirs = np.eye(3)
    to_theirs[:2] = np.column_stack([np.diag(scale), theirs[2:] - scale * mine[2:]])
    matrix = CORNER_TO_CENTRE @ to_theirs @ np.linalg.inv(CORNER_TO_CENTRE)
    size = view.colour.shape[1::-1]
    log = cv2.warpAffine(log, matrix[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    return replace(view, colour=to_srgb(np.clip(to_linear(view.colour) * np.exp(-log), 0, 1)).astype(np.float32))
