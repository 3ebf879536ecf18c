"""Prices of regions and quantities: each is a field of its own, and the others of a variant stay."""

from dataclasses import replace
from typing import Any

import pytest

from tests.flow.merchant import edit_variant
from tests.flow.shirts import named_prices
from tests.flow.stage import ListSource, assert_quiet, counts, sync
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Region

pytestmark = pytest.mark.usefixtures("routes")

Amounts = dict[str, Any]
"""Amounts by the key that a catalogue can use for them, such as `eur.Europe.10+`."""
ALL: Amounts = {"usd": 9, "eur": 20, "eur.Europe": 17, "eur.10-99": 16, "eur.Europe.10+": 15}
REGION = "Europe"


def mugs(*amounts: Amounts, as_list: bool = False, **changes: Any) -> ListSource:
    """A product for each of these prices."""
    return ListSource(
        [
            {"id": number, "title": f"Mug {number}", "sku": f"MUG{number}", "stock": 5}
            | {"prices": listed(each) if as_list else each}
            | changes
            for number, each in enumerate(amounts, 1)
        ]
    )


def listed(amounts: Amounts) -> list[dict[str, Any]]:
    """The prices as a list of objects."""
    found = []
    for key, amount in amounts.items():
        currency, *rest = key.split(".")
        price: dict[str, Any] = {"currency": currency, "amount": amount}
        for part in rest:
            least, is_tier, most = part.replace("+", "-").partition("-")
            if is_tier:
                price |= {"minQuantity": int(least)} | ({"maxQuantity": int(most)} if most else {})
            else:
                price["region"] = part
        found.append(price)
    return found


def stored(store: FakeMedusa, number: int = 1) -> Amounts:
    """The prices that the store has, with the names of regions."""
    [variant] = store.products[f"dummyjson:{number}"].variants
    return named_prices(store, variant)


def region_of(store: FakeMedusa, name: str = REGION) -> Region:
    return next(each for each in store.state.regions.values() if each.name == name)


def add_region(store: FakeMedusa, name: str, currency: str = "eur") -> Region:
    body = {"name": name, "currency_code": currency}
    return store.state.regions[store.call("POST", "/admin/regions", body)["region"]["id"]]


def shop() -> FakeMedusa:
    """A store with the region of `ALL`."""
    store = FakeMedusa()
    add_region(store, REGION)
    return store


def rename(store: FakeMedusa, name: str, before: str = REGION) -> None:
    region = region_of(store, before)
    store.state.regions[region.id] = replace(region, name=name)


def bodies(store: FakeMedusa, number: int = 1) -> list[dict[str, Any]]:
    """All prices as the admin sends them."""
    names = ("id", "currency_code", "amount", "min_quantity", "max_quantity", "rules")
    prices = store.products[f"dummyjson:{number}"].variants[0].prices
    return [{name: getattr(each, name) for name in names if getattr(each, name)} for each in prices]


def add_price(store: FakeMedusa, currency: str, amount: float, **more: Any) -> None:
    edit_variant(store, 1, prices=[*bodies(store), {"currency_code": currency, "amount": amount, **more}])


def asked_regions(store: FakeMedusa) -> int:
    return sum(request.url.path == "/admin/regions" for request in store.requests)


@pytest.mark.parametrize("as_list", [False, True])
def test_prices_follow_the_source_and_those_of_the_merchant_stay(*, as_list: bool) -> None:
    store = shop()
    assert counts(sync(mugs(ALL, as_list=as_list), store)) == {"created": 1}
    assert stored(store) == ALL
    assert_quiet(mugs(ALL, as_list=as_list), store)
    region_id = region_of(store).id
    add_price(store, "eur", 1, rules={"customer_group_id": "group"})
    add_price(store, "eur", 2, rules={"region_id": region_id, "customer_group_id": "group"})
    add_price(store, "usd", 3, min_quantity=5)
    theirs = {"eur.group": 1, "eur.Europe.group": 2, "usd.5+": 3}
    assert stored(store) == ALL | theirs
    more: list[Amounts] = [{key: amount + 1 for key, amount in ALL.items()}]
    for new in (*more, {"usd": 4, "eur.5-7": 3, "eur.Europe": 2}, {"usd": 4}, ALL):
        result = sync(mugs(new, as_list=as_list), store)
        assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
        assert stored(store) == new | theirs
        assert_quiet(mugs(new, as_list=as_list), store)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"only": "price"}, set(ALL)),
        ({"only": "price.eur"}, {key for key in ALL if key.startswith("eur")}),
        ({"only": "price.EUR.Europe"}, {"eur.Europe", "eur.Europe.10+"}),
        ({"skip": "price.eur.Europe"}, {"usd", "eur", "eur.10-99"}),
        ({"skip": "price.eur.10-99"}, ALL.keys() - {"eur.10-99"}),
    ],
)
def test_settings_choose_prices_by_the_start_of_their_names(
    chosen: dict[str, str], expected: set[str]
) -> None:
    store = shop()
    sync(mugs(ALL), store)
    new: Amounts = {each: amount + 1 for each, amount in ALL.items()}
    for dry_run in (True, False):
        [outcome] = sync(mugs(new), store, dry_run=dry_run, **chosen).changes
        assert {
            each.field.removeprefix("price.").replace("price", "usd") for each in outcome.changes
        } == expected
    assert stored(store) == {key: (new if key in expected else ALL)[key] for key in ALL}


