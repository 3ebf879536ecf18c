"""The dialects of tables, and which one a header is of."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.sources.dialects import identity
from medusa_sync.sources.dialects.base import Dialect, Header, by_place
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


def best(
    names: Sequence[str],
    rows: Callable[[], Sequence[Mapping[str, str]]],
    *,
    unit: str = "line",
    decimal_comma: bool = False,
    like: str = "",
) -> Header:
    """The header as the dialect knows it that knows most columns, of those whose required columns it has.

    If none knows it, the error says what it is `like`. A table of our own without ids may have another column
    that its first `rows` show to be one.

    Raises:
        SourceError: no dialect knows it, or a column occurs twice.
    """
    tried = [Header(dialect, names, unit=unit, decimal_comma=decimal_comma) for dialect in DIALECTS]
    found = max((each for each in tried if not each.missing), key=lambda each: each.known, default=None)
    if found is None and not like:
        found = _with_id(tried, rows)
    if found is None:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        lines = [
            "no known format has this header. Columns that are missing:",
            *(f"  {each.dialect.name} CSV: {', '.join(each.missing)}" for each in tried),
            f"  It has: {', '.join(map(shortened, by_place(names)[:_SHOWN]))}{more}",
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
        program = ", ".join(
            f"{key}: .{json.dumps(found.names.get(key, key), ensure_ascii=False)}" for key in OWN.required
        )
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
    foreign = [index for index in own.unknown if own.given[index]]
    return len(foreign) >= max(len([*filter(None, own.given)]) / 2, _FOREIGN)


def _with_id(tried: Sequence[Header], rows: Callable[[], Sequence[Mapping[str, str]]]) -> Header | None:
    """A table of our own that only lacks the id, with the column that is read as one; None if it is no such.

    Raises:
        SourceError: no column is surely an id.
    """
    own = max(reversed(tried), key=lambda each: each.known)  # the last one of those that know as many
    if own.dialect is not OWN or own.missing != ["id"] or _is_foreign(own):
        return None
    if not {"variant_id", "option{n}_value"}.isdisjoint({*own.names, *own.series}):
        hint = "Add a column `id`, with the same value in all rows of a product, which never changes."
    elif name := identity.taken(items := rows()):
        own.identify_by(name)
        return own
    else:
        hint = identity.hint(items)
    raise SourceError("the table has no column with the id of a product", hint=hint)


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
