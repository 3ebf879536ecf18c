"""Decides whether single products fail or the store fails every write."""

from __future__ import annotations

from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.read.scan import Scan

_SUSPICIOUS = 3  # failed products in a row
_MOST = 20  # ends the run if no stored product is available for a check


class Health:
    """Counts products in a row whose writes failed."""

    def __init__(self, api: AdminApi, store_url: str, scan: Scan) -> None:
        self._api = api
        self._store_url = store_url
        self._scan = scan  # has a product to check the store with
        self._in_a_row = 0

    def succeeded(self, product_id: str) -> None:
        """Reset the count, and remember the product that was written."""
        self._in_a_row = 0
        self._scan.witness = product_id

    async def lost(self, error: AmbiguousWriteError) -> None:
        """Count a product whose write failed without a refusal; after several in a row, check the store.

        Raises:
            StoreError: the store fails every write.
        """
        self._in_a_row += 1
        if self._in_a_row < _SUSPICIOUS:
            return
        if not self._scan.witness and self._in_a_row >= _MOST:
            raise self._failing(error)
        try:
            await self._api.edit_products([])
            if self._scan.witness:
                await self._api.edit_products([{"id": self._scan.witness}])
                self._in_a_row = 0
        except AmbiguousWriteError as failed:
            raise self._failing(failed) from failed
        except StoreRefusedError:  # the merchant may have deleted the product: the store works
            self._scan.witness = ""
            self._in_a_row = 0

    def _failing(self, error: MedusaSyncError) -> StoreError:
        message = f"The store at {self._store_url} fails every write: {error}"
        return StoreError(message, hint="Check the log of the store.")
