"""The dialects, and which one a header is of."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.errors import SourceError
from medusa_sync.sources.dialects.base import Dialect, Recognised, recognise
from medusa_sync.sources.dialects.shopify import SHOPIFY

DIALECTS: tuple[Dialect, ...] = (SHOPIFY,)
"""In the order of precedence, if two of them know the same number of columns."""


def best(names: Sequence[str], *, decimal_comma: bool = False) -> Recognised:
    """The dialect that knows most columns of a header, of those whose required columns it has.

    Raises:
        SourceError: no dialect knows it, or a column occurs twice.
    """
    tried = [recognise(dialect, names, decimal_comma=decimal_comma) for dialect in DIALECTS]
    matching = [each for each in tried if not each.missing]
    if not matching:
        raise SourceError(_unknown(tried), hint=_HINT)
    found = max(matching, key=lambda each: len(each.header.columns))
    if found.repeated:
        raise SourceError(
            f"the header has two columns {found.repeated!r} ({found.dialect.name})",
            hint="Remove one of them, because only one can be used.",
        )
    return found


_HINT = "The first line must name the columns. The documentation lists those of each format."


def _unknown(tried: Sequence[Recognised]) -> str:
    lines = ["the header is of no known format. Columns that are missing:"]
    lines += [f"  {each.dialect.name}: {', '.join(each.missing)}" for each in tried]
    return "\n".join(lines)