def test_regions_are_read_once_when_products_are_created_and_then_only_if_a_stale_one_names_one() -> None:
    store = shop()
    sync(mugs({"usd": 1}, {"usd": 1, "eur.10+": 2}), store)
    assert asked_regions(store) == 1
    rows = mugs({"usd": 1}, ALL)
    store.requests.clear()
    sync(rows, store)
    assert asked_regions(store) == 1
    assert_quiet(rows, store)
    assert asked_regions(store) == 0
    sync(mugs({"usd": 2}, {"usd": 1}), store)
    assert (asked_regions(store), stored(store, 2)) == (0, {"usd": 1}), "the record has the id of the region"


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        (
            {"eur.Nowhere": 1},
            "price.eur.Nowhere: the store has no region 'Nowhere', only: 'America', 'Asia' (",
        ),
        ({"eur.reg_gone": 1}, "price.eur.reg_gone: the store has no region 'reg_gone', only"),
        ({"eur.asia": 1}, "price.eur.asia: the store has several regions 'asia' ("),
        ({"usd.Europe": 1}, "price.usd.Europe: the currency of the region 'Europe' is 'eur'"),
        ({"eur.europe": 1, "eur.Europe": 1}, "price.eur.Europe and price.eur.europe are the same price"),
        ({"chf": 1}, "price.chf: the store has no currency 'chf', only: 'eur', 'usd'; add"),
        ({"chf.Europe": 1}, "price.chf.Europe: the store has no currency 'chf', only: 'eur', 'usd'; add"),
    ],
)
def test_a_price_that_the_store_could_not_use_rejects_its_product_alone(prices: Amounts, reason: str) -> None:
    store = shop()
    for _ in range(2):
        add_region(store, "Asia")
    result = sync(mugs({"usd": 1}, {"usd": 1} | prices, ALL), store)
    assert counts(result) == {"created": 2, "rejected": 1}
    [problem] = result.problems
    assert problem.reason.startswith(reason)


# --- regions that change ----------------------------------------------------------------------------------


def test_a_region_that_is_renamed_is_the_same_whatever_the_source_calls_it() -> None:
    store = shop()
    sync(mugs(ALL), store)
    region_id = region_of(store).id
    rename(store, "EU")
    assert_quiet(mugs(ALL), store)
    [problem] = sync(mugs(ALL | {"usd": 10}), store).problems
    assert "the store has no region 'Europe', only: 'America', 'EU'" in problem.reason
    named = ALL
    for name in ("EU", "eu", region_id, "EU"):
        before = stored(store)
        named = {key.replace("Europe", name): amount for key, amount in ALL.items()}
        for changes in ({}, {f"eur.{name}": 17 + len(name)}):
            result = sync(mugs(named | changes), store)
            assert (result.exit_code, result.conflicts) == (0, 0)
            assert stored(store) == before | ({"eur.EU": 17 + len(name)} if changes else {})
            assert_quiet(mugs(named | changes), store)
            before = stored(store)
        sync(mugs(named), store)


def test_a_variant_that_comes_back_has_no_conflict_although_its_region_was_renamed() -> None:
    """Only the record of the dropped variant says which region its price is in."""

    def sizes(**large: Amounts) -> ListSource:
        prices: dict[str, Amounts] = {"S": {"usd": 9}, **large}
        variants = [{"id": each, "options": {"Size": each}, "prices": own} for each, own in prices.items()]
        return ListSource([{"id": 1, "title": "Shirt", "options": ["Size"], "variants": variants}])

    store = shop()
    sync(sizes(L={"usd": 9, "eur.Europe": 17}), store)
    sync(sizes(), store)
    rename(store, "EU")
    back = sizes(L={"usd": 9, "eur.EU": 18})
    result = sync(back, store)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
    large = next(each for each in store.products["dummyjson:1"].variants if each.options["Size"] == "L")
    assert named_prices(store, large) == {"usd": 9, "eur.EU": 18}
    assert_quiet(back, store)
