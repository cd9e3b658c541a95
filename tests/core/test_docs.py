"""The pages say what is so: every error, option and weight from the code, every panel, no page that is not in the site."""

import importlib.util
import re
from pathlib import Path

import pytest

from core.errors import DoppelError
from core.settings import RUN_SETTINGS, SETTINGS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def page():
    """A page by its name, with its tables."""
    spec = importlib.util.spec_from_file_location("docs_tables", ROOT / "docs" / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    return lambda name: tables.on_page_markdown((ROOT / "docs" / name).read_text(encoding="utf-8"))


def test_every_error_is_there_with_its_hint(page):
    text = page("troubleshooting.md")
    for error in DoppelError.__subclasses__():
        assert f"| `{error.__name__}` | {error.default_hint} |" in text


def test_every_option_is_there_with_its_words(page):
    text = page("panels.md")
    for setting in (*SETTINGS, *RUN_SETTINGS):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `--{setting.name}`")]
        assert all(choice.name in row and choice.tooltip in row for choice in setting.choices)
        assert f"**{setting.default}**" in row


def test_every_weight_is_there_with_its_licence(page):
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|", page("licences.md"), re.MULTILINE)
    assert {name for name, _ in rows} >= {"field.safetensors", "lifter.safetensors", "pose_detection.tflite"}
    assert all(licence for _, licence in rows)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_table_is_left_out(page, path):
    assert "<!-- table" not in page(path.name)


def test_the_site_has_every_page():
    named = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(named) == [path.name for path in PAGES]


def test_every_panel_has_its_section():
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "panels.md").read_text(encoding="utf-8"), re.MULTILINE)
    for path in (ROOT / "panels").glob("*.py"):
        for block in path.read_text(encoding="utf-8").split("\nclass ")[1:]:
            label = re.search(r'bl_label = "(.+?)"', block)
            if label and "bl_parent_id" not in block:
                assert label[1] in headings, f"docs/panels.md says nothing of {label[1]}"
