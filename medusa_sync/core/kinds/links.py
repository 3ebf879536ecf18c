"""What many products share: categories, tags, types and collections."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from medusa_sync.core.kinds.base import Ids, Kind, Merge, plain
from medusa_sync.core.steps import Step
from medusa_sync.core.value import members

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value

CATEGORIES = "categories"
TAGS = "tags"
TYPE = "type"
COLLECTION = "collection"


class Term(Kind):
    """One term, such as the type of a product.

    Args:
        member: the attribute of a stored term that holds its value.
        reads: the attributes of the store that `member` is made of, if it is none itself.
    """

    own_steps = frozenset({Step.TERMS})

    def __init__(self, member: str, *reads: str) -> None:
        self._member = member
        self._reads = reads or (member,)

    def paths(self, name: str) -> Iterable[str]:
        return (f"{name}.{attribute}" for attribute in ("id", *self._reads))

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        term = getattr(product, name)
        return plain(getattr(term, self._member) if term else None)

    def put(self, body: MutableMapping[str, Any], name: str, value: Value, ids: Ids) -> None:
        body[f"{name}_id"] = None if value is None else ids[str(value)]


class Terms(Term):
    """Several terms, such as tags."""

    merge = Merge.UNION

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(getattr(each, self._member) for each in getattr(product, name))

    def ids(self, change: Change, value: Value) -> Ids:
        return {tag.value: tag.id for tag in change.stored.tags}

    def put(self, body: MutableMapping[str, Any], name: str, value: Value, ids: Ids) -> None:
        linked = dict.fromkeys(ids[member] for member in members(value))  # some have two keys
        body[name] = [{"id": own} for own in linked]


class Categories(Terms):
    """The categories of a product."""

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(_category_ids(product))

    def ids(self, change: Change, value: Value) -> Ids:
        return _category_ids(change.stored)


def _category_ids(product: StoredProduct) -> dict[str, str]:
    """Ids of the categories of a product by what the source calls them.

    The merchant may give our category another handle, and another category the old one: that one is called by
    its id.
    """
    by_slug: dict[str, str] = {}
    for each in sorted(product.categories, key=lambda each: (each.recorded_slug is None, each.id)):
        by_slug.setdefault(each.slug, each.id)
    known = set(by_slug.values())
    return {each.slug if each.id in known else each.id: each.id for each in product.categories}
