"""Reads the text of cells as what a dialect says they are, or raises `InvalidProductError`."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from string import whitespace
from typing import Any, NamedTuple

import msgspec

from medusa_sync.sources.base import InvalidProductError
from medusa_sync.sources.dialects.base import Column, Row
from medusa_sync.sources.money import Money, agree, read
from medusa_sync.sources.schema import NUMBER, SOLD
from medusa_sync.sources.text import number_of, shown

VARIANT = "variants[]."

_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")  # three digits could be thousands: no guess
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")  # if commas are decimal: no guess
_THOUSAND = 1000
_THOUSANDTHS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}\.[0-9]{3}(?![0-9.,])")
_TIME = re.compile("[1-9][0-9]{3}")  # or seconds since 1970
_COUNT = re.compile(r"(-?[0-9]{1,300})(\.0+)?")
_COUNT_WITH_COMMA = re.compile(r"(-?[0-9]{1,300})(\.0+|,0{1,2})?")
_URL_SEPARATOR = re.compile(r"\||[\s,;](?=https?://)")  # a URL may have commas of its own
_AROUND_URL = f"{whitespace}\xa0,;"
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def texts(row: Row, key: str) -> list[str]:
    """The cells of a series."""
    return distinct(row[each] for each in row.series(key).values())


def amount(row: Row, key: str, written: str | None = None) -> int | float | None:
    """A number that is not negative: the cell, or the part of it that is `written`; None if it is empty.

    In a table with decimal commas, `10,00` is 10.
    """
    found = row[key] if written is None else written
    if not found:
        return None
    digits = found.removeprefix("-")
    is_comma = row.header.decimal_comma and _DECIMAL_COMMA.fullmatch(digits)
    plain = digits.replace(",", ".") if is_comma else digits
    if not NUMBER.fullmatch(plain) or _may_have_thousands(row, digits):
        raise row.error(key, f"is {shown(found)}, which is not a number such as 1234.50")
    if digits != found:
        raise row.error(key, f"is {found}, which is negative")
    return number_of(plain)


def count(row: Row, key: str) -> int | None:
    """A whole number, which may be negative; None if the cell is empty."""
    if not row[key]:
        return None
    match = (_COUNT_WITH_COMMA if row.header.decimal_comma else _COUNT).fullmatch(row[key])
    if match is None or _may_have_thousands(row, row[key]):
        raise row.error(key, f"is {shown(row[key])}, which is not a whole number such as 12")
    return int(match[1])


def _may_have_thousands(row: Row, number: str) -> bool:
    """Whether `1.234` may be 1234, because the file may have decimal commas."""
    return row.header.decimal_comma and _THOUSANDS.fullmatch(number) is not None


def money(row: Row, key: str) -> Money | None:
    """A price that is not negative, and the currency that the cell names; None if it is empty."""
    if not row[key]:
        return None
    found = read(row[key], decimal_comma=row.header.decimal_comma)
    if found is None:
        raise row.error(key, f"is {shown(row[key])}, which is not a number such as 1234.50")
    if found.amount < 0:
        raise row.error(key, f"is {row[key]}, which is negative")
    if found.amount < _THOUSAND and _THOUSANDTHS.search(row[key]):
        remarks = row.header.remarks
        remarks.thousandths += 1
        remarks.thousandth = remarks.thousandth or row[key]
    return found


def price(row: Row, key: str) -> Any:
    """A price, as an object if the cell names the currency; None if it is empty."""
    found = money(row, key)
    return found._asdict() if found and found.currency else found and found.amount


def prices(row: Row, key: str) -> dict[str, int | float | None]:
    """The amounts of a column per currency."""
    found = {currency: (each, money(row, each)) for currency, each in row.series(key).items()}
    for currency, (each, own) in found.items():
        if own and own.currency and not agree(own.currency, currency.partition(".")[0]):
            raise row.error(each, f"is {shown(row[each])}, which is in another currency")
    return {currency: own and own.amount for currency, (_, own) in found.items()}


def flag(row: Row, key: str) -> bool | None:
    """True or false; None if the cell is empty."""
    if row[key] and row[key].lower() not in FLAGS:
        raise row.error(key, f"is {shown(row[key])}, but should be `true` or `false`")
    return FLAGS.get(row[key].lower())


def deletion(text: str) -> bool | None:
    """Whether a flag, or the time of a deletion, says that a product is deleted; None if it is neither."""
    return FLAGS.get(text.strip().lower(), True if _TIME.match(text) else None)


def deleted(row: Row, key: str) -> bool | None:
    """The same of a cell; None if it is empty."""
    found = deletion(row[key])
    if row[key] and found is None:
        raise row.error(key, f"is {shown(row[key])}, but should be `true`, `false` or a date")
    return found


def json_object(row: Row, key: str) -> dict[str, Any] | None:
    if not row[key]:
        return None
    try:
        return msgspec.json.decode(row[key], type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise row.error(key, f"is {shown(row[key])}, which is not a JSON object") from None


# --- texts with several values --------------------------------------------------------------------------


def parts(cell: str, separator: str) -> list[str]:
    return distinct(map(str.strip, cell.split(separator)))


def urls(cell: str) -> list[str]:
    """The URLs or paths of images, each once."""
    return distinct(each.strip(_AROUND_URL) for each in _URL_SEPARATOR.split(cell))


def path(cell: str) -> list[str]:
    """The names of a category path such as `Apparel > Shirts`."""
    return [name for part in cell.split(">") if (name := part.strip())]


def distinct(values: Iterable[str]) -> list[str]:
    """The values that are not empty, each once, in their order."""
    return list(dict.fromkeys(filter(None, values)))


# --- products -------------------------------------------------------------------------------------------


def present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value, in the shape of a product."""
    return {name: value for name, value in fields.items() if value or value == 0}


