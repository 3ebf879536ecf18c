"""Stops the first run with other settings than the products of its source were written with."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from msgspec import structs

from medusa_sync.core.kinds.copies import settings_of
from medusa_sync.core.kinds.stock import LOCATION, LOCATIONS
from medusa_sync.core.placement import UNKNOWN
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record
from medusa_sync.core.run_settings import (
    LOCATION_NAME,
    OF_SOURCE,
    changed,
    edited_programs,
    is_earlier,
    to_record,
    with_settings,
)
from medusa_sync.errors import SettingsGuardError
from medusa_sync.sync.context import Context

logger = logging.getLogger(__name__)

_HOW_TO_ACCEPT = (
    "Set them as before. If the change is right, run once with --accept-settings "
    "(SYNC_PRODUCTS_ACCEPT_SETTINGS)."
)


class SettingsGuard:
    """Compares the settings of a run with those that the records of its source have as a whole.

    Args:
        context: of the run.
    """

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._scan, self._overview = context.scan, context.scan.overview
        self._selection, self._accepts = settings.plan.selection, settings.plan.accept_settings
        self._location = settings.wanted.stock_location or ""
        self._of_source: dict[str, str] = {}
        self._accepted: set[str] = set()
        self._to_record: Mapping[str, str] = {}
        self._has_begun = False  # some products may be written

    async def check_scan(self, product_settings: Mapping[str, str]) -> None:
        """Compare with what the scan shows; a quiet run reads nothing for it.

        Args:
            product_settings: those of any product that the source delivers.

        Raises:
            SettingsGuardError: the settings are others, and are not accepted.
            StoreError: the store cannot be read.
        """
        if not self._context.mode.checks_settings:
            return
        self._of_source = {name: value for name, value in product_settings.items() if name in OF_SOURCE}
        self._of_source |= settings_of(self._context.settings.copying)
        before = self._overview.recorded_settings.as_a_whole(self._of_source)
        names = {before[name] for name in (LOCATION, LOCATION_NAME) if name in before}
        if names and self._location not in names and self._selection.decides(LOCATION):
            await self._context.find_placement()  # it may be the same one
        if before:
            await self._compare()

    async def check(self, found: Iterable[Record]) -> None:
        """Compare with these records, too, before their products may be written.

        Raises:
            SettingsGuardError: the settings are others, and are not accepted.
            StoreError: the store cannot be read.
        """
        if not self._context.mode.checks_settings:
            return
        if not self._scan.is_complete:
            for record in found:
                self._overview.recorded_settings.add(record)
        if not self._overview.recorded_settings:
            await self._scan.complete()
        await self._compare()

    def begin(self) -> None:
        """From now on, products may be written."""
        self._has_begun = True

    async def _compare(self) -> None:
        now = self._now
        before = self._overview.recorded_settings.as_a_whole(now)
        if not self._scan.is_complete and changed(before, now, self._selection):
            await self._scan.complete()  # the latest settings may be on another page
            before = self._overview.recorded_settings.as_a_whole(now)
        differences = changed(before, now, self._selection)
        if not differences.keys() <= self._accepted:
            self._stop_unless_accepted(differences)
        self._overview.location = before.get(LOCATION, "")
        self._to_record = to_record(before, now, self._selection)
        self._context.edited_programs = edited_programs(before, now)

    @property
    def _now(self) -> Mapping[str, str]:
        """The settings of the run, with the stock location if it is known."""
        placement = self._context.placement
        if placement is UNKNOWN or placement.location_id is None:
            return self._of_source
        return {**self._of_source, LOCATION: placement.location_id, LOCATION_NAME: self._location}

    def _stop_unless_accepted(self, differences: Mapping[str, tuple[str, str]]) -> None:
        names = {own: repr(name) for own, name in self._context.names.of(LOCATIONS).labels.items()}
        values = (
            f"{name} ({names.get(old, old) or 'off'} before, {names.get(new, new) or 'off'} now)"
            for name, (old, new) in differences.items()
        )
        reason = f"The products of this source were written with other settings: {', '.join(values)}."
        if not self._accepts:
            what = "Nothing else" if self._has_begun else "Nothing"
            raise SettingsGuardError(f"{reason} {what} was written.", hint=_HOW_TO_ACCEPT)
        self._accepted |= differences.keys()
        logger.warning("%s", reason, extra={"event": "settings_changed"})

    def with_settings(self, product: DesiredProduct) -> DesiredProduct:
        """A product with the settings that its record gets."""
        return structs.replace(product, settings=with_settings(product, self._to_record))

    def renews(self, record: Record) -> bool:
        """Whether the record of a product gets other settings, even if nothing else is written."""
        return self._accepts and is_earlier(record.settings, self._to_record)
