"""What the source wants the store to hold."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from medusa_sync.core.fields import TITLE

Value = str | bool | int | float | tuple[str, ...] | None


class DesiredVariant(Struct, frozen=True):
    """A variant of a product.

    Attributes:
        key: its identity within the product: the source's id, else its SKU, else its option values. Empty for
            the only variant of a product without variants at the source.
        name: what reports call it; empty for the only variant of a product without variants at the source.
        fields: those that have a value.
    """

    key: str
    name: str
    fields: Mapping[str, Value]


class Category(Struct, frozen=True):
    """A category that may have to be created.

    Attributes:
        name: its display name.
        parent: the handle of the category above it; None for one at the top.
    """

    name: str
    parent: str | None = None


class DesiredProduct(Struct, frozen=True):
    """A product of the source, in Medusa's terms.

    Attributes:
        external_id: `<source name>:<id>`, the identity in the store.
        currency: of the field `price`, which is in its major unit; an ISO code in lower case.
        fields: a value for each field of the table, None if the source has none, and its own metadata.
        variants: in the order of the source; at least one.
        options: the names of the options, in order; empty for a product without variants at the source.
        names: titles of collections that may have to be created, by handle.
        categories: those of category paths, with all above them, by handle.
        handle: of a new product; None for a slug of the title.
        status: of a new product; None for that of the settings.
        unknown_status: what the source says instead of a status; the status of a new product is then `draft`.
        digest: of the source product and of the settings that its mapping depends on; empty if it is not
            known, or if not everything of the source product is wanted.
    """

    external_id: str
    source_id: str
    currency: str
    fields: Mapping[str, Value]
    variants: tuple[DesiredVariant, ...]
    options: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    categories: Mapping[str, Category] = {}
    handle: str | None = None
    status: str | None = None
    unknown_status: str = ""
    digest: str = ""

    @property
    def title(self) -> str:
        return str(self.fields[TITLE])
