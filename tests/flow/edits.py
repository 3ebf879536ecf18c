"""Edits of the merchant, at chosen moments of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from medusa_sync import RunResult
from tests.flow.stage import (
    BATCHES,
    ListSource,
    synced,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product

SIZE = 4
EDITED = "dummyjson:4"  # in the second batch
PAIRS = {"batch_size": 2, "concurrency": 1}


def in_sync() -> tuple[FakeMedusa, ListSource]:
    return synced(products(SIZE)), ListSource(products(SIZE))


def conflicts(result: RunResult) -> list[tuple[str, Any, Any, str]]:
    """Field, value of the store, value of the source, and the winner."""
    found = [each for change in result.changes for each in change.conflicts]
    return [(each.field, each.stored, each.desired, each.kept) for each in found]


IsKept = Callable[[Product], bool]
Edit = Callable[[FakeMedusa, Product], IsKept]


def path_of(product: Product) -> str:
    return f"/admin/products/{product.id}"


def set_prices(store: FakeMedusa, product: Product, *more: dict[str, Any], **changes: Any) -> None:
    """Change the price of the variant, and add others."""
    [variant] = product.variants
    [price] = variant.prices
    ours = {"id": price.id, "currency_code": price.currency_code, "amount": price.amount} | changes
    store.call("POST", f"{path_of(product)}/variants/{variant.id}", {"prices": [ours, *more]})


def add_euros(store: FakeMedusa, product: Product) -> IsKept:
    set_prices(store, product, {"currency_code": "eur", "amount": 5})
    return lambda held: ("eur", 5) in [(each.currency_code, each.amount) for each in held.variants[0].prices]


def add_variant(store: FakeMedusa, product: Product) -> IsKept:
    option = {"product_option_id": product.options[0].id, "add": [{"value": "Two"}]}
    store.call("POST", f"{path_of(product)}/options/batch", {"update": [option]})
    prices = [{"currency_code": "usd", "amount": 20}]
    body = {"title": "Two", "sku": "THEIRS", "options": {"Default": "Two"}, "prices": prices}
    store.call("POST", f"{path_of(product)}/variants", body)
    return lambda held: (
        [[each.amount for each in variant.prices] for variant in held.variants if variant.sku == "THEIRS"]
        == [[20]]
    )


def add_image(store: FakeMedusa, product: Product) -> IsKept:
    kept = [{"id": image.id, "url": image.url} for image in product.images]
    store.call("POST", path_of(product), {"images": [*kept, {"url": "https://shop.example/mine.webp"}]})
    return lambda held: held.images[-1].url == "https://shop.example/mine.webp"


def add_tag(store: FakeMedusa, product: Product) -> IsKept:
    tag_id = store.call("POST", "/admin/product-tags", {"value": "mine"})["product_tag"]["id"]
    store.call("POST", path_of(product), {"tags": [{"id": each} for each in (*product.tag_ids, tag_id)]})
    return lambda held: tag_id in held.tag_ids


def change_title(store: FakeMedusa, product: Product) -> IsKept:
    store.call("POST", path_of(product), {"title": "Mine"})
    return lambda held: held.title == "Mine"


def change_our_price(store: FakeMedusa, product: Product) -> IsKept:
    set_prices(store, product, amount=7_777)
    return lambda held: held.variants[0].prices[0].amount == 7_777


def add_metadata(store: FakeMedusa, product: Product) -> IsKept:
    store.call("POST", path_of(product), {"metadata": {"mine": "yes"}})
    return lambda held: (held.metadata or {}).get("mine") == "yes"


IsDue = Callable[[FakeMedusa, httpx.Request], bool]


def edit_at(store: FakeMedusa, edit: Edit, is_due: IsDue) -> list[IsKept]:
    """Edit a product when the first such request arrives; returns a list that gets the check of the edit."""
    made: list[IsKept] = []

    def before(request: httpx.Request) -> None:
        if is_due(store, request):
            store.before = None
            made.append(edit(store, store.products[EDITED]))

    store.before = before
    return made


def at_the_first_write(_store: FakeMedusa, request: httpx.Request) -> bool:
    return request.method == "POST"


def edit_after_rows(store: FakeMedusa, edit: Callable[[], object]) -> None:
    """The merchant edits between the row of a product and its variants."""

    def after(request: httpx.Request, _response: httpx.Response) -> None:
        if request.url.path == BATCHES:
            store.after = None
            edit()

    store.after = after


def price_edit(store: FakeMedusa, number: int, place: int, *prices: dict[str, Any]) -> None:
    product = store.products[f"dummyjson:{number}"]
    store.call("POST", f"{path_of(product)}/variants/{product.variants[place].id}", {"prices": list(prices)})
