"""What the source wants the store to hold."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from medusa_sync.core.fields import TITLE

Value = str | int | float | tuple[str, ...] | None


class DesiredProduct(Struct, frozen=True):
    """A product of the source, in Medusa's terms.

    Attributes:
        external_id: `<source name>:<id>`, the identity in the store.
        currency: of the price, which is in its major unit; an ISO code in lower case.
        fields: a value for each field of the table, None if the source has none.
        handle: of a new product; None for a slug of the title.
        status: of a new product; None for that of the settings.
    """

    external_id: str
    source_id: str
    currency: str
    fields: Mapping[str, Value]
    handle: str | None = None
    status: str | None = None

    @property
    def title(self) -> str:
        return str(self.fields[TITLE])
