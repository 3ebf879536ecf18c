"""Reads the text of cells as what a dialect says they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from medusa_sync.sources.dialects.base import Row
from medusa_sync.sources.text import shown

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[0-9]{1,15},[0-9]{1,2}")  # three digits could be thousands: no guess
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")  # if commas are decimal: no guess
_SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}")
_COUNT = re.compile(r"(-?[0-9]{1,15})(\.0+)?")


def amount(row: Row, key: str, text: str | None = None) -> int | float | None:
    """A number that is not negative; None if the cell is empty.

    Args:
        row: that has the cell.
        key: of its column; in a series, with the number or currency.
        text: of the cell; not needed unless the column is one of a series.

    Raises:
        InvalidRowError: it is not written as a plain number, such as `1,234.50`.
    """
    text = row[key] if text is None else text
    if not text:
        return None
    plain = text
    if row.header.decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        plain = text.replace(",", ".")
    if not _NUMBER.fullmatch(plain) or _may_have_thousands(row, text):
        raise row.error(key, f"is {shown(text)}, which is not a number such as 1234.50")
    number = float(plain)
    return int(number) if number.is_integer() else number


def count(row: Row, key: str) -> int | None:
    """A whole number, which may be negative; None if the cell is empty.

    Raises:
        InvalidRowError: it is not a whole number.
    """
    text = row[key]
    if not text:
        return None
    match = _COUNT.fullmatch(text)
    if match is None or _may_have_thousands(row, text):
        raise row.error(key, f"is {shown(text)}, which is not a whole number such as 12")
    return int(match[1])


def _may_have_thousands(row: Row, text: str) -> bool:
    """Whether `1.234` may be 1234, because the file may have decimal commas."""
    return row.header.decimal_comma and _THOUSANDS.fullmatch(text) is not None


def code(row: Row, key: str) -> str:
    """An id, an SKU or a barcode; empty if the cell is.

    Raises:
        InvalidRowError: a spreadsheet has made it a number and lost its last digits.
    """
    if is_shortened(row[key]):
        raise row.error(key, f"is {shown(row[key])}: a spreadsheet has lost its last digits")
    return row[key]


def is_shortened(text: str) -> bool:
    """Whether a spreadsheet has made a long number such as `7.12393E+11` of a code."""
    return _SHORTENED.fullmatch(text) is not None


def flag(row: Row, key: str) -> bool | None:
    """True or false; None if the cell is empty.

    Raises:
        InvalidRowError: it is neither.
    """
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    text = row[key]
    if not text:
        return None
    if text.lower() not in known:
        raise row.error(key, f"is {shown(text)}, but should be `true` or `false`")
    return known[text.lower()]


def parts(text: str, separator: str) -> list[str]:
    """The values of a cell, without empty ones and repetitions."""
    return distinct(part.strip() for part in text.split(separator))


def path(text: str) -> list[str]:
    """The names of a category path such as `Apparel > Shirts`."""
    return [name for part in text.split(">") if (name := part.strip())]


def json_object(row: Row, key: str) -> dict[str, Any] | None:
    """A JSON object; None if the cell is empty.

    Raises:
        InvalidRowError: it is none.
    """
    if not row[key]:
        return None
    try:
        return msgspec.json.decode(row[key], type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise row.error(key, f"is {shown(row[key])}, which is not a JSON object") from None


def distinct(values: Iterable[str]) -> list[str]:
    """The values that are not empty, each once, in their order."""
    return list(dict.fromkeys(filter(None, values)))


def unquoted(text: str) -> str:
    """A number that a spreadsheet keeps as text: without the apostrophe in front of it."""
    return text.removeprefix("'")


def present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value, in the shape of a product."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


# --- options: `Option1 Name`, `Option1 Value` --------------------------------------------------------------

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
