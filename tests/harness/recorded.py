"""Stores as earlier versions left them: the content of a fake store as JSON.

`tests/flow/stores/` has one for each version that people used. `save` writes one. To record an earlier
version, call its `sync_products` with a fake store as the transport, with its code first in `PYTHONPATH`.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import (
    Category,
    Collection,
    Ids,
    Item,
    ListPrice,
    Named,
    Option,
    OptionValue,
    PriceList,
    Product,
    State,
    StoreSettings,
    Tag,
    Type,
)

TABLES = {
    "items": Item,
    "categories": Category,
    "tags": Tag,
    "types": Type,
    "collections": Collection,
    "price_lists": PriceList,
    "list_prices": ListPrice,
    "sales_channels": Named,
    "shipping_profiles": Named,
    "stock_locations": Named,
}


def content(state: State) -> dict[str, Any]:
    """The state as JSON; options are named by their ids, and values of options too."""
    options = {
        key: {
            "id": each.id,
            "title": each.title,
            "is_exclusive": each.is_exclusive,
            "values": {value.id: value.value for value in each.values},
        }
        for key, each in state.options.items()
    }
    plain: dict[str, Any] = _plain(state)
    return {**plain, "options": options, "deleted_ids": sorted(state.deleted_ids)}


def _plain(value: Any) -> Any:
    match value:
        case Ids():
            return value.moment
        case Option() | OptionValue():
            return value.id
        case dict():
            return {key: _plain(member) for key, member in value.items()}
        case list():
            return [_plain(member) for member in value]
        case _ if is_dataclass(value):
            return {
                each.name: _plain(getattr(value, each.name))
                for each in fields(value)
                if getattr(value, each.name) != _default(each)
            }
        case _:
            return value


def _default(each: Any) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


def store_with(content_: Mapping[str, Any]) -> FakeMedusa:
    """A fake store with this content."""
    store = FakeMedusa()
    state = store.state
    for name, kind in TABLES.items():
        setattr(state, name, msgspec.convert(content_.get(name, {}), dict[str, kind]))  # type: ignore[valid-type]  # a table of kinds
    values = {}
    for key, each in content_["options"].items():
        option = Option(key, each["title"], each["is_exclusive"])
        option.values = [OptionValue(value_id, text, option) for value_id, text in each["values"].items()]
        values.update({value.id: value for value in option.values})
        state.options[key] = option
    for name in ("products", "deleted_products"):
        products = {
            key: _product(each, state.options, values) for key, each in content_.get(name, {}).items()
        }
        setattr(state, name, products)
    state.deleted_ids = set(content_["deleted_ids"])
    state.store = msgspec.convert(content_["store"], StoreSettings)
    while state.ids.moment < content_["ids"]:
        state.ids.next_moment()
    store.store_id = state.store.id
    [store.location_id] = state.stock_locations
    [store.sales_channel_id] = state.sales_channels
    [store.shipping_profile_id] = state.shipping_profiles
    return store


def _product(
    data: Mapping[str, Any], options: Mapping[str, Option], values: Mapping[str, OptionValue]
) -> Product:
    variants = [{**each, "values": []} for each in data["variants"]]
    product = msgspec.convert({**data, "options": [], "values": [], "variants": variants}, Product)
    product.options = [options[each] for each in data["options"]]
    product.values = [values[each] for each in data["values"]]
    for variant, each in zip(product.variants, data["variants"], strict=True):
        variant.values = [values[value] for value in each["values"]]
    return product


def save(file: Path, state: State, **others: Any) -> None:
    text = json.dumps({**others, "store": content(state)}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
