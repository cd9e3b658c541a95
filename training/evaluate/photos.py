"""Real photos, of which no truth is known: how well outlines agree, and how far projected joints are from the landmarks seen."""

from pathlib import Path

from numpy import ndarray

from core.body.model import BodyModel
from core.errors import NoPersonFound
from core.photo.image import read_photo
from core.surface.raster import silhouette
from training import metrics
from training.evaluate.methods import Method, try_estimated
from training.evaluate.sheet import row
from training.evaluate_fit import PHOTO_ENDINGS, Fit, measure_photo


def measure_photos(folder: Path, method: Method, model: BodyModel, weights: Path, sheet: list[ndarray] | None = None) -> list[dict]:
    """The figures of every photo in the folder, as `evaluate_fit.measure_photo` gives them, with the method's own outline and seconds.
    sheet: gets a picture of each result.

    Raises FileNotFoundError for a folder without photos.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_ENDINGS) if folder.is_dir() else []
    if not paths:
        raise FileNotFoundError(f"the folder {folder} holds no photos ({', '.join(sorted(PHOTO_ENDINGS))})")
    return [_measured(path, method, model, weights, sheet) for path in paths]


def _measured(path: Path, method: Method, model: BodyModel, weights: Path, sheet: list[ndarray] | None) -> dict:
    photo = read_photo(path)
    try:
        trial = try_estimated(photo, method, model, weights)
    except NoPersonFound:
        return measure_photo(path, Fit(photo, None, None, 0.0))
    surface, person = trial.result.surface, trial.person
    if sheet is not None:
        sheet.append(row(photo, surface, path.name))
    shown = silhouette(surface.vertices, surface.faces, trial.body.camera, photo.size)
    found = measure_photo(path, Fit(photo, person, trial.body, trial.seconds))
    return found | {"silhouette_iou": metrics.overlap(shown, person.mask > 127)}
