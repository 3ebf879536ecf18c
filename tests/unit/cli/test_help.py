"""`medusa-sync products --help` and `--help-all`."""

import re

from typer.testing import CliRunner

from medusa_sync.cli import app
from medusa_sync.settings.option import GROUPS
from medusa_sync.settings.options import ALL_OPTIONS

FLAGS = [each for each in ALL_OPTIONS if each.flag]


def shown(flag: str, columns: int = 80) -> str:
    result = CliRunner().invoke(app, ["products", flag], env={"COLUMNS": str(columns), "TERM": "dumb"})
    assert result.exit_code == 0
    return result.stdout


def options_in(text: str) -> list[str]:
    return re.findall(r"^│ (--[a-z-]+) ", text, re.MULTILINE)


def test_help_shows_25_options() -> None:
    common = {each.flag for each in ALL_OPTIONS if each.is_common}
    assert len(common) == 25
    assert set(options_in(shown("--help"))) == common | {"--help", "--help-all"}


def test_help_all_shows_all_options_once() -> None:
    text = shown("--help-all")
    assert sorted(options_in(text)) == sorted([*(each.flag for each in FLAGS), "--help", "--help-all"])
    assert text.replace("│", "").split("Source")[0] == shown("--help").replace("│", "").split("Source")[0]


def test_each_option_has_its_whole_help_and_its_default() -> None:
    lines = [" ".join(line.strip("│ ").split()) for line in shown("--help-all", 400).splitlines()]
    for option in FLAGS:
        default = "" if option.default in {None, "false"} else f" [default: {option.default}]"
        assert " ".join(f"{option.flag} {option.metavar} {option.help}{default}".split()) in lines


def test_nothing_is_cut_on_a_narrow_terminal() -> None:
    assert "…" not in shown("--help-all", 80)


def test_panels_are_the_groups_in_order() -> None:
    for flag in ("--help", "--help-all"):
        panels = tuple(re.findall(r"^╭─ (.+?) ─+╮$", shown(flag), re.MULTILINE))
        assert panels == ("Options", *GROUPS)


def test_the_text_names_exactly_the_variables_that_the_rule_does_not_cover() -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", shown("--help", 200)))
    exceptions = {each.variable for each in ALL_OPTIONS if each.own_variable or each.is_secret}
    assert named == exceptions | {"SYNC_PRODUCTS_BATCH_SIZE"}


def test_help_ends_with_three_examples_whose_options_exist() -> None:
    examples = shown("--help").partition("Examples:")[2].strip().splitlines()
    assert len(examples) == 3
    for line in examples:
        assert line.strip().startswith("medusa-sync products --")
        assert set(re.findall(r"--[a-z-]+", line)) <= {each.flag for each in FLAGS}


def test_unknown_option_names_similar_ones() -> None:
    result = CliRunner().invoke(app, ["products", "--curency"], env={"COLUMNS": "80"})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--currency" in result.stderr
