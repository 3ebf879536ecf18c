"""Reads prices as people and programs write them: `1,234.50`, `KES 1,250`, `389kr`, `R$ 12,50`."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from medusa_sync.core.currencies import CURRENCIES, digits_of
from medusa_sync.sources.schema import NUMBER
from medusa_sync.sources.text import number_of

_NO_COINS = frozenset({"cop", "idr", "irr", "lak", "lbp"})  # any more, although they have a minor unit
_THOUSANDTHS = 3  # digits

_PRICE = re.compile(
    r"(?P<before>[^\d\s.,'\u2019+\u2212-](?:[^\d+\u2212-]*[^\d\s+\u2212-])?)?\s*(?P<minus>[-\u2212])?\s*"
    r"(?P<number>\d(?:[\d.,'\u2019\s]*\d)?)(?:(?P<mark>[.,/])[-\u2013\u2014]{1,2})?\s*(?P<behind>[^\d\s.,'\u2019](?:[^\d]*[^\d\s])?)?",
    re.ASCII,
)
"""Spaces of all kinds are written as one space before."""
_SPACES = re.compile(r"\s+")
_APART = re.compile(r"(?<=[0-9])[ '\u2019](?=[0-9]{3}(?![0-9]))")  # between thousands
_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}|0,[0-9]+")
_POINT_LAST = re.compile(r"[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}\.[0-9]+|[0-9]{1,3}(,[0-9]{2,3})+,[0-9]{3}")
_COMMA_LAST = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(\.[0-9]{3}){2,}")
_THREE_DIGITS = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}")  # after the separator
_POINTS = {",": ".", ".": ","}  # the separator of thousands, by the decimal one
_LONGEST = 100  # characters


class Money(NamedTuple):
    """A price.

    Attributes:
        amount: negative if the text has a minus.
        currency: its code; what the text has, such as `kr`, if that may be several; empty if there is none.
    """

    amount: int | float
    currency: str = ""


@cache
def _table() -> Mapping[str, tuple[str, ...]]:
    """The codes that each code, sign or word may mean."""
    rows = Path(__file__).with_name("currencies.csv").read_text(encoding="utf-8").splitlines()[1:]
    found = {name: tuple(codes.split()) for names, codes in csv.reader(rows) for name in names.split()}
    return {**{code: (code,) for code in CURRENCIES}, **found}


def codes_of(name: str) -> tuple[str, ...]:
    """The codes that a code, a sign or a word may mean."""
    return _table().get(name.casefold().strip(" ."), ())


def agree(one: str, other: str) -> bool:
    """Whether two codes, signs or words may mean the same currency."""
    return not {*codes_of(one)}.isdisjoint(codes_of(other))


@lru_cache(maxsize=4_096)  # many products cost the same
def read(text: str, *, decimal_comma: bool = False) -> Money | None:
    """The price that a text is; None if it is none, or not clear.

    With two kinds of separators, the last one is decimal.
    """
    if not decimal_comma and NUMBER.fullmatch(text):
        return Money(number_of(text))  # the usual case, and fast
    match = _PRICE.fullmatch(_SPACES.sub(" ", text.strip())) if len(text) <= _LONGEST else None
    if match is None:
        return None
    names = [each.casefold().strip(" .") for each in (match["before"], match["behind"]) if each]
    found = [codes_of(each) for each in names]
    codes = [code for code in found[0] if all(code in each for each in found)] if found else []
    if names and not codes:
        return None
    currency = min(names, key=lambda each: len(codes_of(each)), default="") if len(codes) != 1 else codes[0]
    number = _APART.sub("", match["number"])
    if (mark := match["mark"]) in _POINTS and _THREE_DIGITS.fullmatch(number):
        number = number.replace(_POINTS[mark], "")  # `1.234,-` has the decimal one behind
    number = _plain(number, codes, decimal_comma=decimal_comma)
    if not NUMBER.fullmatch(number):
        return None
    amount = number_of(number)
    return Money(-amount if match["minus"] else amount, currency)


def _plain(number: str, codes: Sequence[str], *, decimal_comma: bool) -> str:
    """A number with at most a decimal point; empty if it is not clear."""
    if three := _THREE_DIGITS.fullmatch(number):
        return _with_three_digits(number, three[1], codes, decimal_comma=decimal_comma)
    if _POINT_LAST.fullmatch(number):
        return number.replace(",", "")
    if _COMMA_LAST.fullmatch(number) or _COMMA.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    return number


def _with_three_digits(number: str, mark: str, codes: Sequence[str], *, decimal_comma: bool) -> str:
    """`1,250` is 1250, unless there may be thousandths; `1.250` is 1.25, unless there are no coins.

    Neither is clear if commas are decimal, and `$ 1.250` is not, because some dollars have no cents.
    """
    if decimal_comma:
        return ""
    if mark == ",":
        return "" if any(digits_of(code) == _THOUSANDTHS for code in codes) else number.replace(",", "")
    if codes and all(code in _NO_COINS or not digits_of(code) for code in codes):
        return number.replace(".", "")
    return "" if len(codes) > 1 else number
