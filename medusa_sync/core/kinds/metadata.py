"""The keys of the metadata of products and variants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, json

from medusa_sync.core.kinds.base import Ids, Kind, Meanings, plain

if TYPE_CHECKING:
    from medusa_sync.core.stored import StoredProduct, StoredVariant
    from medusa_sync.core.value import Value

METADATA = "metadata."  # prefix of the fields


class Metadata(Kind):
    """A key of metadata."""

    def paths(self, name: str) -> Iterable[str]:
        return ("metadata",)

    def takes(self, value: Value) -> bool:
        return not isinstance(value, tuple)

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return _value(product, name)

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        return _value(variant, name)

    def names_of(self, stored: StoredProduct | StoredVariant) -> Iterator[str]:
        yield from (f"{METADATA}{key}" for key in stored.metadata or ())

    def restores(self, value: Value) -> bool:
        """Not an object or a list of the merchant, which is compared, and recorded, as its JSON text."""
        if not isinstance(value, str) or not value.startswith(("{", "[")):
            return True
        try:
            return plain(json.decode(value)) != value
        except DecodeError:
            return True

    def put(self, body: MutableMapping[str, Any], name: str, value: Value, ids: Ids) -> None:
        body["metadata"][_key(name)] = _sent(value)

    def created(self, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        return {"metadata": {_key(name): value for name, value in values.items()}} if values else {}

    def edited(self, variant: StoredVariant, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        """All of it, because some routes and versions merge it, and others replace it."""
        edited = {_key(name): _sent(value) for name, value in values.items()}
        return {"metadata": {**(variant.metadata or {}), **edited}} if values else {}


def _key(name: str) -> str:
    return name.removeprefix(METADATA)


def _value(stored: StoredProduct | StoredVariant, name: str) -> Value:
    return plain((stored.metadata or {}).get(_key(name)))


def _sent(value: Value) -> Value:
    return "" if value is None else value  # "" deletes the key


KEY = Metadata()
