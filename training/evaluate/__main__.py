"""Every method measured on held-out synthetic people with the exact and the estimated body, and on real photos.

    python -m training.evaluate --assets DIR [DIR ...] --people 60 --seed 0 --json OUT --results docs/RESULTS.md --photos DIR

The photographs and shells are made once and kept in the cache folder; a person then takes about five seconds, the first time half a minute.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from numpy import ndarray

from core.body.files import load_body
from core.body.model import BodyModel
from core.errors import DoppelError, NoPersonFound
from training.contact_sheet import write_sheet
from training.evaluate.case import Case
from training.evaluate.measure import Notes, measure, notes
from training.evaluate.methods import Method, exact_body, open_methods, try_estimated, try_exact
from training.evaluate.photos import measure_photos
from training.evaluate.rows import baselines, report, to_rows
from training.evaluate.sheet import row
from training.evaluate.texture import compare_textures
from training.evaluate.validation import PEOPLE, ValidationError, cases, open_validation
from training.fit_tables import EXPLAINED_PHOTOS, photo_table
from training.makehuman.asset_file import AssetFileError
from training.results import commit, how_made, write_section

TITLE = "## Surface, albedo and light of people never seen"
BODIES = ("exact", "estimated")


def measure_cases(
    given: Iterable[Case], model: BodyModel, weights: Path, methods: dict[str, Method], sheet: list[ndarray] | None = None
) -> tuple[list[dict], list[str]]:
    """All rows, and how the photographs were made. sheet: gets a picture of each person as the
    product makes them."""
    each: dict[tuple[str, str], list[dict]] = {(method, body): [] for method in methods for body in BODIES}
    noted: list[Notes] = []
    made: set[str] = set()
    start = time.perf_counter()
    for number, case in enumerate(given, start=1):
        noted.append(notes(case))
        made.add(case.made)
        for (name, body), people in each.items():
            people.append(describe(case) | measured(case, methods[name], body, model, weights, sheet if name == "ours" else None))
        line = ", ".join(f"{name} {body} {people[-1].get('p2s_cm', float('nan')):.2f} cm" for (name, body), people in each.items())
        print(f"{number} {case.person.name}, {case.person.facts.get('pose', '')}: {line}; {time.perf_counter() - start:.0f} s", flush=True)
    rows = []
    for (name, body), people in each.items():
        both = [one | base for one, base in zip(people, baselines(noted), strict=True)]
        rows += to_rows(name, body, both)
    return rows, sorted(made)


def describe(case: Case) -> dict:
    """Who and what the figures are of."""
    return {"name": case.person.name, "family": case.person.family, "photo": case.photo.name, "photograph": case.made}


def measured(case: Case, method: Method, body: str, model: BodyModel, weights: Path, sheet: list[ndarray] | None = None) -> dict:
    """The figures of one method and body; only `found: false` where the product sees nobody in the photograph. sheet: gets a picture of the
    result with the estimated body."""
    try:
        trial = try_exact(case, method, model) if body == "exact" else try_estimated(case.photo, method, model, weights)
    except NoPersonFound:
        return {"found": False}
    if sheet is not None and body == "estimated":
        sheet.append(row(case.photo, trial.result.surface, f"{len(sheet) + 1} {case.person.name}"))
    inside = None if body == "exact" else exact_body(case, model).joints
    return {"found": True} | measure(case, trial, inside) | compare_textures(case, trial, model)


def main() -> None:
    options = _options()
    model = load_body(options.weights)
    rows, made, photos, sheet = [], [], [], []
    there = open_methods(options.weights, options.field)
    methods = {name: there[name] for name in options.methods or there}
    if options.people:
        chosen = open_validation(options.assets, options.people, options.seed)
        rows, made = measure_cases(cases(chosen, options.people, options.cache), model, options.weights, methods, sheet)
    if options.photos:
        for name, method in methods.items():
            shown = sheet if name == "ours" else None
            photos.append({"method": name, "each": measure_photos(options.photos, method, model, options.weights, shown)})
    whole = {"people": options.people, "seed": options.seed, "commit": commit(), "photograph": "+".join(made), "rows": rows}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(whole | {"photos": photos}, indent=1, allow_nan=False))
    parts = [TITLE, how_made("training.evaluate"), *(report(rows, made) if rows else [])]
    for one in photos:
        parts += [f"### Real photos, {one['method']}", photo_table(one["each"]), EXPLAINED_PHOTOS]
    text = "\n\n".join(parts)
    print(text)
    if options.sheet and sheet:
        write_sheet(options.sheet, sheet, columns=1)
    if options.results:
        write_section(options.results, "yardstick", text)


def _options() -> argparse.Namespace:
    about = {"description": __doc__, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", **about)
    parser.add_argument("--assets", type=Path, nargs="+", default=[], metavar="DIR", help="asset folders, told apart by what they hold")
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many of the validation set's {PEOPLE}; 0 for real photos alone")
    parser.add_argument("--seed", type=int, default=0, help="of the validation set")
    parser.add_argument("--json", type=Path, required=True, help="file for every figure of every person")
    parser.add_argument("--photos", type=Path, help="folder of real photos")
    parser.add_argument("--results", type=Path, help="Markdown file to write the tables into, such as docs/RESULTS.md")
    parser.add_argument("--sheet", type=Path, help="picture to look at: everybody as the product makes them, from four sides")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of weights, the body's included")
    parser.add_argument("--field", type=Path, help="a field's weights on trial, in place of the folder's own")
    parser.add_argument("--methods", nargs="+", choices=("body", "ours"), help="only these; all where left out")
    parser.add_argument("--cache", type=Path, default=Path(".cache/validation"), help="folder that keeps photographs and shells")
    options = parser.parse_args()
    if options.people and not options.assets:
        parser.error("--people needs --assets")
    if not options.people and not options.photos:
        parser.error("nothing to measure: --people is 0 and there is no --photos")
    return options


if __name__ == "__main__":
    try:
        main()
    except (DoppelError, ValidationError, FileNotFoundError, AssetFileError) as error:
        sys.exit(f"training.evaluate: {error}")
