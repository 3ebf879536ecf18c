"""The README tells the truth about the command line."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docs.build import README, filled
from medusa_sync.cli import app
from medusa_sync.settings import ENV_FILE, OPTIONS

CRONTAB = Path(README).with_name("crontab.example")


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0
    return result.output


def test_its_tables_are_those_that_the_code_gives() -> None:
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make docs`"


def test_help_and_readme_know_the_same_flags() -> None:
    flags = {option.flag for option in [*OPTIONS.values(), ENV_FILE] if option.flag}
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of("products")))
    assert {flag for flag in shown if not flag.startswith("--no-")} - {"--help"} == flags


def test_help_names_the_variable_and_the_default_of_every_option() -> None:
    text = " ".join(re.sub(r"[│\s]+", " ", help_of("products")).split())
    for option in [*OPTIONS.values(), ENV_FILE]:
        assert option.variable in text
        if option.flag and option.default and not option.is_switch:
            assert f"[default: {option.default}]" in text


def test_the_crontab_calls_only_options_that_exist() -> None:
    used = set(re.findall(r"(?<=\s)--[a-z-]+", " ".join(_command_lines())))
    assert used <= {option.flag for option in OPTIONS.values()}


@pytest.mark.parametrize(
    "page", [README, *sorted(README.parent.glob("docs/*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_benchmarks_are_told() -> None:
    text = (README.parent / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "| 5,000 |" in text.partition("<!-- results -->")[2]


def _command_lines() -> list[str]:
    lines = CRONTAB.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "medusa-sync products" in line]
