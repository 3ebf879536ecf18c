"""Remarks about a run that are not about one product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from medusa_sync.core.policy import OnMissing
from medusa_sync.medusa.placement import Placement
from medusa_sync.sync.options import SyncOptions

_NAMED = 10  # products in a note

NOT_COMPARED = (
    "Nothing was compared with a store: no credentials are set "
    "(MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD)."
)


def removal_notes(options: SyncOptions, unidentified: int, unrecorded: Sequence[str]) -> Iterator[str]:
    """Why something is not removed.

    Args:
        options: of the run.
        unidentified: how many rejected rows have no id.
        unrecorded: external ids of products that the source does not have, and that have no record.
    """
    removes = options.on_missing != OnMissing.KEEP
    if removes and options.limit is not None:
        yield "Nothing is removed with --limit, because products beyond the limit are not missing."
    elif removes and unidentified:
        yield (
            f"Nothing is removed, because {unidentified} of the rejected rows have no id: "
            "they may be of products or variants that only look missing."
        )
    if unrecorded:
        named, more = ", ".join(unrecorded[:_NAMED]), len(unrecorded) - _NAMED
        yield (
            f"Not removed, although the source does not have them: {named}"
            f"{f' and {more} more' if more > 0 else ''}. They have an external id of this source, but no "
            "record of medusa-sync, so someone else may have created them. Remove them in the admin if "
            "you do not need them."
        )


def placement_notes(placement: Placement, *, is_plan: bool) -> Iterator[str]:
    """What was found out about the installation.

    Args:
        placement: of new products.
        is_plan: of a dry run that was complete.
    """
    if is_plan:
        location = "" if placement.location_id is None else " and stock location"
        yield (
            "The installation is valid: settings, credentials, source, sales channel, shipping profile"
            f"{location}. Only a real run shows whether the credentials may write."
        )
    if placement.location_id is None:
        yield "The store has no stock location, so stock is not synced. Add a location in the admin."