def optional(row: Row, key: str, read: Read) -> Any:
    """What a cell is read as; None if it cannot be read and the table is not of our own format."""
    try:
        return read(row, key)
    except InvalidProductError:
        if row.header.dialect.is_own:
            raise
        row.leave_out(key)
        return None


def options(
    rows: Sequence[Row], name: str, value: str, unnamed: tuple[str, str] = ("", "")
) -> tuple[list[str], list[dict[str, str]]]:
    """The names of the options, and the values of each row by these names.

    Args:
        rows: of a product. The first one has the names; others may repeat them, but not differ.
        name: the key of the columns with the names.
        value: the key of the columns with the values.
        unnamed: the option and the value that a product without options has.
    """
    names: dict[str, str] = {}
    for number, each in rows[0].series(name).items():
        option = rows[0][each]
        if option in names.values():
            raise rows[0].error(each, f"is {shown(option)}, which is the name of another option as well")
        names[number] = option
    for row in rows:
        for number, each in row.series(name).items():
            if names.get(number) != row[each]:
                first = shown(names[number]) if number in names else "empty"
                raise row.error(each, f"is {shown(row[each])}, but {first} on {rows[0].place}")
    if {*names.values()} <= {unnamed[0]} and all({*texts(row, value)} <= {unnamed[1]} for row in rows):
        return [], [{} for _ in rows]
    found: list[dict[str, str]] = []
    for row in rows:
        keys = row.series(value)
        if unknown := next((key for number, key in keys.items() if number not in names), None):
            raise row.error(unknown, f"is {shown(row[unknown])}, but the option has no name")
        found.append({name: row[keys[number]] for number, name in names.items() if number in keys})
    return [*names.values()], found


# --- tables of columns ----------------------------------------------------------------------------------

Read = Callable[[Row, str], Any]
_READ: Mapping[str, Read] = {
    "text": Row.__getitem__,
    **{each.__name__: each for each in (texts, amount, price, count, flag, deleted, json_object)},
}
_OF_ONE_CELL: frozenset[Read] = frozenset(_READ.values()) - {texts}
"""Those that give nothing for an empty cell, whatever the others of its row are."""


class Target(NamedTuple):
    """What the column with a key becomes: a field, or the member of one that is an object."""

    key: str
    field: str
    member: str
    read: Read | None


class Fields:
    """The fields that cells become by themselves; None for those that need more."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._empty = dict.fromkeys(each.field for each in targets)
        self._targets = [(*each[:3], each.read) for each in targets if each.read]

    def of(self, row: Row) -> dict[str, Any]:
        found: dict[str, Any] = self._empty.copy()
        is_strict = row.header.dialect.is_own
        for key, name, member, reader in self._targets:
            if key not in row.cells and reader in _OF_ONE_CELL:
                continue  # the usual case, and fast
            value = reader(row, key) if is_strict or name in SOLD else optional(row, key, reader)
            if member and value not in (None, ""):
                found[name] = (found[name] or {}) | {member: value}
            elif not member and found[name] is None:
                found[name] = value
        return found


def columns_of(dialect: str, **own: Read) -> tuple[Column, ...]:
    """The columns of a dialect, as the file with its name has them: their names and what they become.

    `own` are the readers of cells that only this dialect has. `repeated` columns, and those without a reader,
    are read by the function that makes a product of the rows.
    """
    table = Path(__file__).with_name(f"{dialect}.csv").read_text(encoding="utf-8").splitlines()[1:]
    readers: Mapping[str, Read | None] = {**_READ, **own, "": None, "repeated": None}
    return tuple(
        Column(_names(names), field, rule, readers[read], read == "repeated", _names("".join(also)))
        for names, field, read, rule, *also in csv.reader(table)
    )


def _names(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split(", ")))


def targets(columns: Iterable[Column], of: str = "") -> list[Target]:
    """The fields of a product that columns become; with `VARIANT`, those of a variant."""
    found: list[Target] = []
    for column in columns:
        for field in filter(None, column.field.split(", ")):
            if field.startswith(VARIANT) == bool(of):
                name, _, member = field.removeprefix(of).partition(".")
                found.append(Target(column.key, name, member, column.read))
    return found
