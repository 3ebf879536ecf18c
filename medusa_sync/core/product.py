"""What the source wants the store to hold, values as text, and currencies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct, json, structs

from medusa_sync.core.fields import TITLE, UNIQUE
from medusa_sync.core.kinds.base import Names
from medusa_sync.core.kinds.stock import SHARED, STOCK, stock_of
from medusa_sync.core.kinds.texts import locale_of

_CONTEXT = 4  # a part of this size of two long values is shown before the first character that differs

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

    @property
    def shares_stock(self) -> bool:
        """Whether it shares the stock of its product with others."""
        return self.fields.get(STOCK) == SHARED

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


class ApprovedChange(Struct, frozen=True, omit_defaults=True, rename={"stored": "from", "planned": "to"}):
    """A change that a plan has; the members of sets are in alphabetical order.

    Attributes:
        key: of the variant; None for a field of the product.
        variant: what reports call it.
    """

    field: str
    stored: Value
    planned: Value
    key: str | None = None
    variant: str = ""


class Approved(Struct, frozen=True, omit_defaults=True):
    """What a plan does to a product.

    Attributes:
        action: of the outcome; `keep` if only the record is written.
        id: of the product in the store; empty if it is created.
        changes: with the values before.
        removed: digests of what the record has of the dropped variants that are removed, by key.
        placement: ids of the sales channel, shipping profile and stock location that something new gets.
        record: a digest of the record of a product that is removed.
        pending: when the write was sent that was not confirmed before the plan was made; 0 if all were.
        is_hidden: it has a secret, which is replaced, so it cannot be carried out.
    """

    external_id: str
    title: str
    action: str
    id: str
    changes: tuple[ApprovedChange, ...]
    removed: dict[str, str] = {}
    placement: tuple[str | None, ...] = ()
    record: str = ""
    pending: float = 0
    is_hidden: bool = False


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
        settings: the values of the options of values, as far as they are set.
        regions: ids of the store's regions by name in lower case, if a price is that of a region.
        approved: the only change that may be written; None for any.
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
    approved: Approved | None = None

    def meanings(self, locations: Mapping[str, str] = {}, options: Mapping[str, str] = {}) -> Names:
        """What the names of its fields mean, with the ids of stock locations and options by name."""
        return Names(self.currency, self.regions, locations, options)

    @property
    def title(self) -> str:
        return str(self.fields[TITLE])

    @property
    def unique_values(self) -> set[tuple[str, Value]]:
        """The unique fields and values that its variants want."""
        return {(name, each.fields[name]) for each in self.variants for name in UNIQUE if name in each.fields}

    @property
    def stocks(self) -> Iterator[dict[str, Value]]:
        """The stock that variants share, and that of each variant, by field."""
        return map(stock_of, (self.fields, *(each.fields for each in self.variants)))

    @property
    def locales(self) -> set[str]:
        """The locales that it has texts in."""
        names = chain(self.fields, *(each.fields for each in self.variants))
        return {*filter(None, map(locale_of, names))}


class PlanLine(Struct, frozen=True):
    """A line of a saved plan; a product that is removed is None."""

    plan: Approved
    product: DesiredProduct | None = None


as_saved = json.Encoder(order="deterministic").encode
"""Encodes a line of a saved plan."""


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


def without_stock(desired: DesiredProduct) -> DesiredProduct:
    """What the source can want from a store that has no stock location; its digest would show all of it."""
    variants = (each.changed({STOCK: None}) for each in desired.variants)
    fields = {name: value for name, value in desired.fields.items() if name != STOCK}
    return structs.replace(desired, fields=fields, variants=tuple(variants), digest="")


def without_locales(desired: DesiredProduct, locales: Collection[str]) -> DesiredProduct:
    """What the source can want from a store without these locales; its digest would show all of it."""

    def kept(fields: Mapping[str, Value]) -> Mapping[str, Value]:
        return {name: value for name, value in fields.items() if locale_of(name) not in locales}

    variants = tuple(structs.replace(each, fields=kept(each.fields)) for each in desired.variants)
    return structs.replace(desired, fields=kept(desired.fields), variants=variants, digest="")


def excerpt(value: Value, longest: int, start: int = 0) -> str:
    """A value as text, cut to so many characters."""
    text, end = _text(value), start + longest
    return ("..." if start else "") + text[start:end] + ("..." if len(text) > end else "")


def excerpts(before: Value, after: Value, longest: int) -> tuple[str, str]:
    """Two values as text; if they are long, cut so that their first difference is visible."""
    old, new = _text(before), _text(after)
    if max(len(old), len(new)) <= longest:
        return old, new
    shorter = min(len(old), len(new))
    equal = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    start = max(equal - longest // _CONTEXT, 0)
    return excerpt(old, longest, start), excerpt(new, longest, start)


def _text(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or "an empty text"


_CODES = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd
cad cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd
gnf gtq gyd hkd hnl htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd kyd kzt
lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr
nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd shp sle sos srd ssp
stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ves vnd vuv wst xaf xcd xcg
xof xpf yer zar zmw zwg
"""
CURRENCIES = frozenset(_CODES.split())
"""The codes of currencies that people pay with (ISO 4217), in lower case."""
