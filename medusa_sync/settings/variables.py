"""Finds misspelled variables."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from medusa_sync.settings.options import ALL_OPTIONS

PREFIX = "SYNC_PRODUCTS_"
VARIABLES = frozenset(option.variable for option in ALL_OPTIONS if option.variable)
_MEDUSA = "MEDUSA_"
_LEAST = 0.8  # similarity; Medusa has variables of its own, such as MEDUSA_ADMIN_BACKEND_URL
# Those that are not named by the rule are also found by the name that the rule would give them.
_SPELLINGS = {
    **{f"{PREFIX}{option.name.upper()}": option.variable for option in ALL_OPTIONS if option.variable},
    **{variable: variable for variable in VARIABLES},
}


def did_you_mean(name: str) -> str:
    """Return the end of a message about a variable with our prefix that does not exist."""
    close = _closest(name, PREFIX, 0.6)
    return f"; did you mean {close}?" if close else ""


def warnings(names: Collection[str]) -> Iterator[str]:
    """Yield a warning for each variable that is probably a misspelled setting.

    Args:
        names: of the variables that have a value.
    """
    for name in sorted(names):
        if name in VARIABLES:
            continue
        if name.startswith(PREFIX):
            yield f"the variable {name} is not a setting{did_you_mean(name)}"
        elif name.startswith(_MEDUSA) and (close := _closest(name, _MEDUSA, _LEAST)) and close not in names:
            yield f"the variable {name} is not a setting; did you mean {close}?"


def _closest(name: str, prefix: str, least: float) -> str:
    from difflib import get_close_matches

    spellings = {
        key.removeprefix(prefix): value for key, value in _SPELLINGS.items() if key.startswith(prefix)
    }
    close = get_close_matches(name.removeprefix(prefix), spellings, n=1, cutoff=least)
    return spellings[close[0]] if close else ""
