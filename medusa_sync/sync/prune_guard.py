"""The error of a run that would remove too much."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.errors import PruneGuardError

_LISTED = 10  # names in the message
_HINT = "If they are really gone, run once with a higher --max-removals (SYNC_PRODUCTS_MAX_REMOVALS)."


def guard_error(what: str, names: Sequence[str], hint: str = _HINT) -> PruneGuardError:
    """The error with the first names of what is missing.

    Args:
        what: why nothing is removed.
        names: of everything that is missing.
        hint: what to do next.
    """
    lines = [f"{what} Nothing was removed.", *(f"  {name}" for name in names[:_LISTED])]
    if len(names) > _LISTED:
        lines.append(f"  ... and {len(names) - _LISTED} more")
    return PruneGuardError("\n".join(lines), hint=hint)
