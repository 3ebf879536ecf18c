"""The dialects of tables, and which one a header is of."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from difflib import get_close_matches

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.sources.dialects.base import Dialect, Header
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.dialects.medusa import MEDUSA
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.dialects.shopify import SHOPIFY
from medusa_sync.sources.text import fold, shown

logger = logging.getLogger(__name__)

DIALECTS: tuple[Dialect, ...] = (SHOPIFY, MEDUSA, GOOGLE, OWN)
"""In the order of precedence, if two of them know the same number of columns."""

_HINT = "The first line must name the columns. Rename them as in one of these formats, or use --source-map."
_SHOWN = 20  # columns in a message
_FOREIGN = 5  # columns that mean nothing; fewer may be misspelled, or left over
_SIMILAR = 0.8  # of a column that is probably misspelled


def known_columns(names: Sequence[str]) -> int:
    """How many columns of a header the dialect knows that knows most."""
    return max(Header(dialect, names).known for dialect in DIALECTS)


def is_known(names: Sequence[str]) -> bool:
    """Whether a header has the required columns of any dialect."""
    return not all(Header(dialect, names).missing for dialect in DIALECTS)


def best(names: Sequence[str], *, unit: str = "line", decimal_comma: bool = False, like: str = "") -> Header:
    """The header as the dialect knows it that knows most columns, of those whose required columns it has.

    If none knows it, the error says what it is `like`.

    Raises:
        SourceError: no dialect knows it, or a column occurs twice.
    """
    tried = [Header(dialect, names, unit=unit, decimal_comma=decimal_comma) for dialect in DIALECTS]
    found = max((each for each in tried if not each.missing), key=lambda each: each.known, default=None)
    if found is None:
        if not like:
            _check_id(tried)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        lines = [
            "no known format has this header. Columns that are missing:",
            *(f"  {each.dialect.name} CSV: {', '.join(each.missing)}" for each in tried),
            f"  It has: {', '.join(map(shortened, names[:_SHOWN]))}{more}",
            *([f"It looks like {like}."] if like else ()),
        ]
        raise SourceError("\n".join(lines), hint=_HINT)
    if found.repeated:
        raise SourceError(
            f"the columns {' and '.join(map(repr, found.repeated))} mean the same ({found.dialect.name})",
            hint="Rename or remove one of them.",
        )
    if found.dialect is OWN and _is_foreign(found):
        unknown = ", ".join(map(shown, [*found.unknown.values()][:_SHOWN]))
        program = ", ".join(f"{key}: .{json.dumps(found.names.get(key, key))}" for key in OWN.required)
        raise SourceError(
            "it may be a table of another program: most columns mean nothing in medusa-sync CSV, such as "
            f"{unknown}",
            hint=f"Leave columns out, or say what they mean with --source-map; begin with {{{program}}}.",
        )
    if found.dialect is OWN:  # exports of other programs have many columns that nobody has misspelled
        _warn_of_misspelled(found)
    return found


def _is_foreign(own: Header) -> bool:
    """Whether most columns mean nothing in our own format."""
    return len(own.unknown) >= max(len(own.given) / 2, _FOREIGN)


def _check_id(tried: Sequence[Header]) -> None:
    """Check whether a table is in our own format, and only lacks the id."""
    own = max(reversed(tried), key=lambda each: each.known)  # the last one of those that know as many
    if own.dialect is OWN and own.missing == ["id"] and not _is_foreign(own):
        names = [*filter(None, map(own.names.get, ("sku", "handle", "title")))]
        raise SourceError(
            "the table has no column with the id of a product",
            hint=(
                "Add a column `id`, whose values never change. Or take another column for it: write "
                f"`. + {{id: .{json.dumps(names[0])}}}` to a file, and name that with --source-map."
            ),
        )


def _warn_of_misspelled(header: Header) -> None:
    left = [each for each in header.dialect.columns if each.key not in header.names | header.series]
    spellings = {fold(name): name for each in left for name in each.names}
    for name in [*header.unknown.values()][:_SHOWN]:
        for close in get_close_matches(fold(name), spellings, n=1, cutoff=_SIMILAR):
            logger.warning(
                "the column %s is ignored; did you mean %r?",
                shown(name),
                spellings[close],
                extra={"event": "misspelled_column"},
            )
