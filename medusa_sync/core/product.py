"""What the source wants the store to hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, structs

from medusa_sync.core.approved import Approved
from medusa_sync.core.fields import TITLE, UNIQUE
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.copying import Copying
from medusa_sync.core.value import Value


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

    def changed(self, fields: Mapping[str, Value]) -> DesiredVariant:
        """The variant with other values of some fields; None removes one."""
        left = {name: value for name, value in {**self.fields, **fields}.items() if value is not None}
        return structs.replace(self, fields=left)


class Withheld(Struct, frozen=True):
    """A unique value that a variant does not get, because something else has it.

    Attributes:
        key: of the variant.
        variant: what reports call it; empty for the only variant of a product.
        stored: what the variant has instead.
        owner: what has the value, for reports.
        owner_id: the external id of the product of the same source that has it; empty if another one has it.
        is_new: it was not withheld before.
    """

    key: str
    variant: str
    field: str
    value: str
    stored: Value
    owner: str = ""
    owner_id: str = ""
    is_new: bool = True


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
        locations: the ids of the stock locations that its variants name, as far as the store has them; the
            default one is called "".
        digest: of the source product and of the settings that its mapping depends on; empty if it is not
            known, or if not everything of the source product is wanted.
        withheld: values that its variants do not get; their fields have what is written instead.
        settings: the values of the settings of values, as far as they are set.
        regions: ids of the store's regions by name in lower case, if a price is that of a region.
        named: ids of what members of sets name, by field and name, as far as the store was asked.
        approved: the only change that may be written; None for any.
        is_available: its stock is what no order has reserved.
        copying: what the run does about its images; None if it copies none.
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
    locations: Mapping[str, str] = {}
    digest: str = ""
    withheld: tuple[Withheld, ...] = ()
    settings: Mapping[str, str] = {}
    regions: Mapping[str, str] = {}
    named: Mapping[str, Mapping[str, str]] = {}
    approved: Approved | None = None
    is_available: bool = False
    copying: Copying | None = None

    def meanings(self, locations: Mapping[str, str] = {}, options: Mapping[str, str] = {}) -> Meanings:
        """What the names of its fields mean, with the ids of stock locations and options by name."""
        return Meanings(self.currency, self.regions, locations, options, self.is_available)

    @property
    def title(self) -> str:
        return str(self.fields[TITLE])

    @property
    def unique_values(self) -> list[tuple[str, Value]]:
        """The unique fields and values that its variants want, one for each variant."""
        return [(name, each.fields[name]) for each in self.variants for name in UNIQUE if name in each.fields]


def without_values(
    desired: DesiredProduct, withheld: Sequence[Withheld], later: Collection[str] = ()
) -> DesiredProduct:
    """What is written instead of a product whose variants do not get some values.

    The variants with the keys `later` are not created yet.
    """
    kept: dict[str, dict[str, Value]] = {}
    for each in withheld:
        kept.setdefault(each.key, {})[each.field] = each.stored
    left = (each for each in desired.variants if each.key not in later)
    variants = tuple(each.changed(kept[each.key]) if each.key in kept else each for each in left)
    digest = "" if later else desired.digest
    return structs.replace(desired, variants=variants, digest=digest, withheld=tuple(withheld))
