"""What became of a run, for programs and people: report.json, report.csv and the contact sheet report.html."""

import csv
import io
from collections.abc import Sequence
from html import escape
from os.path import relpath
from pathlib import Path
from urllib.parse import quote

from .errors import FolderNotWritable
from .job import PhotoReport, Report
from .photo_list import RECORDS

STYLE = """
body { font: 15px system-ui, sans-serif; margin: 2em; background: #f4f4f2; color: #222 }
main { display: flex; flex-wrap: wrap; gap: 16px }
figure { margin: 0; padding: 12px; background: #fff; border-radius: 6px; max-width: 960px }
figure.failed { border-left: 6px solid #c33 }
img { max-height: 320px; max-width: 100%; display: block }
figcaption { margin-top: 8px } small { color: #666 } .error { color: #a11 }
"""


def write_summary(report: Report, names: Sequence[str], out: Path, stem: str) -> Path:
    """Write the report as .json, .csv and .html; the path of the first. names: what each photo's results are called. FolderNotWritable."""
    for suffix, text in ((".csv", _csv(report)), (".html", _html(report, names, out))):
        path = out / (stem + suffix)
        try:
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise FolderNotWritable(f"{path} could not be written: {error.strerror}") from error
    return report.save(out / f"{stem}.json")


def _csv(report: Report) -> str:
    """A line a photo: what became of it, people, seconds in all and by stage, files, warnings."""
    stages = list(dict.fromkeys(stage for photo in report.photos for stage in photo.seconds))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["photo", "status", "earlier", "people", "error", "text", "hint", "warnings", "files", "memory", "seconds", *stages])
    for photo in report.photos:
        error = (photo.error.kind, photo.error.text, photo.error.hint) if photo.error else ("", "", "")
        seconds = [round(sum(photo.seconds.values()), 2), *(photo.seconds.get(stage, "") for stage in stages)]
        held = photo.memory.get("main", "")
        lists = ("; ".join(photo.warnings), "; ".join(photo.files))
        writer.writerow([photo.photo, photo.status, "yes" if photo.earlier else "no", people_of(photo), *error, *lists, held, *seconds])
    return text.getvalue()


def people_of(photo: PhotoReport) -> int:
    """How many people were made of the photo."""
    return sum(file.endswith(".npz") for file in photo.files)


def in_short(report: Report) -> str:
    """The whole run in one sentence."""
    earlier = sum(photo.earlier for photo in report.photos)
    kept = f", {earlier} of them by an earlier run" if earlier else ""
    return f"{len(report.photos) - len(report.failed)} of {len(report.photos)} photos done{kept}"


def _html(report: Report, names: Sequence[str], out: Path) -> str:
    """A page with a picture of every person beside its photo; failures first. It needs no network, and links to files beside it."""
    order = sorted(range(len(names)), key=lambda number: (report.photos[number].status == "done", number))
    figures = "\n".join(_figure(report.photos[number], names[number], out) for number in order)
    head = f'<meta charset="utf-8"><title>Doppel: {in_short(report)}</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body><h1>{in_short(report)}</h1><main>\n{figures}\n</main></body></html>\n"


def _figure(photo: PhotoReport, name: str, out: Path) -> str:
    avatars = [Path(file).stem for file in photo.files if file.endswith(".npz")]
    pictures = [f"{RECORDS}/{stem}.jpg" for stem in avatars if (out / RECORDS / f"{stem}.jpg").is_file()]
    shown = "".join(f'<img src="{quote(picture)}" alt="{escape(name)}" loading="lazy">' for picture in pictures)
    links = ", ".join(f'<a href="{quote(_beside(file, out))}">{escape(Path(file).name)}</a>' for file in photo.files)
    lines = [f"<b>{escape(Path(photo.photo).name)}</b> <small>{sum(photo.seconds.values()):.1f} s{_origin(photo)}</small>", links]
    if photo.error:
        lines.append(f'<span class="error">{escape(photo.error.kind)}: {escape(photo.error.text)}</span> {escape(photo.error.hint)}')
    lines += [f"<small>{escape(warning)}</small>" for warning in photo.warnings]
    caption = "<br>".join(line for line in lines if line)
    return f'<figure class="{photo.status}">{shown}<figcaption>{caption}</figcaption></figure>'


def _origin(photo: PhotoReport) -> str:
    return ", by an earlier run" if photo.earlier else ""


def _beside(file: str, out: Path) -> str:
    """The file as seen from the output folder, with forward slashes."""
    return Path(relpath(file, out)).as_posix()
