"""What keeps customers from buying is said when products are created and in dry runs, and costs little."""

import asyncio
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.merchant import edit_variant
from tests.flow.stage import ListSource, assert_quiet, counts, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

Row = dict[str, Any]
CHANNEL = "Default Sales Channel"
LOCATIONS = "/admin/stock-locations"


def disable(store: FakeMedusa) -> None:
    store.state.sales_channels[store.sales_channel_id].is_disabled = True


def disconnect(store: FakeMedusa) -> None:
    path = f"{LOCATIONS}/{store.location_id}/sales-channels"
    store.call("POST", path, {"remove": [store.sales_channel_id]})


def close(store: FakeMedusa) -> None:
    store.state.regions.clear()


def open_europe(store: FakeMedusa) -> None:
    store.call("POST", "/admin/regions", {"name": "Europe", "currency_code": "eur"})


def add(store: FakeMedusa, path: str, name: str) -> str:
    [added] = store.call("POST", f"/admin/{path}", {"name": name}).values()
    return str(added["id"])


OF_THE_STORE = {
    f"Customers cannot buy in '{CHANNEL}', because the sales channel is disabled. Enable it in": disable,
    f"The stock at 'Warehouse' counts as 0 in '{CHANNEL}', because the stock location": disconnect,
    "No region has the currency 'usd', so no customer can pay prices in it. Add one in the admin": close,
}


def rows(count: int = 3, **changes: Any) -> list[Row]:
    return [{**row, **changes} for row in products(count)]


def said(result: RunResult) -> list[str]:
    """What a run says that keeps customers from buying."""
    assert result.exit_code == 0, (result.error, list(result.problems))
    return [each for each in result.notes if "ustomer" in each or "counts as 0" in each]


def run(store: FakeMedusa, source: list[Row]) -> list[str]:
    """What a dry run says; the real run after it says the same if it creates products, else nothing."""
    planned = said(sync(ListSource(source), store, dry_run=True))
    result = sync(ListSource(source), store)
    assert said(result) == (planned if "created" in counts(result) else [])
    return planned


def test_nothing_is_said_of_a_store_that_can_sell() -> None:
    store = FakeMedusa()
    assert run(store, rows()) == run(store, rows(price=2)) == []


@pytest.mark.parametrize("words", OF_THE_STORE)
def test_what_the_store_lacks_is_said_until_it_is_repaired(words: str) -> None:
    store = FakeMedusa()
    repaired = store.state.sales_channels[store.sales_channel_id], dict(store.state.regions)
    OF_THE_STORE[words](store)
    [line] = run(store, rows())
    assert line.startswith(words)
    assert run(store, rows(price=2)) == [line], "updates"
    assert said(sync(ListSource(rows(price=2)), store, dry_run=True)) == [line], "nothing to do"
    repaired[0].is_disabled, repaired[0].location_ids = False, [store.location_id]
    store.state.regions = repaired[1]
    assert run(store, rows(price=3)) == []


def test_products_without_a_price_for_a_region_are_counted_unless_the_merchant_added_one() -> None:
    store = FakeMedusa()
    open_europe(store)
    [line] = run(store, rows())
    assert line.startswith("Products without a price for a region: 3 for 'Europe' (eur). Customers there")
    [usd] = store.products["dummyjson:1"].variants[0].prices
    kept = {"id": usd.id, "currency_code": "usd", "amount": usd.amount}
    edit_variant(store, 1, prices=[kept, {"currency_code": "eur", "amount": 7}])
    [line] = run(store, rows(price=2))
    assert ": 2 for 'Europe' (eur)." in line
    assert run(store, rows(prices={"usd": 3, "eur.Europe": 4}, price=None)) == []


def test_products_with_images_at_a_private_address_are_counted() -> None:
    source = [*rows(2, images=["http://localhost:9000/a.png", "http://10.0.0.1/b.png"]), rows(3)[-1]]
    [line] = run(FakeMedusa(), source)
    assert line.startswith(
        "Products with images that customers cannot load: 2. Their address is private, such"
    )


def test_without_a_shipping_profile_nothing_is_written_and_the_error_says_what_to_do() -> None:
    store = FakeMedusa()
    store.state.shipping_profiles.clear()
    result = sync(ListSource(rows()), store)
    assert (result.error, store.products) == ("The store has no shipping profile", {})
    assert "Settings > Shipping Profiles" in result.hint


def test_only_channels_and_locations_of_the_catalogue_count() -> None:
    store = FakeMedusa()
    for name in ("Web", "Shop"):
        add(store, "sales-channels", name)
    berlin, _ = [add(store, "stock-locations", name) for name in ("Berlin", "Paris")]
    disable(store)
    disconnect(store)
    source = rows(salesChannels=["Web"], stock={"Berlin": 5, "Paris": 0})
    [line] = run(store, source)
    assert line.startswith("The stock at 'Berlin', 'Paris' counts as 0 in 'Web',")
    [web] = [each for each in store.state.sales_channels.values() if each.name == "Web"]
    store.call("POST", f"{LOCATIONS}/{berlin}/sales-channels", {"add": [web.id]})
    [line] = run(store, [{**row, "price": 2} for row in source])
    assert line.startswith("The stock at 'Paris' counts as 0 in 'Web',")


def test_many_regions_without_a_price_are_counted() -> None:
    store = FakeMedusa()
    for number in range(30):
        store.call("POST", "/admin/regions", {"name": f"Region {number}", "currency_code": "eur"})
    [line] = run(store, rows())
    assert (line.count("(eur)"), "and 20 more regions." in line) == (10, True)


def asked(store: FakeMedusa) -> list[str]:
    """The paths of requests that only this needs."""
    queries = [(each.path, dict(each.query).get("fields", "")) for each in store.requests]
    return [path for path, fields in queries if path == "/admin/regions" or "is_disabled" in fields]


def test_it_costs_two_requests_and_none_in_a_quiet_run() -> None:
    store, source = FakeMedusa(), ListSource(rows(40))
    disable(store)
    sync(source, store)
    assert sorted(asked(store)) == ["/admin/regions", "/admin/sales-channels"]
    assert_quiet(source, store)
    assert [each.path for each in store.requests] == ["/admin/products"]


class Distant(FakeMedusa):
    """A store that takes a moment to answer; `met` has the paths that were asked at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.met: set[tuple[str, ...]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._open.append(request.url.path)
        self.met.add(tuple(sorted(self._open)))
        await asyncio.sleep(0.01)
        try:
            return await super().handle_async_request(request)
        finally:
            self._open.remove(request.url.path)


def test_the_two_requests_are_sent_together() -> None:
    store = Distant()
    sync(ListSource(rows()), store)
    assert ("/admin/regions", "/admin/sales-channels") in store.met


def test_what_a_first_sync_needs_to_know_is_asked_together() -> None:
    store = Distant()
    texts = {"de-DE": {"title": "Kanne"}}
    sync(ListSource(rows(prices={"usd": 3, "usd.America": 4}, price=None, translations=texts)), store)
    assert len(store.products) == 3
    paths = {"/admin/feature-flags", "/admin/regions", "/admin/stock-locations"}
    assert any(paths <= set(each) for each in store.met)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_store_that_does_not_show_it_is_synced_all_the_same(status: int) -> None:
    store = FakeMedusa()
    disable(store)
    close(store)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_hidden = request.url.path == "/admin/regions" or "is_disabled" in request.url.params.get(
            "fields", ""
        )
        return httpx.Response(status, json={"message": "no"}) if is_hidden else None

    store.before = refuse
    result = sync(ListSource(rows()), store, max_retries=0)
    assert (said(result), len(store.products)) == ([], 3)
