"""What the source wants the store to hold."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

Value = str | int | float | tuple[str, ...] | None

METADATA = "metadata."  # prefix of the fields that are keys of a product's metadata


class DesiredProduct(Struct, frozen=True):
    """A source product in the terms of Medusa.

    Attributes:
        external_id: `<source name>:<id>`, the identity in the store.
        source_id: the id at the source.
        currency: ISO code in lower case; the unit of `fields["price"]` is its major unit.
        fields: every field that the source owns, by name, None where the source has nothing.
    """

    external_id: str
    source_id: int
    currency: str
    fields: Mapping[str, Value]

    @property
    def title(self) -> str:
        return str(self.fields["title"])
