"""The pages agree with the code."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docs.build import README, filled, pages
from medusa_sync.cli import app
from medusa_sync.core.fields import FIELDS, METADATA, VARIANT_FIELDS
from medusa_sync.settings.options import ENV_FILE, OPTIONS

ROOT = README.parent
PAGES = [README, *sorted(ROOT.glob("docs/*.md"))]
PLACEHOLDERS = re.compile(r"\b[NM2]\b|'usd'|\.\.\.|[a-zA-Z_]+: ")
OF_OTHERS = {"Expected int | float, got str", "already exists"}  # messages of msgspec and of Medusa


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0
    return result.output


def test_generated_tables_are_up_to_date() -> None:
    for page, blocks in pages().items():
        text = page.read_text(encoding="utf-8")
        assert filled(text, blocks) == text, "run `make docs`"


def test_help_shows_the_flags_of_the_table() -> None:
    options = [option for option in [*OPTIONS.values(), ENV_FILE] if option.flag]
    flags = {flag for each in options for flag in (each.flag, each.opposite if each.is_switch else each.flag)}
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of("products")))
    assert shown - {"--help"} == flags


def test_help_shows_the_variable_and_default_of_every_option() -> None:
    text = " ".join(re.sub(r"[│\s]+", " ", help_of("products")).split())
    for option in [*OPTIONS.values(), ENV_FILE]:
        assert option.variable in text
        if option.flag and option.default and not option.is_switch:
            assert f"[default: {option.default}]" in text


def test_troubleshooting_quotes_messages_of_the_package() -> None:
    sources = sorted((ROOT / "medusa_sync").rglob("*.py"))
    code = re.sub(r'"\s+f?"', "", "".join(path.read_text(encoding="utf-8") for path in sources))
    table = README.read_text(encoding="utf-8").partition("## Troubleshooting")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (.*?) (?<!\\)\|", table, re.MULTILINE)
    quoted = [text.replace("\\|", "|") for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 20
    words = {word.strip() for text in quoted for word in PLACEHOLDERS.split(text)}
    assert {word for word in words if word not in code} == OF_OTHERS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_work(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_files_that_the_pages_name_exist() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"`((?:tests|docs|benchmarks)/[^`*]+\.\w+)`", text))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_mapping_page_names_every_field() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    quoted = " ".join(re.findall(r"`([^`]+)`", text))
    words = re.findall(r"\w+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", quoted).lower())  # keys are in snake_case
    assert {name.removeprefix(METADATA) for name in [*FIELDS, *VARIANT_FIELDS]} <= set(words)


def test_benchmarks_page_has_results() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "| 5,000 |" in text.partition("<!-- results -->")[2]
