"""A picture to look at, one row per photo: the photo, its landmarks, the fitted body over it, and its skeleton from the side."""

from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from core.body.fitted import FittedBody
from core.photo.landmarks import LANDMARKS
from core.photo.person import Person, Photo
from core.skeleton import JOINT, PARENTS
from core.surface.raster import rasterise
from training.metrics import root_aligned

HEIGHT = 360
TRUE, FITTED = (60, 170, 60), (220, 90, 40)  # green and blue, BGR
BONES = (
    *(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"))
    ),
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"), ("ankle", "toe"))),
)


def row(photo: Photo, person: Person | None, fitted: FittedBody | None, truth: ndarray | None, label: str) -> ndarray:
    """One row (HEIGHT, W, 3), uint8 BGR. truth: SMPL's joints (24, 3) in the camera frame, where they are known."""
    picture = np.ascontiguousarray(photo.pixels[..., ::-1])
    cells = [picture]
    if person is not None:
        cells.append(_with_landmarks(picture, person))
    if fitted is not None:
        cells.append(_with_body(picture, fitted))
    cells = [cv2.resize(cell, (round(cell.shape[1] * HEIGHT / cell.shape[0]), HEIGHT), interpolation=cv2.INTER_AREA) for cell in cells]
    if fitted is not None:
        cells.append(_side_view(fitted.camera.to_camera(fitted.joints), truth))
    joined = np.hstack(cells)
    cv2.putText(joined, label, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 255), 1, cv2.LINE_AA)
    return joined


def write_sheet(path: Path, rows: list[ndarray], columns: int = 2) -> None:
    """The rows as one picture, side by side in columns."""
    width = max(one.shape[1] for one in rows)
    padded = [np.pad(one, ((0, 4), (0, width - one.shape[1] + 4), (0, 0)), constant_values=255) for one in rows]
    columns = min(columns, len(padded))
    padded += [np.full_like(padded[0], 255)] * (-len(padded) % columns)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack([np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]))


def _with_landmarks(picture: ndarray, person: Person) -> ndarray:
    """The picture with the mask's edge and the landmarks' bones; orange bones are on the person's left."""
    drawn, points = picture.copy(), np.round(person.landmarks).astype(int)
    thick = max(1, picture.shape[0] // 250)
    edges, _ = cv2.findContours((person.mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, edges, -1, (255, 255, 0), thick)
    for first, second in BONES:
        colour = (0, 140, 255) if first.startswith("left") else (255, 60, 200)
        cv2.line(drawn, *(tuple(map(int, points[LANDMARKS.index(name)])) for name in (first, second)), colour, 2 * thick, cv2.LINE_AA)
    return drawn


def _with_body(picture: ndarray, fitted: FittedBody) -> ndarray:
    """The picture with the fitted body shaded over it."""
    seen = rasterise(fitted.vertices, fitted.faces, fitted.camera)
    corners = fitted.camera.to_camera(fitted.vertices)[fitted.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    shade = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    covered, drawn = seen.face >= 0, picture.astype(np.float64)
    body = shade[seen.face[covered]][:, None] * [255.0, 190.0, 120.0]
    drawn[covered] = 0.25 * drawn[covered] + 0.75 * body
    return drawn.astype(np.uint8)


def _side_view(joints: ndarray, truth: ndarray | None) -> ndarray:
    """Skeletons from the camera's right, hips on hips and scaled: the fitted one blue, the true one green; the camera is to the left."""
    cell = np.full((HEIGHT, HEIGHT * 3 // 4, 3), 255, np.uint8)
    scale = HEIGHT * 0.42
    if truth is not None:
        joints, truth = root_aligned(joints, truth, [JOINT["left_hip"], JOINT["right_hip"]])
    for points, colour in ((truth, TRUE), (joints, FITTED)):
        if points is None:
            continue
        about = points - points[[JOINT["left_hip"], JOINT["right_hip"]]].mean(0)
        pixels = np.round(np.stack([about[:, 2], about[:, 1]], 1) * scale + [HEIGHT * 3 / 8, HEIGHT * 0.45]).astype(int)
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                cv2.line(cell, tuple(map(int, pixels[joint])), tuple(map(int, pixels[parent])), colour, 2, cv2.LINE_AA)
    return cell
