"""The table of options."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import medusa_sync
from medusa_sync.settings.load import load_settings
from medusa_sync.settings.options import ENV_FILE, OPTIONS
from tests.unit.settings.examples import KEY, every_option

PACKAGE = Path(medusa_sync.__file__).parent


def test_flags_and_variables_are_unique() -> None:
    options = [ENV_FILE, *OPTIONS.values()]
    flags = [option.flag for option in options if option.flag]
    assert len(set(flags)) == len(flags)
    assert len({option.variable for option in options}) == len(options)


@every_option
def test_every_help_text_is_a_sentence(name: str) -> None:
    assert OPTIONS[name].help.endswith(".")


def test_settings_are_immutable(tmp_path: Path) -> None:
    settings = load_settings({}, environment=KEY, directory=tmp_path)
    with pytest.raises(FrozenInstanceError):
        settings.limit = 1  # type: ignore[misc]


def test_messages_name_existing_flags_with_their_variables() -> None:
    """Messages spell flags by hand: most modules may not import the settings."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    code = re.sub(r'"\s+f?"', "", code)  # joins the parts of a text
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", code))
    assert named - {"--help", "--version", "--no-"} <= {option.flag for option in OPTIONS.values()}
    pairs = re.findall(r"--[a-z-]+ \([A-Z_]+\)", code)
    assert len(pairs) > 10
    assert set(pairs) <= {option.spelling for option in OPTIONS.values()}
