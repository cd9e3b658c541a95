"""What the pages say about errors, options and weights, taken from the code when the site is built, so that it is never old.

A page has a line `<!-- table: NAME -->` where the table belongs. mkdocs calls `on_page_markdown` for every page.
"""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.errors import DoppelError
from core.settings import LODS, RUN_SETTINGS, SETTINGS, Setting
from core.weights import read_index

PLACE = re.compile(r"<!-- table: (\w+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with its tables. KeyError for a table nobody makes."""
    return PLACE.sub(lambda place: TABLES[place[1]](), markdown)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def errors() -> str:
    """Every error with what to do about it."""
    rows = [(f"`{error.__name__}`", error.default_hint) for error in DoppelError.__subclasses__()]
    return _table(("error", "what to do"), sorted(rows))


def options() -> str:
    """Every option with its values, the default in bold."""
    return _table(("option", "in Blender", "what it is", "values"), [_option(setting) for setting in (*SETTINGS, *RUN_SETTINGS, LODS)])


def _option(setting: Setting) -> tuple[str, ...]:
    values = [f"**{choice.name}**" if choice.name == setting.default else choice.name for choice in setting.choices]
    meanings = "; ".join(f"{value}: {choice.tooltip}" for value, choice in zip(values, setting.choices, strict=True))
    numbers = f"{setting.minimum} to {setting.maximum}, **{setting.default}**"
    return f"`--{setting.name}`", setting.label, setting.tooltip, meanings or numbers


def weights() -> str:
    """Every file of weights with its licence and origin."""
    return _table(("file", "licence", "origin"), [(f"`{weight.file}`", weight.licence, weight.origin) for weight in read_index().values()])


TABLES = {"errors": errors, "options": options, "weights": weights}
