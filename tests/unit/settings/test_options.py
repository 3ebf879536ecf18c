"""The table of options."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from medusa_sync.settings.load import load_settings
from medusa_sync.settings.options import ENV_FILE, OPTIONS
from tests.unit.settings.examples import KEY, every_option


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
