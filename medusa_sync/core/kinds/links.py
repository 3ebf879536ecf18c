"""What many products share: categories, tags, types, collections and sales channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from medusa_sync.core.kinds.base import Ids, Kind, Merge, Sides, plain
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.record import History
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value

CATEGORIES = "categories"
TAGS = "tags"
TYPE = "type"
COLLECTION = "collection"
CHANNELS = "sales_channels"


class Term(Kind):
    """One term, such as the type of a product.

    Args:
        member: the attribute of a stored term that holds its value.
        reads: the attributes of the store that `member` is made of, if it is none itself.
    """

    is_term = True
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
        linked = dict.fromkeys(ids[member] for member in _members(value))  # a channel has two keys
        body[name] = [{"id": own} for own in linked]


class Categories(Terms):
    """The categories of a product."""

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(product.category_ids)

    def ids(self, change: Change, value: Value) -> Ids:
        return change.stored.category_ids


class Channels(Terms):
    """The sales channels of a product, which are linked after its row is written."""

    is_late = True
    is_term = False  # none is created
    own_steps = frozenset()

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(product.channel_ids([*known]))

    def is_owned(self, wanted: Value, history: History, sides: Sides) -> bool:
        """A product in no channel cannot be sold, so those of a source that names none any more stay."""
        return wanted is not None

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        """A product whose source names no channel gets the default one."""
        return applied.get(name) is None

    def ids(self, change: Change, value: Value) -> Ids:
        return {**change.desired.channels, **change.stored.channel_ids(_members(value))}


def _members(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
