"""The table of options."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import medusa_sync
from medusa_sync.settings.load import load_settings
from medusa_sync.settings.option import GROUPS
from medusa_sync.settings.options import ALL_OPTIONS, ENV_FILE, OPTIONS
from tests.unit.settings.examples import KEY

PACKAGE = Path(medusa_sync.__file__).parent


def test_flags_and_variables_are_unique() -> None:
    options = [ENV_FILE, *OPTIONS.values()]
    flags = [option.flag for option in options if option.flag]
    assert len(set(flags)) == len(flags)
    assert len({option.variable for option in options}) == len(options)


def test_every_option_has_a_panel_and_a_short_sentence_as_help() -> None:
    """`--help` has a limit of lines; the README adds `more`."""
    for option in ALL_OPTIONS:
        assert option.group in GROUPS
        assert option.help.endswith(".")
        assert len(option.help) <= 96
        assert option.more == "" or option.more.endswith(".")


def test_settings_are_immutable(tmp_path: Path) -> None:
    settings = load_settings({}, environment=KEY, directory=tmp_path)
    with pytest.raises(FrozenInstanceError):
        settings.limit = 1  # type: ignore[misc]


def test_messages_name_existing_flags_with_their_variables() -> None:
    """Messages spell flags by hand: most modules may not import the settings."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    code = re.sub(r'"\s+f?"', "", code)  # joins the parts of a text
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", code))
    flags = {flag for option in ALL_OPTIONS for flag in (option.flag, option.opposite)}
    assert named - {"--help", "--help-all", "--version", "--no-"} <= flags
    pairs = re.findall(r"--[a-z-]+ \([A-Z_]+\)", code)
    assert len(pairs) > 10
    assert set(pairs) <= {option.spelling for option in OPTIONS.values()}
