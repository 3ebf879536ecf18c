"""The options of a product whose columns are numbered: `Option1 Name`, `Option1 Value`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medusa_sync.sources.dialects.base import Row
from medusa_sync.sources.dialects.cells import shown

NAME, VALUE = "option_name", "option_value"  # keys of the columns


def option_names(rows: Sequence[Row]) -> Mapping[str, str]:
    """The names of the options by number. The first row has them; others may repeat them.

    Raises:
        InvalidRowError: a row has another name.
    """
    names = rows[0].series(NAME)
    for row in rows:
        for number, name in row.series(NAME).items():
            if names.get(number) != name:
                first = shown(names[number]) if number in names else "empty"
                raise row.error(f"{NAME} {number}", f"is {shown(name)}, but {first} on {rows[0].place}")
    return names


def option_values(row: Row, names: Mapping[str, str]) -> dict[str, str]:
    """The values of a variant by the names of the options.

    Raises:
        InvalidRowError: an option has a value, but no name.
    """
    values = row.series(VALUE)
    for number, value in values.items():
        if number not in names:
            raise row.error(f"{VALUE} {number}", f"is {shown(value)}, but the option has no name")
    return {name: values[number] for number, name in names.items() if number in values}
