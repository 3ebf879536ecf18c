"""What the document of a run says about the parts of a product: its own fields, and its variants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import structs

from medusa_sync.core.fields import FIELDS
from medusa_sync.core.kept import Place
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.options import OPTIONS, with_id
from medusa_sync.core.kinds.status import STATUS
from medusa_sync.core.value import Value
from medusa_sync.report.document import FieldValues, ProductChange, VariantChanges


def own_fields(change: ProductChange) -> dict[str, FieldValues]:
    """The fields that are the product's own, and not those of its only variant."""
    of_only = _of_only_variant(change)
    return {
        name: values
        for name, values in change.fields.items()
        if name not in of_only and FIELDS.knows(name) and not FIELDS[name].kind.of_items
    }


def variant_parts(change: ProductChange) -> list[VariantChanges]:
    """The changes of each variant once: fields of the only one may be with those of the product."""
    own = own_fields(change)
    only = {name: values for name, values in change.fields.items() if name not in {*own, OPTIONS}}
    return _by_id([VariantChanges("", only, change.variant_id), *(change.variants or ())])


def written_values(change: ProductChange) -> Iterator[tuple[Place, Value]]:
    """Yield what a run has written to a product: each field of it and of its variants, with the new value.

    Options are called by their ids.
    """
    own = own_fields(change)
    names = Meanings(options={each.name: each.id for each in change.options or () if each.id})
    for name, values in change.fields.items():
        if name in own or name == OPTIONS:
            yield (None, name), values.after
    for part in variant_parts(change):
        for name, values in part.fields.items() if part.id else ():
            yield (str(part.id), with_id(name, names)), values.after


def _by_id(parts: Iterable[VariantChanges]) -> list[VariantChanges]:
    found = dict[object, VariantChanges]()
    for each in parts:
        own = each.id or each.variant
        earlier = found[own].fields if own in found else {}
        found[own] = structs.replace(each, fields={**earlier, **each.fields})
    return [*found.values()]


def _of_only_variant(change: ProductChange) -> Collection[str]:
    """The names of the fields that are those of the only variant.

    Older documents do not have them: a field that products have, too, is taken for the product's unless no
    other field is the variant's.
    """
    if change.variant_fields or not change.variant_id:
        return change.variant_fields or ()
    names = change.fields.keys() - {STATUS, OPTIONS}
    return [name for name in names if not FIELDS.knows(name)] or names
