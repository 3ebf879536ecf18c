"""Stores as earlier versions left them: the content of a fake store as JSON.

`python -m tests.harness.recorded NAME` writes two to `tests/flow/stores/`: one after whole runs, and one that
was killed while it updated two products. `PYTHONPATH=OLD:. python -P ...` fills them with the code in `OLD`.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import httpx
import msgspec

import medusa_sync
from tests.harness.catalogue import in_variants, product
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import (
    Category,
    Channel,
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

STORES = Path(__file__).parents[1] / "flow" / "stores"
TABLES = {
    "items": Item,
    "categories": Category,
    "tags": Tag,
    "types": Type,
    "collections": Collection,
    "price_lists": PriceList,
    "list_prices": ListPrice,
    "sales_channels": Channel,
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
    loaded = msgspec.convert({**data, "options": [], "values": [], "variants": variants}, Product)
    loaded.options = [options[each] for each in data["options"]]
    loaded.values = [values[each] for each in data["values"]]
    for variant, each in zip(loaded.variants, data["variants"], strict=True):
        variant.values = [values[value] for value in each["values"]]
    return loaded


class _Recording:
    """A store that the installed version fills, as a shop uses it."""

    def __init__(self, folder: Path) -> None:
        self.store = FakeMedusa()
        self._source = folder / "source.json"
        self._settings: dict[str, Any] = {
            "source": str(self._source),
            "source_name": "shop",
            "medusa_url": self.store.url,
            "lock_dir": str(folder),
        }

    def sync(self, rows: Sequence[dict[str, Any]], **options: Any) -> None:
        self._source.write_text(json.dumps({"products": rows}), encoding="utf-8")
        settings = medusa_sync.Settings(
            **self._settings, **options, api_key=medusa_sync.Secret(self.store.api_key)
        )
        with patch.object(httpx.AsyncHTTPTransport, "handle_async_request", self._handle):
            result = medusa_sync.sync_products(settings)
        print(f"{medusa_sync.__file__}: exit code {result.exit_code}, {dict(result.counts)}")

    def sync_killed(self, rows: Sequence[dict[str, Any]], **options: Any) -> None:
        """The store is killed for good when it begins to change variants."""

        def between(_request: httpx.Request, step: str) -> None:
            if step == "variants":
                self.store.before = stay_down
                raise httpx.ReadError("reset")

        def stay_down(_request: httpx.Request) -> httpx.Response:
            self.store.crash()
            return httpx.Response(503)

        self.store.linger, self.store.between = 1_000, between
        self.sync(rows, **options, max_retries=0)
        assert self.store.before

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        return await self.store.handle_async_request(request)

    def edit(self) -> None:
        """Change a title and metadata, and add a price, as the merchant."""
        product = self.store.products["shop:2"]
        path = f"/admin/products/{product.id}"
        self.store.call("POST", path, {"title": "The merchant's title", "metadata": {"shelf": "B7"}})
        [variant] = product.variants
        prices = [
            {"id": each.id, "currency_code": each.currency_code, "amount": each.amount}
            for each in variant.prices
        ]
        theirs = {"currency_code": "eur", "amount": 7}
        self.store.call("POST", f"{path}/variants/{variant.id}", {"prices": [*prices, theirs]})


def record() -> tuple[dict[str, Any], dict[str, Any]]:
    """A store after whole runs and edits of the merchant, and the same after an update that was killed."""
    shirt = in_variants(product(3), 4) | {
        "type": "Shirt",
        "collection": "Summer",
        "categories": [["Apparel", "Shirts"]],
        "metadata": {"season": "summer"},
        "discountPercentage": 0,
    }
    shirt["variants"][0] |= {"compareAtPrice": shirt["variants"][0]["price"] + 10, "prices": {"eur": 9.5}}
    rows = [{**each, "reviews": []} for each in (product(1), product(2), shirt)]
    changed = deepcopy(rows)
    changed[0] |= {"title": "A new title", "price": 1.5, "stock": 77}
    changed[2]["variants"][1]["price"] = 99
    options = {"sale_prices": True}
    with TemporaryDirectory() as folder:
        recording = _Recording(Path(folder))
        for _ in range(2):
            recording.sync(rows, **options)
        recording.edit()
        whole = {"source": rows, "options": options, "store": content(recording.store.state)}
        whole = deepcopy(whole)
        recording.sync_killed(changed, **options)
        return whole, {"source": changed, "options": options, "store": content(recording.store.state)}


def _text(value: Any, depth: int = 3) -> str:
    """JSON with a line for each thing in the store."""
    if not depth or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        members, ends = [_text(each, 0) for each in value], "[]"
    else:
        members, ends = [f'"{key}": {_text(each, depth - 1)}' for key, each in value.items()], "{}"
    return ends[0] + "\n" + ",\n".join(members) + "\n" + ends[1]


def main() -> None:
    for ending, each in zip(("", "-interrupted"), record(), strict=True):
        (STORES / f"{sys.argv[1]}{ending}.json").write_text(f"{_text(each)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
