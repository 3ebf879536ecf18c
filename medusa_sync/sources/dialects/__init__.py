"""The dialects of tables, and which one a header is of."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.errors import SourceError
from medusa_sync.sources.dialects.base import Dialect, Header
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.dialects.medusa import MEDUSA
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.dialects.shopify import SHOPIFY

DIALECTS: tuple[Dialect, ...] = (SHOPIFY, MEDUSA, GOOGLE, OWN)
"""In the order of precedence, if two of them know the same number of columns."""

_HINT = "The first line must name the columns. Rename them as in one of these formats, or use --source-map."
_SHOWN = 20  # columns in a message
_LONGEST = 40  # characters of each


def known_columns(names: Sequence[str]) -> int:
    """How many columns of a header the dialect knows that knows most."""
    return max(Header(dialect, names).known for dialect in DIALECTS)


def best(names: Sequence[str], *, decimal_comma: bool = False) -> Header:
    """The header as the dialect knows it that knows most columns, of those whose required columns it has.

    Raises:
        SourceError: no dialect knows it, or a column occurs twice.
    """
    tried = [Header(dialect, names, decimal_comma=decimal_comma) for dialect in DIALECTS]
    found = max((each for each in tried if not each.missing), key=lambda each: each.known, default=None)
    if found is None:
        shown = [f"{name[:_LONGEST]}..." if len(name) > _LONGEST else name for name in names[:_SHOWN]]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        lines = [
            "no known format has this header. Columns that are missing:",
            *(f"  {each.dialect.name}: {', '.join(each.missing)}" for each in tried),
            f"  It has: {', '.join(shown)}{more}",
        ]
        raise SourceError("\n".join(lines), hint=_HINT)
    if found.repeated:
        raise SourceError(
            f"the columns {' and '.join(map(repr, found.repeated))} mean the same ({found.dialect.name})",
            hint="Rename or remove one of them.",
        )
    return found
