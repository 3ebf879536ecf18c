"""Prices, channels, texts and stock at locations: the next run completes what a killed one wrote."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from tests.flow import test_channels as channels
from tests.flow import test_price_keys as prices
from tests.flow import test_stock_locations as locations
from tests.flow import test_translations as texts
from tests.flow.faults import KILLED, killed_runs
from tests.flow.stage import ListSource, assert_quiet, copies_of, sync
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, variant
from tests.tiers import some

pytestmark = pytest.mark.usefixtures("routes")

Rows = list[dict[str, Any]]


class Family(NamedTuple):
    """A kind of values that are stored beside the row of a product.

    Attributes:
        versions: of the source: before the killed run, during it, and others that may follow.
        check: fails unless the store has what the source wants.
        edit: of the merchant, between the first run and the killed one, which stays.
        kept: fails unless that is there.
    """

    store: Callable[[], FakeMedusa]
    versions: Sequence[Rows]
    check: Callable[[FakeMedusa, Rows], None]
    edit: Callable[[FakeMedusa], object] = lambda _: None
    kept: Callable[[FakeMedusa], object] = lambda _: True


def mugs(amounts: prices.Amounts) -> Rows:
    return prices.mugs(amounts, amounts).rows


def check_prices(store: FakeMedusa, rows: Rows) -> None:
    for row in rows:
        found = prices.stored(store, row["id"])
        found.pop("eur.group", None)
        assert found == row["prices"]


def check_channels(store: FakeMedusa, rows: Rows) -> None:
    for row in rows:
        assert channels.channels(store, row["id"]) == {*row["salesChannels"]}


def in_other_locales(version: int) -> Rows:
    first, second = shirt(1), texts.row(2)
    name = f"Version {version}"
    first |= {"translations": {"de-DE": {"title": name}, "fr-FR": {"title": name} if version == 1 else {}}}
    second |= texts.in_german(name, description=f"{name} " * 9) if version else {}
    for each in first["variants"]:
        each["translations"] = {"de-DE": {"title": f"{name} {each['sku']}"}}
    return [first, second]


def check_texts(store: FakeMedusa, rows: Rows) -> None:
    for number, row in enumerate(rows, 1):
        assert texts.texts(store, number) == {
            locale: {name: text.strip() for name, text in own.items()}
            for locale, own in row.get("translations", {}).items()
            if own
        }
    wanted = {each["sku"]: each["translations"] for each in rows[0]["variants"]}
    assert texts.variant_texts(store) == wanted


def at_locations() -> list[Rows]:
    before = [locations.plain(), shirt(2)]
    during = deepcopy(before)
    during[0] |= {"stock": {"Berlin": 3, locations.DEFAULT: 8}, "title": "New"}
    for number, each in enumerate(during[1]["variants"]):
        each["stock"] = [{"Berlin": number}, {locations.DEFAULT: 9, "St. Pauli": 1}, 7][number % 3]
    during[1]["variants"].append(variant(2, "XL", "Red", barcode=None, stock={"Berlin": 6}))
    after = [during[0] | {"stock": {"Berlin": 4, "St. Pauli": 5}}, during[1]]
    return [before, during, after]


def check_locations(store: FakeMedusa, rows: Rows) -> None:
    held = locations.levels(store)
    assert all(own.items() <= held[sku].items() for sku, own in locations.goods(rows).items()), held


FAMILIES = {
    "prices": Family(
        prices.shop,
        [
            mugs({"usd": 9, "eur": 20, "eur.Europe": 17, "eur.10+": 16}),
            mugs({"usd": 9, "eur": 21, "eur.Europe.5+": 15, "eur.10+": 14}),
            mugs({"usd": 8}),
            mugs({"usd": 9, "eur.Europe": 3, "eur.Europe.5+": 2}),
        ],
        check_prices,
        lambda store: prices.add_price(store, "eur", 1, rules={"customer_group_id": "group"}),
        lambda store: prices.stored(store)["eur.group"] == 1,
    ),
    "channels": Family(
        lambda: channels.shop(*"abc"),
        [[channels.row(number, *names) for number in (1, 2)] for names in ("ab", "bc", "ac")],
        check_channels,
    ),
    "texts": Family(FakeMedusa, [*map(in_other_locales, range(3))], check_texts),
    "locations": Family(
        locations.with_locations,
        at_locations(),
        check_locations,
        lambda store: locations.set_level(store, "TP", locations.DEPOT, 3),
        lambda store: locations.levels(store)["TP"][locations.DEPOT] == 3,
    ),
}


@pytest.mark.parametrize("killed", KILLED)
@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_killed_write_is_completed_even_if_the_source_changes_again(
    name: str, killed: str, *, is_new: bool
) -> None:
    family = FAMILIES[name]
    store = family.store()
    if not is_new:
        assert sync(ListSource(deepcopy(family.versions[0])), store).exit_code == 0
        family.edit(store)
    during = family.versions[1]
    for hurt in killed_runs(store, killed, lambda each: sync(ListSource(deepcopy(during)), each)):
        copy = copies_of(hurt)
        for rows in family.versions:
            for side in some(["source", "store"], 1):
                left, source = copy(), ListSource(deepcopy(rows))
                result = sync(source, left, on_conflict=side)
                assert (result.exit_code, result.conflicts) == (0, 0), list(result.changes)
                family.check(left, rows)
                assert is_new or family.kept(left)
                assert_quiet(source, left, on_conflict=side)
